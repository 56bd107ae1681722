//! A mosaic of a picture, and what is thought of it.

use super::Target;
use crate::detect::{Outline, Region};
use crate::frame::Rect;
use crate::track::Tracked;

/// A mosaic that was found in a picture, or a rectangle that somebody named.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mosaic {
    /// Where it is, and what its blocks are.
    pub target: Target,
    /// Whether somebody named it: then it is restored whatever it looks like.
    pub is_named: bool,
    /// Probability that it covers a face, 0–1; None where nobody can tell, or was asked.
    pub probability: Option<f32>,
    /// Whether it is restored. Otherwise it does not seem to cover a face.
    pub is_face: bool,
}

impl Mosaic {
    /// One that was found.
    pub(super) fn found(region: Region) -> Self {
        Self {
            target: region.into(),
            is_named: false,
            probability: None,
            is_face: true,
        }
    }

    /// One that is followed.
    pub(super) fn tracked(tracked: &Tracked) -> Self {
        let mut mosaic = Self::found(tracked.region);
        mosaic.target.id = Some(tracked.id);
        mosaic
    }

    /// A rectangle that somebody named, of which nothing else is known.
    pub(super) fn named(rect: Rect) -> Self {
        let region = Region {
            rect,
            lattice: None,
            outline: Outline::Rectangle,
            turn: 0.0,
            score: 1.0,
        };
        Self {
            is_named: true,
            ..Self::found(region)
        }
    }

    /// Its region.
    pub fn region(&self) -> &Region {
        &self.target.region
    }
}
