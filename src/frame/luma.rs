//! Luma of a whole frame, whatever its format.

use super::samples::{Bytes, Codec, Words, map_codes};
use super::{ColorModel, Component, FrameView, SampleFormat};

/// BT.601's weights of red, green and blue, in 256ths.
const WEIGHTS: [u32; 3] = [77, 150, 29];

/// 8-bit luma samples of `frame` with their stride: its own plane where it has one, else made in
/// `scratch`.
///
/// Deeper samples are rounded to eight bits; of R′G′B′ it is the weighted sum, rounded once.
pub fn luma<'a>(frame: &FrameView<'a>, scratch: &'a mut Vec<u8>) -> (&'a [u8], usize) {
    if let Some(plane) = frame.luma_plane() {
        return (plane.data, plane.stride);
    }
    let layout = frame.layout();
    let (width, height) = (layout.width as usize, layout.height as usize);
    // Every sample is written below.
    scratch.resize(width * height, 0);
    if width > 0 {
        match layout.samples() {
            SampleFormat::Byte if fill_packed(frame, scratch) => {}
            SampleFormat::Byte => fill(Bytes, frame, scratch),
            SampleFormat::Word { depth, shift } => {
                fill(Words::new(depth, shift), frame, scratch);
            }
        }
    }
    (scratch, width)
}

fn fill<C: Codec>(codec: C, frame: &FrameView<'_>, out: &mut [u8]) {
    let layout = frame.layout();
    let excess = layout.samples().depth() - 8;
    let rows = out.chunks_exact_mut(layout.width as usize).enumerate();
    if let (ColorModel::Rgb { .. }, [r, g, b]) = (layout.model, layout.components()) {
        for (y, row) in rows {
            let samples = line(frame, r, y)
                .chunks(r.pixel_stride)
                .zip(line(frame, g, y).chunks(g.pixel_stride))
                .zip(line(frame, b, y).chunks(b.pixel_stride));
            for (value, ((r, g), b)) in row.iter_mut().zip(samples) {
                let codes = [r, g, b].map(|bytes| codec.load(bytes));
                *value = weigh(WEIGHTS.into_iter().zip(codes), excess);
            }
        }
    } else {
        let luma = &layout.components()[0];
        for (y, row) in rows {
            let line = line(frame, luma, y);
            map_codes(codec, line, luma.pixel_stride, row, |c| rounded(c, excess));
        }
    }
}

/// Row `y` of the picture from its first sample of `component` on.
fn line<'a>(frame: &FrameView<'a>, component: &Component, y: usize) -> &'a [u8] {
    let plane = frame.plane(component.plane);
    &plane.data[(y >> component.sub_y) * plane.stride + component.offset..]
}

/// A code of `excess` (0–8) bits more than eight, rounded to eight.
#[inline(always)]
fn rounded(code: u16, excess: u32) -> u8 {
    let half = (1 << excess) >> 1;
    // The largest codes would round up to 256.
    (code.saturating_add(half) >> excess).min(255) as u8
}

/// The weighted sum of codes of `excess` bits more than eight, rounded to eight. Weights add up to
/// 256.
#[inline(always)]
fn weigh(terms: impl Iterator<Item = (u32, u16)>, excess: u32) -> u8 {
    let sum: u32 = terms.map(|(weight, code)| weight * u32::from(code)).sum();
    ((sum + (128 << excess)) >> (8 + excess)).min(255) as u8
}

/// R′G′B′ bytes side by side, several times as fast as sample by sample. False: the frame's are
/// not, or its last pixel has no padding where the others do.
fn fill_packed(frame: &FrameView<'_>, out: &mut [u8]) -> bool {
    let layout = frame.layout();
    match (layout.model, layout.components()[0].pixel_stride) {
        (ColorModel::Rgb { .. }, 3) => fill_pixels::<3>(frame, out),
        (ColorModel::Rgb { .. }, 4) => fill_pixels::<4>(frame, out),
        _ => false,
    }
}

