//! A rectangle of a frame as planar R′G′B′ in floats, and its way back.

use super::color::{ComponentOf, Conversion};
use super::samples::{Bytes, Codec, Words, map_codes};
use super::{Component, FrameView, FrameViewMut, Layout, PlaneMut, Rect, SampleFormat};

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

    fn rows_mut(&mut self, y: usize) -> [&mut [f32]; 3] {
        let (width, area) = (self.rect.width as usize, self.area());
        let (r, rest) = self.data.split_at_mut(area);
        let (g, b) = rest.split_at_mut(area);
        [r, g, b].map(|plane| &mut plane[y * width..][..width])
    }
}

/// Read `rect` of `frame` into `patch`, at the frame's full depth.
///
/// Outside the frame its edge pixels repeat. Sub-sampled components repeat their samples: a mosaic is flat, and
/// what is written back by [`write`] without a change then is what was read.
pub fn read(frame: &FrameView<'_>, rect: Rect, patch: &mut Patch) {
    match frame.layout().samples() {
        SampleFormat::Byte => read_as(Bytes, frame, rect, patch),
        SampleFormat::Word { depth, shift } => {
            read_as(Words::new(depth, shift), frame, rect, patch);
        }
    }
}

fn read_as<C: Codec>(codec: C, frame: &FrameView<'_>, rect: Rect, patch: &mut Patch) {
    patch.reset(rect);
    let layout = frame.layout();
    if layout.width == 0 || layout.height == 0 || patch.area() == 0 {
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

/// Which pixels of a frame's row a patch's row shows: `left` times the pixel `first`, then `first..end`, then the
/// pixel before `end`.
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

    fn read<C: Codec>(&self, codec: C, line: &[u8], component: &Component, row: &mut [f32]) {
        let (step, sub) = (component.pixel_stride, component.sub_x);
        let sample = |x: usize| f32::from(codec.load(&line[(x >> sub) * step..]));
        let (left, row) = row.split_at_mut(self.left);
        left.fill(sample(self.first));
        let (inside, right) = row.split_at_mut(row.len().min(self.end - self.first));
        right.fill(sample(self.end - 1));
        if sub == 0 {
            map_codes(codec, &line[self.first * step..], step, inside, f32::from);
        } else {
            for (x, value) in (self.first..).zip(inside) {
                *value = sample(x);
            }
        }
    }
}

fn clamp_index(index: i64, length: u32) -> usize {
    index.clamp(0, i64::from(length) - 1) as usize
}

/// Blend `patch` into `frame` where `mask` (one weight 0–1 per pixel of the patch) is above zero. Results are
/// rounded to the frame's depth.
///
/// A sub-sampled component takes the mean change of the pixels that share its sample, so it also changes where
/// only some of them lie inside the patch. Samples all of whose weights are zero keep their bytes.
/// The patch must lie inside the frame; what does not is left out.
pub fn write(frame: &mut FrameViewMut<'_>, patch: &Patch, mask: &[f32]) {
    match frame.layout().samples() {
        SampleFormat::Byte => write_as(Bytes, frame, patch, mask),
        SampleFormat::Word { depth, shift } => {
            write_as(Words::new(depth, shift), frame, patch, mask);
        }
    }
}

fn write_as<C: Codec>(codec: C, frame: &mut FrameViewMut<'_>, patch: &Patch, mask: &[f32]) {
    let layout = frame.layout();
    let Some(inside) = patch.rect.clamp_to(layout.width, layout.height) else {
        return;
    };
    let conversion = Conversion::new(layout.model, layout.samples().depth());
    for (index, component) in layout.components().iter().enumerate() {
        let brush = Brush {
            codec,
            max: f32::from(layout.samples().max()),
            target: conversion.component(index),
            patch,
            mask,
        };
        let plane = frame.plane_mut(component.plane);
        if component.sub_x == 0 && component.sub_y == 0 {
            brush.paint(plane, component, &inside);
        } else {
            brush.paint_cells(plane, component, &inside, layout);
        }
    }
}

/// Writes one component of a patch.
struct Brush<'a, C> {
    codec: C,
    /// The largest code value.
    max: f32,
    target: ComponentOf,
    patch: &'a Patch,
    mask: &'a [f32],
}

impl<C: Codec> Brush<'_, C> {
    /// Weighted change of a sample from `was` at pixel `at` of the patch.
    #[inline(always)]
    fn change(&self, at: usize, weight: f32, was: f32) -> f32 {
        let area = self.patch.area();
        let [r, g, b] = [0, 1, 2].map(|plane| self.patch.data[plane * area + at]);
        weight * (self.target.code(r, g, b) - was)
    }

    #[inline(always)]
    fn store(&self, value: f32, sample: &mut [u8]) {
        // What is no number becomes zero.
        let code = (value + 0.5).clamp(0.0, self.max) as u16;
        self.codec.store(code, sample);
    }

    /// A component with one sample per pixel.
    fn paint(&self, plane: &mut PlaneMut<'_>, component: &Component, inside: &Rect) {
        let (first, step) = (inside.x as usize, component.pixel_stride);
        let width = inside.width as usize;
        for y in inside.y as usize..inside.bottom() as usize {
            let start = y * plane.stride + component.offset + first * step;
            let line = plane.data[start..].chunks_mut(step);
            let at = patch_index(self.patch, first, y);
            let weights = &self.mask[at..][..width];
            for ((at, &weight), sample) in (at..).zip(weights).zip(line) {
                if weight > 0.0 {
                    let was = f32::from(self.codec.load(sample));
                    self.store(was + self.change(at, weight, was), sample);
                }
            }
        }
    }

    /// A sub-sampled component: each sample belongs to a cell of pixels.
    fn paint_cells(
        &self,
        plane: &mut PlaneMut<'_>,
        component: &Component,
        inside: &Rect,
        layout: &Layout,
    ) {
        let (width, height) = (layout.width as usize, layout.height as usize);
        let cell_width = 1usize << component.sub_x;
        let cell_height = 1usize << component.sub_y;
        for row in cells(i64::from(inside.y), inside.bottom(), component.sub_y) {
            let line = &mut plane.data[row * plane.stride + component.offset..];
            let ys = overlap(row * cell_height, cell_height, inside.y, inside.bottom());
            let height_in_frame = cell_height.min(height - row * cell_height);
            for column in cells(i64::from(inside.x), inside.right(), component.sub_x) {
                let xs = overlap(column * cell_width, cell_width, inside.x, inside.right());
                let width_in_frame = cell_width.min(width - column * cell_width);
                let sample = &mut line[column * component.pixel_stride..];
                let was = f32::from(self.codec.load(sample));
                let mut change = 0.0;
                let mut touched = false;
                for y in ys.clone() {
                    let first = patch_index(self.patch, xs.start, y);
                    for at in first..first + xs.len() {
                        let weight = self.mask[at];
                        touched |= weight > 0.0;
                        change += self.change(at, weight, was);
                    }
                }
                if touched {
                    let pixels = (width_in_frame * height_in_frame) as f32;
                    self.store(was + change / pixels, sample);
                }
            }
        }
    }
}

