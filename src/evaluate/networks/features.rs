//! Networks that give features of pictures.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use image::RgbImage;

use super::onnx::OnnxNetwork;
use crate::cascade::Numbers;
use crate::metrics::FeatureMap;
use crate::onnx::ElementType;
use crate::onnx::proto::{GraphProto, ValueInfoProto};
use crate::train::systems::vgg_maps::{LEVELS, VggMaps};

/// Whatever gives features.
pub trait Features {
    /// What it is, with its file.
    fn about(&self) -> String;

    /// The features of a picture at each level, the same levels for every picture.
    fn levels(&mut self, picture: &RgbImage) -> anyhow::Result<Vec<FeatureMap>>;
}

/// Open the network in `file`; the ending tells what it is.
pub fn open(file: &Path) -> anyhow::Result<Box<dyn Features>> {
    match file.extension().and_then(|ending| ending.to_str()) {
        Some("onnx") => Ok(Box::new(OnnxNetwork::open(file, maps)?)),
        Some("safetensors") => Ok(Box::new(Vgg16 {
            file: file.display().to_string(),
            maps: VggMaps::read(file)?,
        })),
        _ => bail!(
            "{} gives no features: a network is an .onnx file, or VGG16's weights as .safetensors",
            file.display()
        ),
    }
}

/// A network in an ONNX file; each of its outputs that is a map is a level.
impl Features for OnnxNetwork {
    fn about(&self) -> String {
        self.about()
    }

    fn levels(&mut self, picture: &RgbImage) -> anyhow::Result<Vec<FeatureMap>> {
        let outputs = self.run(picture, picture.dimensions())?;
        let map = |output: Numbers| match output.shape[..] {
            [1, channels, _, _] => Ok(FeatureMap::new(channels as usize, output.data)?),
            _ => bail!("{} gives {:?} for one picture", self.about(), output.shape),
        };
        outputs.into_iter().map(map).collect()
    }
}

/// The outputs of a graph that are maps `[N, C, H, W]`.
fn maps(graph: &GraphProto) -> anyhow::Result<Vec<String>> {
    let is_map = |output: &&ValueInfoProto| {
        let shape = output.sides();
        shape.is_some_and(|(element, sides)| element == ElementType::Float && sides.len() == 4)
    };
    let maps = graph.output.iter().filter(is_map);
    let maps: Vec<String> = maps.map(|output| output.name.clone()).collect();
    ensure!(
        !maps.is_empty(),
        "it has no feature maps: none of its outputs is Float[N, C, H, W]"
    );
    Ok(maps)
}

/// VGG16 with weights from a file.
struct Vgg16 {
    file: String,
    maps: VggMaps,
}

impl Features for Vgg16 {
    fn about(&self) -> String {
        format!("{}: VGG16, rectified {}", self.file, LEVELS.join(", "))
    }

    fn levels(&mut self, picture: &RgbImage) -> anyhow::Result<Vec<FeatureMap>> {
        let maps = self.maps.of(picture);
        maps.with_context(|| format!("features of {}", self.file))
    }
}
