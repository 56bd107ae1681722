//! Shifts of colour.

use super::lab::{Lab, ciede2000, lab};
use super::picture::{MetricsError, Picture, check};
use super::statistics::{mean, quantile, variance};
use super::window::windowed;

/// Side in pixels of the box that [`de_pixel_blurred`] blurs with.
pub const COLOUR_BLUR: usize = 5;

/// What a list of differences looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Arithmetic mean.
    pub mean: f64,
    /// Half of the differences are smaller.
    pub median: f64,
    /// 95th percentile, interpolated linearly.
    pub p95: f64,
}

/// CIEDE2000 between the mean CIELAB colours of two pictures: the shift of the whole. Symmetric;
/// about 1 is just noticeable.
pub fn de_mean(a: &Picture<'_>, b: &Picture<'_>) -> Result<f64, MetricsError> {
    check(a, b, 1)?;
    Ok(ciede2000(mean_lab(a), mean_lab(b)))
}

fn mean_lab(picture: &Picture<'_>) -> Lab {
    let mut sum = [0.0; 3];
    for pixel in picture.data().chunks_exact(3) {
        let color = lab([0, 1, 2].map(|i| f64::from(pixel[i])));
        (sum.iter_mut().zip(color)).for_each(|(sum, v)| *sum += v);
    }
    let count = picture.data().len() as f64 / 3.0;
    sum.map(|v| v / count)
}

/// CIEDE2000 of each pixel.
pub fn de_pixel(a: &Picture<'_>, b: &Picture<'_>) -> Result<Spread, MetricsError> {
    spread(a, b, 1)
}

/// CIEDE2000 of each pixel after a box blur of both pictures, so that texture does not count.
///
/// The box of 5×5 averages R′G′B′ values, at the positions where it lies inside the picture.
pub fn de_pixel_blurred(a: &Picture<'_>, b: &Picture<'_>) -> Result<Spread, MetricsError> {
    spread(a, b, COLOUR_BLUR)
}

fn spread(a: &Picture<'_>, b: &Picture<'_>, side: usize) -> Result<Spread, MetricsError> {
    check(a, b, side)?;
    let window = vec![1.0 / side as f64; side];
    let planes = |p: &Picture<'_>| [0, 1, 2].map(|i| windowed(&p.channel(i), p.width(), &window));
    let (a, b) = (planes(a), planes(b));
    let color = |planes: &[Vec<f64>; 3], at: usize| lab([0, 1, 2].map(|i| planes[i][at]));
    let mut differences: Vec<f64> = (0..a[0].len())
        .map(|at| ciede2000(color(&a, at), color(&b, at)))
        .collect();
    differences.sort_unstable_by(f64::total_cmp);
    Ok(Spread {
        mean: mean(differences.iter().copied()),
        median: quantile(&differences, 0.5),
        p95: quantile(&differences, 0.95),
    })
}

/// Mean of output − truth of R, G and B, in grey levels (−255 … 255).
pub fn channel_bias(output: &Picture<'_>, truth: &Picture<'_>) -> Result<[f64; 3], MetricsError> {
    check(output, truth, 1)?;
    let average = |p: &Picture<'_>, i: usize| mean(p.channel(i));
    Ok([0, 1, 2].map(|i| average(output, i) - average(truth, i)))
}

/// Contrast of R, G and B against the truth: the slope of the straight line that fits the output's
/// values best as a function of the truth's. Below 1 is too little contrast; noise that the output
/// does not share lowers it too. None where the truth's channel is flat.
pub fn channel_gain(
    output: &Picture<'_>,
    truth: &Picture<'_>,
) -> Result<[Option<f64>; 3], MetricsError> {
    check(output, truth, 1)?;
    Ok([0, 1, 2].map(|i| {
        let (x, y) = (truth.channel(i), output.channel(i));
        let (mean_x, mean_y) = (mean(x.iter().copied()), mean(y.iter().copied()));
        let covariance = mean((x.iter().zip(&y)).map(|(x, y)| (x - mean_x) * (y - mean_y)));
        let flat = x.iter().all(|v| *v == x[0]);
        (!flat).then(|| covariance / variance(&x))
    }))
}

