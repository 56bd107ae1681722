//! A region that was found, and by whom.

use crate::blocks::Sampling;
use crate::detect::Region;
use crate::frame::{Rect, Square};
use crate::restore::Target;

/// Who found a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Somebody by hand: the property `regions`, or a meta for this frame.
    Fixed,
    /// An upstream element.
    Upstream,
    /// The detector.
    Lattice,
}

impl Method {
    /// The name in the meta.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Upstream => "upstream",
            Self::Lattice => "lattice",
        }
    }
}

/// A region that is to be restored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    /// Where it is.
    pub region: Region,
    /// Who found it.
    pub method: Method,
    /// Its identity, if it is followed.
    pub id: Option<u32>,
    /// The square of the face in it, if that is known.
    pub face: Option<Square>,
    /// Probability that it covers a face, if it was asked for.
    pub probability: Option<f32>,
    /// What the colours of its blocks are.
    pub sampling: Sampling,
}

impl Found {
    /// Whether it is `other`, in another picture of the same frame.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match self.id {
            Some(_) => self.id == other.id,
            None => other.id.is_none() && self.region.rect == other.region.rect,
        }
    }
}

impl From<&Found> for Target {
    fn from(found: &Found) -> Self {
        Self {
            region: found.region,
            face: found.face,
            sampling: found.sampling,
        }
    }
}

/// Whether one of `others` is the same one as `rect`: their overlap is above `threshold`.
pub(super) fn covered(others: &[Found], rect: &Rect, threshold: f32) -> bool {
    let mut others = others.iter();
    others.any(|other| other.region.rect.iou(rect) > f64::from(threshold))
}

/// Whether most of `rect` lies in `others`. Mosaics that nearly touch can look like one.
pub(super) fn is_within(others: &[Found], rect: &Rect) -> bool {
    let shared = others
        .iter()
        .filter_map(|other| other.region.rect.intersect(rect));
    2 * shared.map(|shared| shared.area()).sum::<u64>() > rect.area()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Outline;

    #[test]
    fn what_covers_named_regions_is_known() {
        let named = [Rect::new(10, 10, 30, 30), Rect::new(42, 10, 30, 30)];
        let named = named.map(|rect| Found {
            region: Region {
                rect,
                lattice: None,
                outline: Outline::Rectangle,
                turn: 0.0,
                score: 1.0,
            },
            method: Method::Fixed,
            id: None,
            face: None,
            probability: None,
            sampling: Sampling::Mean,
        });
        assert!(is_within(&named, &Rect::new(10, 10, 62, 32)));
        assert!(is_within(&named, &Rect::new(20, 0, 40, 40)));
        assert!(!is_within(&named, &Rect::new(0, 0, 80, 80)));
        assert!(!is_within(&[], &Rect::new(0, 0, 8, 8)));
    }
}
