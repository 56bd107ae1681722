//! A luma plane whose size is known to fit its memory.

use super::Luma;
use crate::frame::Rect;

/// Least side of a plane that is looked at: nothing smaller holds a lattice.
const MIN_SIDE: usize = 16;

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
