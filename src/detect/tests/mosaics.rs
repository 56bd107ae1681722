//! What is a mosaic is found where it is, with its lattice.

use super::*;

#[test]
fn every_block_size_at_several_phases() {
    for block in [4, 5, 6, 7, 8, 12, 16, 24, 32, 48] {
        for phase in [(0, 0), (1, 3), (block / 2, block - 1)] {
            let mut picture = Picture::natural(320, 240);
            // Six blocks across, or as many as fit.
            let across = (200 / block).min(6 + 24 / block) * block;
            let rect = Rect::new(
                40 + phase.0 as i32,
                9 + phase.1 as i32,
                across as u32,
                across as u32,
            );
            picture.pixelate(rect, (block, block), (rect.x, rect.y));
            let regions = picture.find();
            assert_eq!(
                regions.len(),
                1,
                "block {block} phase {phase:?}: {regions:?}"
            );
            let lattice = Lattice::square(block as u32, rect.x, rect.y);
            assert_region(&regions[0], rect, lattice, 0.9);
        }
    }
}

#[test]
fn blocks_of_large_pictures() {
    for block in [64, 96, 128] {
        let mut picture = Picture::natural(400, 300).resized(1600, 1200);
        let side = 7 * block as u32;
        let rect = Rect::new(203, 101, side, side);
        picture.pixelate(rect, (block, block), (rect.x, rect.y));
        let regions = picture.find();
        assert_eq!(regions.len(), 1, "block {block}: {regions:?}");
        let lattice = Lattice::square(block as u32, rect.x, rect.y);
        assert_region(&regions[0], rect, lattice, 0.97);
    }
}

#[test]
fn blocks_need_not_be_square() {
    let mut picture = Picture::natural(320, 240);
    let rect = Rect::new(33, 41, 100, 96);
    picture.pixelate(rect, (10, 8), (33, 41));
    let regions = picture.find();
    assert_eq!(regions.len(), 1, "{regions:?}");
    let lattice = Lattice {
        block_width: 10.0,
        block_height: 8.0,
        phase_x: 3.0,
        phase_y: 1.0,
    };
    assert_region(&regions[0], rect, lattice, 0.95);
}

#[test]
fn parts_of_blocks_at_the_border_belong_to_the_region() {
    let mut picture = Picture::natural(320, 240);
    let rect = Rect::new(45, 39, 91, 86);
    picture.pixelate(rect, (12, 12), (0, 0));
    let regions = picture.find();
    assert_eq!(regions.len(), 1, "{regions:?}");
    assert_region(&regions[0], rect, Lattice::square(12, 0, 0), 0.95);
}

#[test]
fn two_regions_with_different_lattices() {
    let mut picture = Picture::natural(320, 240);
    let (a, b) = (Rect::new(20, 30, 80, 88), Rect::new(180, 90, 96, 96));
    picture.pixelate(a, (8, 8), (a.x, a.y));
    picture.pixelate(b, (12, 12), (b.x, b.y));
    let mut regions = picture.find();
    regions.sort_by_key(|region| region.rect.x);
    assert_eq!(regions.len(), 2, "{regions:?}");
    assert_region(&regions[0], a, Lattice::square(8, a.x, a.y), 0.95);
    assert_region(&regions[1], b, Lattice::square(12, b.x, b.y), 0.95);
}

#[test]
fn two_regions_on_one_lattice() {
    let mut picture = Picture::natural(320, 240);
    let (a, b) = (Rect::new(16, 32, 80, 80), Rect::new(160, 40, 88, 80));
    picture.pixelate(a, (8, 8), (0, 0));
    picture.pixelate(b, (8, 8), (0, 0));
    let mut regions = picture.find();
    regions.sort_by_key(|region| region.rect.x);
    assert_eq!(regions.len(), 2, "{regions:?}");
    assert_region(&regions[0], a, Lattice::square(8, 0, 0), 0.95);
    assert_region(&regions[1], b, Lattice::square(8, 0, 0), 0.95);
}

#[test]
fn regions_at_and_over_the_frames_edge() {
    for (x, y) in [(-21, -13), (260, -30), (-30, 170), (250, 175), (0, 0)] {
        let mut picture = Picture::natural(320, 240);
        let rect = Rect::new(x, y, 90, 90);
        picture.pixelate(rect, (9, 9), (x, y));
        let regions = picture.find();
        assert_eq!(regions.len(), 1, "{x}, {y}: {regions:?}");
        let visible = rect.clamp_to(320, 240).unwrap();
        assert_region(&regions[0], visible, Lattice::square(9, x, y), 0.9);
    }
}

#[test]
fn the_whole_frame() {
    let mut picture = Picture::natural(320, 240);
    let rect = Rect::new(0, 0, 320, 240);
    picture.pixelate(rect, (10, 10), (0, 0));
    let regions = picture.find();
    assert_eq!(regions.len(), 1, "{regions:?}");
    assert_region(&regions[0], rect, Lattice::square(10, 0, 0), 0.95);
}

