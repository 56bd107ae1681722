//! VGG (Simonyan and Zisserman, 2015) by torchvision's names: `features.0.weight`,
//! `features.0.bias`, …

use tch::Tensor;

use super::level::Level;
use crate::train::nn::layers::{Conv, Layers, Padding};

/// Convolutions between the poolings of VGG16.
pub(super) const VGG16: [usize; 5] = [2, 2, 3, 3, 3];
/// Those of VGG19.
pub(super) const VGG19: [usize; 5] = [2, 2, 4, 4, 4];

/// What the convolutions of each stage are called.
const NAMES: [[&str; 4]; 5] = [
    ["conv1_1", "conv1_2", "", ""],
    ["conv2_1", "conv2_2", "", ""],
    ["conv3_1", "conv3_2", "conv3_3", "conv3_4"],
    ["conv4_1", "conv4_2", "conv4_3", "conv4_4"],
    ["conv5_1", "conv5_2", "conv5_3", "conv5_4"],
];

/// Channels of a stage's maps.
const fn width(stage: usize) -> i64 {
    let doublings = if stage < 3 { stage } else { 3 };
    64 << doublings
}

/// What each convolution gives.
pub(super) fn levels(stages: [usize; 5]) -> Vec<Level> {
    let level = |stage: usize, i: usize| Level {
        name: NAMES[stage][i],
        channels: width(stage),
        stride: 1 << stage,
    };
    let stages = stages.into_iter().enumerate();
    stages
        .flat_map(|(stage, count)| (0..count).map(move |i| level(stage, i)))
        .collect()
}

/// Read the network up to the convolution `last` into `l`: what every convolution on the way gives,
/// before its rectifier.
pub(super) fn read<L: Layers>(
    l: &mut L,
    picture: &L::Value,
    stages: [usize; 5],
    last: &str,
) -> Vec<L::Value> {
    let (mut given, mut number, mut input) = (Vec::new(), 0, 3);
    for (stage, count) in stages.into_iter().enumerate() {
        for (i, name) in NAMES[stage].into_iter().take(count).enumerate() {
            let rectified = given.last().map(|y| l.relu(y));
            let pooled =
                (stage > 0 && i == 0).then(|| l.max_pool(rectified.as_ref().unwrap_or(picture)));
            let x = pooled.as_ref().or(rectified.as_ref()).unwrap_or(picture);
            let conv = Conv::same(input, width(stage), 3, Padding::Zero);
            given.push(l.conv(&format!("features.{number}"), x, conv));
            if name == last {
                return given;
            }
            // Each is followed by a rectifier, the last of a stage by a pooling, too.
            number += if i + 1 == count { 3 } else { 2 };
            input = width(stage);
        }
    }
    given
}

/// Pictures of −1 … 1 as torchvision's weights take them: ImageNet's mean and deviation of pictures
/// of 0 … 1 taken off.
pub(super) fn normalized(pictures: &Tensor) -> Tensor {
    let channels = |values: [f32; 3]| {
        let tensor = Tensor::from_slice(&values).view([1, 3, 1, 1]);
        tensor.to_device(pictures.device())
    };
    (pictures * 0.5 + 0.5 - channels([0.485, 0.456, 0.406])) / channels([0.229, 0.224, 0.225])
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::train::nn::layers::{Declare, Init, Measure};

    #[test]
    fn layers_have_torchvisions_numbers() {
        let last_number = |stages, last: &str| {
            let weights = Declare::parameters(Init::Normal(0.0), Device::Cpu, |l| {
                read(l, &(), stages, last);
            });
            let numbers = weights.keys().map(|name| {
                let number = name.split('.').nth(1).unwrap();
                number.parse::<usize>().unwrap()
            });
            numbers.max().unwrap()
        };
        let last = ["conv1_2", "conv2_2", "conv3_4", "conv4_4", "conv5_4"];
        assert_eq!(
            last.map(|name| last_number(VGG19, name)),
            [2, 7, 16, 25, 34]
        );
        let first = ["conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"];
        assert_eq!(
            first.map(|name| last_number(VGG16, name)),
            [0, 5, 10, 17, 24]
        );
    }

    #[test]
    fn counts_and_sides() {
        let mut l = Measure::default();
        let maps = read(&mut l, &vec![3, 64, 64], VGG19, "");
        assert_eq!(l.parameters, 20_024_384);
        for (map, level) in maps.iter().zip(levels(VGG19)) {
            let side = 64 / level.stride;
            assert_eq!(map, &[level.channels, side, side], "{}", level.name);
        }
    }
}
