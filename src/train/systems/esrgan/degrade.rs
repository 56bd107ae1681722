//! How the family makes small pictures of large ones: plainly, or by Real-ESRGAN's two-order degradation.
//!
//! Source of the second: Wang et al., 2021, and xinntao/Real-ESRGAN, whose defaults are in `recipes/realesrgan.toml`.
//! There a batch shares its resize factors, and a pool of 180 pairs mixes batches; here every sample has its own
//! chance, so that batches are mixed as they are.

use std::f64::consts::PI;

use anyhow::{Context, ensure};
use image::RgbImage;
use image::imageops::{self, FilterType};
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::train::systems::damage::kernels::{Bell, Kernel};
use crate::train::systems::damage::{
    Filter, blur, check_range, draw, gaussian_noise, jpeg, mosaic, poisson_noise, resize, round,
    scale, sharpened, tensor_of,
};

/// Sides of kernels, odd, pixels.
const SIDES: [usize; 2] = [7, 21];

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

/// One order of blur, resizing, noise, JPEG.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Share of pictures that are blurred.
    pub blur: f64,
    /// Share of sinc filters among the kernels.
    pub sinc: f64,
    /// Shares of the others: Gaussian, generalised and plateau bells, the round ones (`iso`) and the long ones
    /// (`aniso`); they add up to 1.
    pub kernels: Kinds,
    /// Standard deviations, pixels.
    pub sigma: [f64; 2],
    /// β of generalised bells; with ½ each it is drawn below and above 1.
    pub generalised: [f64; 2],
    /// β of plateaus, likewise.
    pub plateau: [f64; 2],
    /// Shares of pictures that are enlarged, made smaller, and left; they add up to 1.
    pub resize: [f64; 3],
    /// Smallest and largest factor of that.
    pub factor: [f64; 2],
    /// Share of Gaussian noise; the other noise is Poisson's.
    pub gaussian: f64,
    /// Standard deviations of Gaussian noise, 0–255.
    pub noise: [f64; 2],
    /// Factors of Poisson noise.
    pub poisson: [f64; 2],
    /// Share of noise that is the same for all channels.
    pub grey: f64,
    /// JPEG qualities, 1–100.
    pub quality: [f64; 2],
}

/// Shares of kernels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "named as in the paper, see `Order::kernels`")]
pub struct Kinds {
    pub iso: f64,
    pub aniso: f64,
    pub generalised_iso: f64,
    pub generalised_aniso: f64,
    pub plateau_iso: f64,
    pub plateau_aniso: f64,
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

impl Order {
    fn check(&self) -> anyhow::Result<()> {
        for (name, share) in [
            ("blur", self.blur),
            ("sinc", self.sinc),
            ("gaussian", self.gaussian),
            ("grey", self.grey),
        ] {
            ensure!(
                (0.0..=1.0).contains(&share),
                "{name} is {share}; it must lie in 0 … 1"
            );
        }
        for (name, shares) in [
            ("kernels", self.kernels.shares().as_slice()),
            ("resize", self.resize.as_slice()),
        ] {
            let sum: f64 = shares.iter().sum();
            ensure!(
                shares.iter().all(|share| *share >= 0.0) && (sum - 1.0).abs() < 1e-6,
                "the shares in {name} add up to {sum}, not to 1"
            );
        }
        check_range("sigma", self.sigma, [0.01, 64.0])?;
        for (name, beta) in [("generalised", self.generalised), ("plateau", self.plateau)] {
            check_range(name, beta, [0.1, 16.0])?;
            ensure!(beta[1] >= 1.0, "{name} must reach 1");
        }
        check_range("factor", self.factor, [0.05, 4.0])?;
        ensure!(
            self.factor[0] <= 1.0 && self.factor[1] >= 1.0,
            "factor must go from 1 or less to 1 or more"
        );
        check_range("noise", self.noise, [0.0, 255.0])?;
        check_range("poisson", self.poisson, [0.0, 10.0])?;
        check_range("quality", self.quality, [1.0, 100.0])
    }

    fn blurred(&self, x: Tensor, random: &mut Pcg64Mcg) -> Tensor {
        if !random.random_bool(self.blur) {
            return x;
        }
        blur(&x, self.kernel(random))
    }

