//! What the degradations of the systems are made of: blur, resizing, noise, compression, mosaic.
//!
//! Pictures are tensors `[1, 3, H, W]`, R′G′B′ of 0 … 1, on the CPU. All randomness comes from the
//! generator that is handed in, so that a sample depends on its own number alone.

pub(crate) mod kernels;

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use image::RgbImage;
use kernels::Kernel;
use rand::RngExt;
use rand_distr::{Distribution, Normal, Poisson};
use rand_pcg::Pcg64Mcg;
use tch::{Kind, Tensor};

use crate::degrade::jpeg;
use crate::degrade::mosaic::{Fill, pixelate};
use crate::frame::{FrameViewMut, Lattice, Layout, Rect};
use crate::train::nn::tensors::numbers;

/// How pictures are resized; none of them looks at more samples when it shrinks, but for the area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    /// Means of the areas that samples cover.
    Area,
    /// Between the two nearest samples in each direction.
    Bilinear,
    /// Between the four nearest, a = −0.75.
    Bicubic,
}

impl Filter {
    /// One of the three, equally likely.
    pub(crate) fn draw(random: &mut Pcg64Mcg) -> Self {
        [Self::Area, Self::Bilinear, Self::Bicubic][random.random_range(0..3)]
    }
}

/// A picture as a tensor.
pub(crate) fn tensor_of(picture: &RgbImage) -> Tensor {
    let (width, height) = picture.dimensions();
    let bytes = Tensor::from_slice(picture.as_raw());
    let bytes = bytes.view([1, i64::from(height), i64::from(width), 3]);
    bytes.permute([0, 3, 1, 2]).to_kind(Kind::Float) / 255.0
}

/// A tensor as a picture of 8 bits.
pub(crate) fn picture_of(x: &Tensor) -> anyhow::Result<RgbImage> {
    let (height, width) = (x.size()[2] as u32, x.size()[3] as u32);
    let levels = (x.clamp(0.0, 1.0) * 255.0).round().permute([0, 2, 3, 1]);
    let bytes = numbers(&levels).into_iter().map(|level| level as u8);
    RgbImage::from_raw(width, height, bytes.collect()).context("a picture of three channels")
}

/// Cut to 0 … 1 and rounded to 8 bits.
pub(crate) fn round(x: &Tensor) -> Tensor {
    (x.clamp(0.0, 1.0) * 255.0).round() / 255.0
}

/// The numbers of a sample: −1 … 1.
pub(crate) fn signed(x: &Tensor) -> Vec<f32> {
    numbers(&(x * 2.0 - 1.0))
}

/// Every channel through `kernel`, mirrored at the outermost samples. Of a kernel that is too large
/// for that the middle is taken.
///
/// By Fourier transforms, which take a twentieth of the time of a convolution with 41 × 41 weights.
/// Kernels are symmetric about their middle, so turning one around changes nothing.
pub(crate) fn blur(x: &Tensor, kernel: Kernel) -> Tensor {
    let (height, width) = (x.size()[2], x.size()[3]);
    let kernel = kernel.cut(2 * height.min(width) as usize - 1);
    let pad = kernel.side as i64 / 2;
    let size: &[i64] = &[height + 2 * pad, width + 2 * pad];
    let axes: &[i64] = &[-2, -1];
    let padded = x.contiguous().pad([pad; 4], "reflect", None);
    let spectrum = padded.fft_rfft2(None::<&[i64]>, axes, "backward")
        * kernel.tensor().fft_rfft2(size, axes, "backward");
    let blurred = spectrum.fft_irfft2(size, axes, "backward");
    blurred
        .narrow(2, 2 * pad, height)
        .narrow(3, 2 * pad, width)
        .contiguous()
}

/// At `height` × `width` pixels.
pub(crate) fn resize(x: &Tensor, [height, width]: [i64; 2], filter: Filter) -> Tensor {
    let size = [height.max(1), width.max(1)];
    match filter {
        Filter::Area => x.adaptive_avg_pool2d(size),
        Filter::Bilinear => x.upsample_bilinear2d(size, false, None, None),
        Filter::Bicubic => x.upsample_bicubic2d(size, false, None, None),
    }
}

/// At `factor` times the size.
pub(crate) fn scale(x: &Tensor, factor: f64, filter: Filter) -> Tensor {
    let size = [x.size()[2], x.size()[3]].map(|side| (side as f64 * factor) as i64);
    resize(x, size, filter)
}

