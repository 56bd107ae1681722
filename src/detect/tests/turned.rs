//! Mosaics that were turned with their film, and those that lie slanted in an upright one.

use super::*;
use crate::frame::Turn;

/// A picture with a mosaic of blocks of twelve pixels that is turned by `angle` about the middle of
/// its box, and that box.
fn turned(angle: f32) -> (Picture, Rect) {
    turned_blocks(angle, 12.0)
}

/// The same with blocks of `block` pixels.
fn turned_blocks(angle: f32, block: f64) -> (Picture, Rect) {
    let (mut picture, upright) = (Picture::natural(320, 240), Rect::new(90, 60, 144, 120));
    let middle = [162.0, 120.0];
    let turn = Turn::new(angle, middle, middle);
    let original = picture.data.clone();
    picture.tile(Rect::new(0, 0, 320, 240), |x, y| {
        let [u, v] = turn.to_upright([f64::from(x) + 0.5, f64::from(y) + 0.5]);
        let index = |at: f64, start: i32| ((at - f64::from(start)) / block).floor() as i32;
        (index(u, upright.x), index(v, upright.y))
    });
    for (index, pixel) in picture.data.iter_mut().enumerate() {
        let at = [index % 320, index / 320].map(|at| at as f64 + 0.5);
        let [u, v] = turn.to_upright(at).map(|at| at as i64);
        let is_inside = (i64::from(upright.x)..upright.right()).contains(&u)
            && (i64::from(upright.y)..upright.bottom()).contains(&v);
        if !is_inside {
            *pixel = original[index];
        }
    }
    let (sin, cos) = angle.abs().sin_cos();
    let (width, height) = (144.0 * cos + 120.0 * sin, 144.0 * sin + 120.0 * cos);
    let corner = [162.0 - width / 2.0, 120.0 - height / 2.0].map(f32::round);
    let outer = Rect::new(
        corner[0] as i32,
        corner[1] as i32,
        width.round() as u32,
        height.round() as u32,
    );
    (picture, outer)
}

#[test]
fn a_slanted_lattice_is_found_as_one_with_its_angle() {
    for degrees in [-5.0f32, -3.0, -1.0, 1.0, 2.0, 4.0, 5.0] {
        let (picture, outer) = turned(degrees.to_radians());
        let regions = picture.find();
        assert_eq!(regions.len(), 1, "{degrees}: {regions:?}");
        let region = &regions[0];
        assert!(region.rect.iou(&outer) > 0.95, "{degrees}: {region:?}");
        let found = region.turn.to_degrees();
        assert!((found - degrees).abs() < 0.3, "{degrees}: {found}");
        let (width, height) = region.upright_size();
        assert!(width.abs_diff(144) <= 3 && height.abs_diff(120) <= 3);
        let lattice = region.lattice.unwrap();
        // Its lines are told as turned back about the middle of the box that was found.
        let rect = &region.rect;
        let about = [
            f64::from(rect.x) + f64::from(rect.width) / 2.0,
            f64::from(rect.y) + f64::from(rect.height) / 2.0,
        ];
        let middle = [162.0, 120.0];
        let own = Turn::new(degrees.to_radians(), middle, middle).to_upright(about);
        let lines = [
            (
                lattice.block_width,
                lattice.phase_x,
                90.0 + about[0] - own[0],
            ),
            (
                lattice.block_height,
                lattice.phase_y,
                60.0 + about[1] - own[1],
            ),
        ];
        for (block, phase, expected) in lines {
            assert!((block - 12.0).abs() < 0.1, "{degrees}: {region:?}");
            let off = (f64::from(phase) - expected + 6.0).rem_euclid(12.0) - 6.0;
            assert!(off.abs() < 0.7, "{degrees}: off by {off}, {region:?}");
        }
    }
}

#[test]
fn of_few_large_blocks_windows_tell_the_slant() {
    for degrees in [-5.0f32, -4.0, 4.0, 5.0] {
        let (picture, outer) = turned_blocks(degrees.to_radians(), 24.0);
        let regions = picture.jpeg(90).find();
        assert_eq!(regions.len(), 1, "{degrees}: {regions:?}");
        let found = regions[0].turn.to_degrees();
        assert!((found - degrees).abs() < 0.5, "{degrees}: {found}");
        assert!(regions[0].rect.iou(&outer) > 0.9, "{degrees}: {regions:?}");
    }
}

#[test]
fn a_turned_region_that_is_known_is_found_again() {
    for degrees in [-4.0f32, 2.0] {
        let (picture, _) = turned(degrees.to_radians());
        let mut detector = Detector::new();
        let mut regions = Vec::new();
        detector.detect(&picture.luma(), &DetectSettings::default(), &mut regions);
        let region = regions[0];
        let (lattice, score) = detector.lattice_of(&picture.luma(), &region).unwrap();
        assert!(score > 0.5, "{degrees}: {score}");
        let known = region.lattice.unwrap();
        for (a, b, block) in [
            (lattice.phase_x, known.phase_x, known.block_width),
            (lattice.phase_y, known.phase_y, known.block_height),
        ] {
            let off = (a - b + block / 2.0).rem_euclid(block) - block / 2.0;
            assert!(off.abs() < 0.7, "{degrees}: {lattice:?} {known:?}");
        }
        assert_eq!(
            detector.lattice_of(&Picture::natural(320, 240).luma(), &region),
            None
        );
    }
}

#[test]
fn a_turned_mosaic_that_the_frame_cuts_is_left_alone() {
    let (picture, outer) = turned(0.06);
    // The frame begins in the mosaic.
    let from = outer.x as usize + 30;
    let cut = Picture::from_fn(320 - from, 240, |x, y| {
        f32::from(picture.data[320 * y + x + from])
    });
    let slanted = |region: &&Region| region.rect.width * 2 < outer.width;
    let regions = cut.find();
    assert!(regions.iter().all(|region| slanted(&region)), "{regions:?}");
}

#[test]
fn an_upright_lattice_is_not_turned() {
    for block in [9, 12, 20] {
        let mut picture = Picture::natural(320, 240);
        let rect = Rect::new(60, 40, 7 * block as u32, 6 * block as u32);
        picture.pixelate(rect, (block, block), (rect.x, rect.y));
        for picture in [picture.jpeg(70), picture.resized(400, 300)] {
            let regions = picture.find();
            assert_eq!(regions.len(), 1, "{block}: {regions:?}");
            assert_eq!(regions[0].turn, 0.0, "{block}: {regions:?}");
        }
    }
}

#[test]
fn a_lattice_that_is_turned_far_is_left_alone() {
    for degrees in [12.0f32, 20.0, 45.0] {
        assert_clean(&turned(degrees.to_radians()).0, "turned far");
    }
}

#[test]
fn angles_that_are_none_count_as_upright() {
    let region = |turn| Region {
        rect: Rect::new(10, 10, 60, 50),
        lattice: None,
        outline: Outline::Rectangle,
        turn,
        score: 1.0,
    };
    for turn in [0.0, f32::NAN, f32::INFINITY, 1.5, -3.0] {
        assert!(!region(turn).is_turned(), "{turn}");
        assert_eq!(region(turn).upright_size(), (60, 50), "{turn}");
        assert_eq!(region(turn).clamp_to(40, 40).unwrap().turn, 0.0);
    }
    // Nothing is known of the part of a turned mosaic.
    assert_eq!(region(0.05).clamp_to(40, 40), None);
    assert_eq!(region(0.05).clamp_to(80, 80), Some(region(0.05)));
}
