//! Exported models in 16-bit floats, for devices that are faster in them.

use std::path::Path;

use anyhow::{Context, ensure};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::blocks::PLANES;
use crate::cascade::{
    Backend, Crops, INPUT, Model, OrtBackend, SessionSettings, ValueRange, runtime,
};
use crate::files;
use crate::onnx::{calculate_in_halves, decode, encode};

/// Largest change of a picture that passes, parts of its range: two steps of an 8-bit picture.
const TOLERANCE: f32 = 0.02;
/// Crops that both models are shown.
const COUNT: usize = 3;

/// Make the model in `file` calculate in 16-bit floats; returns the largest change of what it makes
/// of noisy mosaics, in units of its range. The file is replaced only if that is small.
pub(crate) fn halve_file(file: &Path) -> anyhow::Result<f32> {
    let shown = file.display();
    let onnx = std::fs::read(file).with_context(|| format!("{shown} cannot be read"))?;
    let mut model = decode(&onnx).with_context(|| shown.to_string())?;
    let mut inputs = model.graph.iter().flat_map(|graph| &graph.input);
    ensure!(
        inputs.any(|input| input.name == INPUT),
        "{shown} stays in 32-bit floats: it restores no pictures, by which 16-bit ones could be judged"
    );
    calculate_in_halves(&mut model);
    let halved = encode(&model);
    let before = restored(&file.display().to_string(), onnx)?;
    let after = restored(&format!("{shown} in 16-bit floats"), halved.clone())?;
    let differences = before.iter().zip(&after).map(|(a, b)| (a - b).abs());
    // Unlike the largest of them, this is no number where one is none.
    let worst = differences.fold(0.0, |worst: f32, it| if it <= worst { worst } else { it });
    ensure!(
        worst <= TOLERANCE,
        "{shown}: 16-bit floats change its pictures by {worst:e}, more than {TOLERANCE}; it stays as it is"
    );
    files::write(file, halved)?;
    Ok(worst)
}

/// What a model makes of mosaics of noise.
fn restored(name: &str, onnx: Vec<u8>) -> anyhow::Result<Vec<f32>> {
    let model = Model::from_bytes(name, onnx)?;
    let runtime = runtime::load_for_program()?;
    let mut session = OrtBackend::new(runtime, &model, &SessionSettings::default())?;
    let (side, range) = (model.metadata().size, model.metadata().range);
    let low = match range {
        ValueRange::Signed => -1.0,
        ValueRange::Unit => 0.0,
    };
    let mut random = Pcg64Mcg::seed_from_u64(1);
    let tiles: Vec<f32> = std::iter::repeat_with(|| random.random_range(low..=1.0))
        .take(COUNT * 3 * side * side)
        .collect();
    // The same in blocks of eight.
    let pixelated: Vec<f32> = (0..tiles.len())
        .map(|i| tiles[i / (side * side) * side * side + i / side % side / 8 * side + i % side / 8])
        .collect();
    let lattice = vec![0.0; COUNT * PLANES * side * side];
    let crops = Crops {
        count: COUNT,
        pixelated: &pixelated,
        lattice: if session.takes_lattice() {
            &lattice
        } else {
            &[]
        },
        neighbours: &[],
    };
    let mut faces = Vec::new();
    session.run(crops, 0.5, &mut faces)?;
    Ok(faces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cascade::DEFAULT_MODEL;

    #[test]
    fn the_bundled_model_can_be_halved() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model.onnx");
        std::fs::write(&file, DEFAULT_MODEL).unwrap();
        let worst = halve_file(&file).unwrap();
        assert!(worst > 0.0 && worst <= TOLERANCE, "{worst}");
        let length = std::fs::metadata(&file).unwrap().len();
        assert!(length <= DEFAULT_MODEL.len() as u64 + 4096);
    }

    #[test]
    fn what_is_no_model_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model.onnx");
        std::fs::write(&file, b"nothing").unwrap();
        assert!(halve_file(&file).is_err());
        assert_eq!(std::fs::read(&file).unwrap(), b"nothing");
    }
}