    fn kernel(&self, random: &mut Pcg64Mcg) -> Kernel {
        let side = kernel_side(random);
        if random.random_bool(self.sinc) {
            let lowest = if side < 13 { PI / 3.0 } else { PI / 5.0 };
            return sinc([lowest, PI], side, random);
        }
        let (kind, long) = self.kernels.draw(random);
        let mut sigma = [draw(self.sigma, random); 2];
        let mut angle = 0.0;
        if long {
            sigma[1] = draw(self.sigma, random);
            angle = random.random_range(-PI..=PI);
        }
        let bell = match kind {
            0 => Bell::Gaussian,
            1 => Bell::Generalised(around_one(self.generalised, random)),
            _ => Bell::Plateau(around_one(self.plateau, random)),
        };
        Kernel::bell(side, sigma, angle, bell)
    }

    fn factor(&self, random: &mut Pcg64Mcg) -> f64 {
        let ([up, down, _], [low, high]) = (self.resize, self.factor);
        let kind = random.random_range(0.0..1.0);
        if kind < up {
            draw([1.0, high], random)
        } else if kind < up + down {
            draw([low, 1.0], random)
        } else {
            1.0
        }
    }

    fn noisy(&self, x: &Tensor, random: &mut Pcg64Mcg) -> Tensor {
        let gaussian = random.random_bool(self.gaussian);
        let grey = random.random_bool(self.grey);
        match gaussian {
            true => gaussian_noise(x, draw(self.noise, random), grey, random),
            false => poisson_noise(x, draw(self.poisson, random), grey, random),
        }
    }
}

impl Kinds {
    fn shares(&self) -> [f64; 6] {
        [
            self.iso,
            self.aniso,
            self.generalised_iso,
            self.generalised_aniso,
            self.plateau_iso,
            self.plateau_aniso,
        ]
    }

    /// Which bell (0 Gaussian, 1 generalised, 2 plateau), and whether it is a long one.
    fn draw(&self, random: &mut Pcg64Mcg) -> (usize, bool) {
        let mut left = random.random_range(0.0..1.0);
        let shares = self.shares();
        let fits = |share: &f64| {
            left -= share;
            left < 0.0
        };
        let index = shares.iter().position(fits).unwrap_or(0);
        (index / 2, index % 2 == 1)
    }
}

fn kernel_side(random: &mut Pcg64Mcg) -> usize {
    let [least, most] = SIDES;
    least + 2 * random.random_range(0..=(most - least) / 2)
}

fn sinc(cutoff: [f64; 2], side: usize, random: &mut Pcg64Mcg) -> Kernel {
    Kernel::sinc(side, draw(cutoff, random))
}

/// With ½ each below and above 1.
fn around_one([low, high]: [f64; 2], random: &mut Pcg64Mcg) -> f64 {
    match random.random_bool(0.5) {
        true => draw([low.min(1.0), 1.0], random),
        false => draw([1.0, high], random),
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use tch::Kind;

    use super::super::recipe::Recipe;
    use super::*;
    use crate::train::onnx_layers::numbers;

    fn published() -> TwoOrder {
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
    fn kernels_come_as_often_as_published() {
        let order = published().first;
        let mut random = Pcg64Mcg::seed_from_u64(3);
        let mut counts = [[0; 2]; 3];
        for _ in 0..10_000 {
            let (kind, long) = order.kernels.draw(&mut random);
            counts[kind][usize::from(long)] += 1;
        }
        let expected = [[4500, 2500], [1200, 300], [1200, 300]];
        for (found, expected) in counts.iter().flatten().zip(expected.iter().flatten()) {
            assert!((found - expected as &i32).abs() < 250, "{counts:?}");
        }
        let factors: Vec<f64> = (0..4000).map(|_| order.factor(&mut random)).collect();
        let share = |wanted: fn(f64) -> bool| {
            factors.iter().filter(|&&f| wanted(f)).count() as f64 / 4000.0
        };
        assert!((share(|f| f > 1.0) - 0.2).abs() < 0.03);
        assert!((share(|f| f < 1.0) - 0.7).abs() < 0.03);
    }

    #[test]
    fn shares_must_add_up() {
        let mut two = published();
        two.second.resize = [0.5, 0.4, 0.3];
        let error = format!("{:#}", two.check().unwrap_err());
        assert!(error.contains("second: the shares in resize"), "{error}");
    }
}
