//! A rectangle of a frame as planar R′G′B′ in floats, and its way back.

use multiversion::multiversion;

use super::color::Conversion;
use super::samples::{Bytes, Codec, Words, map_codes};
use super::{Component, FrameView, Rect, SampleFormat};

mod marks;
mod paint;

pub use marks::{label, outline};
pub use paint::write;

/// Planar R′G′B′ samples, 0–255, that belong to a rectangle of a frame.
#[derive(Clone, Debug, Default)]
pub struct Patch {
    rect: Rect,
    data: Vec<f32>,
}

impl Patch {
    /// Make this the black patch of `rect`; keeps its memory.
    pub fn reset(&mut self, rect: Rect) {
        self.rect = rect;
        self.data.clear();
        self.data.resize(3 * self.area(), 0.0);
    }

    /// Make this a patch of `rect` whose values are any; keeps its memory.
    pub fn reshape(&mut self, rect: Rect) {
        self.rect = rect;
        self.data.resize(3 * self.area(), 0.0);
    }

    /// Make `part` the patch of `rect`, with the values of this one, if that covers it.
    pub fn copy_part(&self, rect: Rect, part: &mut Self) -> bool {
        if self.rect.intersect(&rect) != Some(rect) {
            return false;
        }
        part.reshape(rect);
        let (width, from) = (rect.width as usize, self.rect.width as usize);
        let (left, top) = (rect.x.abs_diff(self.rect.x), rect.y.abs_diff(self.rect.y));
        for plane in 0..3 {
            let source = &self.plane(plane)[top as usize * from + left as usize..];
            let rows = part.plane_mut(plane).chunks_exact_mut(width);
            for (row, target) in source.chunks(from).zip(rows) {
                target.copy_from_slice(&row[..width]);
            }
        }
        true
    }

    /// The rectangle in frame coordinates.
    pub fn rect(&self) -> Rect {
        self.rect
    }

    /// Number of pixels.
    pub fn area(&self) -> usize {
        self.rect.width as usize * self.rect.height as usize
    }

    /// Plane `index` (red, green, blue), row by row without padding.
    pub fn plane(&self, index: usize) -> &[f32] {
        let area = self.area();
        &self.data[index * area..][..area]
    }

    /// Plane `index` for writing.
    pub fn plane_mut(&mut self, index: usize) -> &mut [f32] {
        let area = self.area();
        &mut self.data[index * area..][..area]
    }

    /// Move all values by `left` pixels to the left and by `up` upwards; what comes in from beyond
    /// the edges is their outermost pixels.
    pub fn shift(&mut self, left: usize, up: usize) {
        let (width, height) = (self.rect.width as usize, self.rect.height as usize);
        for plane in 0..3 {
            let plane = self.plane_mut(plane);
            for y in 0..height {
                let source = (y + up).min(height - 1) * width;
                for x in 0..width {
                    plane[y * width + x] = plane[source + (x + left).min(width - 1)];
                }
            }
        }
    }

    /// All planes, one after the other.
    pub fn values(&self) -> &[f32] {
        &self.data[..3 * self.area()]
    }

    /// The same for writing.
    pub fn values_mut(&mut self) -> &mut [f32] {
        let count = 3 * self.area();
        &mut self.data[..count]
    }

    fn rows_mut(&mut self, y: usize) -> [&mut [f32]; 3] {
        let (width, area) = (self.rect.width as usize, self.area());
        let (r, rest) = self.data.split_at_mut(area);
        let (g, b) = rest.split_at_mut(area);
        [r, g, b].map(|plane| &mut plane[y * width..][..width])
    }
}

