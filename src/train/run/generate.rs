//! Pictures that generators make of random numbers, still and on their way from one to another.

use std::path::Path;

use anyhow::Context;
use image::RgbImage;
use tch::{Device, Kind, Tensor};

use crate::cascade::{CpuSession, HostTensor, runtime};
use crate::onnx::decode;
use crate::onnx::proto::ValueInfoProto;
use crate::train::data::pictures::grid;
use crate::train::nn::network::{LATENT, OUTPUT, TRUNCATION};
use crate::train::nn::tensors::numbers;

/// What is drawn of a generator.
#[derive(Clone, Copy, Debug)]
pub struct Drawing {
    /// Pictures in a row, and rows.
    pub columns: u32,
    /// Seed of all random numbers.
    pub seed: u32,
    /// Below 1, styles are moved towards the mean; an error for a generator without styles.
    pub truncation: Option<f64>,
}

/// The way of a picture in a film.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    /// Random points that it comes by before it is back at the first.
    pub stops: u32,
    /// Frames from each to the next.
    pub steps: u32,
}

/// The pictures `[N, 3, side, side]`, −1 … 1, that the exported generator in `model` makes. Noise is
/// drawn as well.
pub fn pictures_of(model: &Path, drawing: Drawing) -> anyhow::Result<Tensor> {
    let mut generator = Generator::open(model, drawing.truncation.is_some())?;
    tch::manual_seed(i64::from(drawing.seed));
    let count = i64::from(drawing.columns * drawing.columns);
    let latent = generator.random(LATENT, count);
    let surroundings = generator.surroundings(count, drawing.truncation);
    generator.pictures(&latent, &surroundings)
}

/// The same as one picture.
pub fn grid_of(model: &Path, drawing: Drawing) -> anyhow::Result<RgbImage> {
    Ok(grid(&pictures_of(model, drawing)?, drawing.columns))
}

/// A film of pictures as [`grid_of`] draws them, each of which goes its own `walk`, which ends
/// where it began. Between two points it stays as far from the middle as random points are (White,
/// 2016); its noise is the same all the way. `tick` is given of each frame that is there.
pub fn film_of(
    model: &Path,
    drawing: Drawing,
    walk: Walk,
    mut tick: impl FnMut(u32),
) -> anyhow::Result<Vec<RgbImage>> {
    let mut generator = Generator::open(model, drawing.truncation.is_some())?;
    tch::manual_seed(i64::from(drawing.seed));
    let count = i64::from(drawing.columns * drawing.columns);
    let stops: Vec<Tensor> = (0..walk.stops)
        .map(|_| generator.random(LATENT, count))
        .collect();
    let surroundings = generator.surroundings(count, drawing.truncation);
    let mut film = Vec::new();
    for (from, to) in stops.iter().zip(stops.iter().cycle().skip(1)) {
        for step in 0..walk.steps {
            let latent = between(from, to, f64::from(step) / f64::from(walk.steps));
            let pictures = generator.pictures(&latent, &surroundings)?;
            film.push(grid(&pictures, drawing.columns));
            tick(film.len() as u32);
        }
    }
    Ok(film)
}

/// The point at `share` of the arc from `a` to `b`, rows of two matrices (Shoemake, 1985).
fn between(a: &Tensor, b: &Tensor, share: f64) -> Tensor {
    let (a, b) = (a.to_kind(Kind::Double), b.to_kind(Kind::Double));
    let sum = |x: Tensor| x.sum_dim_intlist([1].as_slice(), true, Kind::Double);
    let length = |x: &Tensor| sum(x.square()).sqrt();
    let angle = (sum(&a * &b) / (length(&a) * length(&b)))
        .clamp(-1.0, 1.0)
        .acos()
        // In the limit of a straight line the formula stays finite.
        .clamp_min(1e-6);
    let (left, right) = ((&angle * (1.0 - share)).sin(), (&angle * share).sin());
    ((a * left + b * right) / angle.sin()).to_kind(Kind::Float)
}

/// An exported generator.
struct Generator {
    session: CpuSession,
    /// Names of its inputs, and their sides behind that of the batch.
    inputs: Vec<(String, Vec<i64>)>,
}

