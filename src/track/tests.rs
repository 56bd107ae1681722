//! Regions that come, move, vanish and come back.

use super::*;
use crate::detect::Outline;
use crate::frame::Rect;

static GREY: [u8; 200 * 100] = [90; 200 * 100];
const BARS: Bars = Bars {
    known: 0.3,
    doubted: 0.5,
};

fn luma(data: &[u8]) -> Luma<'_> {
    Luma {
        data,
        stride: 200,
        width: 200,
        height: 100,
    }
}

fn region(x: i32, y: i32, side: u32, block: u32) -> Region {
    Region {
        rect: Rect::new(x, y, side, side),
        lattice: Some(Lattice::square(block, x, y)),
        outline: Outline::Rectangle,
        turn: 0.0,
        score: 0.9,
    }
}

/// What a tracker that gets no second look gives for a frame.
fn next(tracker: &mut Tracker, found: &[Region]) -> Vec<(u32, Rect)> {
    let tracked = tracker.update(found, &luma(&GREY), BARS, |_| None);
    tracked.iter().map(|t| (t.id, t.region.rect)).collect()
}

#[test]
fn regions_keep_their_identities_while_they_move_and_swap_order() {
    let mut tracker = Tracker::new();
    for step in 0..20 {
        let (a, b) = (
            region(5 + 3 * step, 10, 40, 8),
            region(120 - 2 * step, 50, 40, 5),
        );
        let found = if step % 2 == 0 { [a, b] } else { [b, a] };
        let ids: Vec<u32> = next(&mut tracker, &found).iter().map(|t| t.0).collect();
        assert_eq!(ids, [1, 2], "{step}");
    }
}

#[test]
fn other_blocks_at_the_same_place_are_another_region() {
    let mut tracker = Tracker::new();
    assert_eq!(next(&mut tracker, &[region(10, 10, 40, 8)])[0].0, 1);
    assert_eq!(next(&mut tracker, &[region(10, 10, 40, 5)])[0].0, 2);
}

#[test]
fn an_identity_outlives_a_gap_but_nothing_is_shown_in_it() {
    let mut tracker = Tracker::new();
    next(&mut tracker, &[region(10, 10, 40, 8)]);
    for _ in 0..GAP {
        assert_eq!(next(&mut tracker, &[]), []);
    }
    assert_eq!(next(&mut tracker, &[region(11, 10, 40, 8)])[0].0, 1);
    for _ in 0..=GAP {
        next(&mut tracker, &[]);
    }
    assert_eq!(next(&mut tracker, &[region(11, 10, 40, 8)])[0].0, 2);
}

#[test]
fn weak_evidence_is_enough_where_a_region_was() {
    let mut tracker = Tracker::new();
    let first = region(10, 10, 40, 8);
    next(&mut tracker, &[first]);
    let mut look = |score: f32, block: u32| {
        let tracked = tracker.update(&[], &luma(&GREY), BARS, |region| {
            assert_eq!(region.rect, first.rect);
            Some((Lattice::square(block, 10, 10), score))
        });
        tracked.to_vec()
    };
    let kept = look(0.35, 8);
    assert_eq!(
        (kept[0].id, kept[0].region.rect, kept[0].age),
        (1, first.rect, 2)
    );
    assert_eq!(kept[0].region.score, 0.35);
    // Too weak, and another lattice.
    assert_eq!(look(0.25, 8), []);
    assert_eq!(look(0.9, 12), []);
}

#[test]
fn a_cut_ends_all_regions() {
    let mut tracker = Tracker::new();
    next(&mut tracker, &[region(10, 10, 40, 8)]);
    let other: Vec<u8> = (0..200 * 100)
        .map(|i| if i / 200 < 50 { 250 } else { 10 })
        .collect();
    let tracked = tracker.update(&[region(10, 10, 40, 8)], &luma(&other), BARS, |_| None);
    assert_eq!(tracked[0].id, 2);
    tracker.reset();
    assert_eq!(next(&mut tracker, &[region(10, 10, 40, 8)])[0].0, 3);
}

