//! Exported models that take pictures of one size alone, for programs and devices that want to know
//! it.

use std::path::Path;

use anyhow::Context;

use crate::cascade::{ModelMetadata, key};
use crate::files;
use crate::onnx::proto::{DimensionValue, ModelProto, ValueInfoProto};
use crate::onnx::{decode, encode};

/// Give height and width of the inputs and outputs of the model in `file` the size that its
/// metadata says. A file without such metadata, of no restorer, stays as it is.
pub(crate) fn fix_file(file: &Path) -> anyhow::Result<()> {
    let shown = file.display();
    let onnx = std::fs::read(file).with_context(|| format!("{shown} cannot be read"))?;
    let mut model = decode(&onnx).with_context(|| shown.to_string())?;
    if !model
        .metadata_props
        .iter()
        .any(|it| it.key == key::MULTIPLE)
    {
        return Ok(());
    }
    let metadata = ModelMetadata::from_metadata(&shown.to_string(), &model.metadata_props)?;
    fix(&mut model, &metadata);
    files::write(file, encode(&model))
}

fn fix(model: &mut ModelProto, metadata: &ModelMetadata) {
    let graph = model.graph.get_or_insert_default();
    let inputs = graph.input.iter_mut().map(|it| (it, metadata.size));
    let outputs = graph
        .output
        .iter_mut()
        .map(|it| (it, metadata.output_size()));
    for (value, side) in inputs.chain(outputs) {
        fix_sides(value, side as i64);
    }
    model.metadata_props.retain(|it| it.key != key::MULTIPLE);
}

/// Height and width come behind the batch and the channels.
fn fix_sides(value: &mut ValueInfoProto, side: i64) {
    let tensor = value.r#type.as_mut().and_then(|it| it.tensor_type.as_mut());
    let shape = tensor.and_then(|it| it.shape.as_mut());
    for axis in shape.into_iter().flat_map(|shape| &mut shape.dim).skip(2) {
        axis.value = Some(DimensionValue::DimValue(side));
    }
}
