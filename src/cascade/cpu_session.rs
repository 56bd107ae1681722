//! A graph in ONNX Runtime, without the facts of a model file: for small networks, and what an
//! export is proven with.

use ort::session::builder::SessionBuilder;
use ort::session::{OutputSelector, Session};
use ort::value::TensorRef;

use super::brake::Brake;
use super::limits::{load_limit, run_limit, within};
use super::model::decoded;
use super::properties::said;
use super::session::run_error;
use super::{LoadError, Provider, RunError, Runtime};

/// Numbers and their sides, the batch among them.
#[derive(Clone, Debug, PartialEq)]
pub struct HostTensor {
    /// Sides, e.g. `[N, 3, H, W]`.
    pub shape: Vec<i64>,
    /// The numbers, row by row.
    pub data: Vec<f32>,
}

/// A graph that runs on the CPU.
#[derive(Debug)]
pub struct CpuSession {
    session: Session,
    name: String,
    /// Bytes of the file.
    size: usize,
    brake: Brake,
}

impl CpuSession {
    /// Open the graph in the bytes of an ONNX file, on one thread.
    pub fn new(runtime: &Runtime, onnx: &[u8]) -> Result<Self, LoadError> {
        Self::open(runtime, "the exported graph", onnx, 1)
    }

    /// As [`Self::new`], on so many threads; `name` stands for the graph in errors.
    pub fn open(
        runtime: &Runtime,
        name: &str,
        onnx: &[u8],
        threads: usize,
    ) -> Result<Self, LoadError> {
        // A file must not make ONNX Runtime open others that it names.
        decoded(name, onnx)?;
        let unreadable = |error: ort::Error| LoadError::ModelUnreadable {
            model: name.into(),
            reason: said(&error),
        };
        let (environment, bytes) = (runtime.environment().clone(), onnx.to_vec());
        let open = move || -> ort::Result<_> {
            SessionBuilder::new(&environment)?
                .with_intra_threads(threads)?
                .with_intra_op_spinning(false)?
                .commit_from_memory(&bytes)
        };
        let session = within(load_limit(onnx.len(), Provider::Cpu), name, open)?;
        Ok(Self {
            session: session.map_err(unreadable)?,
            name: name.to_owned(),
            size: onnx.len(),
            brake: Brake::default(),
        })
    }

    /// Feed the named inputs, take the output `wanted`.
    pub fn run(
        &mut self,
        inputs: &[(&str, &HostTensor)],
        wanted: &str,
    ) -> Result<HostTensor, RunError> {
        let mut outputs = self.run_for(inputs, &[wanted])?;
        let output = outputs.pop();
        output.ok_or_else(|| RunError::Failed(format!("output `{wanted}` did not come")))
    }

    /// As [`Self::run`], several outputs in the order of `wanted`.
    pub fn run_for(
        &mut self,
        inputs: &[(&str, &HostTensor)],
        wanted: &[&str],
    ) -> Result<Vec<HostTensor>, RunError> {
        let mut fed = Vec::new();
        for (name, numbers) in inputs {
            let tensor =
                TensorRef::from_array_view((numbers.shape.clone(), numbers.data.as_slice()))
                    .map_err(run_error)?;
            fed.push((*name, tensor));
        }
        let selector =
            (wanted.iter()).fold(OutputSelector::no_default(), |all, name| all.with(*name));
        let pixels = inputs.iter().map(|(_, numbers)| numbers.data.len()).sum();
        let limit = run_limit(self.size, pixels);
        let running = self.brake.begin(&self.name, selector, limit)?;
        let outputs = (self.session)
            .run_with_options(fed, running.options())
            .map_err(|error| running.error(&error))?;
        let taken = |name: &&str| {
            let output = outputs
                .get(*name)
                .ok_or_else(|| RunError::Failed(format!("output `{name}` did not come")))?;
            let (shape, data) = output.try_extract_tensor::<f32>().map_err(run_error)?;
            Ok(HostTensor {
                shape: shape.to_vec(),
                data: data.to_vec(),
            })
        };
        wanted.iter().map(taken).collect()
    }
}
