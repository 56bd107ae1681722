//! Crop (a square of a frame → a network's input) and its inverse (a network's output → a rectangle
//! of a frame).

use super::patch::{self, Patch};
use super::resample::{Filter, Resampler, Span};
use super::{FrameView, Rect, Square};

/// Scales squares of frames to network inputs and back; keeps its memory.
#[derive(Default)]
pub struct Cropper {
    shown: Resampler,
    answered: Resampler,
    patch: Patch,
}

impl Cropper {
    /// What the last [`Self::crop`] read of its frame.
    pub fn seen(&self) -> &Patch {
        &self.patch
    }

    /// Write `square` of `frame` into `tensor` as planar R′G′B′ of `size` × `size`, 0–255.
    ///
    /// Triangle filter, widened when the picture shrinks; outside the frame its edge pixels repeat.
    /// `tensor` holds 3 · `size`² numbers.
    pub fn crop(
        &mut self,
        frame: &FrameView<'_>,
        square: &Square,
        size: usize,
        tensor: &mut [f32],
    ) {
        let bounds = square.bounds();
        patch::read(frame, bounds, &mut self.patch);
        let axis = |start: f64, samples: u32| span(start, square.side, samples, size);
        let across = axis(square.x - f64::from(bounds.x), bounds.width);
        let down = axis(square.y - f64::from(bounds.y), bounds.height);
        self.shown.prepare(Filter::Triangle, [across, down]);
        for (index, target) in tensor.chunks_exact_mut(size * size).enumerate() {
            self.shown.run(self.patch.plane(index), target);
            for value in target {
                *value = value.clamp(0.0, 255.0);
            }
        }
    }

    /// The part of a network's output that lies over `rect`, at the frame's resolution.
    ///
    /// `tensor` is planar R′G′B′ of `size` × `size` that shows `square`; `rect` lies inside the
    /// square. Cubic filter (Catmull–Rom), widened when the picture shrinks.
    pub fn uncrop(
        &mut self,
        tensor: &[f32],
        size: usize,
        square: &Square,
        rect: Rect,
        out: &mut Patch,
    ) {
        out.reshape(rect);
        let scale = size as f64 / square.side;
        if rect.is_empty() {
            return;
        }
        let axis = |start: f64, length: u32| {
            let (start, outputs) = (start * scale, length as usize);
            span(start, f64::from(length) * scale, size as u32, outputs)
        };
        let across = axis(f64::from(rect.x) - square.x, rect.width);
        let down = axis(f64::from(rect.y) - square.y, rect.height);
        self.answered.prepare(Filter::CatmullRom, [across, down]);
        for (index, source) in tensor.chunks_exact(size * size).enumerate() {
            self.answered.run(source, out.plane_mut(index));
        }
    }
}

/// The part `start … start + length` of `samples` samples, cut to these: rounding may have put it a
/// hair outside.
fn span(start: f64, length: f64, samples: u32, outputs: usize) -> Span {
    let from = start.clamp(0.0, f64::from(samples));
    Span {
        samples: samples as usize,
        from,
        length: length.min(f64::from(samples) - from),
        outputs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Layout;

    /// A picture of smooth waves: what survives scaling there and back.
    fn waves(side: usize) -> Vec<u8> {
        let wave = |i: usize, period: f32| 127.5 + 60.0 * (i as f32 / period).sin();
        (0..side * side * 3)
            .map(|i| ((wave(i / 3 % side, 9.0) + wave(i / 3 / side, 13.0)) / 2.0) as u8)
            .collect()
    }

    #[test]
    fn crop_and_uncrop_give_the_picture_back() {
        let side = 120;
        let data = waves(side);
        let layout = Layout::rgb(side as u32, side as u32);
        let frame = FrameView::packed(&layout, &data, side * 3).unwrap();
        let rect = Rect::new(21, 33, 50, 41);
        let square = Square::around(&rect, 1.3);
        let mut cropper = Cropper::default();
        let mut tensor = vec![0.0; 3 * 128 * 128];
        cropper.crop(&frame, &square, 128, &mut tensor);
        let mut patch = Patch::default();
        cropper.uncrop(&tensor, 128, &square, rect, &mut patch);
        for y in 0..41 {
            for x in 0..50 {
                let was = f32::from(data[((33 + y) * side + 21 + x) * 3]);
                let now = patch.plane(0)[y * 50 + x];
                assert!((was - now).abs() < 2.0, "{x},{y}: {was} {now}");
            }
        }
    }

    #[test]
    fn an_aligned_square_of_the_same_size_is_copied() {
        let data = waves(64);
        let layout = Layout::rgb(64, 64);
        let frame = FrameView::packed(&layout, &data, 64 * 3).unwrap();
        let square = Square {
            x: 16.0,
            y: 8.0,
            side: 32.0,
        };
        let mut tensor = vec![0.0; 3 * 32 * 32];
        Cropper::default().crop(&frame, &square, 32, &mut tensor);
        for (i, value) in tensor[..32 * 32].iter().enumerate() {
            let at = ((8 + i / 32) * 64 + 16 + i % 32) * 3;
            assert_eq!(*value, f32::from(data[at]));
        }
    }

    #[test]
    fn squares_beyond_a_frame_of_one_pixel() {
        let layout = Layout::rgb(1, 1);
        let frame = FrameView::packed(&layout, &[9, 9, 9], 3).unwrap();
        let square = Square::around(&Rect::new(0, 0, 1, 1), 1.3);
        let mut tensor = vec![0.0; 3 * 16 * 16];
        let mut cropper = Cropper::default();
        cropper.crop(&frame, &square, 16, &mut tensor);
        assert!(tensor.iter().all(|&v| (v - 9.0).abs() < 1e-3));
        let mut patch = Patch::default();
        cropper.uncrop(&tensor, 16, &square, Rect::new(0, 0, 1, 1), &mut patch);
        assert!((patch.plane(1)[0] - 9.0).abs() < 1e-2);
    }
}
