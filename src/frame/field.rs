//! A field of an interlaced frame as a picture of its own, and its way back.
//!
//! Each line of the field stands there twice, so that the picture is as high as the frame, its
//! pixels are square and places mean the same in both. Both fields of a frame that stands still
//! become the same picture.

use super::samples::{Bytes, Codec, Words};
use super::view::{FrameView, FrameViewMut, Plane, PlaneMut};
use super::{Layout, MAX_PLANES, Rect, SampleFormat};

/// Which of a frame's lines are a field's, of each plane: those of sub-sampled chroma are
/// interlaced, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parity {
    /// The first one, and each second one from there on.
    Top,
    /// The others.
    Bottom,
}

impl Parity {
    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::Top => Self::Bottom,
            Self::Bottom => Self::Top,
        }
    }

    /// The first line.
    const fn first(self) -> usize {
        match self {
            Self::Top => 0,
            Self::Bottom => 1,
        }
    }

    /// The field's line that stands in row `y` of the picture, of `rows` lines of the frame. The
    /// last top one may have no bottom one below; there the one above stands again.
    fn line(self, y: usize, rows: usize) -> usize {
        let line = y / 2 * 2 + self.first();
        if line < rows {
            line
        } else {
            line.saturating_sub(2)
        }
    }
}

/// The picture of a field; keeps its memory.
#[derive(Debug, Default)]
pub struct Field {
    planes: [Vec<u8>; MAX_PLANES],
    strides: [usize; MAX_PLANES],
}

impl Field {
    /// Take the lines of `parity` out of `frame`.
    pub fn take(&mut self, frame: &FrameView<'_>, parity: Parity) {
        for index in 0..frame.layout().plane_count() {
            let (width, rows) = extent(frame.layout(), index);
            let (plane, copy) = (frame.plane(index), &mut self.planes[index]);
            self.strides[index] = width;
            copy.clear();
            for y in 0..rows {
                let start = parity.line(y, rows) * plane.stride;
                copy.extend_from_slice(&plane.data[start..][..width]);
            }
        }
    }

    /// The picture, of a frame of this `layout`.
    pub fn view<'a>(&'a self, layout: &'a Layout) -> FrameView<'a> {
        let planes = std::array::from_fn(|index| Plane {
            data: &self.planes[index],
            stride: self.strides[index],
        });
        FrameView::new(layout, planes).expect("the picture was taken of a frame like this")
    }

    /// The same for writing.
    pub fn view_mut<'a>(&'a mut self, layout: &'a Layout) -> FrameViewMut<'a> {
        let strides = self.strides;
        let mut index = 0;
        let planes = self.planes.each_mut().map(|data| {
            index += 1;
            let stride = strides[index - 1];
            PlaneMut { data, stride }
        });
        FrameViewMut::new(layout, planes).expect("the picture was taken of a frame like this")
    }

    /// Put those lines of `parity` that lie in `rect` back into `frame`, each the mean of its two
    /// rows. Sub-sampled chroma goes back where one of its pixels lies in `rect`; samples that are
    /// what they were keep their bytes.
    pub fn put_back(&self, frame: &mut FrameViewMut<'_>, parity: Parity, rect: Rect) {
        let Some(rect) = rect.clamp_to(frame.layout().width, frame.layout().height) else {
            return;
        };
        match frame.layout().samples() {
            SampleFormat::Byte => self.put_back_as(Bytes, frame, parity, &rect),
            SampleFormat::Word { depth, shift } => {
                self.put_back_as(Words::new(depth, shift), frame, parity, &rect);
            }
        }
    }

    fn put_back_as<C: Codec>(
        &self,
        codec: C,
        frame: &mut FrameViewMut<'_>,
        parity: Parity,
        rect: &Rect,
    ) {
        let layout = *frame.layout();
        let (left, right) = (rect.x as usize, rect.right() as usize);
        // Counted among the field's lines.
        let number = |y: usize| (y - parity.first().min(y)).div_ceil(2);
        let (first, end) = (number(rect.y as usize), number(rect.bottom() as usize));
        for (index, component) in layout.components().iter().enumerate() {
            let (_, rows) = layout.component_size(index);
            let (copy, stride) = (&self.planes[component.plane], self.strides[component.plane]);
            let plane = frame.plane_mut(component.plane);
            let columns = left >> component.sub_x..right.div_ceil(1 << component.sub_x);
            for number in first >> component.sub_y..end.div_ceil(1 << component.sub_y) {
                let (upper, line) = (2 * number, 2 * number + parity.first());
                if line >= rows {
                    break;
                }
                let lower = (upper + 1).min(rows - 1);
                let [upper, lower] = [upper, lower].map(|y| &copy[y * stride..][..stride]);
                let samples = &mut plane.data[line * plane.stride..];
                for x in columns.clone() {
                    let at = component.offset + x * component.pixel_stride;
                    let codes = [upper, lower].map(|row| u32::from(codec.load(&row[at..])));
                    let mean = (codes[0] + codes[1]).div_ceil(2) as u16;
                    let sample = &mut samples[at..];
                    if codec.load(sample) != mean {
                        codec.store(mean, sample);
                    }
                }
            }
        }
    }
}

