//! A rectangle of a picture.

use super::picture::{MetricsError, Picture};
use crate::frame::Rect;
use std::ops::Range;

/// The part of a rectangle inside a picture, as half-open ranges of pixels; never empty.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub x: Range<usize>,
    pub y: Range<usize>,
}

impl Region {
    /// The pixels of `rect` that `picture` has; an error where there are none.
    pub(super) fn of(rect: &Rect, picture: &Picture<'_>) -> Result<Self, MetricsError> {
        let inside = rect.clamp_to(side(picture.width()), side(picture.height()));
        let inside = inside.ok_or(MetricsError::EmptyRegion)?;
        // Inside the picture, so neither is negative.
        let (x, y) = (inside.x as usize, inside.y as usize);
        Ok(Self {
            x: x..x + inside.width as usize,
            y: y..y + inside.height as usize,
        })
    }

    /// The bytes of the pixels, row by row.
    pub(super) fn cut(&self, picture: &Picture<'_>) -> Vec<u8> {
        let rows = picture.data().chunks_exact(3 * picture.width());
        rows.skip(self.y.start)
            .take(self.y.len())
            .flat_map(|row| &row[3 * self.x.start..3 * self.x.end])
            .copied()
            .collect()
    }
}

/// A picture's side as a frame's: no rectangle reaches beyond the largest.
pub(super) fn side(pixels: usize) -> u32 {
    u32::try_from(pixels).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sticks_out_is_cut_off() {
        let data: Vec<u8> = (0..24).collect();
        let picture = Picture::new(4, 2, &data).unwrap();
        let region = Region::of(&Rect::new(2, -5, 9, 6), &picture).unwrap();
        assert_eq!((region.x.clone(), region.y.clone()), (2..4, 0..1));
        assert_eq!(region.cut(&picture), (6..12).collect::<Vec<u8>>());
        assert_eq!(
            Region::of(&Rect::new(4, 0, 9, 9), &picture),
            Err(MetricsError::EmptyRegion)
        );
    }
}
