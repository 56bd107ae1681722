//! Named tensors: copied, put into a checkpoint and taken back.

use anyhow::{Context, bail};
use tch::{Tensor, no_grad};

use super::layers::Parameters;

/// Copy tensor `name` of `saved` into `target`; the name is the error.
pub fn fill(target: &mut Tensor, name: &str, saved: &Parameters) -> Result<(), String> {
    let source = saved.get(name).ok_or_else(|| name.to_owned())?;
    if source.size() != target.size() {
        return Err(name.to_owned());
    }
    no_grad(|| target.copy_(source));
    Ok(())
}

/// Copy all of `source` into `target`, which has the same names and sizes.
pub fn copy(source: &Parameters, target: &mut Parameters) {
    for ((_, from), (_, to)) in source.iter().zip(target.iter_mut()) {
        no_grad(|| to.copy_(from));
    }
}

/// Copies without gradients.
pub fn copied(parameters: &Parameters) -> Parameters {
    let copies = parameters.iter();
    copies
        .map(|(name, tensor)| (name.clone(), tensor.detach().copy()))
        .collect()
}

/// Add `parameters` to a checkpoint, each name behind `prefix.`.
pub fn store(prefix: &str, parameters: &Parameters, out: &mut Vec<(String, Tensor)>) {
    for (name, tensor) in parameters {
        out.push((format!("{prefix}.{name}"), tensor.shallow_clone()));
    }
}

/// Copy what [`store`] saved back into `parameters`.
pub fn restore(
    prefix: &str,
    parameters: &mut Parameters,
    saved: &Parameters,
) -> anyhow::Result<()> {
    for (name, tensor) in parameters {
        if let Err(name) = fill(tensor, &format!("{prefix}.{name}"), saved) {
            bail!("the checkpoint has no tensor {name} of the right size: it is of another recipe");
        }
    }
    Ok(())
}

/// The step count of a checkpoint.
pub fn saved_step(saved: &Parameters) -> anyhow::Result<u64> {
    let step = saved
        .get("step")
        .context("the checkpoint has no step count")?;
    Ok(step.int64_value(&[0]).max(0) as u64)
}
