//! Weights out of model files.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use tch::{Kind, Tensor};

use super::layers::Parameters;
use crate::onnx::proto::{DataType, TensorProto};
use crate::onnx::{FEWEST_HALVES, decode};

/// The weights of one stage of a file that `train::systems::cascade::export` wrote, into `weights`,
/// which has the names and sizes that are looked for; `prefix` is `stage1.` or `stage2.`.
pub fn read_weights(file: &Path, prefix: &str, weights: &mut Parameters) -> anyhow::Result<()> {
    let missing = read_known_weights(file, prefix, weights)?;
    match missing.first() {
        Some(name) => bail!("{} has no weights {prefix}{name}", file.display()),
        None => Ok(()),
    }
}

/// As [`read_weights`], but the file's network may lack layers: gives the names of the weights that
/// stay as they are. It is an error if it has none of them, or one of another size.
pub fn read_known_weights(
    file: &Path,
    prefix: &str,
    weights: &mut Parameters,
) -> anyhow::Result<Vec<String>> {
    let shown = file.display();
    let bytes = std::fs::read(file).with_context(|| format!("{shown} cannot be read"))?;
    let model = decode(&bytes).with_context(|| format!("{shown} is no ONNX model"))?;
    let stored = model.graph.unwrap_or_default().initializer;
    let (count, mut missing) = (weights.len(), Vec::new());
    for (name, tensor) in weights {
        let full = format!("{prefix}{name}");
        let Some(found) = stored.iter().find(|t| t.name == full) else {
            missing.push(name.clone());
            continue;
        };
        *tensor = as_tensor(found, &tensor.size())
            .with_context(|| format!("weights {full} of {shown}"))?
            .to_device(tensor.device());
    }
    ensure!(
        missing.len() < count,
        "{shown} has none of the weights {prefix}… that the recipe's networks have"
    );
    Ok(missing)
}

/// Round the weights that a file with 16-bit floats stores so, for libtorch to calculate with the
/// same ones.
pub fn round_to_halves(weights: &mut Parameters) {
    for tensor in weights.values_mut() {
        if tensor.numel() >= FEWEST_HALVES {
            *tensor = tensor.to_kind(Kind::Half).to_kind(Kind::Float);
        }
    }
}

/// The numbers of `stored`, which must have the sides `size`, but for sides of 1: a file has the
/// slopes of channels as `[channels, 1, 1]`.
fn as_tensor(stored: &TensorProto, size: &[i64]) -> anyhow::Result<Tensor> {
    let without_ones = |sides: &[i64]| -> Vec<i64> {
        let longer = sides.iter().copied().filter(|&side| side != 1);
        longer.collect()
    };
    ensure!(
        without_ones(&stored.dims) == without_ones(size),
        "they are {:?}, where the recipe's networks have {size:?}",
        stored.dims
    );
    let (kind, bytes_each) = match stored.data_type() {
        DataType::Float => (Kind::Float, 4),
        DataType::Float16 => (Kind::Half, 2),
        other => bail!("they are of the type {other:?}, not floats"),
    };
    let bytes = stored.raw_data.as_deref().unwrap_or_default();
    ensure!(
        bytes.len() as i64 == bytes_each * size.iter().product::<i64>(),
        "they are cut short"
    );
    Ok(Tensor::f_from_data_size(bytes, size, kind)?.to_kind(Kind::Float))
}
