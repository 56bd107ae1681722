//! A rectangle of a frame as planar R′G′B′ in floats, and its way back.

use super::color::Conversion;
use super::{Component, FrameView, FrameViewMut, Rect};

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

/// Read `rect` of `frame` into `patch`.
///
/// Outside the frame its edge pixels repeat. Sub-sampled components repeat their samples: a mosaic is flat, and
/// what is written back by [`write`] without a change then is what was read.
pub fn read(frame: &FrameView<'_>, rect: Rect, patch: &mut Patch) {
    patch.reset(rect);
    let layout = frame.layout();
    if layout.width == 0 || layout.height == 0 {
        return;
    }
    let conversion = Conversion::new(layout.model);
    for y in 0..rect.height as usize {
        let source_y = clamp_index(i64::from(rect.y) + y as i64, layout.height);
        let mut rows = patch.rows_mut(y);
        for (component, row) in layout.components.iter().zip(&mut rows) {
            let plane = frame.plane(component.plane);
            let start = (source_y >> component.sub_y) * plane.stride + component.offset;
            read_row(&plane.data[start..], component, rect.x, layout.width, row);
        }
        let [a, b, c] = rows;
        conversion.rows_to_rgb(a, b, c);
    }
}

fn read_row(source: &[u8], component: &Component, x: i32, width: u32, row: &mut [f32]) {
    for (i, value) in row.iter_mut().enumerate() {
        let source_x = clamp_index(i64::from(x) + i as i64, width);
        *value = f32::from(source[(source_x >> component.sub_x) * component.pixel_stride]);
    }
}

fn clamp_index(index: i64, length: u32) -> usize {
    index.clamp(0, i64::from(length) - 1) as usize
}

/// Blend `patch` into `frame` where `mask` (one weight 0–1 per pixel of the patch) is above zero.
///
/// A sub-sampled component takes the mean change of the pixels that share its sample, so it also changes where
/// only some of them lie inside the patch. Samples all of whose weights are zero keep their bytes.
/// The patch must lie inside the frame; what does not is left out.
pub fn write(frame: &mut FrameViewMut<'_>, patch: &Patch, mask: &[f32]) {
    let layout = frame.layout();
    let Some(inside) = patch.rect.clamp_to(layout.width, layout.height) else {
        return;
    };
    let conversion = Conversion::new(layout.model);
    for (index, component) in layout.components.iter().enumerate() {
        let cell_width = 1usize << component.sub_x;
        let cell_height = 1usize << component.sub_y;
        let rows = cells(i64::from(inside.y), inside.bottom(), component.sub_y);
        let columns = cells(i64::from(inside.x), inside.right(), component.sub_x);
        let plane = frame.plane_mut(component.plane);
        for row in rows {
            let line = &mut plane.data[row * plane.stride + component.offset..];
            let ys = overlap(row * cell_height, cell_height, inside.y, inside.bottom());
            let height_in_frame = cell_height.min(layout.height as usize - row * cell_height);
            for column in columns.clone() {
                let xs = overlap(column * cell_width, cell_width, inside.x, inside.right());
                let width_in_frame = cell_width.min(layout.width as usize - column * cell_width);
                let sample = &mut line[column * component.pixel_stride];
                let was = f32::from(*sample);
                let mut change = 0.0;
                let mut touched = false;
                for y in ys.clone() {
                    for x in xs.clone() {
                        let at = patch_index(patch, x, y);
                        let weight = mask[at];
                        touched |= weight > 0.0;
                        let [r, g, b] = [0, 1, 2].map(|i| patch.data[i * patch.area() + at]);
                        change += weight * (conversion.component(index, r, g, b) - was);
                    }
                }
                if touched {
                    change /= (width_in_frame * height_in_frame) as f32;
                    *sample = (was + change + 0.5).clamp(0.0, 255.0) as u8;
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