/// Gaussian noise of standard deviation `deviation`, 0–255; `grey`: the same for all channels.
pub(crate) fn gaussian_noise(
    x: &Tensor,
    deviation: f64,
    grey: bool,
    random: &mut Pcg64Mcg,
) -> Tensor {
    let Ok(normal) = Normal::new(0.0f32, (deviation / 255.0) as f32) else {
        return x.shallow_clone();
    };
    let noise = field(x, grey, |_| normal.sample(random));
    (x + noise).clamp(0.0, 1.0)
}

/// Noise of counted photons, times `strength`: as many counts to full brightness as the picture has
/// levels, rounded up to a power of two (xinntao/Real-ESRGAN). `grey`: the same for all channels,
/// by the picture's brightness.
pub(crate) fn poisson_noise(
    x: &Tensor,
    strength: f64,
    grey: bool,
    random: &mut Pcg64Mcg,
) -> Tensor {
    let seen = match grey {
        true => brightness(x),
        false => x.shallow_clone(),
    };
    let seen = round(&seen);
    let values = numbers(&seen);
    let levels: BTreeSet<u8> = values.iter().map(|v| (v * 255.0).round() as u8).collect();
    let counts = levels.len().next_power_of_two() as f32;
    let counted = |value: &f32| match Poisson::new(value * counts) {
        Ok(poisson) => poisson.sample(random) / counts - value,
        // No light, no noise.
        Err(_) => 0.0,
    };
    let noise: Vec<f32> = values.iter().map(counted).collect();
    let noise = Tensor::from_slice(&noise).view(seen.size().as_slice());
    (x + noise * strength).clamp(0.0, 1.0)
}

/// Numbers of `make`, one per pixel or (`grey`) one for all channels of a pixel.
fn field(x: &Tensor, grey: bool, make: impl FnMut(usize) -> f32) -> Tensor {
    let (height, width) = (x.size()[2], x.size()[3]);
    let channels = if grey { 1 } else { 3 };
    let count = (channels * height * width) as usize;
    let values: Vec<f32> = (0..count).map(make).collect();
    Tensor::from_slice(&values).view([1, channels, height, width])
}

/// Luma (ITU-R BT.601) in one channel.
pub(crate) fn brightness(x: &Tensor) -> Tensor {
    let weights = Tensor::from_slice(&[0.299f32, 0.587, 0.114]).view([1, 3, 1, 1]);
    let dims: &[i64] = &[1];
    (x * weights).sum_dim_intlist(dims, true, Kind::Float)
}

/// Through JPEG of `quality` 1–100.
pub(crate) fn jpeg(x: &Tensor, quality: f64) -> anyhow::Result<Tensor> {
    let quality = quality.round().clamp(1.0, 100.0) as u8;
    let picture = jpeg::jpeg(&picture_of(x)?.into(), quality)?;
    Ok(tensor_of(&picture.into_rgb8()))
}

/// A mosaic of square blocks of `block` pixels; a corner of one lies at `corner`, pixels.
pub(crate) fn mosaic(x: &Tensor, block: u32, corner: [i32; 2]) -> anyhow::Result<Tensor> {
    let mut picture = picture_of(x)?;
    mosaic_in_place(&mut picture, block, corner)?;
    Ok(tensor_of(&picture))
}

/// As [`mosaic`], of a picture of 8 bits.
pub(crate) fn mosaic_in_place(
    picture: &mut RgbImage,
    block: u32,
    corner: [i32; 2],
) -> anyhow::Result<()> {
    let (width, height) = picture.dimensions();
    let layout = Layout::rgb(width, height);
    let mut view = FrameViewMut::packed(&layout, picture, width as usize * 3)?;
    let lattice = Lattice::square(block, corner[0], corner[1]);
    let whole = Rect::new(0, 0, width, height);
    pixelate(&mut view, &whole, &lattice, Fill::TileMean);
    Ok(())
}

