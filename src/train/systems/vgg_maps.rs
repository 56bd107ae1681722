//! What VGG16 says of a picture, for distances between pictures.

use std::path::Path;

use image::RgbImage;
use tch::{Device, Tensor};

use super::planes;
use super::vgg::{Depth, Vgg};
use crate::metrics::{FeatureMap, MetricsError};
use crate::train::onnx_layers::numbers;

/// The convolutions whose rectified features are compared: the last before each of the first four poolings. LPIPS has
/// `conv5_3` as well, which would see a face of 128 pixels on 8×8 positions.
pub const LEVELS: [&str; 4] = ["conv1_2", "conv2_2", "conv3_3", "conv4_3"];

/// VGG16 on the CPU.
pub struct VggMaps(Vgg);

impl VggMaps {
    /// Read weights with torchvision's names from a safetensors file.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        Vgg::read(file, Depth::Vgg16, &LEVELS, true, Device::Cpu).map(Self)
    }

    /// The features at [`LEVELS`].
    pub fn of(&self, picture: &RgbImage) -> Result<Vec<FeatureMap>, MetricsError> {
        let (width, height) = picture.dimensions();
        let signed = Tensor::from_slice(&planes(picture));
        let signed = signed.view([1, 3, i64::from(height), i64::from(width)]);
        let features = tch::no_grad(|| self.0.features(&((signed + 1.0) / 2.0)));
        let map = |(_, features): &(String, Tensor)| {
            FeatureMap::new(features.size()[1] as usize, numbers(&features.relu()))
        };
        features.iter().map(map).collect()
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use tch::Kind;

    use super::super::vgg::tests::write;
    use super::*;
    use crate::metrics::feature_distance;

    #[test]
    fn distances_are_those_of_lpips_without_weights() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("vgg16.safetensors");
        write(&file, Depth::Vgg16, "conv4_3");
        let picture = |bend: u32| {
            let color = |x, y| Rgb([(x * 5) as u8, (y * 4 + x * bend) as u8, (x * y) as u8]);
            RgbImage::from_fn(40, 24, color)
        };
        let (a, b) = (picture(0), picture(3));
        let maps = VggMaps::read(&file).unwrap();
        let found = feature_distance(&maps.of(&a).unwrap(), &maps.of(&b).unwrap()).unwrap();
        assert!(found > 1e-3, "{found}");

        let unit = |picture: &RgbImage| -> Vec<Tensor> {
            let pixels = Tensor::from_slice(picture.as_raw()).view([1, 24, 40, 3]);
            let planes = pixels.permute([0, 3, 1, 2]).to_kind(Kind::Float) / 255.0;
            let features = maps.0.features(&planes).into_iter();
            let unit = features.map(|(_, x)| {
                let x = x.relu();
                &x / (x.square().sum_dim_intlist(1, true, Kind::Float).sqrt() + 1e-10)
            });
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
