//! Blending a patch into a frame, in the frame's own format.

use std::ops::Range;

use multiversion::multiversion;

use super::Patch;
use crate::frame::color::{ComponentOf, Conversion};
use crate::frame::samples::{Bytes, Codec, Words, map_codes};
use crate::frame::{Component, FrameViewMut, Layout, PlaneMut, Rect, SampleFormat};

/// Pixels of a row that are calculated at a time; a multiple of the widest cell.
const RUN: usize = 64;
/// No code value is beyond these, and no weight of zero makes anything else of them.
const CODES: (f32, f32) = (-1e6, 1e6);
/// Floats from here on have no fractions: what is added to this is rounded, and stands in the
/// lowest bits.
const WHOLE: f32 = (1 << 23) as f32;

/// Blend `patch` into `frame` where `mask` (one weight 0–1 per pixel of the patch) is above zero.
/// Results are rounded to the frame's depth.
///
/// A sub-sampled component takes the mean change of the pixels that share its sample, so it also
/// changes where only some of them lie inside the patch. Samples all of whose weights are zero keep
/// their bytes. The patch must lie inside the frame; what does not is left out.
pub fn write(frame: &mut FrameViewMut<'_>, patch: &Patch, mask: &[f32]) {
    match frame.layout().samples() {
        SampleFormat::Byte => write_as(Bytes, frame, patch, mask),
        SampleFormat::Word { depth, shift } => {
            write_as(Words::new(depth, shift), frame, patch, mask);
        }
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn write_as<C: Codec>(codec: C, frame: &mut FrameViewMut<'_>, patch: &Patch, mask: &[f32]) {
    let layout = frame.layout();
    let Some(inside) = patch.rect().clamp_to(layout.width, layout.height) else {
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
    /// Where the pixels `xs` of row `y` are in the patch.
    #[inline(always)]
    fn range(&self, xs: &Range<usize>, y: usize) -> Range<usize> {
        let rect = self.patch.rect();
        let column = (xs.start as i64 - i64::from(rect.x)) as usize;
        let row = (y as i64 - i64::from(rect.y)) as usize;
        let start = row * rect.width as usize + column;
        start..start + xs.len()
    }

    /// The code values of the pixels `range` of the patch, not rounded.
    #[inline(always)]
    fn codes(&self, range: &Range<usize>, codes: &mut [f32]) {
        let [r, g, b] = [0, 1, 2].map(|plane| &self.patch.plane(plane)[range.clone()]);
        for (((code, &r), &g), &b) in codes.iter_mut().zip(r).zip(g).zip(b) {
            // What is no number becomes the least one.
            *code = self.target.code(r, g, b).max(CODES.0).min(CODES.1);
        }
    }

    /// A component with one sample per pixel.
    #[inline(always)]
    fn paint(&self, plane: &mut PlaneMut<'_>, component: &Component, inside: &Rect) {
        let step = component.pixel_stride;
        let right = inside.right() as usize;
        for y in inside.y as usize..inside.bottom() as usize {
            for first in (inside.x as usize..right).step_by(RUN) {
                let xs = first..(first + RUN).min(right);
                let start = y * plane.stride + component.offset + first * step;
                self.paint_run(&mut plane.data[start..], step, &self.range(&xs, y));
            }
        }
    }

    /// The pixels `range` of the patch, whose samples are the first ones of `line`.
    #[inline(always)]
    fn paint_run(&self, line: &mut [u8], step: usize, range: &Range<usize>) {
        let (mut values, mut codes) = ([0.0; RUN], [0.0; RUN]);
        let weights = &self.mask[range.clone()];
        map_codes(
            self.codec,
            line,
            step,
            &mut values[..range.len()],
            f32::from,
        );
        self.codes(range, &mut codes);
        for ((value, code), weight) in values.iter_mut().zip(&codes).zip(weights) {
            *value += weight * (code - *value);
        }
        self.store(&values, weights, line, step);
    }

    /// Round `values` into the samples of `line` whose weights are above zero.
    #[inline(always)]
    fn store(&self, values: &[f32; RUN], weights: &[f32], line: &mut [u8], step: usize) {
        let mut rounded = [0u16; RUN];
        for (code, value) in rounded.iter_mut().zip(values) {
            *code = (value.max(0.0).min(self.max) + WHOLE).to_bits() as u16;
        }
        let codes = &rounded[..weights.len()];
        if weights
            .iter()
            .fold(true, |all, &weight| all & (weight > 0.0))
        {
            if step == C::BYTES {
                // A constant step is what the compiler makes vectors of.
                for (&code, sample) in codes.iter().zip(line.chunks_exact_mut(C::BYTES)) {
                    self.codec.store(code, sample);
                }
            } else {
                for (&code, sample) in codes.iter().zip(line.chunks_mut(step)) {
                    self.codec.store(code, sample);
                }
            }
            return;
        }
        for ((&code, &weight), sample) in codes.iter().zip(weights).zip(line.chunks_mut(step)) {
            if weight > 0.0 {
                self.codec.store(code, sample);
            }
        }
    }

    /// A sub-sampled component: each sample belongs to a cell of pixels.
    #[inline(always)]
    fn paint_cells(
        &self,
        plane: &mut PlaneMut<'_>,
        component: &Component,
        inside: &Rect,
        layout: &Layout,
    ) {
        let (cell_width, cell_height) = (1 << component.sub_x, 1 << component.sub_y);
        let (width, step) = (layout.width as usize, component.pixel_stride);
        let columns = cells(i64::from(inside.x), inside.right(), component.sub_x);
        for row in cells(i64::from(inside.y), inside.bottom(), component.sub_y) {
            let ys = overlap(row * cell_height, cell_height, inside.y, inside.bottom());
            let rows_in_frame = cell_height.min(layout.height as usize - row * cell_height);
            let share = 1.0 / (cell_width * rows_in_frame) as f32;
            let start = row * plane.stride + component.offset;
            for first in columns.clone().step_by(RUN / cell_width) {
                let end = (first + RUN / cell_width).min(columns.end);
                let (left, right) = (first * cell_width, end * cell_width);
                let xs = overlap(left, right - left, inside.x, inside.right());
                let [mut colours, mut weights] = self.sums(&xs, ys.clone(), xs.start - left);
                gather(&mut colours, cell_width);
                gather(&mut weights, cell_width);
                if right > width {
                    // The frame ends in the last cell, which has fewer pixels to share its change.
                    let fewer = cell_width as f32 / (cell_width - (right - width)) as f32;
                    colours[end - first - 1] *= fewer;
                    weights[end - first - 1] *= fewer;
                }
                let line = &mut plane.data[start + first * step..];
                let mut values = [0.0; RUN];
                map_codes(
                    self.codec,
                    line,
                    step,
                    &mut values[..end - first],
                    f32::from,
                );
                for ((value, color), weight) in values.iter_mut().zip(&colours).zip(&weights) {
                    *value += (color - *value * weight) * share;
                }
                self.store(&values, &weights[..end - first], line, step);
            }
        }
    }

    /// Sums, over the rows `ys`, of the weighted codes of the pixels `xs`, and of their weights;
    /// the first pixel's at `at`.
    #[inline(always)]
    fn sums(&self, xs: &Range<usize>, ys: Range<usize>, at: usize) -> [[f32; RUN]; 2] {
        let (mut colours, mut weights) = ([0.0; RUN], [0.0; RUN]);
        let mut codes = [0.0; RUN];
        for y in ys {
            let range = self.range(xs, y);
            self.codes(&range, &mut codes);
            let sums = colours[at..].iter_mut().zip(&mut weights[at..]);
            for ((sums, code), weight) in sums.zip(&codes).zip(&self.mask[range]) {
                *sums.0 += weight * code;
                *sums.1 += weight;
            }
        }
        [colours, weights]
    }
}

/// Sums of `cell` neighbours each, in place.
#[inline(always)]
fn gather(sums: &mut [f32; RUN], cell: usize) {
    let all = *sums;
    if cell == 2 {
        // A constant width is what the compiler makes vectors of.
        for (sum, [a, b]) in sums.iter_mut().zip(all.as_chunks().0) {
            *sum = a + b;
        }
    } else {
        for (sum, cell) in sums.iter_mut().zip(all.chunks_exact(cell)) {
            *sum = cell.iter().sum();
        }
    }
}

/// Samples that share a pixel with the half-open range of pixels `first..last`.
fn cells(first: i64, last: i64, sub: u32) -> Range<usize> {
    (first as usize >> sub)..((last - 1) as usize >> sub) + 1
}

/// The pixels of a cell that lie in `first..last`.
fn overlap(start: usize, size: usize, first: i32, last: i64) -> Range<usize> {
    start.max(first as usize)..(start + size).min(last as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::patch::read;
    use crate::frame::{FrameView, Matrix, Plane, Range};

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
}
