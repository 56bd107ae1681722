//! Of cues: what tables and lists say, and that whatever they say is borne.

mod lists;
mod python;
mod random;
mod round_trip;
mod tables;

use super::{Film, FrameRate};

/// A second, nanoseconds.
const SECOND: u64 = 1_000_000_000;

/// A film at this rate.
fn film(numerator: u32, denominator: u32) -> Film {
    Film {
        rate: FrameRate::new(numerator, denominator),
        ..Film::default()
    }
}