/// Samples that share a pixel with the half-open range of pixels `first..last`.
fn cells(first: i64, last: i64, sub: u32) -> std::ops::Range<usize> {
    (first as usize >> sub)..((last - 1) as usize >> sub) + 1
}

/// The pixels of a cell that lie in `first..last`.
fn overlap(start: usize, size: usize, first: i32, last: i64) -> std::ops::Range<usize> {
    start.max(first as usize)..(start + size).min(last as usize)
}

fn patch_index(patch: &Patch, x: usize, y: usize) -> usize {
    let column = (x as i64 - i64::from(patch.rect.x)) as usize;
    let row = (y as i64 - i64::from(patch.rect.y)) as usize;
    row * patch.rect.width as usize + column
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Layout, Matrix, Plane, PlaneMut, Range};

    /// Planes of an I420 frame of odd size with every sample different from its neighbours.
    fn planes(width: usize, height: usize) -> [Vec<u8>; 3] {
        let noise = |n: usize, salt: usize| {
            (0..n)
                .map(|i| (16 + (i * 73 + salt * 31) % 200) as u8)
                .collect::<Vec<u8>>()
        };
        let chroma = width.div_ceil(2) * height.div_ceil(2);
        [noise(width * height, 1), noise(chroma, 2), noise(chroma, 3)]
    }

    fn view<'a>(layout: &'a Layout, planes: &'a [Vec<u8>; 3]) -> FrameView<'a> {
        let [y, u, v] = planes;
        let plane = |data, index| Plane {
            data,
            stride: layout.component_size(index).0,
        };
        FrameView::new(layout, [plane(y, 0), plane(u, 1), plane(v, 2)]).unwrap()
    }

    fn view_mut<'a>(layout: &'a Layout, planes: &'a mut [Vec<u8>; 3]) -> FrameViewMut<'a> {
        let [y, u, v] = planes;
        let plane = |data, index| PlaneMut {
            data,
            stride: layout.component_size(index).0,
        };
        FrameViewMut::new(layout, [plane(y, 0), plane(u, 1), plane(v, 2)]).unwrap()
    }

    #[test]
    fn what_was_read_is_written_back_unchanged() {
        for matrix in [Matrix::Bt601, Matrix::Bt709] {
            let layout = Layout::i420(11, 7, matrix, Range::Limited);
            let before = planes(11, 7);
            let mut after = before.clone();
            let mut patch = Patch::default();
            read(&view(&layout, &before), Rect::new(0, 0, 11, 7), &mut patch);
            write(&mut view_mut(&layout, &mut after), &patch, &[1.0; 77]);
            assert_eq!(before, after, "{matrix:?}");
        }
    }

    #[test]
    fn a_full_mask_writes_the_colour_and_touches_nothing_else() {
        let layout = Layout::i420(11, 7, Matrix::Bt601, Range::Limited);
        let before = planes(11, 7);
        let mut after = before.clone();
        let mut patch = Patch::default();
        patch.reset(Rect::new(2, 2, 4, 4));
        patch.plane_mut(0).fill(255.0);
        write(&mut view_mut(&layout, &mut after), &patch, &[1.0; 16]);
        for y in 0..7 {
            for x in 0..11 {
                let inside = (2..6).contains(&x) && (2..6).contains(&y);
                let expected = if inside { 81 } else { before[0][y * 11 + x] };
                assert_eq!(after[0][y * 11 + x], expected, "luma {x},{y}");
            }
        }
        for (index, code) in [(1, 90), (2, 240)] {
            for y in 0..4 {
                for x in 0..6 {
                    let inside = (1..3).contains(&x) && (1..3).contains(&y);
                    let expected = if inside {
                        code
                    } else {
                        before[index][y * 6 + x]
                    };
                    assert_eq!(after[index][y * 6 + x], expected, "chroma {x},{y}");
                }
            }
        }
    }

    #[test]
    fn an_empty_mask_changes_no_byte() {
        let layout = Layout::packed_rgb(5, 3, 4, [2, 1, 0]);
        let mut data: Vec<u8> = (0..60).collect();
        let before = data.clone();
        let mut patch = Patch::default();
        patch.reset(Rect::new(-1, -1, 9, 9));
        let mut frame = FrameViewMut::packed(&layout, &mut data, 20).unwrap();
        write(&mut frame, &patch, &[0.0; 81]);
        assert_eq!(data, before);
    }

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
}
