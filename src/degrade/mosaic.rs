//! Pixelation of a rectangle: every block of a lattice becomes flat, or nearly so.

use crate::frame::samples::{Bytes, Codec, Words};
use crate::frame::{Component, FrameViewMut, Lattice, Rect, SampleFormat};

/// What a block is filled with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fill {
    /// The mean of the block: true pixelation.
    #[default]
    TileMean,
    /// A box blur of the block, kernel as large as the block, borders mirrored without repeating
    /// the edge sample.
    ///
    /// It leaks gradients: a ramp keeps some 45 % of its range. This is what the training pictures
    /// of apperrs/facial_demosaicing were made with.
    TileBlur,
}

/// Pixelate the part of `rect` inside the frame, component by component.
///
/// Blocks that the rectangle's border cuts are filled from the pixels inside it. Sub-sampled
/// components use the lattice scaled to their grid, and the samples whose first pixel lies inside
/// `rect`, widened to their grid.
pub fn pixelate(frame: &mut FrameViewMut<'_>, rect: &Rect, lattice: &Lattice, fill: Fill) {
    match frame.layout().samples() {
        SampleFormat::Byte => pixelate_as(Bytes, frame, rect, lattice, fill),
        SampleFormat::Word { depth, shift } => {
            pixelate_as(Words::new(depth, shift), frame, rect, lattice, fill);
        }
    }
}

fn pixelate_as<C: Codec>(
    codec: C,
    frame: &mut FrameViewMut<'_>,
    rect: &Rect,
    lattice: &Lattice,
    fill: Fill,
) {
    let layout = frame.layout();
    let Some(rect) = rect.clamp_to(layout.width, layout.height) else {
        return;
    };
    // Inside the frame, so neither is negative.
    let (left, right) = (rect.x as usize, rect.right() as usize);
    let (top, bottom) = (rect.y as usize, rect.bottom() as usize);
    let (mut columns, mut rows, mut scratch) = (Vec::new(), Vec::new(), Vec::new());
    for component in layout.components() {
        lattice.columns(left, right, component.sub_x, &mut columns);
        lattice.rows(top, bottom, component.sub_y, &mut rows);
        let plane = frame.plane_mut(component.plane);
        let mut samples = Samples {
            codec,
            data: plane.data,
            stride: plane.stride,
            component,
        };
        for y in rows.windows(2) {
            for x in columns.windows(2) {
                let block = Block {
                    x: (x[0], x[1]),
                    y: (y[0], y[1]),
                };
                match fill {
                    Fill::TileMean => fill_mean(&mut samples, &block),
                    Fill::TileBlur => fill_blur(&mut samples, &block, &mut scratch),
                }
            }
        }
    }
}

/// Half-open ranges of a block in samples.
struct Block {
    x: (usize, usize),
    y: (usize, usize),
}

struct Samples<'a, C> {
    codec: C,
    data: &'a mut [u8],
    stride: usize,
    component: &'a Component,
}

impl<C: Codec> Samples<'_, C> {
    fn index(&self, x: usize, y: usize) -> usize {
        y * self.stride + self.component.offset + x * self.component.pixel_stride
    }

    fn get(&self, x: usize, y: usize) -> u16 {
        self.codec.load(&self.data[self.index(x, y)..])
    }

    fn set(&mut self, x: usize, y: usize, code: u16) {
        let at = self.index(x, y);
        self.codec.store(code, &mut self.data[at..]);
    }
}

fn fill_mean<C: Codec>(samples: &mut Samples<'_, C>, block: &Block) {
    let count = ((block.x.1 - block.x.0) * (block.y.1 - block.y.0)) as u64;
    let mut sum = 0u64;
    for y in block.y.0..block.y.1 {
        for x in block.x.0..block.x.1 {
            sum += u64::from(samples.get(x, y));
        }
    }
    // Rounded to nearest; a mean of codes is a code.
    let mean = ((sum + count / 2) / count) as u16;
    for y in block.y.0..block.y.1 {
        for x in block.x.0..block.x.1 {
            samples.set(x, y, mean);
        }
    }
}

