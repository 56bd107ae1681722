//! Where a network's view of a region rests.
//!
//! The border of a mosaic before an even wall can be told to a block only, and many boxes come from
//! detectors of faces, which tremble. A network that is shown another square in each frame invents
//! other lashes in each. What it is shown need not end where the mosaic does: it stands, and follows
//! only what has left it.

use super::recent::Recent;
use crate::frame::{Rect, Square};

/// Frames whose mean says where a region is.
const MEAN: usize = 8;
/// The last of these, whose median says what counts: what one or two of them say does not.
const NOW: usize = 5;
/// Largest distance from that median of what counts, sides of the square.
const REACH: f64 = 0.15;
/// How far a region goes before its square follows, sides of the square.
const FREE: f64 = 0.1;
/// Frames among which that is sought whose boxes agreed best, from which on a square stands.
const MEMORY: usize = 50;
/// Regions that are followed at a time; the oldest goes first.
const MAX_TRACKED: usize = 256;

/// Middle and side of a square, pixels.
type Place = [f64; 3];

/// Tells where squares rest; keeps its memory from frame to frame.
///
/// Only the last `MEAN` + `MEMORY` frames count, so that a part of a film shows what the whole does.
#[derive(Debug, Default)]
pub struct Poise {
    known: Vec<(u32, Course)>,
}

/// Where a region has been.
#[derive(Debug)]
struct Course {
    boxes: Recent<3>,
    /// Its place without the trembling of the boxes, and how far they are from that, together.
    places: Recent<4>,
}

impl Poise {
    /// The square around `rect`, the box of the region `id` in the next frame: as wide as its longer
    /// side has been lately, where it has been lately.
    pub fn square(&mut self, id: u32, rect: &Rect) -> Square {
        let square = Square::around(rect, 1.0);
        let [x, y] = square.middle();
        let [x, y, side] = self.course(id, [x, y, square.side]).stand();
        Square {
            x: x - side / 2.0,
            y: y - side / 2.0,
            side,
        }
    }

    /// The course of the region `id`, now that its box is at `place`.
    fn course(&mut self, id: u32, place: Place) -> &Course {
        let index = match self.known.iter().position(|(known, _)| *known == id) {
            Some(index) => {
                self.known[index].1.go_on(place);
                index
            }
            None => {
                if self.known.len() == MAX_TRACKED {
                    self.known.remove(0);
                }
                self.known.push((id, Course::new(place)));
                self.known.len() - 1
            }
        };
        &self.known[index].1
    }
}

impl Course {
    fn new([x, y, side]: Place) -> Self {
        Self {
            boxes: Recent::new(MEAN, [x, y, side]),
            places: Recent::new(MEMORY, [x, y, side, 0.0]),
        }
    }

    fn go_on(&mut self, place: Place) {
        self.boxes.add(place);
        let now = mean(&self.boxes);
        let apart = self.boxes.latest().map(|place| distance(place, &now));
        let [x, y, side] = now;
        self.places.add([x, y, side, apart.sum()]);
    }

    /// Where its square stands: from the moment on at which boxes agreed best, the first of these,
    /// where it was then; and once it had left that, where it had gone.
    fn stand(&self) -> Place {
        let places = || self.places.earliest();
        let least = places().map(|place| place[3]).fold(f64::INFINITY, f64::min);
        let course = places()
            .skip_while(|place| place[3] > least)
            .map(|&[x, y, side, _]| [x, y, side]);
        let stands = course.reduce(
            |stands, now| match distance(&now, &stands) > FREE * now[2] {
                true => now,
                false => stands,
            },
        );
        stands.unwrap_or_else(|| mean(&self.boxes))
    }
}

/// The mean of `places` by their nearness to the median of the last ones.
fn mean(places: &Recent<3>) -> Place {
    let now = places.median_of_last::<NOW>();
    let reach = REACH * now[2];
    let (mut sums, mut all) = ([0.0; 3], 0.0);
    for place in places.latest() {
        let far = (distance(place, &now) / reach).min(1.0);
        let weight = (1.0 - far * far).powi(2);
        all += weight;
        (sums.iter_mut().zip(place)).for_each(|(sum, value)| *sum += weight * value);
    }
    match all > 0.0 {
        true => sums.map(|sum| sum / all),
        // The medians of three axes may be of places far apart.
        false => now,
    }
}

fn distance(a: &Place, b: &Place) -> f64 {
    (a.iter().zip(b))
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max)
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
    fn a_border_that_trembles_moves_little() {
        // By a block of 12 pixels, which is 6 of the middle's.
        let width = |frame: u32| if frame * 37 % 101 < 30 { 112 } else { 100 };
        let squares = squares((0..200).map(|frame| (50, width(frame))));
        let stands = |pair: &[Square]| (pair[0].side - pair[1].side).abs() < 1e-6;
        let standing = squares.windows(2).filter(|pair| stands(pair)).count();
        assert!(standing > 170, "{standing}");
    }

    #[test]
    fn what_drifts_is_followed() {
        let squares = squares((0..200).map(|frame| (frame / 4, 100)));
        for (frame, square) in squares.iter().enumerate() {
            let behind = frame as f64 / 4.0 + 50.0 - square.middle()[0];
            assert!((-1.0..12.0).contains(&behind), "{frame}: {behind}");
        }
    }

    #[test]
    fn what_moves_is_followed() {
        let squares = squares((0..90).map(|frame| (3 * frame, 100)));
        for (frame, square) in squares.iter().enumerate() {
            let behind = 3.0 * frame as f64 + 50.0 - square.middle()[0];
            assert!((-1.0..22.0).contains(&behind), "{frame}: {behind}");
        }
        // A jump is followed too, as soon as most of the last frames have seen it.
        let boxes = (0..40).map(|frame| (if frame < 20 { 50 } else { 150 }, 100));
        let after = self::squares(boxes)[23].middle()[0];
        assert_eq!(after, 200.0);
    }

    #[test]
    fn what_is_long_ago_is_forgotten() {
        let boxes = |frame: i32| (50 + frame * frame % 7 + frame / 20 * 5, 100);
        let from = |first: i32| squares((first..120).map(boxes));
        let (all, part) = (from(0), from(30));
        assert_eq!(all[30 + MEAN + MEMORY..], part[MEAN + MEMORY..]);
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
