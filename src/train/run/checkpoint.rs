//! Checkpoints: named tensors in one safetensors file that is replaced as a whole.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use tch::Tensor;

use super::train_step::TrainStep;
use crate::train::nn::layers::Parameters;

/// The file of the checkpoint `name` in a run's folder.
pub fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.safetensors"))
}

/// Write the checkpoint of `stage`, see [`save`].
pub fn save_stage(stage: &dyn TrainStep, path: &Path) -> anyhow::Result<()> {
    let mut tensors = Vec::new();
    stage.save(&mut tensors);
    save(path, &tensors)
}

/// Write `tensors` to `path`: after a crash or on a full disk the old file is still whole.
///
/// Fails, too, where a number is not finite: a loss shows that one step late, and a run could not
/// go on from it.
pub fn save(path: &Path, tensors: &[(String, Tensor)]) -> anyhow::Result<()> {
    let temporary = path.with_extension("partial");
    let tensors: Vec<(&String, Tensor)> = tensors
        .iter()
        .map(|(name, tensor)| {
            (
                name,
                tensor.detach().to_device(tch::Device::Cpu).contiguous(),
            )
        })
        .collect();
    for (name, tensor) in &tensors {
        ensure!(
            tensor.isfinite().all().int64_value(&[]) != 0,
            "{name} has numbers that are not finite; lower the rate ({})",
            match path.exists() {
                true => format!("the last good checkpoint, {}, was kept", path.display()),
                false => "there is no good checkpoint yet".to_owned(),
            }
        );
    }
    Tensor::write_safetensors(&tensors, &temporary)
        .map_err(anyhow::Error::from)
        .and_then(|()| {
            // Renaming must not overtake the data on its way to the disk.
            std::fs::File::open(&temporary)?.sync_all()?;
            Ok(std::fs::rename(&temporary, path)?)
        })
        .inspect_err(|_| drop(std::fs::remove_file(&temporary)))
        .with_context(|| format!("checkpoint {} cannot be written", path.display()))
}

/// Read a checkpoint.
pub fn load(path: &Path) -> anyhow::Result<Parameters> {
    let tensors = Tensor::read_safetensors(path)
        .with_context(|| format!("checkpoint {} cannot be read", path.display()))?;
    Ok(tensors.into_iter().collect())
}

/// The tensors of a checkpoint to start from. Networks with an equalised learning rate cannot start
/// from a model file: it holds the weights as they are used.
pub fn to_start_from(file: &Path) -> anyhow::Result<Parameters> {
    ensure!(
        file.extension().is_none_or(|e| e != "onnx"),
        "{} holds weights as they are used, not as they are trained; name the run's checkpoint (.safetensors) instead",
        file.display()
    );
    load(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::nn::parameters::{restore, store};

    #[test]
    fn what_was_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let parameters = Parameters::from([("x".to_owned(), Tensor::from_slice(&[1.5f32, 2.0]))]);
        let mut out = vec![("step".to_owned(), Tensor::from_slice(&[7i64]))];
        store("net", &parameters, &mut out);
        save(&path, &out).unwrap();
        let saved = load(&path).unwrap();
        assert_eq!(saved["step"].int64_value(&[0]), 7);
        let zeros = |n| {
            Parameters::from([(
                "x".to_owned(),
                Tensor::zeros([n], (tch::Kind::Float, tch::Device::Cpu)),
            )])
        };
        let mut other = zeros(2);
        restore("net", &mut other, &saved).unwrap();
        assert_eq!(other["x"].double_value(&[0]), 1.5);
        assert!(restore("net", &mut zeros(3), &saved).is_err());
        assert!(restore("gone", &mut zeros(2), &saved).is_err());
    }

    #[test]
    fn a_failed_write_keeps_the_last_good_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing/a.safetensors");
        let tensors = [("x".to_owned(), Tensor::from_slice(&[1.0f32]))];
        let error = save(&path, &tensors).unwrap_err().to_string();
        assert!(error.contains("a.safetensors"), "{error}");
        let garbage = folder.path().join("b.safetensors");
        std::fs::write(&garbage, b"garbage").unwrap();
        assert!(load(&garbage).is_err());
    }

    #[test]
    fn numbers_that_are_not_finite_do_not_replace_good_ones() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let tensors = |last: f32| {
            let step = Tensor::from_slice(&[7i64]);
            let weights = Tensor::from_slice(&[1.5, 2.0, last]);
            [("step".to_owned(), step), ("net.x".to_owned(), weights)]
        };
        let error = save(&path, &tensors(f32::NAN)).unwrap_err().to_string();
        assert!(error.contains("no good checkpoint"), "{error}");
        assert!(!path.exists());
        save(&path, &tensors(3.0)).unwrap();
        let good = std::fs::read(&path).unwrap();
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let error = save(&path, &tensors(bad)).unwrap_err().to_string();
            assert!(error.starts_with("net.x has"), "{error}");
            assert!(error.contains("a.safetensors, was kept"), "{error}");
            assert_eq!(std::fs::read(&path).unwrap(), good);
        }
    }
}
