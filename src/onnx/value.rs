//! What is declared of an input or output.

use super::graph::ElementType;
use super::proto::{DimensionValue, ValueInfoProto};

impl ValueInfoProto {
    /// Element type and sides, −1 where open; `None` when it is no tensor or has no shape.
    pub fn sides(&self) -> Option<(ElementType, Vec<i64>)> {
        let tensor = self.r#type.as_ref()?.tensor_type.as_ref()?;
        let dims = &tensor.shape.as_ref()?.dim;
        let side = |dim: &Option<DimensionValue>| match dim {
            Some(DimensionValue::DimValue(side)) => *side,
            // An open axis; whether it has a name does not matter.
            Some(DimensionValue::DimParam(_)) | None => -1,
        };
        let sides = dims.iter().map(|dim| side(&dim.value)).collect();
        Some((tensor.elem_type(), sides))
    }

    /// Type and shape for a message, such as `Float[open, 3, 64, 64]`.
    pub fn described(&self) -> String {
        /// More axes than this are not worth a longer message.
        const MAX_AXES: usize = 8;
        let Some((element, sides)) = self.sides() else {
            return "no tensor with a shape".into();
        };
        let axes = sides.iter().take(MAX_AXES).map(|&side| match side {
            ..0 => "open".into(),
            side => side.to_string(),
        });
        let dots = if sides.len() > MAX_AXES { ", …" } else { "" };
        let axes = axes.collect::<Vec<String>>().join(", ");
        format!("{element:?}[{axes}{dots}]")
    }
}
