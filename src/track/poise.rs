//! Where a network's view of a region rests.
//!
//! The border of a mosaic before an even wall can be told to a block only, and many boxes come from
//! detectors of faces, which tremble. A network that is shown another square in each frame invents
//! other lashes in each. What it is shown need not end where the mosaic does: it may stand still, and
//! follow slowly what moves.

use super::recent::Recent;
use crate::frame::{Rect, Square};

/// Frames that a square is the mean of at most.
const FRAMES: usize = 20;
/// The last of these, whose median says where the region is now: what one or two of them say does not count.
const NOW: usize = 5;
/// Largest distance from where the region is now of what counts, sides of its square.
const REACH: f64 = 0.15;
/// Regions that are followed at a time; the oldest goes first.
const MAX_TRACKED: usize = 256;

/// Middle and side of a square, pixels.
type Place = [f64; 3];

/// Tells where squares rest; keeps its memory from frame to frame.
///
/// Only the last frames count, so that a part of a film shows what the whole does.
#[derive(Debug, Default)]
pub struct Poise {
    known: Vec<(u32, Recent<3>)>,
}

impl Poise {
    /// The square around `rect`, the box of the region `id` in the next frame: as wide as its longer
    /// side has been lately, where it has been lately.
    pub fn square(&mut self, id: u32, rect: &Rect) -> Square {
        let square = Square::around(rect, 1.0);
        let [x, y] = square.middle();
        let [x, y, side] = rest(self.seen(id, [x, y, square.side]));
        Square {
            x: x - side / 2.0,
            y: y - side / 2.0,
            side,
        }
    }

    /// The places of the region `id`, now that it is at `place`.
    fn seen(&mut self, id: u32, place: Place) -> &Recent<3> {
        let index = match self.known.iter().position(|(known, _)| *known == id) {
            Some(index) => {
                self.known[index].1.add(place);
                index
            }
            None => {
                if self.known.len() == MAX_TRACKED {
                    self.known.remove(0);
                }
                self.known.push((id, Recent::new(FRAMES, place)));
                self.known.len() - 1
            }
        };
        &self.known[index].1
    }
}

/// The mean of `places` by their nearness to the median of the last ones.
fn rest(places: &Recent<3>) -> Place {
    let now = places.median_of_last::<NOW>();
    let reach = REACH * now[2];
    let weight = |place: &Place| {
        let distances = (0..3).map(|axis| (place[axis] - now[axis]).abs() / reach);
        let far = distances.fold(0.0, f64::max).min(1.0);
        (1.0 - far * far).powi(2)
    };
    let (mut sums, mut all) = ([0.0; 3], 0.0);
    for place in places.latest() {
        let weight = weight(place);
        all += weight;
        (sums.iter_mut().zip(place)).for_each(|(sum, value)| *sum += weight * value);
    }
    match all > 0.0 {
        true => sums.map(|sum| sum / all),
        // The medians of three axes may be of places far apart.
        false => now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The middles of what rests for boxes of 100 × 80 pixels with these left edges and widths.
    fn squares(boxes: impl IntoIterator<Item = (i32, u32)>) -> Vec<Square> {
        let mut poise = Poise::default();
        let boxes = boxes.into_iter();
        let square = |(x, width)| poise.square(7, &Rect::new(x, 20, width, 80));
        boxes.map(square).collect()
    }

    #[test]
    fn what_stands_still_rests() {
        let squares = squares([(50, 100); 9]);
        let around = Square::around(&Rect::new(50, 20, 100, 80), 1.0);
        assert_eq!(squares, [around; 9]);
    }

    #[test]
    fn a_border_that_jumps_moves_little() {
        // By a block of 12 pixels in every third frame, which is 6 of the middle's.
        let boxes = (0..60).map(|frame| (50, if frame % 3 == 1 { 112 } else { 100 }));
        let squares = squares(boxes);
        let steps = squares.windows(2).skip(20);
        let largest = steps
            .map(|pair| (pair[1].middle()[0] - pair[0].middle()[0]).abs())
            .fold(0.0, f64::max);
        assert!(largest < 0.3, "{largest}");
    }

    #[test]
    fn what_moves_is_followed() {
        let squares = squares((0..60).map(|frame| (3 * frame, 100)));
        let last = squares[59].middle()[0];
        let truth = 3.0 * 59.0 + 50.0;
        assert!((truth - 12.0..truth).contains(&last), "{last}, {truth}");
        // A jump is followed too, as soon as most of the last frames have seen it.
        let boxes = (0..40).map(|frame| (if frame < 20 { 50 } else { 150 }, 100));
        let after = self::squares(boxes)[23].middle()[0];
        assert_eq!(after, 200.0);
    }

    #[test]
    fn what_is_long_ago_is_forgotten() {
        let from = |first: i32| squares((first..80).map(|frame| (50 + frame * frame % 7, 100)));
        assert_eq!(from(0)[79], from(40)[39]);
    }

    #[test]
    fn regions_are_told_apart() {
        let mut poise = Poise::default();
        for id in 0..1000 {
            let rect = Rect::new(id, 20, 40, 40);
            assert_eq!(poise.square(id as u32, &rect), Square::around(&rect, 1.0));
        }
        assert_eq!(poise.known.len(), MAX_TRACKED);
    }
}
