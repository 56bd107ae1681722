//! A network that takes a picture, from an ONNX file.

use std::path::Path;

use anyhow::{Context, ensure};
use image::RgbImage;

use super::input::Input;
use crate::cascade::{CpuSession, HostTensor, runtime};
use crate::onnx::decode;
use crate::onnx::proto::GraphProto;

/// The network, open.
pub(super) struct OnnxNetwork {
    session: CpuSession,
    input: Input,
    file: String,
    outputs: Vec<String>,
}

impl OnnxNetwork {
    /// Open the network in `file`; `choose` names the outputs that are read.
    pub(super) fn open(
        file: &Path,
        choose: impl Fn(&GraphProto) -> anyhow::Result<Vec<String>>,
    ) -> anyhow::Result<Self> {
        let shown = file.display();
        let open = || {
            let bytes = std::fs::read(file).context("it cannot be read")?;
            let graph = decode(&bytes)?.graph.unwrap_or_default();
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            let runtime = runtime::load_for_program()?;
            anyhow::Ok(Self {
                input: Input::of(file, &graph)?,
                outputs: choose(&graph)?,
                session: CpuSession::open(runtime, &shown.to_string(), &bytes, threads)?,
                file: shown.to_string(),
            })
        };
        open().with_context(|| format!("network {shown}"))
    }

    /// Its file, and how it is fed.
    pub(super) fn about(&self) -> String {
        format!("{}: {}", self.file, self.input)
    }

    /// Its outputs for a picture, which is scaled to its side, or to `open` where it takes any. All
    /// numbers are finite.
    pub(super) fn run(
        &mut self,
        picture: &RgbImage,
        open: (u32, u32),
    ) -> anyhow::Result<Vec<HostTensor>> {
        let mut run = || {
            let numbers = self.input.feed(picture, open)?;
            let wanted: Vec<&str> = self.outputs.iter().map(String::as_str).collect();
            let inputs = [(self.input.name.as_str(), &numbers)];
            let outputs = self.session.run_for(&inputs, &wanted)?;
            for (name, output) in wanted.iter().zip(&outputs) {
                ensure!(
                    output.data.iter().all(|value| value.is_finite()),
                    "its output `{name}` has numbers that are not finite: is its input described rightly ({})?",
                    self.input
                );
            }
            Ok(outputs)
        };
        run().with_context(|| format!("network {}", self.file))
    }
}
