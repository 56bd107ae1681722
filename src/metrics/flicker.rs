//! How steady a restored clip is.

use super::picture::{MetricsError, Picture, check_sets};
use super::region::Region;
use super::statistics::mean;
use crate::frame::Rect;

/// Standard deviation over time of restored − true, for each pixel and channel in the part of
/// `region` inside the frames; the mean of these, in grey levels. 0 where the error stands still,
/// however large it is.
///
/// Frame by frame the two lists show the same moment; at least two moments.
pub fn flicker(
    restored: &[Picture<'_>],
    truth: &[Picture<'_>],
    region: &Rect,
) -> Result<f64, MetricsError> {
    check_sets(restored, truth, 2, 1)?;
    let region = Region::of(region, &restored[0])?;
    // Sum and sum of squares over time; whole numbers, so that a steady error gives exactly zero.
    let mut sums = vec![(0i64, 0i64); 3 * region.x.len() * region.y.len()];
    for (restored, truth) in restored.iter().zip(truth) {
        let samples = region.cut(restored).into_iter().zip(region.cut(truth));
        for ((sum, squares), (restored, truth)) in sums.iter_mut().zip(samples) {
            let error = i64::from(restored) - i64::from(truth);
            *sum += error;
            *squares += error * error;
        }
    }
    let count = restored.len() as i64;
    let deviation = |(sum, squares): (i64, i64)| {
        let spread = count * squares - sum * sum;
        (spread as f64).sqrt() / count as f64
    };
    Ok(mean(sums.into_iter().map(deviation)))
}

/// Root of the mean square by which restored − true changes from one frame to the next, for all
/// pixels and channels in the part of `region` inside the frames; grey levels. 0 where the error
/// stands still, however large it is.
///
/// Frame by frame the two lists show the same moment; at least two moments.
pub fn unsteadiness(
    restored: &[Picture<'_>],
    truth: &[Picture<'_>],
    region: &Rect,
) -> Result<f64, MetricsError> {
    check_sets(restored, truth, 2, 1)?;
    let region = Region::of(region, &restored[0])?;
    let error = |moment: usize| {
        let pairs = region.cut(&restored[moment]).into_iter();
        let pairs = pairs.zip(region.cut(&truth[moment]));
        pairs.map(|(restored, truth)| i64::from(restored) - i64::from(truth))
    };
    let change = |moment: usize| {
        let pairs = error(moment - 1).zip(error(moment));
        pairs.map(|(before, now)| ((now - before) * (now - before)) as f64)
    };
    Ok(mean((1..restored.len()).flat_map(change)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{assert_close, noise, painted};
    use super::*;

    const SIZE: usize = 16;
    const ALL: Rect = Rect::new(0, 0, 16, 16);

    fn frames(clip: &[Vec<u8>]) -> Vec<Picture<'_>> {
        let frames = clip.iter().map(|data| Picture::new(SIZE, SIZE, data));
        frames.collect::<Result<_, _>>().unwrap()
    }

    /// A clip of noise, values 0–127.
    fn truth() -> Vec<Vec<u8>> {
        let frame = |seed| noise(SIZE * SIZE * 3, seed).iter().map(|v| v / 2).collect();
        (0..4).map(frame).collect()
    }

    /// The clip with `error(x, y, moment)` added.
    fn changed(error: impl Fn(usize, usize, usize) -> u8) -> Vec<Vec<u8>> {
        let frames = truth().into_iter().enumerate();
        let add = |(moment, frame): (usize, Vec<u8>)| {
            let errors = painted(SIZE, SIZE, |x, y| [error(x, y, moment); 3]);
            frame.iter().zip(errors).map(|(a, b)| a + b).collect()
        };
        frames.map(add).collect()
    }

    #[test]
    fn a_steady_error_does_not_flicker() {
        let (truth, steady) = (truth(), changed(|x, y, _| (x * y % 90) as u8));
        assert_eq!(flicker(&frames(&steady), &frames(&truth), &ALL), Ok(0.0));
    }

    #[test]
    fn an_alternating_error_does_where_it_is() {
        // ±10 around its mean in the left half.
        let blinking = changed(|x, _, moment| if x < 8 { 20 * (moment % 2) as u8 } else { 3 });
        let truth = truth();
        let measure = |rect| flicker(&frames(&blinking), &frames(&truth), &rect);
        assert_close(measure(ALL).unwrap(), 5.0, 1e-12);
        assert_close(measure(Rect::new(-4, 0, 12, 99)).unwrap(), 10.0, 1e-12);
        assert_eq!(measure(Rect::new(8, 2, 8, 3)), Ok(0.0));
        assert_eq!(
            measure(Rect::new(16, 0, 2, 2)),
            Err(MetricsError::EmptyRegion)
        );
    }

    #[test]
    fn an_error_that_changes_is_unsteady() {
        let truth = truth();
        let measure = |clip: &[Vec<u8>], rect| unsteadiness(&frames(clip), &frames(&truth), &rect);
        let steady = changed(|x, y, _| (x * y % 90) as u8);
        assert_eq!(measure(&steady, ALL), Ok(0.0));
        // By 20 levels each time, in the left half; where it goes on does not matter.
        let blinking = changed(|x, _, moment| if x < 8 { 20 * (moment % 2) as u8 } else { 3 });
        let half = 20.0 / 2f64.sqrt();
        assert_close(measure(&blinking, ALL).unwrap(), half, 1e-12);
        assert_close(
            measure(&blinking, Rect::new(0, 0, 8, 16)).unwrap(),
            20.0,
            1e-12,
        );
        let rising = changed(|_, _, moment| 5 * moment as u8);
        assert_close(measure(&rising, ALL).unwrap(), 5.0, 1e-12);
    }

    #[test]
    fn one_moment_is_too_few() {
        let truth = truth();
        let frames = frames(&truth);
        assert_eq!(
            flicker(&frames[..1], &frames[..1], &ALL),
            Err(MetricsError::TooFew {
                actual: 1,
                needed: 2
            })
        );
        assert!(flicker(&frames, &frames[1..], &ALL).is_err());
    }
}
