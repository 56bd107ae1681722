//! Networks that give features of pictures.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use image::RgbImage;
use tch::{Device, Tensor};

use super::onnx::OnnxNetwork;
use crate::cascade::HostTensor;
use crate::degrade::smooth::resize;
use crate::metrics::FeatureMap;
use crate::onnx::ElementType;
use crate::onnx::proto::{GraphProto, ValueInfoProto};
use crate::train::data::pictures::planes;
use crate::train::features::{Architecture, FeatureNetwork};
use crate::train::nn::tensors::numbers;

/// Whatever gives features.
pub trait Features {
    /// What it is, with its file.
    fn about(&self) -> String;

    /// The features of a picture at each level, the same levels for every picture.
    fn levels(&mut self, picture: &RgbImage) -> anyhow::Result<Vec<FeatureMap>>;
}

/// Open the network in `file`; the ending tells what it is.
pub(super) fn open(file: &Path) -> anyhow::Result<Box<dyn Features>> {
    match file.extension().and_then(|ending| ending.to_str()) {
        Some("onnx") => Ok(Box::new(OnnxNetwork::open(file, maps)?)),
        Some("safetensors") => Ok(Box::new(Weights::read(file)?)),
        _ => bail!(
            "{} gives no features: a network is an .onnx file, or the weights of VGG or EfficientNet-lite0 as .safetensors",
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
        let map = |output: HostTensor| match output.shape[..] {
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

/// The levels of VGG16 that are compared: the last convolution before each of the first four
/// poolings. LPIPS has `conv5_3` as well, which would see a face of 128 pixels on 8×8 positions.
const VGG16: [&str; 4] = ["conv1_2", "conv2_2", "conv3_3", "conv4_3"];

/// A network that the trainer knows, with weights from a file.
struct Weights {
    file: String,
    network: FeatureNetwork,
    /// Its maps are taken before their rectifiers.
    rectified: bool,
}

impl Weights {
    fn read(file: &Path) -> anyhow::Result<Self> {
        let architecture = FeatureNetwork::architecture_of(file)?;
        let levels: &[&str] = match architecture {
            Architecture::Vgg16 => &VGG16,
            _ => &[],
        };
        Ok(Self {
            file: file.display().to_string(),
            network: FeatureNetwork::read(file, levels, Device::Cpu)?,
            rectified: architecture.is_vgg(),
        })
    }

    /// The maps of a picture, whose sides are first made multiples of what the network needs.
    fn maps(&self, picture: &RgbImage) -> anyhow::Result<Vec<Tensor>> {
        let multiple = self.network.smallest_side() as u32;
        let fitted = |side: u32| (side / multiple).max(1) * multiple;
        let (width, height) = picture.dimensions();
        let picture = resize(picture, (fitted(width), fitted(height))).context("it is empty")?;
        let (width, height) = picture.dimensions();
        let signed = Tensor::from_slice(&planes(&picture));
        let signed = signed.view([1, 3, i64::from(height), i64::from(width)]);
        let maps = tch::no_grad(|| self.network.maps(&signed));
        let maps = maps.into_iter();
        Ok(match self.rectified {
            true => maps.map(|map| map.relu()).collect(),
            false => maps.collect(),
        })
    }
}

impl Features for Weights {
    fn about(&self) -> String {
        let levels = self.network.levels();
        let levels: Vec<&str> = levels.iter().map(|level| level.name).collect();
        let (network, levels) = (self.network.name(), levels.join(", "));
        let rectified = if self.rectified { "rectified " } else { "" };
        format!("{}: {network}, {rectified}{levels}", self.file)
    }

    fn levels(&mut self, picture: &RgbImage) -> anyhow::Result<Vec<FeatureMap>> {
        let maps = self.maps(picture);
        let maps = maps.with_context(|| format!("features of {}", self.file))?;
        let map = |map: &Tensor| Ok(FeatureMap::new(map.size()[1] as usize, numbers(map))?);
        maps.iter().map(map).collect()
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use tch::Kind;

    use super::*;
    use crate::metrics::feature_distance;

    #[test]
    fn distances_are_those_of_lpips_without_weights() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("vgg16.safetensors");
        let weights = Architecture::Vgg16.untrained(Some("conv4_3"));
        Tensor::write_safetensors(&weights.into_iter().collect::<Vec<_>>(), &file).unwrap();
        let picture = |bend: u32| {
            let color = |x, y| Rgb([(x * 5) as u8, (y * 4 + x * bend) as u8, (x * y) as u8]);
            RgbImage::from_fn(40, 24, color)
        };
        let (a, b) = (picture(0), picture(3));
        let mut network = Weights::read(&file).unwrap();
        let [maps_a, maps_b] = [&a, &b].map(|p| network.levels(p).unwrap());
        let found = feature_distance(&maps_a, &maps_b).unwrap();
        assert!(found > 1e-3, "{found}");

        let unit = |picture: &RgbImage| -> Vec<Tensor> {
            let maps = network.maps(picture).unwrap();
            let unit = maps
                .iter()
                .map(|x| x / (x.square().sum_dim_intlist(1, true, Kind::Float).sqrt() + 1e-10));
            unit.collect()
        };
        let levels = unit(&a).into_iter().zip(unit(&b)).map(|(a, b)| {
            let apart = (a - b).square().sum_dim_intlist(1, true, Kind::Float);
            apart.mean(Kind::Double).double_value(&[])
        });
        let levels: Vec<f64> = levels.collect();
        assert_eq!(levels.len(), 4);
        let expected = levels.iter().sum::<f64>() / 4.0;
        assert!((found - expected).abs() < 1e-5, "{found}, {expected}");
    }
}
