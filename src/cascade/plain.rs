//! A graph in ONNX Runtime, without the facts of a model file: for small networks, and what an export is proven with.

use ort::session::Session;
use ort::session::builder::SessionBuilder;
use ort::value::TensorRef;

use super::session::run_error;
use super::{CascadeError, Runtime};

/// Numbers and their sides, the batch among them.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// Sides, e.g. `[N, 3, H, W]`.
    pub shape: Vec<i64>,
    /// The numbers, row by row.
    pub data: Vec<f32>,
}

/// A graph that runs on one thread of the CPU.
#[derive(Debug)]
pub struct PlainSession(Session);

impl PlainSession {
    /// Open the graph in the bytes of an ONNX file.
    pub fn new(runtime: &Runtime, onnx: &[u8]) -> Result<Self, CascadeError> {
        let unreadable = |error: ort::Error| CascadeError::ModelUnreadable {
            model: "the exported graph".into(),
            reason: error.to_string(),
        };
        let open = || -> ort::Result<_> {
            SessionBuilder::new(runtime.environment())?
                .with_intra_threads(1)?
                .with_intra_op_spinning(false)?
                .commit_from_memory(onnx)
        };
        open().map(Self).map_err(unreadable)
    }

    /// Feed the named inputs, take the output `wanted`.
    pub fn run(
        &mut self,
        inputs: &[(&str, &Numbers)],
        wanted: &str,
    ) -> Result<Numbers, CascadeError> {
        let mut fed = Vec::new();
        for (name, numbers) in inputs {
            let tensor =
                TensorRef::from_array_view((numbers.shape.clone(), numbers.data.as_slice()))
                    .map_err(run_error)?;
            fed.push((*name, tensor));
        }
        let outputs = self.0.run(fed).map_err(run_error)?;
        let output = outputs
            .get(wanted)
            .ok_or_else(|| CascadeError::Run(format!("output `{wanted}` did not come")))?;
        let (shape, data) = output.try_extract_tensor::<f32>().map_err(run_error)?;
        Ok(Numbers {
            shape: shape.to_vec(),
            data: data.to_vec(),
        })
    }
}