/// Unsharp masking: half of the difference to a Gaussian blur, where that is more than ten levels,
/// is put on top. The blur has 51 × 51 samples and σ = 8, as OpenCV makes of that size; the mask is
/// blurred the same way.
pub(crate) fn sharpened(x: &Tensor) -> Tensor {
    const SIDE: usize = 51;
    const SIGMA: f64 = 8.0;
    const STRENGTH: f64 = 0.5;
    const THRESHOLD: f64 = 10.0 / 255.0;
    let smooth = |x: &Tensor| {
        let bell = Kernel::bell(SIDE, [SIGMA; 2], 0.0, kernels::Bell::Gaussian);
        blur(x, bell)
    };
    let detail = x - smooth(x);
    let mask = smooth(&detail.abs().gt(THRESHOLD).to_kind(Kind::Float));
    let sharp = (x + detail * STRENGTH).clamp(0.0, 1.0);
    x.lerp_tensor(&sharp, &mask)
}

/// An error unless `range` rises and lies in `limits`.
pub(crate) fn check_range(
    name: &str,
    [low, high]: [f64; 2],
    limits: [f64; 2],
) -> anyhow::Result<()> {
    ensure!(
        limits[0] <= low && low <= high && high <= limits[1],
        "{name} is {low} … {high}; it must rise and lie in {} … {}",
        limits[0],
        limits[1]
    );
    Ok(())
}

/// A number of a range, uniform.
pub(crate) fn draw([low, high]: [f64; 2], random: &mut Pcg64Mcg) -> f64 {
    random.random_range(low..=high)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use tch::Device;

    use super::*;

    fn random() -> Pcg64Mcg {
        Pcg64Mcg::seed_from_u64(5)
    }

    fn grey(level: f64, side: i64) -> Tensor {
        Tensor::full([1, 3, side, side], level, (Kind::Float, Device::Cpu))
    }

    fn deviation(x: &Tensor) -> f64 {
        x.std(false).double_value(&[])
    }

    #[test]
    fn pictures_come_back_as_they_were() {
        let picture = RgbImage::from_fn(20, 30, |x, y| image::Rgb([x as u8, y as u8, 200]));
        let tensor = tensor_of(&picture);
        assert_eq!(tensor.size(), [1, 3, 30, 20]);
        assert_eq!(picture_of(&tensor).unwrap(), picture);
    }

    #[test]
    fn a_flat_picture_stays_flat() {
        let x = grey(0.4, 24);
        let kernel = Kernel::bell(41, [9.0, 2.0], 0.7, kernels::Bell::Plateau(1.5));
        let flat = |y: &Tensor| ((y - 0.4).abs().max().double_value(&[])) < 1e-5;
        assert!(flat(&blur(&x, kernel)) && flat(&sharpened(&x)));
        for filter in [Filter::Area, Filter::Bilinear, Filter::Bicubic] {
            assert!(flat(&scale(&x, 0.3, filter)));
        }
        assert_eq!(scale(&x, 0.3, Filter::Area).size(), [1, 3, 7, 7]);
    }

    #[test]
    fn noise_is_as_loud_as_asked_for() {
        let x = grey(0.5, 64);
        let noisy = gaussian_noise(&x, 20.0, false, &mut random());
        assert!((deviation(&noisy) * 255.0 - 20.0).abs() < 1.0);
        let noisy = gaussian_noise(&x, 20.0, true, &mut random());
        let difference = noisy.narrow(1, 0, 1) - noisy.narrow(1, 2, 1);
        assert_eq!(difference.abs().max().double_value(&[]), 0.0);
        // One level: the mean of one count is 128/255, which a picture has in 0, 1, 2 … counts.
        let noisy = poisson_noise(&(x * 0.2), 1.0, false, &mut random());
        assert!((deviation(&noisy) - 0.1f64.sqrt()).abs() < 0.05);
    }

    #[test]
    fn unsharp_masking_steepens_edges() {
        let x = Tensor::cat(&[grey(0.3, 64), grey(0.7, 64)], 3);
        let y = sharpened(&x);
        let at = |x: &Tensor, column| x.double_value(&[0, 0, 32, column]);
        assert!(at(&y, 63) < at(&x, 63) - 0.05 && at(&y, 64) > at(&x, 64) + 0.05);
        assert!((at(&y, 2) - 0.3).abs() < 1e-3);
    }

    #[test]
    fn worse_jpegs_are_further_away() {
        let picture = RgbImage::from_fn(64, 64, |x, y| image::Rgb([(x * y) as u8, x as u8, 9]));
        let x = tensor_of(&picture);
        let away = |quality| (jpeg(&x, quality).unwrap() - &x).square().mean(Kind::Float);
        assert!(away(20.0).double_value(&[]) > 2.0 * away(95.0).double_value(&[]));
    }
}
