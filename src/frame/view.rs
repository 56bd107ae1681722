//! Borrowed pictures: planes in memory under a [`Layout`].
//!
//! A view is checked once, when it is made: every sample that its layout names lies inside its
//! planes.

use super::layout::{Layout, MAX_PLANES};

/// A plane for reading.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plane<'a> {
    /// The bytes, from the first row's first to at least the last row's last sample.
    pub data: &'a [u8],
    /// Bytes from one row to the next; may exceed the row's length.
    pub stride: usize,
}

/// A plane for writing.
#[derive(Debug, Default)]
pub struct PlaneMut<'a> {
    /// The bytes.
    pub data: &'a mut [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
}

/// Why planes do not fit a layout.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FrameError {
    /// A plane ends before its last sample.
    #[error("plane {plane} has {actual} bytes, its layout needs {needed}")]
    PlaneTooShort {
        /// Index of the plane.
        plane: usize,
        /// Bytes there.
        actual: usize,
        /// Bytes needed.
        needed: usize,
    },
    /// Rows overlap.
    #[error("plane {plane} has a stride of {stride} bytes, its rows have {needed}")]
    StrideTooSmall {
        /// Index of the plane.
        plane: usize,
        /// The stride in bytes.
        stride: usize,
        /// Bytes of a row.
        needed: usize,
    },
}

/// A picture for reading.
#[derive(Clone, Copy, Debug)]
pub struct FrameView<'a> {
    layout: &'a Layout,
    planes: [Plane<'a>; MAX_PLANES],
}

impl<'a> FrameView<'a> {
    /// A view of `planes`; planes that the layout does not name may be empty.
    pub fn new(layout: &'a Layout, planes: [Plane<'a>; MAX_PLANES]) -> Result<Self, FrameError> {
        check(layout, |plane| {
            (planes[plane].data.len(), planes[plane].stride)
        })?;
        Ok(Self { layout, planes })
    }

    /// A view of packed pixels in one plane.
    pub fn packed(layout: &'a Layout, data: &'a [u8], stride: usize) -> Result<Self, FrameError> {
        Self::new(
            layout,
            [Plane { data, stride }, Plane::default(), Plane::default()],
        )
    }

    /// Size, colour model and component positions.
    pub fn layout(&self) -> &'a Layout {
        self.layout
    }

    /// Plane `index`.
    pub fn plane(&self, index: usize) -> Plane<'a> {
        self.planes[index]
    }

    /// The luma plane where there is one as such: 8-bit samples side by side.
    pub fn luma_plane(&self) -> Option<Plane<'a>> {
        let luma = &self.layout.components()[0];
        let bare = luma.pixel_stride == 1 && luma.offset == 0;
        let is_yuv = matches!(self.layout.model, super::ColorModel::Yuv { .. });
        (is_yuv && bare).then(|| self.planes[luma.plane])
    }
}

/// A picture for writing.
#[derive(Debug)]
pub struct FrameViewMut<'a> {
    layout: &'a Layout,
    planes: [PlaneMut<'a>; MAX_PLANES],
}

impl<'a> FrameViewMut<'a> {
    /// A view of `planes`; planes that the layout does not name may be empty.
    pub fn new(layout: &'a Layout, planes: [PlaneMut<'a>; MAX_PLANES]) -> Result<Self, FrameError> {
        check(layout, |plane| {
            (planes[plane].data.len(), planes[plane].stride)
        })?;
        Ok(Self { layout, planes })
    }

    /// A view of packed pixels in one plane.
    pub fn packed(
        layout: &'a Layout,
        data: &'a mut [u8],
        stride: usize,
    ) -> Result<Self, FrameError> {
        let first = PlaneMut { data, stride };
        Self::new(layout, [first, PlaneMut::default(), PlaneMut::default()])
    }

    /// Size, colour model and component positions.
    pub fn layout(&self) -> &'a Layout {
        self.layout
    }

    /// Plane `index`.
    pub fn plane_mut(&mut self, index: usize) -> &mut PlaneMut<'a> {
        &mut self.planes[index]
    }

    /// The same picture for reading.
    pub fn as_view(&self) -> FrameView<'_> {
        FrameView {
            layout: self.layout,
            planes: std::array::from_fn(|i| Plane {
                data: self.planes[i].data,
                stride: self.planes[i].stride,
            }),
        }
    }
}

/// Whether every sample of `layout` lies inside planes of the (length, stride) that `plane` tells.
fn check(layout: &Layout, plane: impl Fn(usize) -> (usize, usize)) -> Result<(), FrameError> {
    for (index, component) in layout.components().iter().enumerate() {
        let (width, height) = layout.component_size(index);
        if width == 0 || height == 0 {
            continue;
        }
        let (actual, stride) = plane(component.plane);
        let row =
            component.offset + (width - 1) * component.pixel_stride + layout.samples().bytes();
        if stride < row {
            return Err(FrameError::StrideTooSmall {
                plane: component.plane,
                stride,
                needed: row,
            });
        }
        let needed = stride
            .checked_mul(height - 1)
            .and_then(|rows| rows.checked_add(row))
            .unwrap_or(usize::MAX);
        if actual < needed {
            return Err(FrameError::PlaneTooShort {
                plane: component.plane,
                actual,
                needed,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Matrix, Range};
    use super::*;

    #[test]
    fn the_last_row_needs_no_padding() {
        let layout = Layout::rgb(3, 2);
        assert!(FrameView::packed(&layout, &[0; 16 + 9], 16).is_ok());
        assert_eq!(
            FrameView::packed(&layout, &[0; 16 + 8], 16).unwrap_err(),
            FrameError::PlaneTooShort {
                plane: 0,
                actual: 24,
                needed: 25
            }
        );
        assert!(FrameView::packed(&layout, &[0; 100], 8).is_err());
    }

    #[test]
    fn odd_chroma_sizes_round_up() {
        let layout = Layout::nv12(5, 3, Matrix::Bt709, Range::Limited);
        let luma = [0; 15];
        let plane = |data, stride| Plane { data, stride };
        let view = |chroma| {
            FrameView::new(
                &layout,
                [plane(&luma, 5), plane(chroma, 6), Plane::default()],
            )
        };
        assert!(view(&[0; 12]).is_ok());
        assert!(view(&[0; 11]).is_err());
    }
}
