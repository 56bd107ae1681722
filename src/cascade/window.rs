//! Which frames of a film a model looks at.

use super::properties::Properties;
use super::{LoadError, key};
use crate::blocks::NEIGHBOUR_PLANES;

/// Most frames that a model may look at, its own among them.
const MOST: usize = 9;

/// The frames around a mosaic's own that a model is told of; by default none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Frames before.
    pub behind: usize,
    /// Frames that come after.
    pub ahead: usize,
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

    /// Where the neighbours are, in frames from the mosaic's own, in the order of their planes.
    pub fn offsets(&self) -> impl Iterator<Item = isize> {
        let [behind, ahead] = [self.behind, self.ahead].map(|it| it as isize);
        (-behind..=ahead).filter(|offset| *offset != 0)
    }

    pub(super) fn read(properties: &Properties) -> Result<Self, LoadError> {
        let expected = format!("a whole number from 1 to {MOST}");
        if properties.optional(key::FRAMES, &expected)?.is_none() {
            return Ok(Self::default());
        }
        let fits = |frames: &usize| (1..=MOST).contains(frames);
        let frames = properties.number(key::FRAMES, &expected, fits)?;
        let expected = format!(
            "a whole number below {}, which is `{}`",
            frames,
            key::FRAMES
        );
        let ahead = match properties.optional(key::FRAMES_AHEAD, &expected)? {
            Some(_) => properties.number(key::FRAMES_AHEAD, &expected, |it| *it < frames)?,
            None => 0,
        };
        Ok(Self {
            behind: frames - 1 - ahead,
            ahead,
        })
    }

    /// The metadata that says this.
    pub(super) fn to_metadata(self) -> impl Iterator<Item = (&'static str, String)> {
        let facts = [
            (key::FRAMES, self.neighbours() + 1),
            (key::FRAMES_AHEAD, self.ahead),
        ];
        let facts = facts.map(|(key, number)| (key, number.to_string()));
        facts.into_iter().filter(move |_| self.neighbours() > 0)
    }
}
