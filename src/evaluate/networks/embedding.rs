//! A network that describes a face by a vector.

use std::path::Path;

use anyhow::bail;
use image::RgbImage;

use super::onnx::OnnxNetwork;
use crate::onnx::proto::GraphProto;

/// Side of the picture for a network that takes any, pixels: that of ArcFace and of its many
/// successors.
const SIDE: u32 = 112;

/// The network, open.
pub struct Embedding(OnnxNetwork);

impl Embedding {
    /// Open the network in an ONNX file; its only output, whatever its shape, is the vector.
    pub fn open(file: &Path) -> anyhow::Result<Self> {
        OnnxNetwork::open(file, only_output).map(Self)
    }

    /// Its file, and how it is fed.
    pub fn about(&self) -> String {
        self.0.about()
    }

    /// The vector of the face that fills a picture.
    pub fn of(&mut self, picture: &RgbImage) -> anyhow::Result<Vec<f64>> {
        let outputs = self.0.run(picture, (SIDE, SIDE))?;
        let numbers = outputs.into_iter().flat_map(|output| output.data);
        Ok(numbers.map(f64::from).collect())
    }
}

fn only_output(graph: &GraphProto) -> anyhow::Result<Vec<String>> {
    match &graph.output[..] {
        [output] => Ok(vec![output.name.clone()]),
        outputs => bail!(
            "a network that describes faces has one output, this one has {}",
            outputs.len()
        ),
    }
}
