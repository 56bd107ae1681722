//! What crops are told of the frames around their own.

use super::*;
use crate::blocks::NEIGHBOUR_PLANES;
use crate::cascade::{ModelMetadata, MosaicInput, ValueRange};
use crate::detect::{Outline, Region};
use crate::frame::{FrameView, Layout};
use crate::restore::{Restoration, Target};

const SIDE: usize = 32;
const FRAME: u32 = 96;
const WINDOW: Window = Window {
    behind: 2,
    ahead: 1,
    step: 1,
};

fn metadata() -> ModelMetadata {
    ModelMetadata {
        size: SIDE,
        scale: 1,
        range: ValueRange::Signed,
        margin: 1.5,
        mosaic: MosaicInput::Blocks,
        blocks: (2.0, 8.0),
        trained_on: String::new(),
        license: String::new(),
        multiple: None,
        window: WINDOW,
    }
}

/// A mosaic of 24 × 24 pixels at (`x`, 32), as `id`.
fn mosaic(x: i32, id: Option<u32>) -> Target {
    let region = Region {
        rect: Rect::new(x, 32, 24, 24),
        lattice: Some(Lattice::square(8, x, 32)),
        outline: Outline::Rectangle,
        turn: 0.0,
        score: 1.0,
    };
    Target {
        id,
        ..region.into()
    }
}

/// A film whose frames are all of one grey level each.
#[derive(Default)]
struct Film {
    moments: Moments,
    frames: Vec<(u64, Restoration)>,
}

impl Film {
    fn new() -> Self {
        Self {
            moments: Moments::new(WINDOW),
            frames: Vec::new(),
        }
    }

    fn show(&mut self, level: u8, side: u32, mosaics: &[Target]) {
        let layout = Layout::rgb(side, side);
        let data = vec![level; (3 * side * side) as usize];
        let frame = FrameView::packed(&layout, &data, 3 * side as usize).unwrap();
        let mut restoration = Restoration::default();
        restoration
            .extract(&frame, mosaics, &metadata(), false)
            .unwrap();
        let number = restoration.leave_to(&mut self.moments);
        self.frames.push((number, restoration));
    }

    /// The levels that crop `crop` of the `frame`-th frame is told, oldest first.
    fn told(&mut self, frame: usize, window: Window, crop: usize) -> [Option<u8>; 3] {
        let (number, restoration) = &mut self.frames[frame];
        restoration
            .tell_neighbours(&self.moments, *number, window, &metadata())
            .unwrap();
        let area = SIDE * SIDE;
        let all = &restoration.batch.neighbours;
        if all.is_empty() {
            return [None; 3];
        }
        let mut neighbours = all.chunks_exact(NEIGHBOUR_PLANES * area).skip(3 * crop);
        [0; 3].map(|_| {
            let planes = neighbours.next().unwrap();
            let is_there = &planes[6 * area..];
            let inside = is_there.iter().position(|it| *it == 1.0)?;
            // Outside all is nothing.
            for (place, value) in planes.iter().enumerate() {
                assert!(is_there[place % area] == 1.0 || *value == 0.0);
            }
            Some((planes[inside] * 127.5 + 127.5).round() as u8)
        })
    }
}

#[test]
fn neighbours_are_told_in_their_order() {
    let mut film = Film::new();
    for level in [10, 20, 30, 40] {
        film.show(level, FRAME, &[mosaic(30, Some(7)), mosaic(60, None)]);
        if level == 30 {
            assert_eq!(film.told(1, WINDOW, 0), [None, Some(10), Some(30)]);
        }
    }
    for crop in [0, 1] {
        assert_eq!(film.told(2, WINDOW, crop), [Some(10), Some(20), Some(40)]);
        assert_eq!(film.told(3, WINDOW, crop), [Some(20), Some(30), None]);
    }
    let narrow = Window {
        behind: 1,
        ahead: 0,
        step: 1,
    };
    assert_eq!(film.told(2, narrow, 0), [None, Some(20), None]);
    assert_eq!(film.told(2, Window::default(), 0), [None; 3]);
    // No more is kept than has to be.
    assert_eq!(film.moments.kept.len(), 4);
    assert_eq!(film.told(0, WINDOW, 0), [None, None, Some(20)]);
    film.show(50, FRAME, &[]);
    assert_eq!(film.told(0, WINDOW, 0), [None; 3]);
}