#[test]
fn coding_noise_does_not_hide_a_mosaic() {
    let mut picture = Picture::natural(320, 240);
    let rect = Rect::new(50, 60, 80, 80);
    picture.pixelate(rect, (8, 8), (rect.x, rect.y));
    let mut state = 3;
    for pixel in &mut picture.data {
        *pixel = pixel.saturating_add(noise(&mut state) % 3);
    }
    let regions = picture.find();
    assert_eq!(regions.len(), 1, "{regions:?}");
    assert_region(&regions[0], rect, Lattice::square(8, 2, 4), 0.9);
}

#[test]
fn blocks_of_a_clip_that_was_scaled() {
    for (block, scale) in [(16, 2.0 / 3.0), (12, 0.75), (10, 1.3), (24, 0.5), (14, 0.9)] {
        let mut picture = Picture::natural(640, 480);
        let rect = Rect::new(100, 90, 15 * block as u32, 14 * block as u32);
        picture.pixelate(rect, (block, block), (rect.x, rect.y));
        let scaled = |v: f64| (v * scale).round();
        let picture = picture.resized(scaled(640.0) as usize, scaled(480.0) as usize);
        let regions = picture.find();
        assert_eq!(regions.len(), 1, "{block} × {scale}: {regions:?}");
        let Region {
            rect: found,
            lattice,
            ..
        } = regions[0];
        let lattice = lattice.unwrap();
        let expected = (block as f64 * scale) as f32;
        for size in [lattice.block_width, lattice.block_height] {
            assert!(
                (size / expected - 1.0).abs() < 0.01,
                "{size} for {expected}"
            );
        }
        let wanted = Rect::new(
            scaled(rect.x.into()) as i32,
            scaled(rect.y.into()) as i32,
            scaled(rect.width.into()) as u32,
            scaled(rect.height.into()) as u32,
        );
        assert!(found.iou(&wanted) > 0.92, "{found:?} for {wanted:?}");
    }
}

#[test]
fn an_ellipse() {
    for (rect, block) in [
        (Rect::new(80, 50, 140, 150), 10),
        (Rect::new(80, 50, 140, 150), 16),
        (Rect::new(31, 17, 180, 120), 8),
        (Rect::new(100, 60, 96, 128), 12),
        (Rect::new(10, 5, 230, 225), 28),
    ] {
        let mut picture = Picture::natural(320, 240);
        picture.pixelate_ellipse(rect, (block, block), (rect.x, rect.y));
        for (picture, iou) in [(picture.jpeg(85), 0.75), (picture, 0.8)] {
            let regions = picture.find();
            assert_eq!(regions.len(), 1, "{regions:?}");
            let lattice = Lattice::square(block as u32, rect.x, rect.y);
            assert_outlined(&regions[0], rect, lattice, Outline::Ellipse, iou);
        }
    }
}

#[test]
fn a_half_of_an_ellipse_at_the_frames_edge_is_no_ellipse() {
    let mut picture = Picture::natural(320, 240);
    picture.pixelate_ellipse(Rect::new(-75, 40, 150, 150), (10, 10), (5, 0));
    let regions = picture.find();
    assert_eq!(regions.len(), 1, "{regions:?}");
    // Both corners at the edge belong to it.
    let seen = Rect::new(0, 40, 75, 150);
    assert_region(&regions[0], seen, Lattice::square(10, 5, 0), 0.8);
}

#[test]
fn a_dark_mosaic() {
    let mut picture = Picture::natural(320, 240);
    for pixel in &mut picture.data {
        *pixel = *pixel / 3 + 8;
    }
    let rect = Rect::new(60, 40, 120, 108);
    picture.pixelate(rect, (12, 12), (rect.x, rect.y));
    let regions = picture.find();
    assert_eq!(regions.len(), 1, "{regions:?}");
    assert_region(&regions[0], rect, Lattice::square(12, 60, 40), 0.9);
}

#[test]
fn a_mosaic_after_jpeg() {
    let mut picture = Picture::natural(320, 240);
    let rect = Rect::new(53, 38, 132, 120);
    picture.pixelate(rect, (12, 12), (rect.x, rect.y));
    let regions = picture.jpeg(85).find();
    assert_eq!(regions.len(), 1, "{regions:?}");
    assert_region(&regions[0], rect, Lattice::square(12, 53, 38), 0.88);
}

#[test]
fn in_grain_over_the_finished_picture() {
    for block in [8, 12, 16, 24] {
        for deviation in [2.0, 3.0, 4.5, 6.0] {
            let mut picture = Picture::natural(320, 240);
            let rect = Rect::new(60, 30, 168, 168);
            picture.pixelate(rect, (block, block), (rect.x, rect.y));
            let regions = picture.grained(deviation).find();
            assert_eq!(regions.len(), 1, "block {block} σ {deviation}: {regions:?}");
            let lattice = Lattice::square(block as u32, rect.x, rect.y);
            assert_region(&regions[0], rect, lattice, 0.8);
        }
    }
}