/// [`fill_packed`] for pixels of `STEP` bytes, each of which has a weight: none for padding.
fn fill_pixels<const STEP: usize>(frame: &FrameView<'_>, out: &mut [u8]) -> bool {
    let layout = frame.layout();
    let (width, height) = (layout.width as usize, layout.height as usize);
    let mut weights = [0; STEP];
    for (component, weight) in layout.components().iter().zip(WEIGHTS) {
        if component.plane != 0 || component.pixel_stride != STEP || component.offset >= STEP {
            return false;
        }
        weights[component.offset] += weight;
    }
    let plane = frame.plane(0);
    // In bounds: the view knows that the last row holds a sample at least.
    if plane.data[(height - 1) * plane.stride..].len() < width * STEP {
        return false;
    }
    let rows = out
        .chunks_exact_mut(width)
        .zip(plane.data.chunks(plane.stride));
    for (row, line) in rows {
        for (value, pixel) in row.iter_mut().zip(line.chunks_exact(STEP)) {
            let codes = pixel.iter().map(|&byte| u16::from(byte));
            *value = weigh(weights.into_iter().zip(codes), 0);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::{Layout, Matrix, Plane, Range};
    use super::*;

    #[test]
    fn grey_stays_grey_and_green_weighs_most() {
        let layout = Layout::packed_rgb(2, 2, 4, [2, 1, 0]);
        let data = [
            [9, 9, 9, 0],
            [255, 255, 255, 0],
            [0, 0, 0, 0],
            [7; 4],
            [0, 255, 0, 0],
            [0, 0, 255, 0],
        ]
        .concat();
        // Two pixels and one of padding a row.
        let frame = FrameView::packed(&layout, &data, 12).unwrap();
        let mut scratch = Vec::new();
        assert_eq!(luma(&frame, &mut scratch), (&[9, 255, 7, 149][..], 2));
    }

    #[test]
    fn the_last_pixel_needs_no_padding() {
        let layout = Layout::packed_rgb(2, 1, 4, [0, 1, 2]);
        let frame = FrameView::packed(&layout, &[9, 9, 9, 0, 255, 255, 255], 8).unwrap();
        assert_eq!(luma(&frame, &mut Vec::new()), (&[9, 255][..], 2));
    }

    #[test]
    fn planes_of_colour_are_weighed_too() {
        let plane = |index| Component {
            plane: index,
            pixel_stride: 1,
            ..Component::default()
        };
        let model = ColorModel::Rgb { range: Range::Full };
        // GBR.
        let components = [plane(2), plane(0), plane(1)];
        let layout = Layout::new(2, 1, model, SampleFormat::Byte, &components).unwrap();
        let planes = [[255, 7], [0, 7], [0, 7]];
        let planes = [0, 1, 2].map(|index: usize| Plane {
            data: &planes[index][..],
            stride: 2,
        });
        let frame = FrameView::new(&layout, planes).unwrap();
        assert_eq!(luma(&frame, &mut Vec::new()), (&[149, 7][..], 2));
    }

    #[test]
    fn a_luma_plane_is_taken_as_it_is() {
        let layout = Layout::i420(2, 2, Matrix::Bt601, Range::Limited);
        let (y, c) = ([1, 2, 0, 3, 4, 0], [128]);
        let plane = |data, stride| Plane { data, stride };
        let frame =
            FrameView::new(&layout, [plane(&y[..], 3), plane(&c, 1), plane(&c, 1)]).unwrap();
        assert_eq!(luma(&frame, &mut Vec::new()), (&y[..], 3));
    }

    #[test]
    fn deep_samples_are_rounded() {
        let samples = SampleFormat::Word {
            depth: 10,
            shift: 6,
        };
        let model = ColorModel::Yuv {
            matrix: Matrix::Bt709,
            range: Range::Limited,
        };
        let component = Component {
            pixel_stride: 2,
            ..Component::default()
        };
        let layout = Layout::new(4, 1, model, samples, &[component]).unwrap();
        let codes = [940u16, 67, 65, 1023].map(|code| (code << 6).to_le_bytes());
        let data = codes.concat();
        let frame = FrameView::packed(&layout, &data, 8).unwrap();
        assert_eq!(luma(&frame, &mut Vec::new()), (&[235, 17, 16, 255][..], 4));
    }

    #[test]
    fn the_largest_deep_codes_are_white() {
        for depth in [9, 10, 12, 16] {
            let samples = SampleFormat::Word { depth, shift: 0 };
            let white = [samples.max().to_le_bytes(); 3].concat();
            for model in [
                ColorModel::Rgb { range: Range::Full },
                ColorModel::Yuv {
                    matrix: Matrix::Bt601,
                    range: Range::Full,
                },
            ] {
                let component = |index: usize| Component {
                    offset: 2 * index,
                    pixel_stride: 6,
                    ..Component::default()
                };
                let components = [0, 1, 2].map(component);
                let layout = Layout::new(1, 1, model, samples, &components).unwrap();
                let frame = FrameView::packed(&layout, &white, 6).unwrap();
                assert_eq!(luma(&frame, &mut Vec::new()), (&[255][..], 1), "{depth}");
            }
        }
    }

    #[test]
    fn luma_is_picked_from_between_chroma() {
        let model = ColorModel::Yuv {
            matrix: Matrix::Bt601,
            range: Range::Limited,
        };
        // UYVY.
        let component = |offset, pixel_stride, sub_x| Component {
            plane: 0,
            offset,
            pixel_stride,
            sub_x,
            sub_y: 0,
        };
        let components = [component(1, 2, 0), component(0, 4, 1), component(2, 4, 1)];
        let layout = Layout::new(3, 1, model, SampleFormat::Byte, &components).unwrap();
        let data = [90, 1, 91, 2, 92, 3, 93, 0];
        let frame = FrameView::packed(&layout, &data, 8).unwrap();
        assert_eq!(luma(&frame, &mut Vec::new()), (&[1, 2, 3][..], 3));
    }
}
