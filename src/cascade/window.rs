//! Which frames of a film a model looks at.

use super::properties::Properties;
use super::{LoadError, key};
use crate::blocks::NEIGHBOUR_PLANES;

/// Most frames that a model may look at, its own among them.
const MOST: usize = 9;
/// Furthest that one may be from its own, frames.
pub const FURTHEST: usize = 8;

/// The frames around a mosaic's own that a model is told of; by default none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Neighbours before.
    pub behind: usize,
    /// Neighbours that come after.
    pub ahead: usize,
    /// Frames from each to the next: a head that hardly moves is elsewhere on its lattice only after
    /// a while.
    pub step: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            behind: 0,
            ahead: 0,
            step: 1,
        }
    }
}

impl Window {
    /// Number of neighbouring frames.
    pub fn neighbours(&self) -> usize {
        self.behind + self.ahead
    }

    /// Planes of all neighbours together, see [`NEIGHBOUR_PLANES`].
    pub fn planes(&self) -> usize {
        self.neighbours() * NEIGHBOUR_PLANES
    }

    /// Frames from the first neighbour to the mosaic's own.
    pub fn frames_behind(&self) -> usize {
        self.behind * self.step
    }

    /// Frames from the mosaic's own to the last neighbour.
    pub fn frames_ahead(&self) -> usize {
        self.ahead * self.step
    }

    /// Where the neighbours are, in frames from the mosaic's own, in the order of their planes.
    pub fn offsets(&self) -> impl Iterator<Item = isize> {
        let [behind, ahead, step] = [self.behind, self.ahead, self.step].map(|it| it as isize);
        let places = (-behind..=ahead).filter(|place| *place != 0);
        places.map(move |place| step * place)
    }

    pub(super) fn read(properties: &Properties) -> Result<Self, LoadError> {
        let expected = format!("a whole number from 1 to {MOST}");
        if properties.optional(key::FRAMES, &expected)?.is_none() {
            return Ok(Self::default());
        }
        let fits = |frames: &usize| (1..=MOST).contains(frames);
        let frames = properties.number(key::FRAMES, &expected, fits)?;
        let expected = format!("a whole number below {frames}, which is `{}`", key::FRAMES);
        let ahead = match properties.optional(key::FRAMES_AHEAD, &expected)? {
            Some(_) => properties.number(key::FRAMES_AHEAD, &expected, |it| *it < frames)?,
            None => 0,
        };
        let behind = frames - 1 - ahead;
        let expected =
            format!("a whole number from 1 that leads no further than {FURTHEST} frames away");
        let fits = |step: &usize| *step >= 1 && step.saturating_mul(behind.max(ahead)) <= FURTHEST;
        let step = match properties.optional(key::FRAMES_STEP, &expected)? {
            Some(_) => properties.number(key::FRAMES_STEP, &expected, fits)?,
            None => 1,
        };
        Ok(Self {
            behind,
            ahead,
            step,
        })
    }

    /// The metadata that says this.
    pub(super) fn to_metadata(self) -> impl Iterator<Item = (&'static str, String)> {
        let facts = [
            (key::FRAMES, self.neighbours() + 1),
            (key::FRAMES_AHEAD, self.ahead),
            (key::FRAMES_STEP, self.step),
        ];
        let facts = facts.map(|(key, number)| (key, number.to_string()));
        facts.into_iter().filter(move |_| self.neighbours() > 0)
    }
}
