//! Ridges against their definition, on every instruction level and in parts of a plane.

use super::*;
use crate::detect::Luma;
use crate::detect::plane::Span;

/// Ridge and ground by the definition, one sum at a time.
fn split_of(here: u32, before: u32, after: u32) -> (u32, u32) {
    let floor = u32::from(FLOOR);
    let (here, side) = (
        here.saturating_sub(floor),
        before.max(after).saturating_sub(floor),
    );
    (
        here.saturating_sub(side).min(u32::from(CAP)),
        here.min(side),
    )
}

fn plain(plane: &Plane<'_>) -> (Vec<u8>, Vec<u8>, Vec<Tile>) {
    let (width, height) = (plane.width, plane.height);
    let step = |a: (usize, usize), b: (usize, usize)| {
        u32::from(
            plane.row(a.1)[a.0]
                .abs_diff(plane.row(b.1)[b.0])
                .min(STEP_CAP),
        )
    };
    let tiles = (width / TILE, height / TILE);
    let mut out = vec![Tile::default(); tiles.0 * tiles.1];
    let mut add = |x: usize, y: usize, axis: usize, (ridge, ground): (u32, u32)| {
        if x / TILE < tiles.0 && y / TILE < tiles.1 {
            let tile = &mut out[y / TILE * tiles.0 + x / TILE];
            tile.ridge[axis] += ridge;
            tile.ground[axis] += ground;
        }
        ridge as u8
    };
    let (strips, columns) = (height / STRIP, width / STRIP);
    let mut across_x = vec![0; strips * width];
    for strip in 0..strips {
        let sum = |x: usize| -> u32 {
            let rows = strip * STRIP..(strip + 1) * STRIP;
            rows.map(|y| if x > 0 { step((x - 1, y), (x, y)) } else { 0 })
                .sum()
        };
        for x in REACH..width - REACH {
            let parts = split_of(sum(x), sum(x - REACH), sum(x + REACH));
            across_x[strip * width + x] = add(x, strip * STRIP, 0, parts);
        }
    }
    let mut across_y = vec![0; height * columns];
    for column in 0..columns {
        let sum = |y: usize| -> u32 {
            let pixels = column * STRIP..(column + 1) * STRIP;
            pixels.map(|x| step((x, y.max(1) - 1), (x, y))).sum()
        };
        for y in REACH..height - REACH {
            let parts = split_of(
                sum(y),
                if y == REACH { 0 } else { sum(y - REACH) },
                sum(y + REACH),
            );
            across_y[y * columns + column] = add(column * STRIP, y, 1, parts);
        }
    }
    (across_x, across_y, out)
}

#[test]
fn every_instruction_level_follows_the_definition() {
    let mut state = 5u32;
    let chequers: Vec<u8> = (0..256 * 320).map(|i| (i % 2 * 25) as u8).collect();
    let noise = Luma {
        data: &chequers,
        stride: 256,
        width: 256,
        height: 320,
    };
    let noise = Plane::new(&noise).unwrap();
    for (width, height) in [(16, 16), (64, 48), (97, 71), (203, 120), (16, 300)] {
        let mut level = 128i32;
        let mut pixel = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Steps of all sizes: most small, some beyond the cap.
            let range = if state >> 28 == 0 { 120 } else { 8 };
            level = (level + (state >> 8) as i32 % range - range / 2).clamp(0, 255);
            level as u8
        };
        let data: Vec<u8> = (0..width * height).map(|_| pixel()).collect();
        let luma = Luma {
            data: &data,
            stride: width,
            width: width as u32,
            height: height as u32,
        };
        let plane = Plane::new(&luma).unwrap();
        let expected = plain(&plane);
        let (mut widest, mut portable) = (Ridges::default(), Ridges::default());
        // What was measured before must not show.
        for ridges in [&mut widest, &mut portable] {
            ridges.measure_portable(&noise, FLOOR);
        }
        widest.measure_above(&plane, FLOOR);
        portable.measure_portable(&plane, FLOOR);
        for ridges in [widest, portable] {
            assert!(
                ridges.across_x == expected.0,
                "across x, {width} × {height}"
            );
            assert!(
                ridges.across_y == expected.1,
                "across y, {width} × {height}"
            );
            assert!(ridges.tiles == expected.2, "tiles, {width} × {height}");
        }
    }
}

#[test]
fn a_part_of_a_plane_shows_what_the_whole_shows_there() {
    let (width, height) = (203usize, 120usize);
    let mut state = 11u32;
    let pixel = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8 / 6
    };
    let data: Vec<u8> = (0..width * height).map(pixel).collect();
    let luma = Luma {
        data: &data,
        stride: width,
        width: width as u32,
        height: height as u32,
    };
    let plane = Plane::new(&luma).unwrap();
    let mut whole = Ridges::default();
    whole.measure_above(&plane, FLOOR);
    let (mut near, mut expected, mut found) =
        (Ridges::default(), Default::default(), Default::default());
    for (x, y) in [
        ((0, 203), (0, 120)),
        ((0, 40), (0, 17)),
        ((13, 77), (9, 66)),
        ((100, 203), (50, 120)),
        ((202, 203), (119, 120)),
        ((64, 72), (64, 72)),
    ] {
        let area = Span2 {
            x: Span::new(x.0, x.1),
            y: Span::new(y.0, y.1),
        };
        let seen = plane.around(&area, STRIP);
        near.measure_above(&plane.part(&seen), FLOOR);
        near.profiles(&area.from(&seen), &mut found);
        whole.profiles(&area, &mut expected);
        assert_eq!(found, expected, "{area:?}");
    }
}
