//! How the family makes small pictures of large ones: plainly, or by Real-ESRGAN's two-order
//! degradation.
//!
//! Source of the second: Wang et al., 2021, and xinntao/Real-ESRGAN, whose defaults are in
//! `recipes/realesrgan.toml`. There a batch shares its resize factors, and a pool of 180 pairs
//! mixes batches; here every sample has its own randomness, so that batches are mixed as they are.

use std::f64::consts::PI;

use anyhow::{Context, ensure};
use image::RgbImage;
use image::imageops::{self, FilterType};
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::order::{Order, kernel_side, sinc};
use crate::train::data::degradation::{
    Filter, blur, check_range, draw, jpeg, mosaic, resize, round, scale, sharpened, tensor_of,
};

/// How small pictures are made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Degradation {
    /// The bicubic filter (a = −½), wider as the picture gets smaller: SRGAN and ESRGAN.
    Bicubic {},
    /// Means of areas: what a mosaic shows.
    Area {},
    /// Real-ESRGAN.
    TwoOrder(Box<TwoOrder>),
}

/// Real-ESRGAN's degradation. Shares are probabilities, 0–1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwoOrder {
    /// The truth is sharpened first, and the losses between pictures take the sharp one.
    pub sharpen: bool,
    /// Share of the final sinc filters.
    pub sinc: f64,
    /// Share of pictures that are pixelated between the orders; 0 is published.
    pub mosaic: f64,
    /// Smallest and largest block of those, pixels of the large picture.
    pub blocks: [u32; 2],
    /// The first order.
    pub first: Order,
    /// The second.
    pub second: Order,
}

/// A pair of pictures `[1, 3, H, W]`, 0 … 1.
pub struct Pair {
    /// The small picture.
    pub small: Tensor,
    /// The large one.
    pub large: Tensor,
    /// The same, sharpened, if the losses want it.
    pub sharp: Option<Tensor>,
}

impl Degradation {
    /// An error for constants that make no sense.
    pub fn check(&self) -> anyhow::Result<()> {
        match self {
            Self::Bicubic {} | Self::Area {} => Ok(()),
            Self::TwoOrder(two) => two.check(),
        }
    }

    /// A square picture and what becomes of it at 1/`factor` of the size.
    pub fn apply(
        &self,
        picture: &RgbImage,
        factor: u32,
        random: &mut Pcg64Mcg,
    ) -> anyhow::Result<Pair> {
        let side = picture.width() / factor;
        let large = tensor_of(picture);
        let small = match self {
            Self::Bicubic {} => {
                let filter = FilterType::CatmullRom;
                tensor_of(&imageops::resize(picture, side, side, filter))
            }
            Self::Area {} => round(&resize(&large, [side.into(); 2], Filter::Area)),
            Self::TwoOrder(two) => return two.apply(large, side.into(), random),
        };
        Ok(Pair {
            small,
            large,
            sharp: None,
        })
    }
}

impl TwoOrder {
    fn check(&self) -> anyhow::Result<()> {
        for (name, share) in [("sinc", self.sinc), ("mosaic", self.mosaic)] {
            ensure!(
                (0.0..=1.0).contains(&share),
                "{name} is {share}; it must lie in 0 … 1"
            );
        }
        check_range("blocks", self.blocks.map(f64::from), [1.0, 512.0])?;
        self.first.check().context("first")?;
        self.second.check().context("second")
    }

    fn apply(&self, large: Tensor, side: i64, random: &mut Pcg64Mcg) -> anyhow::Result<Pair> {
        let sharp = self.sharpen.then(|| sharpened(&large));
        let mut x = sharp.as_ref().unwrap_or(&large).shallow_clone();
        x = self.first.blurred(x, random);
        let factor = self.first.factor(random);
        x = scale(&x, factor, Filter::draw(random)).clamp(0.0, 1.0);
        x = self.first.noisy(&x, random);
        x = jpeg(&x, draw(self.first.quality, random))?;
        if random.random_bool(self.mosaic) {
            x = self.pixelated(&x, large.size()[2], random)?;
        }
        x = self.second.blurred(x, random);
        let there = (side as f64 * self.second.factor(random)) as i64;
        x = resize(&x, [there; 2], Filter::draw(random)).clamp(0.0, 1.0);
        x = self.second.noisy(&x, random);
        let (filter, quality) = (Filter::draw(random), draw(self.second.quality, random));
        let last = random
            .random_bool(self.sinc)
            .then(|| sinc([PI / 3.0, PI], kernel_side(random), random));
        let finish = |x: &Tensor| {
            let x = resize(x, [side; 2], filter);
            last.clone()
                .map_or(x.shallow_clone(), |kernel| blur(&x, kernel))
        };
        x = match random.random_bool(0.5) {
            true => jpeg(&finish(&x), quality)?,
            false => finish(&jpeg(&x, quality)?),
        };
        Ok(Pair {
            small: round(&x),
            large,
            sharp,
        })
    }

    /// A mosaic whose blocks are drawn for a picture of `side` pixels.
    fn pixelated(&self, x: &Tensor, side: i64, random: &mut Pcg64Mcg) -> anyhow::Result<Tensor> {
        let [low, high] = self.blocks;
        let block = f64::from(random.random_range(low..=high));
        let block = (block * x.size()[2] as f64 / side as f64).round().max(1.0) as i32;
        let corner = [(); 2].map(|()| random.random_range(0..block));
        mosaic(x, block as u32, corner)
    }
}

#[cfg(test)]
pub mod tests {
    use rand::SeedableRng;
    use tch::Kind;

    use super::super::recipe::Recipe;
    use super::*;
    use crate::train::nn::tensors::numbers;

    /// The published constants.
    pub fn published() -> TwoOrder {
        let text = include_str!("../../../../recipes/realesrgan.toml");
        let recipe: Recipe = toml::from_str(text).unwrap();
        match recipe.degradation {
            Degradation::TwoOrder(two) => *two,
            other => panic!("{other:?}"),
        }
    }

    fn picture(side: u32) -> RgbImage {
        RgbImage::from_fn(side, side, |x, y| {
            image::Rgb([(4 * x) as u8, (3 * y) as u8, (x * y / 8) as u8])
        })
    }

    #[test]
    fn samples_are_pictures_of_their_size_and_repeatable() {
        let degradation = Degradation::TwoOrder(Box::new(TwoOrder {
            mosaic: 0.3,
            ..published()
        }));
        for seed in 0..40 {
            let make = || {
                let mut random = Pcg64Mcg::seed_from_u64(seed);
                degradation.apply(&picture(64), 4, &mut random).unwrap()
            };
            let pair = make();
            assert_eq!(pair.small.size(), [1, 3, 16, 16]);
            assert!(pair.sharp.is_some());
            let values = numbers(&pair.small);
            assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
            assert_eq!(values, numbers(&make().small), "seed {seed}");
        }
    }

    #[test]
    fn plain_ways_keep_the_mean() {
        for degradation in [Degradation::Bicubic {}, Degradation::Area {}] {
            let mut random = Pcg64Mcg::seed_from_u64(1);
            let pair = degradation.apply(&picture(64), 4, &mut random).unwrap();
            let mean = |x: &Tensor| x.mean(Kind::Float).double_value(&[]);
            assert!((mean(&pair.small) - mean(&pair.large)).abs() < 0.01);
            assert!(pair.sharp.is_none());
        }
    }

    #[test]
    fn shares_must_add_up() {
        let mut two = published();
        two.second.resize = [0.5, 0.4, 0.3];
        let error = format!("{:#}", two.check().unwrap_err());
        assert!(error.contains("second: the shares in resize"), "{error}");
    }
}
