//! A region that was found, and by whom.

use crate::blocks::Sampling;
use crate::detect::Region;
use crate::frame::Square;
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
    /// The square around it, steadier than its box, if it is followed.
    pub around: Option<Square>,
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
            id: found.id,
            face: found.face,
            around: found.around,
            sampling: found.sampling,
        }
    }
}
