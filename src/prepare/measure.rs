//! How sharp a face is, and whether a second network takes it for one.

use image::RgbImage;

use crate::cascade::{LoadError, RunError, Runtime};
use crate::degrade::mosaic::{Fill, pixelate};
use crate::detect::{Outline, Region};
use crate::face_check::{FaceCheck, Question};
use crate::faces::FaceView;
use crate::frame::{FrameView, FrameViewMut, Lattice, Layout, Rect};

/// Side at which sharpness is measured, pixels: that of crops does not change it.
const SHARPNESS_SIDE: u32 = 128;
/// Side of what the second network is shown around a face, pixels.
const LOOK_SIDE: u32 = 128;
/// The face's box in it: half as wide.
const LOOK_BOX: Rect = Rect::new(32, 32, 64, 64);
/// Blocks of its mosaic, pixels: 16 across.
const LOOK_BLOCK: u32 = 4;

/// Variance of the Laplacian of the luma (0–255) of what `view` shows, at 128 × 128 pixels: the
/// sum of the four neighbours less four times the pixel (Pech-Pacheco and others, 2000). Sharp
/// faces have hundreds, blurred ones tens.
pub(super) fn sharpness(view: &FaceView, picture: &RgbImage) -> f64 {
    let face = view.cut(picture, SHARPNESS_SIDE);
    let luma = |x: u32, y: u32| {
        let [r, g, b] = face.get_pixel(x, y).0.map(f64::from);
        0.299 * r + 0.587 * g + 0.114 * b
    };
    let inner = 1..SHARPNESS_SIDE - 1;
    let places = inner
        .clone()
        .flat_map(|y| inner.clone().map(move |x| (x, y)));
    let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
    for (x, y) in places {
        let around = luma(x - 1, y) + luma(x + 1, y) + luma(x, y - 1) + luma(x, y + 1);
        let value = around - 4.0 * luma(x, y);
        (sum, squares, count) = (sum + value, squares + value * value, count + 1.0);
    }
    let mean: f64 = sum / count;
    squares / count - mean * mean
}

/// The bundled face check, asked about faces that show. It knows mosaics alone, and so is shown one
/// of the face.
pub(super) struct SecondLook(FaceCheck);

impl SecondLook {
    pub(super) fn new(runtime: &Runtime) -> Result<Self, LoadError> {
        FaceCheck::bundled(runtime).map(Self)
    }

    /// Probability that there is a face in a box of a picture, 0–1.
    pub(super) fn probability(&mut self, rect: &Rect, picture: &RgbImage) -> Result<f32, RunError> {
        let side = f64::from(LOOK_SIDE) / f64::from(LOOK_BOX.width);
        let view = FaceView::around(rect, side, picture.dimensions());
        let mut shown = view.cut(picture, LOOK_SIDE).into_raw();
        let layout = Layout::rgb(LOOK_SIDE, LOOK_SIDE);
        let stride = 3 * LOOK_SIDE as usize;
        let lattice = Lattice::square(LOOK_BLOCK, LOOK_BOX.x, LOOK_BOX.y);
        let failed = |error: crate::frame::FrameError| RunError::Failed(error.to_string());
        let mut frame = FrameViewMut::packed(&layout, &mut shown, stride).map_err(failed)?;
        pixelate(&mut frame, &LOOK_BOX, &lattice, Fill::TileMean);
        let frame = FrameView::packed(&layout, &shown, stride).map_err(failed)?;
        let region = Region {
            rect: LOOK_BOX,
            lattice: Some(lattice),
            outline: Outline::Rectangle,
            turn: 0.0,
            score: 1.0,
        };
        let question = Question {
            region,
            id: None,
            may_go: false,
        };
        let mut answers = vec![1.0];
        let tell = |probability: &mut f32, answer: crate::face_check::Answer| {
            *probability = answer.probability;
        };
        self.0
            .retain(&frame, 0.5, &mut answers, |_| Some(question), tell)?;
        Ok(answers[0])
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;
    use crate::frame::Square;

    #[test]
    fn edges_are_sharp_and_flats_are_not() {
        let whole = FaceView::from(Square {
            x: 0.0,
            y: 0.0,
            side: 128.0,
        });
        let flat = RgbImage::from_pixel(128, 128, Rgb([90, 20, 30]));
        assert_eq!(sharpness(&whole, &flat), 0.0);
        // Columns of 0 and 10 in turn: their two neighbours lie 10 apart, so ±20 everywhere.
        let lines = RgbImage::from_fn(128, 128, |x, _| Rgb([10 * (x % 2) as u8; 3]));
        assert!((sharpness(&whole, &lines) - 400.0).abs() < 1e-6);
    }
}