/// Mean saturation of the HSV model, 0–1: (max − min) / max of a pixel's R′, G′, B′; 0 for black.
pub fn saturation(picture: &Picture<'_>) -> Result<f64, MetricsError> {
    check(picture, picture, 1)?;
    Ok(mean(picture.data().chunks_exact(3).map(|pixel| {
        let high = pixel[0].max(pixel[1]).max(pixel[2]);
        let low = pixel[0].min(pixel[1]).min(pixel[2]);
        f64::from(high - low) / f64::from(high.max(1))
    })))
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{Pair, assert_close, painted};
    use super::*;

    fn assert_spread(actual: Spread, expected: [f64; 3]) {
        let actual = [actual.mean, actual.median, actual.p95];
        for (actual, expected) in actual.into_iter().zip(expected) {
            assert_close(actual, expected, 1e-4);
        }
    }

    #[test]
    fn differences_of_the_reference_vectors() {
        for (pair, whole, sharp, blurred) in [
            (
                Pair::p1(),
                0.222616,
                [2.850031, 3.166452, 4.673679],
                [0.367093, 0.303602, 0.902093],
            ),
            (
                Pair::p2(),
                5.960319,
                [5.091124, 5.115794, 6.152745],
                [5.165693, 5.222024, 6.121238],
            ),
        ] {
            let (a, b) = pair.pictures();
            assert_close(de_mean(&a, &b).unwrap(), whole, 1e-4);
            assert_close(de_mean(&b, &a).unwrap(), whole, 1e-4);
            assert_spread(de_pixel(&a, &b).unwrap(), sharp);
            assert_spread(de_pixel_blurred(&a, &b).unwrap(), blurred);
            assert_spread(de_pixel_blurred(&a, &a).unwrap(), [0.0; 3]);
        }
    }

    #[test]
    fn bias_and_gain_of_the_reference_vectors() {
        let pair = Pair::p1();
        let (truth, output) = pair.pictures();
        let bias = channel_bias(&output, &truth).unwrap();
        for (actual, expected) in bias.into_iter().zip([-0.520020, -0.062256, 0.384277]) {
            assert_close(actual, expected, 1e-6);
        }
        let gain = channel_gain(&output, &truth).unwrap();
        for (actual, expected) in gain.into_iter().zip([1.000563, 0.998905, 0.998849]) {
            assert_close(actual.unwrap(), expected, 1e-6);
        }
    }

    #[test]
    fn bias_and_gain_are_those_of_a_line() {
        let truth = painted(20, 6, |x, _| [x as u8 * 4, 9, x as u8 * 2]);
        let output = painted(20, 6, |x, _| [x as u8 * 2 + 7, 9, x as u8 * 6]);
        let truth = Picture::new(20, 6, &truth).unwrap();
        let output = Picture::new(20, 6, &output).unwrap();
        // The mean of x is 9.5.
        assert_eq!(channel_bias(&output, &truth), Ok([-12.0, 0.0, 38.0]));
        let [red, green, blue] = channel_gain(&output, &truth).unwrap();
        assert_close(red.unwrap(), 0.5, 1e-12);
        assert_eq!(green, None);
        assert_close(blue.unwrap(), 3.0, 1e-12);
    }

    #[test]
    fn saturation_is_that_of_the_colours() {
        let data = [0, 0, 0, 9, 9, 9, 200, 100, 150, 0, 0, 7];
        let picture = Picture::new(4, 1, &data).unwrap();
        assert_eq!(saturation(&picture), Ok((0.0 + 0.0 + 0.5 + 1.0) / 4.0));
        let pair = Pair::p2();
        let (a, _) = pair.pictures();
        assert_close(saturation(&a).unwrap(), 0.429911944652, 1e-9);
    }
}
