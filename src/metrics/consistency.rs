//! Does a restored picture still agree with the mosaic that it was made from?

use super::color::de_mean;
use super::picture::{MetricsError, Picture, check};
use super::psnr::psnr;
use super::region::{Region, side};
use crate::degrade::mosaic::{Fill, pixelate};
use crate::frame::{FrameViewMut, Lattice, Layout, Rect};

/// The output, pixelated again, against the mosaic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Consistency {
    /// Peak signal-to-noise ratio in dB; a faithful restorer keeps it above 35. Infinite where they
    /// are equal.
    pub psnr: f64,
    /// CIEDE2000 between the mean colours.
    pub de_mean: f64,
}

/// Pixelate `output` as the `mosaic` was made, with its `lattice` and `fill`, inside `rect`, and
/// compare the two there. Needs no ground truth. Pixels outside `rect`, where nothing was restored,
/// do not count.
///
/// A mosaic by tile means agrees with itself; one by [`Fill::TileBlur`] does not, as blurring it
/// again takes more away.
pub fn consistency(
    output: &Picture<'_>,
    mosaic: &Picture<'_>,
    rect: &Rect,
    lattice: &Lattice,
    fill: Fill,
) -> Result<Consistency, MetricsError> {
    check(output, mosaic, 1)?;
    let (width, height) = (output.width(), output.height());
    let region = Region::of(rect, output)?;
    let mut again = output.data().to_vec();
    let layout = Layout::rgb(side(width), side(height));
    let mut frame = FrameViewMut::packed(&layout, &mut again, 3 * width)
        .expect("a picture is a frame of packed pixels");
    pixelate(&mut frame, rect, lattice, fill);
    let again = region.cut(&Picture::new(width, height, &again)?);
    let mosaic = region.cut(mosaic);
    let (width, height) = (region.x.len(), region.y.len());
    let again = Picture::new(width, height, &again)?;
    let mosaic = Picture::new(width, height, &mosaic)?;
    Ok(Consistency {
        psnr: psnr(&again, &mosaic)?,
        de_mean: de_mean(&again, &mosaic)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{assert_close, painted};
    use super::*;

    const SIZE: (usize, usize) = (40, 32);
    const RECT: Rect = Rect::new(5, 3, 30, 24);

    const PERFECT: Consistency = Consistency {
        psnr: f64::INFINITY,
        de_mean: 0.0,
    };

    /// A picture of waves, its mosaic, and the lattice.
    fn scene(fill: Fill) -> (Vec<u8>, Vec<u8>, Lattice) {
        let wave = |x: usize, y: usize| (120.0 + 60.0 * ((x * y) as f64 / 37.0).sin()) as u8;
        let truth = painted(SIZE.0, SIZE.1, |x, y| [wave(x, y), wave(y + 3, x), 90]);
        let lattice = Lattice::square(8, 5, 3);
        let layout = Layout::rgb(SIZE.0 as u32, SIZE.1 as u32);
        let mut mosaic = truth.clone();
        let mut frame = FrameViewMut::packed(&layout, &mut mosaic, 3 * SIZE.0).unwrap();
        pixelate(&mut frame, &RECT, &lattice, fill);
        (truth, mosaic, lattice)
    }

    fn measured(output: &[u8], mosaic: &[u8], lattice: &Lattice, fill: Fill) -> Consistency {
        let picture = |data| Picture::new(SIZE.0, SIZE.1, data).unwrap();
        consistency(&picture(output), &picture(mosaic), &RECT, lattice, fill).unwrap()
    }

    #[test]
    fn the_truth_agrees_with_a_mosaic_of_either_fill() {
        for (fill, other) in [
            (Fill::TileMean, Fill::TileBlur),
            (Fill::TileBlur, Fill::TileMean),
        ] {
            let (truth, mosaic, lattice) = scene(fill);
            assert_ne!(truth, mosaic);
            assert_eq!(measured(&truth, &mosaic, &lattice, fill), PERFECT);
            let wrong = measured(&truth, &mosaic, &lattice, other);
            assert!(wrong.psnr < 35.0, "{fill:?}: {wrong:?}");
        }
    }

    #[test]
    fn means_agree_with_themselves_and_blurs_do_not() {
        let (_, mosaic, lattice) = scene(Fill::TileMean);
        let again = measured(&mosaic, &mosaic, &lattice, Fill::TileMean);
        assert_eq!(again, PERFECT);
        let (_, mosaic, lattice) = scene(Fill::TileBlur);
        let again = measured(&mosaic, &mosaic, &lattice, Fill::TileBlur);
        assert!(again.psnr.is_finite(), "{again:?}");
    }

    #[test]
    fn a_shift_of_brightness_shows_in_the_rectangle_alone() {
        let (truth, mosaic, lattice) = scene(Fill::TileMean);
        let brighter: Vec<u8> = truth.iter().map(|v| v + 5).collect();
        let measured = |output: &[u8]| measured(output, &mosaic, &lattice, Fill::TileMean);
        let found = measured(&brighter);
        // Every mean is 5 higher.
        assert_close(found.psnr, 20.0 * (255.0f64 / 5.0).log10(), 1e-9);
        assert!((1.0..4.0).contains(&found.de_mean), "{found:?}");

        let mut outside = truth.clone();
        outside[..9].fill(255);
        assert_eq!(measured(&outside), measured(&truth));
    }

    #[test]
    fn another_lattice_does_not_agree() {
        let (truth, mosaic, _) = scene(Fill::TileMean);
        let found = measured(&truth, &mosaic, &Lattice::square(8, 1, 0), Fill::TileMean);
        assert!(found.psnr < 35.0, "{found:?}");
    }

    #[test]
    fn a_rectangle_outside_is_refused() {
        let (truth, _, lattice) = scene(Fill::TileMean);
        let picture = Picture::new(SIZE.0, SIZE.1, &truth).unwrap();
        let outside = Rect::new(40, 0, 8, 8);
        assert_eq!(
            consistency(&picture, &picture, &outside, &lattice, Fill::TileMean),
            Err(MetricsError::EmptyRegion)
        );
    }
}
