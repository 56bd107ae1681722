//! Luma of a whole frame, whatever its format.

use super::{ColorModel, FrameView};

/// BT.601's weights of red, green and blue, in 256ths.
const WEIGHTS: [u32; 3] = [77, 150, 29];

/// 8-bit luma samples of `frame` with their stride: its own plane where it has one, else computed into `scratch`
/// (full range).
pub fn luma<'a>(frame: &FrameView<'a>, scratch: &'a mut Vec<u8>) -> (&'a [u8], usize) {
    if let Some(plane) = frame.luma_plane() {
        return (plane.data, plane.stride);
    }
    let layout = frame.layout();
    let (width, height) = (layout.width as usize, layout.height as usize);
    // Every sample is written below.
    scratch.resize(width * height, 0);
    if width == 0 {
        return (scratch, 0);
    }
    let weights = match layout.model {
        ColorModel::Rgb => WEIGHTS,
        ColorModel::Yuv { .. } => [256, 0, 0],
    };
    for (y, row) in scratch.chunks_exact_mut(width).enumerate() {
        let sources = layout.components.map(|component| {
            let plane = frame.plane(component.plane);
            let start = (y >> component.sub_y) * plane.stride + component.offset;
            (
                &plane.data[start..],
                component.pixel_stride,
                component.sub_x,
            )
        });
        for (x, sample) in row.iter_mut().enumerate() {
            let sum: u32 = sources
                .iter()
                .zip(weights)
                .map(|((data, step, sub), weight)| u32::from(data[(x >> sub) * step]) * weight)
                .sum();
            *sample = ((sum + 128) >> 8) as u8;
        }
    }
    (scratch, width)
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
    fn a_luma_plane_is_taken_as_it_is() {
        let layout = Layout::i420(2, 2, Matrix::Bt601, Range::Limited);
        let (y, c) = ([1, 2, 0, 3, 4, 0], [128]);
        let plane = |data, stride| Plane { data, stride };
        let frame =
            FrameView::new(&layout, [plane(&y[..], 3), plane(&c, 1), plane(&c, 1)]).unwrap();
        assert_eq!(luma(&frame, &mut Vec::new()), (&y[..], 3));
    }
}
