//! What is no mosaic stays untouched.

use super::*;

#[test]
fn nothing_in_pictures_without_mosaic() {
    assert_clean(&Picture::natural(320, 240), "natural");
    assert_clean(&Picture::from_fn(320, 240, |_, _| 90.0), "flat");
    let ramp = |x: usize, y: usize| (x * 2 + y) as f32 / 4.0;
    assert_clean(&Picture::from_fn(320, 240, ramp), "gradient");
    let mut state = 1;
    let mut picture = Picture::from_fn(320, 240, |_, _| 0.0);
    picture.data.fill_with(|| noise(&mut state));
    assert_clean(&picture, "noise");
}

#[test]
fn nothing_in_test_patterns() {
    for size in [4, 6, 8, 16, 32] {
        let checkers = |x: usize, y: usize| ((x / size + y / size) % 2) as f32 * 180.0 + 20.0;
        assert_clean(&Picture::from_fn(320, 240, checkers), "checkers");
        let stripes = |x: usize, _: usize| ((x / size) % 7) as f32 * 30.0;
        assert_clean(&Picture::from_fn(320, 240, stripes), "stripes");
        let grid = |x: usize, y: usize| {
            if x.is_multiple_of(size) || y.is_multiple_of(size) {
                200.0
            } else {
                30.0
            }
        };
        assert_clean(&Picture::from_fn(320, 240, grid), "grid");
    }
}

#[test]
fn nothing_in_bricks_and_hexagons() {
    for size in [8, 14, 24] {
        let rect = Rect::new(40, 30, 200, 180);
        let mut bricks = Picture::natural(320, 240);
        bricks.tile(rect, |x, y| {
            let row = y.div_euclid(size);
            ((x + row % 2 * size / 2).div_euclid(size), row)
        });
        assert_clean(&bricks, "bricks");
        let mut hexagons = Picture::natural(320, 240);
        let (across, down) = (size as f32, size as f32 * 0.75f32.sqrt());
        hexagons.tile(rect, |x, y| {
            let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
            let rows = (0..3).map(|i| (y / down).floor() as i32 + i - 1);
            let middles = rows.map(|row| {
                let shift = row.rem_euclid(2) as f32 * across / 2.0;
                let column = ((x - shift) / across).round();
                let distance = (x - shift - column * across).hypot(y - row as f32 * down);
                (distance, (column as i32, row))
            });
            middles.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap().1
        });
        assert_clean(&hexagons, "hexagons");
    }
}

#[test]
fn nothing_in_text() {
    // Glyphs of 5 × 7 dots in a raster of 6 × 10, each dot two pixels wide: hard edges at regular
    // places.
    let text = |x: usize, y: usize| {
        let (column, row) = (x / 2 % 6, y / 2 % 10);
        let mut glyph = (x / 12 * 31 + y / 20 * 17) as u32;
        noise(&mut glyph);
        let dot = column < 5 && row < 7 && glyph >> (column * 3 + row) & 1 == 1;
        if dot { 230.0 } else { 16.0 }
    };
    assert_clean(&Picture::from_fn(320, 240, text), "text");
}

#[test]
fn nothing_in_jpeg_blocks() {
    for quality in [5, 10, 20, 30, 50, 75, 90] {
        assert_clean(&Picture::natural(320, 240).jpeg(quality), "JPEG");
    }
}

#[test]
fn nothing_in_the_coders_lattice() {
    // Blocks of eight pixels that kept their mean only, faint ones merged with the one to their
    // left.
    let mut picture = Picture::natural(320, 240);
    let smooth = Picture::from_fn(320, 240, |x, y| {
        128.0 + 40.0 * (x as f32 / 61.0 + y as f32 / 83.0).sin()
    });
    picture.data.copy_from_slice(&smooth.data);
    picture.pixelate(Rect::new(0, 0, 320, 240), (8, 8), (0, 0));
    for pixel in &mut picture.data {
        *pixel = *pixel / 6 * 6;
    }
    assert_clean(&picture, "quantised means");
}

#[test]
fn nothing_in_things_in_rows() {
    // Lamps of several levels with dark gaps, as on a wall of them.
    let lamps = |x: usize, y: usize| {
        let mut level = (x / 12 * 37 + y / 12 * 101) as u32;
        let lit = 90.0 + f32::from(noise(&mut level)) / 2.0;
        if x % 12 < 3 || y % 12 < 3 { 12.0 } else { lit }
    };
    assert_clean(&Picture::from_fn(320, 240, lamps), "lamps");
    let bricks = |x: usize, y: usize| {
        let row = y / 14;
        let x = x + row % 2 * 15;
        let mut level = (x / 30 * 31 + row * 57) as u32;
        let brick = 80.0 + f32::from(noise(&mut level)) / 8.0;
        if x % 30 < 2 || y % 14 < 2 {
            190.0
        } else {
            brick
        }
    };
    assert_clean(&Picture::from_fn(320, 240, bricks), "bricks");
}

#[test]
fn grain_is_no_mosaic() {
    for deviation in [1.0, 2.0, 3.0, 4.5, 6.0, 10.0, 20.0] {
        let picture = Picture::natural(320, 240).grained(deviation);
        assert_clean(&picture, &format!("σ {deviation}"));
    }
}
