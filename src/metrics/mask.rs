//! PSNR and SSIM of a part of the picture.

use super::picture::{MetricsError, Picture, check};
use super::ssim::{Local, SSIM_WINDOW, gaussian, local};
use super::statistics::mean;

/// Pixels by which the masks grow on every side (by a square, not a disc): the seam of what was
/// filled in counts.
pub const MASK_MARGIN: usize = 5;

/// PSNR in dB over the pixels of a mask, one entry for each pixel, grown by [`MASK_MARGIN`].
pub fn masked_psnr(a: &Picture<'_>, b: &Picture<'_>, mask: &[bool]) -> Result<f64, MetricsError> {
    check(a, b, 1)?;
    let mask = grown(a, mask)?;
    let pixels = a.data().chunks_exact(3).zip(b.data().chunks_exact(3));
    let mse = mean_where(&mask, pixels.map(|(x, y)| squared_error(x, y)))?;
    Ok(10.0 * (255.0f64.powi(2) / mse).log10())
}

fn squared_error(a: &[u8], b: &[u8]) -> f64 {
    mean(
        a.iter()
            .zip(b)
            .map(|(x, y)| f64::from(x.abs_diff(*y)).powi(2)),
    )
}

/// SSIM with the Gaussian window, averaged over the positions where the window lies inside the
/// picture and its centre in the mask, which is as for [`masked_psnr`].
pub fn masked_ssim(a: &Picture<'_>, b: &Picture<'_>, mask: &[bool]) -> Result<f64, MetricsError> {
    check(a, b, SSIM_WINDOW)?;
    let mask = grown(a, mask)?;
    let half = SSIM_WINDOW / 2;
    let centres: Vec<bool> = mask
        .chunks_exact(a.width())
        .skip(half)
        .take(a.height() - 2 * half)
        .flat_map(|row| &row[half..row.len() - half])
        .copied()
        .collect();
    let mut sum = 0.0;
    for i in 0..3 {
        let map = local(&a.channel(i), &b.channel(i), a.width(), &gaussian());
        sum += mean_where(&centres, map.iter().map(Local::ssim))?;
    }
    Ok(sum / 3.0)
}

/// Mean of the values that the mask marks; an error where it marks none.
fn mean_where(mask: &[bool], values: impl Iterator<Item = f64>) -> Result<f64, MetricsError> {
    if !mask.contains(&true) {
        return Err(MetricsError::EmptyRegion);
    }
    let marked = values.zip(mask).filter(|(_, inside)| **inside);
    Ok(mean(marked.map(|(value, _)| value)))
}

/// The mask, grown by the margin along both axes.
fn grown(picture: &Picture<'_>, mask: &[bool]) -> Result<Vec<bool>, MetricsError> {
    let (width, height) = (picture.width(), picture.height());
    if mask.len() != width * height {
        return Err(MetricsError::MaskLength {
            expected: width * height,
            actual: mask.len(),
        });
    }
    let rows = spread(mask, width, 1);
    Ok(spread(&rows, height, width))
}

/// Mark what lies within the margin of a mark, along an axis of `length` entries that are `step`
/// apart.
fn spread(mask: &[bool], length: usize, step: usize) -> Vec<bool> {
    (0..mask.len())
        .map(|i| {
            let at = i / step % length;
            let first = i - at.min(MASK_MARGIN) * step;
            let last = i + (length - 1 - at).min(MASK_MARGIN) * step;
            (first..=last).step_by(step).any(|k| mask[k])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{Pair, assert_close};
    use super::super::{psnr, ssim_gauss};
    use super::*;

    fn mask(marked: impl Fn(usize, usize) -> bool) -> Vec<bool> {
        (0..64 * 64).map(|i| marked(i % 64, i / 64)).collect()
    }

    #[test]
    fn of_the_reference_vectors() {
        let part = mask(|x, y| x >= 40 && (20..30).contains(&y));
        for (pair, expected_psnr, expected_ssim) in [
            (Pair::p1(), 34.310840320260, 0.924778110622),
            (Pair::p2(), 24.298636090166, 0.988583689035),
        ] {
            let (a, b) = pair.pictures();
            assert_close(masked_psnr(&a, &b, &part).unwrap(), expected_psnr, 1e-6);
            assert_close(masked_ssim(&a, &b, &part).unwrap(), expected_ssim, 1e-6);
        }
    }

    #[test]
    fn a_mask_of_everything_changes_nothing() {
        let pair = Pair::p1();
        let (a, b) = pair.pictures();
        let all = mask(|_, _| true);
        let (psnr, ssim) = (psnr(&a, &b).unwrap(), ssim_gauss(&a, &b).unwrap());
        assert_close(masked_psnr(&a, &b, &all).unwrap(), psnr, 1e-9);
        assert_close(masked_ssim(&a, &b, &all).unwrap(), ssim, 1e-9);
    }

    #[test]
    fn the_mask_grows_by_five() {
        let pair = Pair::p1();
        let (a, _) = pair.pictures();
        let grown = grown(&a, &mask(|x, y| (x, y) == (2, 30))).unwrap();
        assert_eq!(grown, mask(|x, y| x <= 7 && (25..=35).contains(&y)));
    }

    #[test]
    fn masks_that_do_not_fit_are_refused() {
        let pair = Pair::p1();
        let (a, b) = pair.pictures();
        let nothing = mask(|_, _| false);
        assert_eq!(
            masked_psnr(&a, &b, &nothing),
            Err(MetricsError::EmptyRegion)
        );
        assert_eq!(
            masked_ssim(&a, &b, &nothing),
            Err(MetricsError::EmptyRegion)
        );
        assert!(matches!(
            masked_psnr(&a, &b, &nothing[1..]),
            Err(MetricsError::MaskLength { actual: 4095, .. })
        ));
    }
}