/// Read `rect` of `frame` into `patch`, at the frame's full depth.
///
/// Outside the frame its edge pixels repeat. Sub-sampled components repeat their samples: a mosaic
/// is flat, and what is written back by [`write()`] without a change then is what was read.
pub fn read(frame: &FrameView<'_>, rect: Rect, patch: &mut Patch) {
    match frame.layout().samples() {
        SampleFormat::Byte => read_as(Bytes, frame, rect, patch),
        SampleFormat::Word { depth, shift } => {
            read_as(Words::new(depth, shift), frame, rect, patch);
        }
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn read_as<C: Codec>(codec: C, frame: &FrameView<'_>, rect: Rect, patch: &mut Patch) {
    patch.reshape(rect);
    let layout = frame.layout();
    if layout.width == 0 || layout.height == 0 || patch.area() == 0 {
        patch.data.fill(0.0);
        return;
    }
    let conversion = Conversion::new(layout.model, layout.samples().depth());
    let columns = Columns::new(rect.x, rect.width as usize, layout.width as usize);
    for y in 0..rect.height as usize {
        let source_y = clamp_index(i64::from(rect.y) + y as i64, layout.height);
        let mut rows = patch.rows_mut(y);
        for (component, row) in layout.components().iter().zip(&mut rows) {
            let plane = frame.plane(component.plane);
            let start = (source_y >> component.sub_y) * plane.stride + component.offset;
            columns.read(codec, &plane.data[start..], component, row);
        }
        for row in &mut rows[layout.components().len()..] {
            row.fill(f32::from(layout.samples().neutral()));
        }
        let [a, b, c] = rows;
        conversion.rows_to_rgb(a, b, c);
    }
}

/// Which pixels of a frame's row a patch's row shows: `left` times the pixel `first`, then
/// `first..end`, then the pixel before `end`.
struct Columns {
    left: usize,
    first: usize,
    end: usize,
}

impl Columns {
    /// For `length` pixels (at least one) from `x` on, in a row of `width` pixels (at least one).
    fn new(x: i32, length: usize, width: usize) -> Self {
        let (x, count, width) = (i64::from(x), length as i64, width as i64);
        let first = x.clamp(0, width - 1);
        Self {
            left: (first - x).clamp(0, count) as usize,
            first: first as usize,
            end: (x + count).clamp(first + 1, width) as usize,
        }
    }

    #[inline(always)]
    fn read<C: Codec>(&self, codec: C, line: &[u8], component: &Component, row: &mut [f32]) {
        let (step, sub) = (component.pixel_stride, component.sub_x);
        let sample = |x: usize| f32::from(codec.load(&line[(x >> sub) * step..]));
        let (left, row) = row.split_at_mut(self.left);
        left.fill(sample(self.first));
        let (inside, right) = row.split_at_mut(row.len().min(self.end - self.first));
        right.fill(sample(self.end - 1));
        if sub == 0 {
            map_codes(codec, &line[self.first * step..], step, inside, f32::from);
            return;
        }
        // The first sample may be shared with pixels before the first one.
        let cell = 1 << sub;
        let (head, whole) = inside.split_at_mut(inside.len().min(self.first.wrapping_neg() % cell));
        head.fill(sample(self.first));
        // Where the row ends within the first cell, there are no more.
        let start = ((self.first + head.len()) >> sub) * step;
        let samples = line.get(start..).unwrap_or_default();
        if cell == 2 && step == C::BYTES {
            // Constant widths are what the compiler makes vectors of.
            let (pairs, last) = whole.as_chunks_mut();
            for (pair, bytes) in pairs.iter_mut().zip(samples.chunks_exact(C::BYTES)) {
                *pair = [f32::from(codec.load(bytes)); 2];
            }
            if let [pixel] = last {
                *pixel = sample(self.end - 1);
            }
            return;
        }
        for (pixels, bytes) in whole.chunks_mut(cell).zip(samples.chunks(step)) {
            pixels.fill(f32::from(codec.load(bytes)));
        }
    }
}

fn clamp_index(index: i64, length: u32) -> usize {
    index.clamp(0, i64::from(length) - 1) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Layout;

    #[test]
    fn the_edge_repeats_outside_the_frame() {
        let layout = Layout::rgb(2, 1);
        let data = [10, 20, 30, 40, 50, 60];
        let frame = FrameView::packed(&layout, &data, 6).unwrap();
        let mut patch = Patch::default();
        read(&frame, Rect::new(-2, -1, 6, 2), &mut patch);
        assert_eq!(patch.plane(0)[..6], [10.0, 10.0, 10.0, 40.0, 40.0, 40.0]);
        assert_eq!(patch.plane(2)[6..], [30.0, 30.0, 30.0, 60.0, 60.0, 60.0]);
    }

    #[test]
    fn values_move_and_the_outermost_repeat() {
        let mut patch = Patch::default();
        patch.reset(Rect::new(7, 5, 3, 2));
        for plane in 0..3 {
            let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0].map(|v| v + 10.0 * plane as f32);
            patch.plane_mut(plane).copy_from_slice(&values);
        }
        patch.shift(1, 1);
        assert_eq!(patch.plane(0), [5.0, 6.0, 6.0, 5.0, 6.0, 6.0]);
        assert_eq!(patch.plane(2), [25.0, 26.0, 26.0, 25.0, 26.0, 26.0]);
        patch.shift(0, 0);
        patch.shift(9, 9);
        assert_eq!(patch.plane(1), [16.0; 6]);
    }

    #[test]
    fn parts_hold_the_same_values() {
        let mut patch = Patch::default();
        patch.reset(Rect::new(-2, 3, 5, 4));
        for plane in 0..3 {
            for (i, value) in (0..).zip(patch.plane_mut(plane)) {
                *value = (100 * plane + i) as f32;
            }
        }
        let mut part = Patch::default();
        part.reset(Rect::new(0, 0, 9, 9));
        assert!(patch.copy_part(Rect::new(0, 4, 3, 2), &mut part));
        assert_eq!(part.rect(), Rect::new(0, 4, 3, 2));
        assert_eq!(part.plane(1), [107.0, 108.0, 109.0, 112.0, 113.0, 114.0]);
        for outside in [Rect::new(-3, 3, 2, 2), Rect::new(0, 4, 3, 4)] {
            assert!(!patch.copy_part(outside, &mut part));
        }
    }
}
