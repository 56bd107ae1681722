//! Features of VGG (Simonyan and Zisserman, 2015) with weights that the user has, for perceptual losses.
//!
//! Weights are read from a safetensors file with torchvision's names: `features.0.weight`, `features.0.bias`, … Without
//! such a file there is no such loss; nothing else goes by its name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::losses::l1;
use crate::train::layers::Parameters;

/// Which of the networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// 2, 2, 3, 3, 3 convolutions between the poolings.
    Vgg16,
    /// 2, 2, 4, 4, 4.
    Vgg19,
}

impl Depth {
    fn stages(self) -> [usize; 5] {
        match self {
            Self::Vgg16 => [2, 2, 3, 3, 3],
            Self::Vgg19 => [2, 2, 4, 4, 4],
        }
    }

    /// Name, number in the file, input and output channels of each convolution, and whether a pooling comes before it.
    fn layers(self) -> Vec<(String, usize, [i64; 2], bool)> {
        let (mut layers, mut number, mut input) = (Vec::new(), 0, 3);
        for (stage, count) in self.stages().into_iter().enumerate() {
            let width = 64 << stage.min(3);
            for i in 0..count {
                let name = format!("conv{}_{}", stage + 1, i + 1);
                layers.push((name, number, [input, width], stage > 0 && i == 0));
                // Each is followed by a rectifier, the last of a stage by a pooling, too.
                number += if i + 1 == count { 3 } else { 2 };
                input = width;
            }
        }
        layers
    }
}

/// The layers up to the last one that is asked for.
pub struct Vgg {
    depth: Depth,
    weights: Parameters,
    wanted: Vec<String>,
    normalises: bool,
}

impl Vgg {
    /// Read the layers that the features `wanted`, such as `conv5_4`, need; a missing one is an error. `normalises`:
    /// pictures get ImageNet's mean and deviation taken off first.
    pub fn read(
        file: &Path,
        depth: Depth,
        wanted: &[&str],
        normalises: bool,
        device: Device,
    ) -> anyhow::Result<Self> {
        let shown = file.display();
        let stored = Tensor::read_safetensors(file)
            .with_context(|| format!("VGG weights {shown} can not be read"))?;
        let stored: BTreeMap<String, Tensor> = stored.into_iter().collect();
        let layers = depth.layers();
        let place = |name: &str| layers.iter().position(|layer| layer.0 == name);
        let mut last = 0;
        for name in wanted {
            last = last.max(place(name).with_context(|| format!("VGG has no layer {name}"))?);
        }
        let mut weights = Parameters::new();
        for (name, number, [input, output], _) in &layers[..=last] {
            let parts = [
                ("weight", vec![*output, *input, 3, 3]),
                ("bias", vec![*output]),
            ];
            for (part, size) in parts {
                let key = format!("features.{number}.{part}");
                let Some(found) = stored.get(&key) else {
                    bail!("VGG weights {shown} lack {key}, which {name} needs");
                };
                ensure!(
                    found.size() == size,
                    "{key} of {shown} is {:?}, where VGG has {size:?}",
                    found.size()
                );
                let found = found.to_kind(Kind::Float).to_device(device);
                weights.insert(format!("{name}.{part}"), found);
            }
        }
        let wanted = wanted.iter().map(|name| (*name).to_owned()).collect();
        Ok(Self {
            depth,
            weights,
            wanted,
            normalises,
        })
    }

    /// What the wanted convolutions give for pictures of 0 … 1, before their rectifiers, in the network's order.
    pub fn features(&self, pictures: &Tensor) -> Vec<(String, Tensor)> {
        let mut x = match self.normalises {
            true => normalised(pictures),
            false => pictures.shallow_clone(),
        };
        let mut features = Vec::new();
        for (name, _, _, pooled) in self.depth.layers() {
            let Some(weight) = self.weights.get(&format!("{name}.weight")) else {
                break;
            };
            if pooled {
                x = x.max_pool2d([2; 2], [2; 2], [0; 2], [1; 2], false);
            }
            let bias = self.weights.get(&format!("{name}.bias"));
            let y = x.conv2d(weight, bias, [1; 2], [1; 2], [1; 2], 1);
            x = y.relu();
            if self.wanted.contains(&name) {
                features.push((name, y));
            }
        }
        features
    }
}

fn normalised(pictures: &Tensor) -> Tensor {
    let channels = |values: [f32; 3]| {
        let tensor = Tensor::from_slice(&values).view([1, 3, 1, 1]);
        tensor.to_device(pictures.device())
    };
    (pictures - channels([0.485, 0.456, 0.406])) / channels([0.229, 0.224, 0.225])
}

/// A loss over VGG19's features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Perceptual {
    /// A safetensors file with VGG19's weights by torchvision's names; without it this loss is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vgg: Option<PathBuf>,
    /// Weight of the loss.
    pub weight: f64,
    /// Distance between features.
    pub distance: Distance,
    /// Take features after their rectifiers.
    pub rectified: bool,
    /// Factor of the features (SRGAN: 1/12.75).
    pub scale: f64,
    /// Weight of each layer by its name, such as `conv5_4`.
    pub layers: BTreeMap<String, f64>,
}