/// Box blur of a block by its own size. For an even size the window reaches one sample further to
/// the left (top) than to the right, as its anchor is size / 2.
fn fill_blur<C: Codec>(samples: &mut Samples<'_, C>, block: &Block, scratch: &mut Vec<f32>) {
    let (width, height) = (block.x.1 - block.x.0, block.y.1 - block.y.0);
    scratch.clear();
    scratch.resize(2 * width * height, 0.0);
    let (source, rows) = scratch.split_at_mut(width * height);
    for y in 0..height {
        for x in 0..width {
            source[y * width + x] = f32::from(samples.get(block.x.0 + x, block.y.0 + y));
        }
    }
    for y in 0..height {
        let row = &source[y * width..][..width];
        for x in 0..width {
            rows[y * width + x] = window_mean(width, x, |i| row[i]);
        }
    }
    for y in 0..height {
        for x in 0..width {
            let value = window_mean(height, y, |i| rows[i * width + x]);
            samples.set(block.x.0 + x, block.y.0 + y, (value + 0.5) as u16);
        }
    }
}

/// Mean of `length` values around position `at`, indices mirrored at both ends (… 2 1 0 1 2 …).
fn window_mean(length: usize, at: usize, value: impl Fn(usize) -> f32) -> f32 {
    let (length_signed, anchor) = (length as i64, (length / 2) as i64);
    let sum: f32 = (0..length_signed)
        .map(|k| value(mirror(at as i64 + k - anchor, length_signed)))
        .sum();
    sum / length as f32
}

