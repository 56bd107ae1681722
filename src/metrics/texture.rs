//! Sharpness and its opposite.

use super::picture::{MetricsError, Picture, check};
use super::statistics::{mean, ratio, variance};

/// Side in pixels of the blocks of [`flat_share`].
const BLOCK: usize = 8;
/// Standard deviation in grey levels below which a block is flat.
const FLAT: f64 = 2.0;

/// Variance of the response to the Laplacian kernel 0 1 0 / 1 −4 1 / 0 1 0, where it lies inside
/// the picture; mean of the three channels, in grey levels squared.
pub fn laplacian_variance(picture: &Picture<'_>) -> Result<f64, MetricsError> {
    check(picture, picture, 3)?;
    let (width, height) = (picture.width(), picture.height());
    Ok(mean((0..3).map(|i| {
        let plane = picture.channel(i);
        let response = |at: usize| {
            plane[at - width] + plane[at - 1] + plane[at + 1] + plane[at + width] - 4.0 * plane[at]
        };
        let rows = 1..height - 1;
        let positions = rows.flat_map(|y| (1..width - 1).map(move |x| y * width + x));
        variance(&positions.map(response).collect::<Vec<_>>())
    })))
}

/// [`laplacian_variance`] of the output over that of the truth: below 1 is too soft, far above 1
/// over-sharpened. 1 where both are flat, infinite where the truth alone is.
pub fn sharpness_ratio(output: &Picture<'_>, truth: &Picture<'_>) -> Result<f64, MetricsError> {
    check(output, truth, 3)?;
    Ok(ratio(
        laplacian_variance(output)?,
        laplacian_variance(truth)?,
    ))
}

/// Anisotropic total variation per sample: the sum of |difference| between neighbours in rows and
/// in columns, over the number of pixels and channels. In grey levels; pictures of different sizes
/// compare.
pub fn total_variation(picture: &Picture<'_>) -> Result<f64, MetricsError> {
    check(picture, picture, 1)?;
    let (row, data) = (3 * picture.width(), picture.data());
    let difference = |(a, b): (&u8, &u8)| u64::from(a.abs_diff(*b));
    let down: u64 = data.iter().zip(data.iter().skip(row)).map(difference).sum();
    let across: u64 = (data.chunks_exact(row))
        .flat_map(|row| row.iter().zip(&row[3..]))
        .map(difference)
        .sum();
    Ok((down + across) as f64 / data.len() as f64)
}

/// Share (0–1) of the whole 8×8 blocks, counted from the top left corner, whose standard deviation
/// is below 2 grey levels; mean of the three channels.
pub fn flat_share(picture: &Picture<'_>) -> Result<f64, MetricsError> {
    check(picture, picture, BLOCK)?;
    let width = picture.width();
    let (across, down) = (width / BLOCK, picture.height() / BLOCK);
    let channels = (0..3).map(|i| {
        let plane = picture.channel(i);
        let is_flat = |block: usize| {
            let start = block / across * BLOCK * width + block % across * BLOCK;
            let rows = (0..BLOCK).flat_map(|y| &plane[start + y * width..][..BLOCK]);
            variance(&rows.copied().collect::<Vec<_>>()) < FLAT * FLAT
        };
        let flat = (0..across * down).filter(|&block| is_flat(block)).count();
        flat as f64 / (across * down) as f64
    });
    Ok(mean(channels))
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{Pair, assert_close, painted};
    use super::*;

    #[test]
    fn of_the_reference_vectors() {
        let pair = Pair::p1();
        let (a, b) = pair.pictures();
        assert_close(sharpness_ratio(&b, &a).unwrap(), 1.048651193272, 1e-9);
        assert_close(sharpness_ratio(&a, &b).unwrap(), 1.0 / 1.048651193272, 1e-9);
        assert_close(total_variation(&a).unwrap(), 15.065592447917, 1e-9);
        assert_close(total_variation(&b).unwrap(), 20.151611328125, 1e-9);
    }

    #[test]
    fn contrast_scales_sharpness_by_its_square() {
        let dots = |level: u8| painted(16, 9, |x, y| [level * u8::from(x * y % 3 == 0); 3]);
        let (weak, strong, flat) = (dots(20), dots(60), dots(0));
        let picture = |data| Picture::new(16, 9, data).unwrap();
        let (weak, strong, flat) = (picture(&weak), picture(&strong), picture(&flat));
        assert_close(sharpness_ratio(&strong, &weak).unwrap(), 9.0, 1e-9);
        assert_eq!(sharpness_ratio(&strong, &flat), Ok(f64::INFINITY));
        assert_eq!(sharpness_ratio(&flat, &flat), Ok(1.0));
        // A ramp has no curvature.
        let ramp = painted(16, 9, |x, y| [(3 * x + 5 * y) as u8; 3]);
        let ramp = Picture::new(16, 9, &ramp).unwrap();
        assert_eq!(laplacian_variance(&ramp), Ok(0.0));
        // 15 steps of 3 in 9 rows, 8 steps of 5 in 16 columns.
        let steps = f64::from(15 * 9 * 3 + 8 * 16 * 5) / f64::from(16 * 9);
        assert_close(total_variation(&ramp).unwrap(), steps, 1e-12);
    }

    #[test]
    fn flat_blocks_are_counted() {
        // Blocks 0 and 1 of the first row; a chequer of ±1 has a deviation of 1, one of ±2 has 2.
        // Red is never flat.
        let level = |x: usize, y: usize, swing: usize| (100 + swing * ((x + y) % 2)) as u8;
        let data = painted(19, 10, |x, y| {
            let swing = if x < 8 { 2 } else { 4 };
            [level(x, y, 40), level(x, y, 0), level(x, y, swing)]
        });
        let picture = Picture::new(19, 10, &data).unwrap();
        assert_close(
            flat_share(&picture).unwrap(),
            (0.0 + 1.0 + 0.5) / 3.0,
            1e-12,
        );
    }
}