#[test]
fn strange_frames_and_regions_are_no_trouble() {
    let mut tracker = Tracker::new();
    let huge = Region {
        rect: Rect::new(i32::MIN, i32::MIN, u32::MAX, u32::MAX),
        lattice: None,
        outline: Outline::Ellipse,
        turn: 0.0,
        score: f32::NAN,
    };
    let empty = Luma {
        data: &[],
        stride: 0,
        width: 0,
        height: 0,
    };
    for _ in 0..3 {
        tracker.update(&vec![huge; 200], &empty, BARS, |_| None);
        tracker.look_ahead(&vec![huge; 200]);
        tracker.update(&[], &luma(&GREY), BARS, |_| None);
    }
}

/// `region` on evidence that is enough, but not strong.
fn weak(region: Region) -> Region {
    Region {
        score: 0.7,
        ..region
    }
}

#[test]
fn nothing_is_doubted_in_the_first_frame_of_a_shot() {
    let mut tracker = Tracker::new();
    let region = weak(region(10, 10, 40, 8));
    assert_eq!(next(&mut tracker, &[region]).len(), 1);
    tracker.reset();
    assert_eq!(next(&mut tracker, &[region]).len(), 1);
    let cut = tracker.update(&[region], &luma(&[240; 200 * 100]), BARS, |_| None);
    assert_eq!(cut.len(), 1);
}

#[test]
fn a_weak_newcomer_is_believed_when_it_is_seen_again() {
    let mut tracker = Tracker::new();
    let (newcomer, moved) = (region(10, 10, 40, 8), region(14, 10, 40, 8));
    assert_eq!(next(&mut tracker, &[]), []);
    assert_eq!(next(&mut tracker, &[weak(newcomer)]), []);
    assert!(tracker.is_in_doubt());
    assert_eq!(next(&mut tracker, &[weak(moved)]), [(1, moved.rect)]);
    assert!(!tracker.is_in_doubt());
    // A strong one at once.
    let strong = region(110, 10, 40, 8);
    assert_eq!(next(&mut tracker, &[moved, strong]).len(), 2);
}

#[test]
fn what_is_there_for_one_frame_is_never_shown() {
    let mut tracker = Tracker::new();
    next(&mut tracker, &[]);
    for frame in 0..6 {
        let found = [weak(region(10, 10, 40, 8))];
        let found = if frame % 2 == 0 { &found[..] } else { &[] };
        assert_eq!(next(&mut tracker, found), [], "{frame}");
    }
}

#[test]
fn a_second_look_confirms_on_full_evidence_only() {
    let newcomer = region(10, 10, 40, 8);
    for (score, shown) in [(0.45, 0), (0.55, 1)] {
        let mut tracker = Tracker::new();
        next(&mut tracker, &[]);
        next(&mut tracker, &[weak(newcomer)]);
        let look = |_: &Region| Some((Lattice::square(8, 10, 10), score));
        let tracked = tracker.update(&[], &luma(&GREY), BARS, look);
        assert_eq!(tracked.len(), shown, "{score}");
    }
}

#[test]
fn the_next_frame_confirms_before_this_one_is_gone() {
    let mut tracker = Tracker::new();
    let newcomer = weak(region(10, 10, 40, 8));
    next(&mut tracker, &[]);
    assert_eq!(next(&mut tracker, &[newcomer]), []);
    // Elsewhere, and with other blocks: not the same one.
    let others = [region(100, 10, 40, 8), region(10, 10, 40, 12)];
    assert_eq!(tracker.look_ahead(&others), []);
    let tracked = tracker.look_ahead(&[weak(region(13, 12, 40, 8))]).to_vec();
    assert_eq!((tracked[0].id, tracked[0].age), (1, 1));
    assert_eq!(tracked[0].region.rect, newcomer.rect);
    assert!(!tracker.is_in_doubt());
}