#[test]
fn a_neighbour_is_drawn_where_it_is() {
    let mut film = Film::new();
    film.show(10, FRAME, &[mosaic(24, Some(1))]);
    film.show(20, FRAME, &[mosaic(36, Some(1))]);
    assert_eq!(film.told(1, WINDOW, 0), [None, Some(10), None]);
    let planes = &film.frames[1].1.batch.neighbours[NEIGHBOUR_PLANES * SIDE * SIDE..];
    let row = &planes[6 * SIDE * SIDE + 16 * SIDE..][..SIDE];
    // The crop shows the pixels 30–66 of the frame, the neighbour ends at 48.
    let width = row.iter().filter(|it| **it == 1.0).count();
    assert_eq!((row[0], row[SIDE - 1], width), (1.0, 0.0, SIDE / 2));
}

#[test]
fn nothing_is_told_of_another_shot_or_size() {
    let mut film = Film::new();
    let mosaics = [mosaic(30, Some(7)), mosaic(60, None)];
    film.show(10, FRAME, &mosaics);
    film.moments.begin_anew();
    film.show(20, FRAME, &mosaics);
    film.show(30, FRAME + 1, &mosaics);
    for frame in 0..3 {
        for crop in [0, 1] {
            assert_eq!(film.told(frame, WINDOW, crop), [None; 3]);
        }
    }
}

#[test]
fn what_has_an_identity_may_be_away_and_what_has_none_may_not() {
    let mut film = Film::new();
    film.show(10, FRAME, &[mosaic(30, Some(7)), mosaic(60, None)]);
    film.moments.pass();
    film.show(30, FRAME, &[mosaic(30, Some(7)), mosaic(60, None)]);
    assert_eq!(film.told(1, WINDOW, 0), [Some(10), None, None]);
    assert_eq!(film.told(1, WINDOW, 1), [None; 3]);
}

#[test]
fn identities_count_more_than_places() {
    let mut film = Film::new();
    // Two swap their places, a third one jumps.
    film.show(10, FRAME, &[mosaic(0, Some(1)), mosaic(60, Some(2))]);
    film.show(20, FRAME, &[mosaic(0, Some(2)), mosaic(60, Some(1))]);
    let find = |film: &Film, index| film.moments.find(1, index, -1).map(|it| it.count());
    assert_eq!((find(&film, 0), find(&film, 1)), (Some(9), Some(9)));
    assert_eq!(film.told(1, WINDOW, 0), [None; 3], "it is out of sight");
    // Of two that nobody follows each goes on as the one that it overlaps most with.
    let mut film = Film::new();
    film.show(10, FRAME, &[mosaic(30, None), mosaic(34, None)]);
    film.show(20, FRAME, &[mosaic(35, None), mosaic(31, None)]);
    film.show(30, FRAME, &[mosaic(33, None)]);
    let goes_on = |from: usize, index| {
        let kept = &film.moments.kept;
        kept[from].goes_on(index, &kept[from + 1])
    };
    assert_eq!((goes_on(0, 0), goes_on(0, 1)), (Some(1), Some(0)));
    assert_eq!((goes_on(1, 0), goes_on(1, 1)), (Some(0), None));
    // One that jumps, one of other blocks and one that is followed are others.
    let mut coarse = mosaic(30, None);
    coarse.region.lattice = Some(Lattice::square(12, 30, 32));
    for other in [mosaic(45, None), coarse, mosaic(30, Some(1))] {
        let mut film = Film::new();
        film.show(10, FRAME, &[mosaic(30, None)]);
        film.show(20, FRAME, &[other]);
        assert_eq!(film.told(1, WINDOW, 0), [None; 3]);
    }
}

#[test]
fn turned_ones_and_such_without_a_lattice_have_no_neighbours() {
    let mut turned = mosaic(30, Some(1));
    turned.region.turn = 0.05;
    let mut unknown = mosaic(30, Some(1));
    unknown.region.lattice = None;
    let mut too_fine = mosaic(30, Some(1));
    too_fine.region.rect = Rect::new(0, 0, 200, 200);
    too_fine.region.lattice = Some(Lattice::square(1, 0, 0));
    for strange in [turned, unknown, too_fine] {
        let mut film = Film::new();
        for mosaics in [strange, mosaic(30, Some(1)), strange] {
            film.show(10, 200, &[mosaics]);
        }
        for frame in 0..3 {
            assert_eq!(film.told(frame, WINDOW, 0), [None; 3]);
        }
    }
}

#[test]
fn memory_is_that_of_the_window() {
    let mut film = Film::new();
    let mosaics: Vec<Target> = (0..40).map(|id| mosaic(id, Some(id as u32))).collect();
    for _ in 0..20 {
        film.show(10, FRAME, &mosaics);
        film.show(10, FRAME, &mosaics[..3]);
        film.moments.pass();
    }
    let kept = &film.moments.kept;
    assert_eq!(kept.len(), WINDOW.neighbours() + 1);
    assert!(kept.iter().all(|moment| moment.seen.len() <= 40));
}
