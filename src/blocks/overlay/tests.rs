use super::*;
use crate::degrade::jpeg::jpeg;
use crate::frame::{FrameView, Layout, Rect, patch};

const SIDE: u32 = 96;

/// A mosaic of blocks of `block` pixels in all colours of skin, hair and walls.
fn mosaic(block: u32) -> image::RgbImage {
    image::RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let (column, row) = (x / block, y / block);
        let level = 60 + column * 7 % 5 * 22 + row * 5 % 4 * 18;
        image::Rgb([level + 30, level + 4, level - row % 3 * 9].map(|v| v as u8))
    })
}

/// What stays of a mask of ones, and the mosaic without what is drawn on it.
fn lifted(picture: &image::RgbImage, block: f32) -> (Vec<f32>, Patch) {
    let side = picture.width();
    let layout = Layout::rgb(side, side);
    let view = FrameView::packed(&layout, picture, 3 * side as usize).unwrap();
    let (mut overlay, mut observed) = (Overlay::default(), Patch::default());
    patch::read(&view, Rect::new(0, 0, side, side), &mut observed);
    let mut lattice = Lattice::square(1, 0, 0);
    (lattice.block_width, lattice.block_height) = (block, block);
    overlay.lift(&mut observed, &lattice);
    let mut mask = vec![1.0; (side * side) as usize];
    overlay.spare(&mut mask);
    (mask, observed)
}

/// Draw letters like combs of strokes `stroke` pixels wide.
fn write(picture: &mut image::RgbImage, stroke: u32, color: [u8; 3]) -> Vec<(u32, u32)> {
    let at = (0..SIDE * SIDE).map(|i| (i % SIDE, i / SIDE));
    let drawn = at.filter(|&(x, y)| {
        (20..70).contains(&x)
            && (40..40 + 6 * stroke).contains(&y)
            && ((x - 20) % (3 * stroke) < stroke || y < 40 + stroke)
    });
    let drawn: Vec<_> = drawn.collect();
    for &(x, y) in &drawn {
        picture.put_pixel(x, y, image::Rgb(color));
    }
    drawn
}

#[test]
fn a_mosaic_alone_has_nothing_on_it() {
    for block in [4, 6, 8, 12, 16] {
        let plain = mosaic(block);
        for picture in [
            &plain,
            &jpeg(&plain.clone().into(), 60).unwrap().into_rgb8(),
        ] {
            let (mask, _) = lifted(picture, block as f32);
            assert!(mask.iter().all(|&weight| weight == 1.0), "{block}");
        }
        // In another size afterwards: of small blocks the most part is smeared.
        for scale in [0.4, 0.6, 0.75, 0.9, 1.3] {
            let side = (SIDE as f32 * scale) as u32;
            let filter = image::imageops::FilterType::Triangle;
            let scaled = image::imageops::resize(&plain, side, side, filter);
            let real = block as f32 * side as f32 / SIDE as f32;
            let (mask, _) = lifted(&scaled, real);
            let is_free = mask.iter().all(|&weight| weight == 1.0);
            assert!(is_free, "{block} {scale}");
        }
    }
}

#[test]
fn text_is_spared_and_lifted_off_the_blocks() {
    for (block, stroke) in [(8, 3), (12, 4), (16, 5)] {
        for color in [[255; 3], [0; 3], [250, 20, 10], [20, 40, 250]] {
            let plain = mosaic(block);
            let mut written = plain.clone();
            let drawn = write(&mut written, stroke, color);
            let (mask, observed) = lifted(&written, block as f32);
            let at = |&(x, y): &(u32, u32)| mask[(y * SIDE + x) as usize];
            let kept = drawn.iter().filter(|place| at(place) == 0.0).count();
            assert!(kept as f64 > 0.99 * drawn.len() as f64, "{block} {color:?}");
            let free = mask.iter().sum::<f32>() / mask.len() as f32;
            assert!(free > 0.6, "{block} {color:?}: {free}");
            // The blocks have their colours again.
            let wrong = (0..3).flat_map(|c| {
                let values = observed.plane(c).iter();
                values.zip(plain.pixels().map(move |p| f32::from(p.0[c])))
            });
            let wrong = wrong.filter(|(a, b)| (*a - b).abs() > 1.0).count();
            let part = wrong as f64 / f64::from(3 * SIDE * SIDE);
            assert!(part < 0.03, "{block} {color:?}: {part}");
        }
    }
}

#[test]
fn lines_between_the_blocks_are_spared() {
    let mut drawn = mosaic(12);
    for (x, y, pixel) in drawn.enumerate_pixels_mut() {
        if x % 12 == 0 || y % 12 == 0 {
            *pixel = image::Rgb([0; 3]);
        }
    }
    let (mask, _) = lifted(&drawn, 12.0);
    for (index, &weight) in mask.iter().enumerate() {
        let (x, y) = (index as u32 % SIDE % 12, index as u32 / SIDE % 12);
        let is_line = x == 0 || y == 0;
        let is_inside = (4..9).contains(&x) && (4..9).contains(&y);
        assert!(!(is_line && weight > 0.0 || is_inside && weight < 1.0));
    }
}

#[test]
fn any_lattice_will_do() {
    let picture = mosaic(8);
    for (side, phase) in [(0.0, 0.0), (f32::NAN, 1.0), (1e9, 5.0), (3.6, -1e9)] {
        let layout = Layout::rgb(SIDE, SIDE);
        let view = FrameView::packed(&layout, &picture, 3 * SIDE as usize).unwrap();
        let mut observed = Patch::default();
        patch::read(&view, Rect::new(3, 5, 40, 1), &mut observed);
        let lattice = Lattice {
            block_width: side,
            block_height: side,
            phase_x: phase,
            phase_y: phase,
        };
        Overlay::default().lift(&mut observed, &lattice);
    }
}