/// Distance between features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distance {
    /// Mean absolute difference.
    L1,
    /// Mean squared difference.
    Mse,
}

/// A [`Perceptual`] loss with its weights.
pub struct PerceptualLoss {
    settings: Perceptual,
    vgg: Vgg,
}

impl Perceptual {
    /// The loss, if there are weights for it; else it says that it is off.
    pub fn open(&self, device: Device) -> anyhow::Result<Option<PerceptualLoss>> {
        let Some(file) = &self.vgg else {
            if self.weight > 0.0 {
                eprintln!("no VGG weights (perceptual.vgg): the perceptual loss is off");
            }
            return Ok(None);
        };
        let wanted: Vec<&str> = self.layers.keys().map(String::as_str).collect();
        let vgg = Vgg::read(file, Depth::Vgg19, &wanted, true, device)?;
        let settings = self.clone();
        Ok(Some(PerceptualLoss { settings, vgg }))
    }
}

impl PerceptualLoss {
    /// The weighted loss of pictures of 0 … 1.
    pub fn of(&self, made: &Tensor, truth: &Tensor) -> Tensor {
        let s = &self.settings;
        let seen = |feature: &Tensor| match s.rectified {
            true => feature.relu() * s.scale,
            false => feature * s.scale,
        };
        let truth = tch::no_grad(|| self.vgg.features(truth));
        let pairs = self.vgg.features(made).into_iter().zip(truth);
        let terms = pairs.map(|((name, made), (_, truth))| {
            let (made, truth) = (seen(&made), seen(&truth));
            let distance = match s.distance {
                Distance::L1 => l1(&made, &truth),
                Distance::Mse => (made - truth).square().mean(Kind::Float),
            };
            distance * (s.layers[&name] * s.weight)
        });
        terms.sum()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A file with the convolutions up to `last`, of random numbers.
    pub fn write(file: &Path, depth: Depth, last: &str) {
        let mut tensors = Vec::new();
        for (name, number, [input, output], _) in depth.layers() {
            let options = (Kind::Float, Device::Cpu);
            let weight = Tensor::randn([output, input, 3, 3], options) * 0.03;
            tensors.push((format!("features.{number}.weight"), weight));
            let bias = Tensor::zeros([output], options);
            tensors.push((format!("features.{number}.bias"), bias));
            if name == last {
                break;
            }
        }
        Tensor::write_safetensors(&tensors, file).unwrap();
    }

    #[test]
    fn layers_have_torchvisions_numbers() {
        let numbers = |depth: Depth, wanted: &[&str]| -> Vec<usize> {
            let layers = depth.layers();
            let named = |name: &&str| layers.iter().find(|layer| layer.0 == *name).unwrap().1;
            wanted.iter().map(named).collect()
        };
        let wanted = ["conv1_2", "conv2_2", "conv3_4", "conv4_4", "conv5_4"];
        assert_eq!(numbers(Depth::Vgg19, &wanted), [2, 7, 16, 25, 34]);
        let wanted = ["conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"];
        assert_eq!(numbers(Depth::Vgg16, &wanted), [0, 5, 10, 17, 24]);
        let count = |&(_, _, [input, output], _): &(String, usize, [i64; 2], bool)| {
            (9 * input + 1) * output
        };
        let all: i64 = Depth::Vgg19.layers().iter().map(count).sum();
        assert_eq!(all, 20_024_384);
    }

    #[test]
    fn the_loss_is_none_for_equal_pictures_and_leads_to_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("vgg.safetensors");
        write(&file, Depth::Vgg19, "conv2_2");
        let perceptual = Perceptual {
            vgg: Some(file.clone()),
            weight: 1.0,
            distance: Distance::L1,
            rectified: false,
            scale: 1.0,
            layers: BTreeMap::from([("conv1_2".to_owned(), 0.1), ("conv2_2".to_owned(), 1.0)]),
        };
        let loss = perceptual.open(Device::Cpu).unwrap().unwrap();
        let truth = Tensor::rand([1, 3, 16, 16], (Kind::Float, Device::Cpu));
        assert_eq!(loss.of(&truth, &truth).double_value(&[]), 0.0);
        let made = truth.zeros_like().set_requires_grad(true);
        loss.of(&made, &truth).backward();
        assert!(made.grad().abs().max().double_value(&[]) > 0.0);
        let off = Perceptual {
            vgg: None,
            ..perceptual.clone()
        };
        assert!(off.open(Device::Cpu).unwrap().is_none());
        // The file ends too early for this layer.
        let deeper = Perceptual {
            layers: BTreeMap::from([("conv3_4".to_owned(), 1.0)]),
            ..perceptual
        };
        let error = deeper.open(Device::Cpu).err().unwrap().to_string();
        assert!(error.contains("features.10.weight"), "{error}");
    }
}
