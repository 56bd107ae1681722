//! Pictures that generators make of random numbers.

use std::path::Path;

use anyhow::Context;
use image::{Rgb, RgbImage};
use tch::{Device, Kind, Tensor};

use super::network::{LATENT, OUTPUT};
use super::stylegan2::prior::TRUNCATION;
use crate::cascade::{Numbers, PlainSession, runtime};
use crate::onnx::decode;
use crate::onnx::proto::{DimensionValue, ValueInfoProto};
use crate::train::onnx_layers::numbers;

/// The picture of `columns` × `columns` pictures that the exported generator in `model` makes. A `truncation` below 1 moves
/// their styles towards the mean; it is an error for a generator without styles. Noise is drawn as well.
pub fn grid_of(
    model: &Path,
    columns: u32,
    seed: u32,
    truncation: Option<f64>,
) -> anyhow::Result<RgbImage> {
    let shown = model.display();
    let bytes = std::fs::read(model).with_context(|| format!("{shown} can not be read"))?;
    let graph = decode(&bytes).with_context(|| format!("{shown} is no ONNX model"))?;
    let inputs = graph.graph.unwrap_or_default().input;
    anyhow::ensure!(
        inputs.iter().any(|input| input.name == LATENT),
        "{shown} makes no pictures of random numbers: it has no input {LATENT}"
    );
    anyhow::ensure!(
        truncation.is_none() || inputs.iter().any(|input| input.name == TRUNCATION),
        "{shown} has no styles that could be truncated: it has no input {TRUNCATION}"
    );
    tch::manual_seed(i64::from(seed));
    let count = i64::from(columns * columns);
    let mut fed = Vec::new();
    for input in &inputs {
        let sides = sides(input)
            .with_context(|| format!("the input {} of {shown} has open sides", input.name))?;
        let shape: Vec<i64> = std::iter::once(count).chain(sides).collect();
        let options = (Kind::Float, Device::Cpu);
        let tensor = match input.name.as_str() {
            TRUNCATION => Tensor::full(shape, truncation.unwrap_or(1.0), options),
            _ => Tensor::randn(shape, options),
        };
        let data = numbers(&tensor);
        let shape = tensor.size();
        fed.push((input.name.as_str(), Numbers { shape, data }));
    }
    let fed: Vec<(&str, &Numbers)> = fed.iter().map(|(name, data)| (*name, data)).collect();
    let mut session = PlainSession::new(runtime::load_for_program()?, &bytes)?;
    let made = session.run(&fed, OUTPUT)?;
    let pictures = Tensor::from_slice(&made.data).view(made.shape.as_slice());
    Ok(grid(&pictures, columns))
}

/// Sides of an entry of an input, if they are fixed.
fn sides(input: &ValueInfoProto) -> Option<Vec<i64>> {
    let tensor = input.r#type.as_ref()?.tensor_type.as_ref()?;
    let dims = tensor.shape.as_ref()?.dim.iter().skip(1);
    let fixed = dims.map(|dim| match dim.value {
        Some(DimensionValue::DimValue(side)) if (1..=4096).contains(&side) => Some(side),
        _ => None,
    });
    fixed.collect()
}

/// Pictures `[N, 3, side, side]`, −1 … 1, `columns` in a row.
pub fn grid(pictures: &Tensor, columns: u32) -> RgbImage {
    let all = bytes(pictures);
    let side = pictures.size().last().copied().unwrap_or(0) as u32;
    let rows = (all.len() as u32).div_ceil(columns);
    let mut drawn = RgbImage::new(side * columns, side * rows);
    for (i, picture) in (0..).zip(&all) {
        let (left, top) = (i % columns * side, i / columns * side);
        for (pixel, at) in picture.chunks_exact(3).zip(0..) {
            let colour = Rgb([pixel[0], pixel[1], pixel[2]]);
            drawn.put_pixel(left + at % side, top + at / side, colour);
        }
    }
    drawn
}

/// Packed R′G′B′ of each picture.
pub fn bytes(pictures: &Tensor) -> Vec<Vec<u8>> {
    let sides = pictures.size();
    let numbers = numbers(pictures);
    let area = (sides[2] * sides[3]) as usize;
    let level = |value: f32| ((value + 1.0) * 127.5).round().clamp(0.0, 255.0) as u8;
    let packed = |planes: &[f32]| {
        let pixel = |i: usize| [planes[i], planes[area + i], planes[2 * area + i]].map(level);
        (0..area).flat_map(pixel).collect()
    };
    numbers.chunks_exact(3 * area).map(packed).collect()
}