/// Bytes of a row of plane `index` up to its last sample, and its rows.
fn extent(layout: &Layout, index: usize) -> (usize, usize) {
    let mut extent = (0, 0);
    for (number, component) in layout.components().iter().enumerate() {
        let (width, rows) = layout.component_size(number);
        if component.plane == index && width > 0 {
            let bytes = layout.samples().bytes();
            let end = component.offset + (width - 1) * component.pixel_stride + bytes;
            extent = (end.max(extent.0), rows.max(extent.1));
        }
    }
    extent
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Matrix, Range};

    /// A frame in which each sample is the number of its line, of odd chroma rows.
    fn planes(height: u8) -> [Vec<u8>; 3] {
        let rows = |width: usize, rows: u8| (0..rows).flat_map(|y| vec![y; width]).collect();
        [
            rows(4, height),
            rows(2, height.div_ceil(2)),
            rows(2, height.div_ceil(2)),
        ]
    }

    fn layout(height: u8) -> Layout {
        Layout::i420(4, u32::from(height), Matrix::Bt601, Range::Limited)
    }

    fn frame<'a>(layout: &'a Layout, planes: &'a mut [Vec<u8>; 3]) -> FrameViewMut<'a> {
        let mut stride = [4, 2, 2].into_iter();
        let planes = planes.each_mut().map(|data| PlaneMut {
            data,
            stride: stride.next().unwrap(),
        });
        FrameViewMut::new(layout, planes).unwrap()
    }

    #[test]
    fn each_line_stands_twice() {
        let (layout, mut planes) = (layout(6), planes(6));
        let mut field = Field::default();
        for (parity, luma, chroma) in [
            (Parity::Top, [0, 0, 2, 2, 4, 4], [0, 0, 2]),
            // The last chroma line has no other below it.
            (Parity::Bottom, [1, 1, 3, 3, 5, 5], [1, 1, 1]),
        ] {
            field.take(&frame(&layout, &mut planes).as_view(), parity);
            let view = field.view(&layout);
            let lines = |index: usize| -> Vec<u8> {
                let plane = view.plane(index);
                plane.data.chunks(plane.stride).map(|row| row[1]).collect()
            };
            assert_eq!(lines(0), luma);
            assert_eq!((lines(1), lines(2)), (chroma.to_vec(), chroma.to_vec()));
        }
    }

    #[test]
    fn only_what_changed_goes_back_and_only_to_its_field() {
        for height in [1, 2, 5, 6, 7] {
            for parity in [Parity::Top, Parity::Bottom] {
                let (layout, before) = (layout(height), planes(height));
                let mut after = before.clone();
                let mut field = Field::default();
                field.take(&frame(&layout, &mut after).as_view(), parity);
                let all = Rect::new(0, 0, 9, 9);
                field.put_back(&mut frame(&layout, &mut after), parity, all);
                assert_eq!(before, after);

                let mut picture = field.view_mut(&layout);
                let plane = picture.plane_mut(0);
                plane
                    .data
                    .iter_mut()
                    .skip(1)
                    .step_by(4)
                    .for_each(|v| *v = 99);
                let rect = Rect::new(0, 1, 9, 5);
                field.put_back(&mut frame(&layout, &mut after), parity, rect);
                assert_eq!((&before[1], &before[2]), (&after[1], &after[2]));
                for (i, (was, now)) in before[0].iter().zip(&after[0]).enumerate() {
                    let line = i / 4;
                    let own = line % 2 == parity.first() && (1..6).contains(&line);
                    let expected = if own && i % 4 == 1 { 99 } else { *was };
                    assert_eq!(*now, expected, "{height} {parity:?} {i}");
                }
            }
        }
    }

    #[test]
    fn words_are_averaged_as_such_and_keep_their_unused_bits() {
        let samples = SampleFormat::Word {
            depth: 10,
            shift: 6,
        };
        let model = crate::frame::ColorModel::Yuv {
            matrix: Matrix::Bt709,
            range: Range::Limited,
        };
        let component = crate::frame::Component {
            pixel_stride: 2,
            ..Default::default()
        };
        let layout = Layout::new(1, 2, model, samples, &[component]).unwrap();
        let mut data = [0x7f, 0x80, 0x3f, 0x10];
        let mut field = Field::default();
        field.take(&FrameView::packed(&layout, &data, 2).unwrap(), Parity::Top);
        let (before, all) = (data, Rect::new(0, 0, 1, 2));
        let mut frame = FrameViewMut::packed(&layout, &mut data, 2).unwrap();
        field.put_back(&mut frame, Parity::Top, all);
        assert_eq!(data, before);
        field.view_mut(&layout).plane_mut(0).data[3] = 0x81;
        let mut frame = FrameViewMut::packed(&layout, &mut data, 2).unwrap();
        field.put_back(&mut frame, Parity::Top, all);
        // Codes 513 and 517.
        assert_eq!(data, [0xc0, 0x80, 0x3f, 0x10]);
    }
}
