//! Where and when, said by hand: rectangles over time, ranges of a film, and markers, in the forms
//! in which spreadsheets and editing programs have them.
//!
//! [`Cues`] are rectangles to restore or to leave alone, read from tables. [`ranges`] reads between
//! which times to restore at all, from an EDL, from OpenTimelineIO or from a table. [`markers`]
//! writes where faces were restored, as an EDL or as OpenTimelineIO.
//!
//! All times are positions in a [`Film`], in nanoseconds from its first frame on. Where its frame
//! rate is known, what begins or ends within a frame does so at the nearer end of that frame, so
//! that files whose time stamps are rounded lose no frame and gain none.

mod edl;
mod error;
mod film;
mod keyframes;
mod list;
pub mod markers;
mod otio;
pub mod ranges;
mod rate;
mod schedule;
mod table;
mod timecode;

#[cfg(test)]
mod tests;

pub use error::CueError;
pub use film::Film;
pub use keyframes::Kind;
pub use list::{Marker, TimeRange};
pub use rate::FrameRate;
pub use schedule::{Cue, Cues};
pub use timecode::Timecode;
