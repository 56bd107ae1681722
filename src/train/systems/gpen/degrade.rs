//! GPEN's degradation: blur, shrink, noise, JPEG, back to the size. Source: yangxy/GPEN's training
//! program.

use std::f64::consts::PI;

use anyhow::ensure;
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::train::data::degradation::kernels::{Bell, Kernel};
use crate::train::data::degradation::{
    Filter, blur, brightness, check_range, draw, gaussian_noise, jpeg, mosaic, resize, round,
};

/// Side of blur kernels, pixels.
const KERNEL: usize = 41;

/// How faces are degraded. Shares are probabilities, 0–1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Degradation {
    /// Share of faces that lose their colours, in the truth as well.
    pub grey: f64,
    /// Standard deviations of the blur, pixels; half of the kernels are round.
    pub blur: [f64; 2],
    /// By how much faces are shrunk.
    pub shrink: [f64; 2],
    /// Standard deviations of the noise, 0–255.
    pub noise: [f64; 2],
    /// JPEG qualities, 1–100.
    pub quality: [f64; 2],
    /// Share of faces that are pixelated instead of blurred and shrunk; 0 is published.
    pub mosaic: f64,
    /// Smallest and largest block of those, pixels.
    pub blocks: [u32; 2],
}

impl Degradation {
    /// An error for constants that make no sense.
    pub fn check(&self) -> anyhow::Result<()> {
        for (name, share) in [("grey", self.grey), ("mosaic", self.mosaic)] {
            ensure!(
                (0.0..=1.0).contains(&share),
                "{name} is {share}; it must lie in 0 … 1"
            );
        }
        check_range("blur", self.blur, [0.01, 64.0])?;
        check_range("shrink", self.shrink, [0.25, 64.0])?;
        check_range("noise", self.noise, [0.0, 255.0])?;
        check_range("quality", self.quality, [1.0, 100.0])?;
        check_range("blocks", self.blocks.map(f64::from), [1.0, 512.0])
    }

    /// The degraded picture and the truth, of `[1, 3, S, S]`, 0 … 1.
    pub fn apply(&self, face: &Tensor, random: &mut Pcg64Mcg) -> anyhow::Result<[Tensor; 2]> {
        let truth = match random.random_bool(self.grey) {
            true => brightness(face)
                .expand(face.size().as_slice(), false)
                .contiguous(),
            false => face.shallow_clone(),
        };
        let side = face.size()[2];
        let mut x = if random.random_bool(self.mosaic) {
            let [low, high] = self.blocks;
            let block = random.random_range(low..=high);
            let corner = [(); 2].map(|()| random.random_range(0..block) as i32);
            mosaic(&truth, block, corner)?
        } else {
            let x = blur(&truth, self.kernel(random));
            let there = (side as f64 / draw(self.shrink, random)) as i64;
            resize(&x, [there; 2], Filter::Bilinear)
        };
        x = gaussian_noise(&x, draw(self.noise, random), false, random);
        x = round(&jpeg(&x, draw(self.quality, random))?);
        Ok([resize(&x, [side; 2], Filter::Bilinear), truth])
    }

    fn kernel(&self, random: &mut Pcg64Mcg) -> Kernel {
        let mut sigma = [draw(self.blur, random); 2];
        let mut angle = 0.0;
        if random.random_bool(0.5) {
            sigma[1] = draw(self.blur, random);
            angle = random.random_range(-PI..=PI);
        }
        Kernel::bell(KERNEL, sigma, angle, Bell::Gaussian)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use tch::{Device, Kind};

    use super::*;
    use crate::train::nn::tensors::numbers;

    const PUBLISHED: Degradation = Degradation {
        grey: 0.2,
        blur: [0.1, 10.0],
        shrink: [0.8, 8.0],
        noise: [0.0, 20.0],
        quality: [60.0, 100.0],
        mosaic: 0.0,
        blocks: [4, 16],
    };

    fn face() -> Tensor {
        let ramp = Tensor::linspace(0.1, 0.9, 64, (Kind::Float, Device::Cpu));
        let row = ramp.view([1, 1, 1, 64]).expand([1, 3, 64, 64], false);
        let factors = Tensor::from_slice(&[1.0f32, 0.6, 0.3]).view([1, 3, 1, 1]);
        row * factors
    }

    #[test]
    fn samples_keep_their_size_and_randomness() {
        for mosaic in [0.0, 0.5] {
            let degradation = Degradation {
                mosaic,
                ..PUBLISHED
            };
            let mut greys = 0;
            for seed in 0..40 {
                let make = || {
                    let mut random = Pcg64Mcg::seed_from_u64(seed);
                    degradation.apply(&face(), &mut random).unwrap()
                };
                let [seen, truth] = make();
                assert_eq!((seen.size(), truth.size()), (face().size(), face().size()));
                assert_eq!(numbers(&seen), numbers(&make()[0]));
                let color = truth.narrow(1, 0, 1) - truth.narrow(1, 2, 1);
                greys += i32::from(color.abs().max().double_value(&[]) < 1e-6);
            }
            assert!((2..16).contains(&greys), "{greys}");
        }
    }
}
