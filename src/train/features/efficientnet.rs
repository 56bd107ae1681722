//! EfficientNet-lite0 (Tan and Le, 2019; the lite variant of Google's `tensorflow/tpu` has no
//! squeeze-and-excitation and ReLU6 for swish), without its classifier, batch norms folded into the
//! convolutions.
//!
//! Pictures are −1 … 1. Where a stride is 2, TensorFlow's SAME padding of even sides puts the odd
//! row and column at the bottom and the right.

use super::level::Level;
use crate::train::nn::layers::{Conv, Layers};

/// Channels after the stem.
const STEM: i64 = 32;

/// A stage: blocks, growth of their inner channels, channels, side of the kernel, stride of the
/// first.
const STAGES: [(usize, i64, i64, i64, i64); 7] = [
    (1, 1, 16, 3, 1),
    (2, 6, 24, 3, 2),
    (2, 6, 40, 5, 2),
    (3, 6, 80, 3, 2),
    (3, 6, 112, 5, 1),
    (4, 6, 192, 5, 2),
    (1, 6, 320, 3, 1),
];

/// What each stage gives.
pub(super) const LEVELS: [Level; 7] = [
    level("stage0", 16, 2),
    level("stage1", 24, 4),
    level("stage2", 40, 8),
    level("stage3", 80, 16),
    level("stage4", 112, 16),
    level("stage5", 192, 32),
    level("stage6", 320, 32),
];

const fn level(name: &'static str, channels: i64, stride: i64) -> Level {
    Level {
        name,
        channels,
        stride,
    }
}

/// Read the network up to the stage `last` into `l`: what every stage on the way gives.
pub(super) fn read<L: Layers>(l: &mut L, picture: &L::Value, last: &str) -> Vec<L::Value> {
    let stem = strided_same(l, "stem", picture, Conv::strided(3, STEM, 3, 2, 0));
    let stem = l.relu6(&stem);
    let (mut input, mut given) = (STEM, Vec::new());
    for (stage, &(blocks, growth, output, kernel, stride)) in STAGES.iter().enumerate() {
        let mut x: Option<L::Value> = None;
        for block in 0..blocks {
            let shape = Block {
                input,
                inner: growth * input,
                output,
                kernel,
                stride: if block == 0 { stride } else { 1 },
            };
            let before = x.as_ref().or(given.last()).unwrap_or(&stem);
            x = Some(shape.read(l, &format!("stage{stage}.{block}"), before));
            input = output;
        }
        given.extend(x);
        if LEVELS[stage].name == last {
            break;
        }
    }
    given
}

/// An inverted residual block (Sandler et al., 2018): wider inside, one kernel per channel, no
/// activation at its end.
struct Block {
    input: i64,
    inner: i64,
    output: i64,
    kernel: i64,
    stride: i64,
}

impl Block {
    fn read<L: Layers>(&self, l: &mut L, name: &str, x: &L::Value) -> L::Value {
        let expanded = (self.inner > self.input).then(|| {
            let expand = Conv::strided(self.input, self.inner, 1, 1, 0);
            let y = l.conv(&format!("{name}.expand"), x, expand);
            l.relu6(&y)
        });
        let y = expanded.as_ref().unwrap_or(x);
        let padding = if self.stride == 1 { self.kernel / 2 } else { 0 };
        let conv = Conv::depthwise(self.inner, self.kernel, self.stride, padding);
        let name_of = |part: &str| format!("{name}.{part}");
        let y = match self.stride {
            1 => l.conv(&name_of("depthwise"), y, conv),
            _ => strided_same(l, &name_of("depthwise"), y, conv),
        };
        let y = l.relu6(&y);
        let project = Conv::strided(self.inner, self.output, 1, 1, 0);
        let y = l.conv(&name_of("project"), &y, project);
        match self.stride == 1 && self.input == self.output {
            true => l.add(x, &y),
            false => y,
        }
    }
}

/// A convolution of stride 2 with TensorFlow's SAME padding, for even sides.
fn strided_same<L: Layers>(l: &mut L, name: &str, x: &L::Value, conv: Conv) -> L::Value {
    let before = (conv.kernel - 2) / 2;
    let after = conv.kernel - 2 - before;
    let x = l.pad(x, [before, before, after, after]);
    l.conv(name, &x, conv)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tch::{Device, Kind, Tensor};

    use super::*;
    use crate::train::features::FeatureNetwork;
    use crate::train::nn::layers::Measure;

    #[test]
    fn counts_and_sides() {
        let mut l = Measure::default();
        let maps = read(&mut l, &vec![3, 224, 224], "");
        for (map, level) in maps.iter().zip(LEVELS) {
            let side = 224 / level.stride;
            assert_eq!(map, &[level.channels, side, side], "{}", level.name);
        }
        // Published: 4.65 million parameters and 407 million operations with the head (320 × 1280
        // over 7 × 7, and 1280 × 1000) and with batch norms, which have one number more per channel
        // than the biases here.
        let head = 320 * 1280 + 1280 * 1000;
        assert!((l.parameters + head + 1280 + 1000 - 4_652_008).abs() < 30_000);
        let head = 320 * 1280 * 49 + 1280 * 1000;
        assert!(
            (l.operations + head - 407_000_000).abs() < 30_000_000,
            "{}",
            l.operations
        );
    }

    #[test]
    fn features_of_the_published_weights() {
        // Made by scripts/setup.py; the values are PyTorch's, of the same weights in double
        // precision.
        let made = Path::new(".deps/features/efficientnet-lite0.safetensors");
        let shared = Path::new("../shared/nets/efficientnet-lite0.safetensors");
        let Some(file) = [made, shared].into_iter().find(|file| file.exists()) else {
            eprintln!("no weights of EfficientNet-lite0 (scripts/setup.py features): not tested");
            return;
        };
        let wave = |c: i64, x: f32, y: f32| match c {
            0 => (x / 7.0).sin() * (y / 11.0).cos(),
            1 => (x / 5.0 + y / 9.0).sin(),
            _ => (x / 13.0 - y / 6.0).cos(),
        };
        let pixels = (0..3 * 128 * 128)
            .map(|i| wave(i / (128 * 128), (i % 128) as f32, (i / 128 % 128) as f32));
        let picture = Tensor::from_slice(&pixels.collect::<Vec<f32>>()).view([1, 3, 128, 128]);
        let network = FeatureNetwork::read(file, &[], Device::Cpu).unwrap();
        let maps = network.maps(&picture);
        // Mean, standard deviation, largest magnitude, first value.
        let expected = [
            [0.111_496_57, 8.289_007, 30.466_568, -2.914_004],
            [-0.114_565_47, 12.115_178, 47.424_046, 2.345_141],
            [0.496_832_61, 10.438_040, 44.371_742, -10.117_357],
            [0.411_164_76, 5.980_971, 32.905_583, 6.024_077],
            [-0.202_397_51, 2.173_693, 8.426_353, -0.049_901],
        ];
        assert_eq!(maps.len(), expected.len());
        for (map, expected) in maps.iter().zip(expected) {
            let found = [
                map.mean(Kind::Float),
                map.std(false),
                map.abs().max(),
                map.flatten(0, -1).get(0),
            ];
            for (found, expected) in found.iter().zip(expected) {
                let found = found.double_value(&[]);
                assert!((found - expected).abs() < 2e-3, "{found}, not {expected}");
            }
        }
    }
}
