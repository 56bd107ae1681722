//! A luma plane, and one whose size is known to fit its memory.

use crate::frame::{FrameView, Rect, luma};

/// Least side of a plane that is looked at: nothing smaller holds a lattice.
const MIN_SIDE: usize = 16;

/// An 8-bit luma plane.
#[derive(Clone, Copy, Debug)]
pub struct Luma<'a> {
    /// Samples, row by row.
    pub data: &'a [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl<'a> Luma<'a> {
    /// That of `frame`: its own plane where it has one of bytes, else made in `scratch`.
    pub fn of(frame: &FrameView<'a>, scratch: &'a mut Vec<u8>) -> Self {
        let (data, stride) = luma(frame, scratch);
        Self {
            data,
            stride,
            width: frame.layout().width,
            height: frame.layout().height,
        }
    }
}

/// A checked luma plane: every row has `width` samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plane<'a> {
    data: &'a [u8],
    stride: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl<'a> Plane<'a> {
    /// The part of `luma` that lies in its memory; None where that is too small to hold a lattice.
    pub(super) fn new(luma: &Luma<'a>) -> Option<Self> {
        let width = luma.width as usize;
        if width < MIN_SIDE || luma.stride < width || luma.data.len() < width {
            return None;
        }
        let rows = (luma.data.len() - width) / luma.stride + 1;
        let height = rows.min(luma.height as usize);
        // Rectangles hold i32 positions.
        let fits = width <= i32::MAX as usize / 2 && height <= i32::MAX as usize / 2;
        (height >= MIN_SIDE && fits).then_some(Self {
            data: luma.data,
            stride: luma.stride,
            width,
            height,
        })
    }

    /// Row `y`.
    #[inline(always)]
    pub(super) fn row(&self, y: usize) -> &'a [u8] {
        &self.data[y * self.stride..][..self.width]
    }

    /// The whole plane.
    pub(super) fn span(&self) -> Span2 {
        Span2 {
            x: Span::new(0, self.width),
            y: Span::new(0, self.height),
        }
    }

    /// `area` and what is up to `unit` pixels around it, widened to multiples of `unit` from the
    /// plane's corner.
    pub(super) fn around(&self, area: &Span2, unit: usize) -> Span2 {
        let wide = |span: Span, limit: usize| {
            let start = span.start.saturating_sub(unit) / unit * unit;
            Span::new(start, (span.end + unit).next_multiple_of(unit).min(limit))
        };
        Span2 {
            x: wide(area.x, self.width),
            y: wide(area.y, self.height),
        }
    }

    /// The pixels of `area`, which lies inside the plane, as a plane of their own.
    pub(super) fn part(&self, area: &Span2) -> Self {
        Self {
            data: &self.data[area.y.start * self.stride + area.x.start..],
            stride: self.stride,
            width: area.x.len(),
            height: area.y.len(),
        }
    }

    /// The part of `rect` inside the plane.
    pub(super) fn clamp(&self, rect: &Rect) -> Option<Span2> {
        let inside = rect.clamp_to(self.width as u32, self.height as u32)?;
        Some(Span2 {
            x: Span::new(inside.x as usize, inside.right() as usize),
            y: Span::new(inside.y as usize, inside.bottom() as usize),
        })
    }
}

/// Pixels `start` … `end` − 1 of one axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Span {
    pub(super) const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    pub(super) const fn len(&self) -> usize {
        self.end.saturating_sub(self.start)
    }
}

/// A rectangle inside a plane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span2 {
    pub(super) x: Span,
    pub(super) y: Span,
}

impl Span2 {
    /// Extent along x (0) or y (1).
    pub(super) const fn axis(&self, axis: usize) -> Span {
        if axis == 0 { self.x } else { self.y }
    }

    /// The same pixels, counted from the corner of `origin`, which they lie in.
    pub(super) const fn from(&self, origin: &Self) -> Self {
        let (x, y) = (origin.x.start, origin.y.start);
        Self {
            x: Span::new(self.x.start - x, self.x.end - x),
            y: Span::new(self.y.start - y, self.y.end - y),
        }
    }

    /// Number of pixels.
    pub(super) const fn area(&self) -> usize {
        self.x.len() * self.y.len()
    }

    pub(super) fn rect(&self) -> Rect {
        Rect::new(
            self.x.start as i32,
            self.y.start as i32,
            self.x.len() as u32,
            self.y.len() as u32,
        )
    }
}