fn mirror(index: i64, length: i64) -> usize {
    if length == 1 {
        return 0;
    }
    let period = 2 * (length - 1);
    let index = index.rem_euclid(period);
    index.min(period - index) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{ColorModel, Layout, Matrix, PlaneMut, Range};

    #[test]
    fn blocks_of_the_mean_become_flat() {
        let layout = Layout::rgb(6, 4);
        let mut data: Vec<u8> = (0..6 * 4 * 3).map(|i| (i * 3) as u8).collect();
        let before = data.clone();
        let mut frame = FrameViewMut::packed(&layout, &mut data, 18).unwrap();
        let rect = Rect::new(1, 1, 4, 2);
        pixelate(&mut frame, &rect, &Lattice::square(2, 1, 1), Fill::TileMean);
        let red = |x: usize, y: usize| data[y * 18 + x * 3];
        let mean = [(1, 1), (2, 1), (1, 2), (2, 2)]
            .iter()
            .map(|&(x, y)| u32::from(before[y * 18 + x * 3]))
            .sum::<u32>();
        assert_eq!(u32::from(red(1, 1)), (mean + 2) / 4);
        assert_eq!([red(2, 1), red(1, 2), red(2, 2)], [red(1, 1); 3]);
        for (i, (&now, &was)) in data.iter().zip(&before).enumerate() {
            let (x, y) = (i % 18 / 3, i / 18);
            if !((1..5).contains(&x) && (1..3).contains(&y)) {
                assert_eq!(now, was, "pixel {x},{y}");
            }
        }
    }

    #[test]
    fn a_block_cut_by_the_border_uses_its_inner_part() {
        let layout = Layout::rgb(8, 1);
        let mut data: Vec<u8> = (0..24).map(|i| (i / 3 * 10) as u8).collect();
        let mut frame = FrameViewMut::packed(&layout, &mut data, 24).unwrap();
        let lattice = Lattice::square(4, 0, 0);
        pixelate(
            &mut frame,
            &Rect::new(2, 0, 100, 100),
            &lattice,
            Fill::TileMean,
        );
        let red: Vec<u8> = data.iter().step_by(3).copied().collect();
        assert_eq!(red, [0, 10, 25, 25, 55, 55, 55, 55]);
    }

    #[test]
    fn a_ramp_keeps_part_of_its_range_under_tile_blur() {
        // Source: published analysis of the original fill, 40–47 % of a ramp's range for tiles of
        // 6–19.
        for block in [6u32, 12, 19] {
            let layout = Layout::rgb(block, block);
            let stride = block as usize * 3;
            let mut data = vec![0; stride * block as usize];
            for (i, byte) in data.iter_mut().enumerate() {
                *byte = (i % stride / 3 * 10) as u8;
            }
            let mut frame = FrameViewMut::packed(&layout, &mut data, stride).unwrap();
            let rect = Rect::new(0, 0, block, block);
            pixelate(
                &mut frame,
                &rect,
                &Lattice::square(block, 0, 0),
                Fill::TileBlur,
            );
            let row: Vec<u8> = data[..stride].iter().step_by(3).copied().collect();
            let (low, high) = (row.iter().min().unwrap(), row.iter().max().unwrap());
            let kept = f64::from(high - low) / f64::from((block - 1) * 10);
            assert!((0.38..0.55).contains(&kept), "block {block} keeps {kept}");
        }
    }

    #[test]
    fn chroma_follows_on_its_own_grid() {
        let layout = Layout::i420(16, 16, Matrix::Bt601, Range::Limited);
        let (mut y, mut u, mut v) = (vec![0; 256], vec![0; 64], vec![0; 64]);
        for (i, byte) in u.iter_mut().enumerate() {
            *byte = i as u8;
        }
        let plane = |data, stride| PlaneMut { data, stride };
        let planes = [plane(&mut y, 16), plane(&mut u, 8), plane(&mut v, 8)];
        let mut frame = FrameViewMut::new(&layout, planes).unwrap();
        pixelate(
            &mut frame,
            &Rect::new(4, 4, 8, 8),
            &Lattice::square(8, 4, 4),
            Fill::TileMean,
        );
        let mean = u[2 * 8 + 2];
        assert!((2..6).all(|r| (2..6).all(|c| u[r * 8 + c] == mean)));
        assert_eq!((u[0], u[63], u[2 * 8 + 6]), (0, 63, 22));
    }

    #[test]
    fn deep_samples_keep_their_depth() {
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
        for (fill, expected) in [
            (Fill::TileMean, [1002, 1002, 7, 9]),
            (Fill::TileBlur, [1002, 1002, 7, 9]),
        ] {
            let mut data = [1001u16, 1003, 7, 9]
                .map(|code| (code << 6).to_le_bytes())
                .concat();
            let mut frame = FrameViewMut::packed(&layout, &mut data, 8).unwrap();
            let rect = Rect::new(0, 0, 2, 1);
            pixelate(&mut frame, &rect, &Lattice::square(2, 0, 0), fill);
            let word = |bytes: &[u8]| u16::from_le_bytes([bytes[0], bytes[1]]);
            let codes: Vec<u16> = data.chunks(2).map(|bytes| word(bytes) >> 6).collect();
            assert_eq!(codes, expected, "{fill:?}");
        }
    }

    #[test]
    fn rectangles_outside_change_nothing() {
        let layout = Layout::rgb(1, 1);
        let mut data = [7, 8, 9];
        let mut frame = FrameViewMut::packed(&layout, &mut data, 3).unwrap();
        for rect in [
            Rect::new(1, 0, 5, 5),
            Rect::new(-9, -9, 9, 9),
            Rect::default(),
        ] {
            pixelate(&mut frame, &rect, &Lattice::square(4, 0, 0), Fill::TileBlur);
        }
        let all = Rect::new(i32::MIN, i32::MIN, u32::MAX, u32::MAX);
        pixelate(&mut frame, &all, &Lattice::square(4, 0, 0), Fill::TileBlur);
        assert_eq!(data, [7, 8, 9]);
    }
}
