//! What is in a checkpoint or a model file.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, bail};
use tch::Tensor;

use super::checkpoint;
use crate::cascade::Model;
use crate::onnx::decode;
use crate::onnx::proto::TensorProto;
use crate::train::nn::parameters::saved_step;

/// A text about the file: networks, sizes, metadata.
pub fn describe(file: &Path) -> anyhow::Result<String> {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("onnx") => describe_model(file),
        Some("safetensors") => describe_checkpoint(file),
        _ => bail!(
            "{}: neither an ONNX file (.onnx) nor a checkpoint (.safetensors)",
            file.display()
        ),
    }
}

fn describe_model(file: &Path) -> anyhow::Result<String> {
    let shown = file.display();
    let model = Model::open(file)?;
    let proto = decode(model.bytes()).with_context(|| format!("{shown} is no ONNX model"))?;
    let graph = proto.graph.unwrap_or_default();
    let mut text = format!("{shown}: ONNX model, {} bytes\n", model.bytes().len());
    let mut networks: BTreeMap<String, usize> = BTreeMap::new();
    for tensor in graph
        .initializer
        .iter()
        .filter(|t| t.dims.len() > 1 || is_bias(t))
    {
        let name = tensor.name.split('.').next().unwrap_or_default();
        *networks.entry(name.to_owned()).or_default() += elements(tensor);
    }
    for (name, count) in networks {
        writeln!(text, "  {name}: {count} parameters")?;
    }
    let inputs: Vec<&str> = graph.input.iter().map(|v| v.name.as_str()).collect();
    let outputs: Vec<&str> = graph.output.iter().map(|v| v.name.as_str()).collect();
    writeln!(text, "  inputs: {}", inputs.join(", "))?;
    writeln!(text, "  outputs: {}", outputs.join(", "))?;
    for entry in &proto.metadata_props {
        if entry.value.contains('\n') {
            writeln!(text, "  {}:", entry.key)?;
            for line in entry.value.lines().filter(|line| !line.is_empty()) {
                writeln!(text, "    {line}")?;
            }
        } else {
            writeln!(text, "  {}: {}", entry.key, entry.value)?;
        }
    }
    Ok(text)
}

fn is_bias(tensor: &TensorProto) -> bool {
    tensor.name.ends_with(".bias")
}

fn elements(tensor: &TensorProto) -> usize {
    tensor.dims.iter().product::<i64>().try_into().unwrap_or(0)
}

fn describe_checkpoint(file: &Path) -> anyhow::Result<String> {
    let saved = checkpoint::load(file)?;
    let bytes = std::fs::metadata(file)?.len();
    let mut text = format!("{}: checkpoint, {bytes} bytes\n", file.display());
    writeln!(text, "  steps done: {}", saved_step(&saved)?)?;
    let mut groups: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (name, tensor) in saved.iter().filter(|(name, _)| *name != "step") {
        let group = groups.entry(group(name)).or_default();
        *group = (group.0 + 1, group.1 + Tensor::numel(tensor));
    }
    for (name, (tensors, numbers)) in groups {
        writeln!(text, "  {name}: {tensors} tensors, {numbers} numbers")?;
    }
    Ok(text)
}

/// `adam.a_to_b` of `adam.a_to_b.first.enter.weight`, `average` of `average.enter.weight`.
fn group(name: &str) -> &str {
    let parts = if ["adam.", "spectral.", "pool."]
        .iter()
        .any(|p| name.starts_with(p))
    {
        2
    } else {
        1
    };
    let end = name.match_indices('.').nth(parts - 1);
    end.map_or(name, |(end, _)| &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_tensors() {
        assert_eq!(group("adam.a_to_b.first.enter.weight"), "adam.a_to_b");
        assert_eq!(group("average.enter.weight"), "average");
        assert_eq!(group("x"), "x");
    }

    #[test]
    fn the_bundled_model_is_described() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("m.onnx");
        std::fs::write(&file, crate::cascade::DEFAULT_MODEL).unwrap();
        let text = describe(&file).unwrap();
        for part in [
            "stage1: ",
            "stage2: ",
            "pixelated",
            "depixelate.license: MIT",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(describe(Path::new("a.txt")).is_err());
    }
}