impl Generator {
    /// Read `model`. Where that is to be `truncated`, it must have styles.
    fn open(model: &Path, truncated: bool) -> anyhow::Result<Self> {
        let shown = model.display();
        let bytes = std::fs::read(model).with_context(|| format!("{shown} cannot be read"))?;
        let graph = decode(&bytes).with_context(|| format!("{shown} is no ONNX model"))?;
        let inputs = graph.graph.unwrap_or_default().input;
        let has = |name| inputs.iter().any(|input| input.name == name);
        anyhow::ensure!(
            has(LATENT),
            "{shown} makes no pictures of random numbers: it has no input {LATENT}"
        );
        anyhow::ensure!(
            !truncated || has(TRUNCATION),
            "{shown} has no styles that could be truncated: it has no input {TRUNCATION}"
        );
        let inputs = inputs.iter().map(|input| {
            let sides = sides(input)
                .with_context(|| format!("the input {} of {shown} has open sides", input.name))?;
            Ok((input.name.clone(), sides))
        });
        Ok(Self {
            inputs: inputs.collect::<anyhow::Result<_>>()?,
            session: CpuSession::new(runtime::load_for_program()?, &bytes)?,
        })
    }

    /// Random numbers for the input `name` of `count` pictures.
    fn random(&self, name: &str, count: i64) -> Tensor {
        let found = self.inputs.iter().find(|(input, _)| input == name);
        let sides = found.map_or(&[][..], |(_, sides)| sides);
        Tensor::randn([&[count], sides].concat(), (Kind::Float, Device::Cpu))
    }

    /// What `count` pictures are made of beside their latent numbers: noise, and the truncation.
    fn surroundings(&self, count: i64, truncation: Option<f64>) -> Vec<(String, HostTensor)> {
        let others = self.inputs.iter().filter(|(name, _)| name != LATENT);
        let others = others.map(|(name, _)| {
            let random = self.random(name, count);
            let numbers = match name.as_str() {
                TRUNCATION => random.full_like(truncation.unwrap_or(1.0)),
                _ => random,
            };
            (name.clone(), fed(&numbers))
        });
        others.collect()
    }

    /// Pictures `[N, 3, side, side]` of `latent` numbers.
    fn pictures(
        &mut self,
        latent: &Tensor,
        surroundings: &[(String, HostTensor)],
    ) -> anyhow::Result<Tensor> {
        let latent = fed(latent);
        let mut inputs = vec![(LATENT, &latent)];
        inputs.extend(surroundings.iter().map(|(name, it)| (name.as_str(), it)));
        let made = self.session.run(&inputs, OUTPUT)?;
        Ok(Tensor::from_slice(&made.data).view(made.shape.as_slice()))
    }
}

/// A tensor for ONNX Runtime.
fn fed(tensor: &Tensor) -> HostTensor {
    HostTensor {
        shape: tensor.size(),
        data: numbers(tensor),
    }
}

/// Sides of an entry of an input, if they are fixed.
fn sides(input: &ValueInfoProto) -> Option<Vec<i64>> {
    let (_, sides) = input.sides()?;
    let fixed = |side: i64| (1..=4096).contains(&side).then_some(side);
    sides.into_iter().skip(1).map(fixed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_between_two_points_is_an_arc() {
        let [a, b] = [[3.0f32, 0.0], [0.0, 3.0]].map(|row| Tensor::from_slice(&row).view([1, 2]));
        let at = |share| Vec::<f32>::try_from(between(&a, &b, share).view(-1)).unwrap();
        let near = |x: Vec<f32>, y: [f32; 2]| x.iter().zip(y).all(|(x, y)| (x - y).abs() < 1e-5);
        assert!(near(at(0.0), [3.0, 0.0]));
        assert!(near(at(0.5), [3.0 * 0.5f32.sqrt(); 2]));
        assert!(near(at(1.0), [0.0, 3.0]));
        let still = between(&a, &a, 0.4).view(-1);
        assert!(near(Vec::try_from(still).unwrap(), [3.0, 0.0]));
    }
}
