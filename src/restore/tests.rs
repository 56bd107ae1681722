//! Frames before and after restoration with a backend that paints one colour.

use super::*;
use crate::cascade::{Backend, Crops, MosaicInput, RunError, ValueRange, Window};
use crate::degrade::mosaic::{Fill, pixelate};
use crate::detect::{Outline, Region};
use crate::frame::{Lattice, Rect};

/// Answers every mosaic with one colour, and counts its runs.
struct Painter {
    metadata: ModelMetadata,
    color: [f32; 3],
}

impl Painter {
    fn boxed(color: [f32; 3]) -> Box<dyn Backend> {
        let metadata = ModelMetadata {
            size: 32,
            scale: 2,
            range: ValueRange::Unit,
            margin: 1.3,
            mosaic: MosaicInput::Blocks,
            blocks: (2.0, 8.0),
            trained_on: String::new(),
            license: String::new(),
            multiple: None,
            window: Window::default(),
        };
        Box::new(Self { metadata, color })
    }
}

impl Backend for Painter {
    fn metadata(&self) -> &ModelMetadata {
        &self.metadata
    }

    fn execution_provider(&self) -> &str {
        "none"
    }

    fn takes_lattice(&self) -> bool {
        true
    }

    fn run(&mut self, crops: Crops<'_>, _: f32, out: &mut Vec<f32>) -> Result<(), RunError> {
        let (input, count) = (crops.pixelated, crops.count);
        assert_eq!(crops.lattice.len(), count * PLANES * 32 * 32);
        assert!(crops.lattice.iter().all(|v| (-1.0..=2.0).contains(v)));
        assert_eq!(input.len(), count * 3 * 32 * 32);
        assert!(input.iter().all(|v| (0.0..=1.0).contains(v)));
        out.clear();
        for _ in 0..count {
            for value in self.color {
                out.extend(std::iter::repeat_n(value, 64 * 64));
            }
        }
        Ok(())
    }
}

fn region(rect: Rect, lattice: Option<Lattice>) -> Region {
    Region {
        rect,
        lattice,
        outline: Outline::Rectangle,
        turn: 0.0,
        score: 1.0,
    }
}

fn restore(data: &mut [u8], side: u32, regions: &[Region], blend: &Blend, color: [f32; 3]) {
    let layout = Layout::rgb(side, side);
    let stride = side as usize * 3;
    let mut restorer = Restorer::new(Painter::boxed(color));
    let view = FrameView::packed(&layout, data, stride).unwrap();
    let targets: Vec<_> = regions.iter().map(|&region| region.into()).collect();
    restorer.infer(&view, &targets, blend.detail).unwrap();
    let mut frame = FrameViewMut::packed(&layout, data, stride).unwrap();
    restorer.apply(&mut frame, blend);
}

const NONE: Blend = Blend {
    detail: 0.0,
    projection: 0.0,
    alpha: 1.0,
};

#[test]
fn the_inside_is_painted_and_the_outside_is_not() {
    let before: Vec<u8> = (0..60 * 60 * 3).map(|i| (i % 251) as u8).collect();
    let mut data = before.clone();
    let rects = [Rect::new(5, 6, 20, 24), Rect::new(40, 40, 40, 40)];
    restore(
        &mut data,
        60,
        &rects.map(|r| region(r, None)),
        &NONE,
        [1.0, 0.0, 0.5],
    );
    for (i, (now, was)) in data.iter().zip(&before).enumerate() {
        let (x, y) = (i as i64 / 3 % 60, i as i64 / 180);
        let inside = |r: &Rect| {
            (i64::from(r.x)..r.right()).contains(&x) && (i64::from(r.y)..r.bottom()).contains(&y)
        };
        if !rects.iter().any(inside) {
            assert_eq!(now, was, "{x},{y}");
        }
    }
    let pixel = |x: usize, y: usize| &data[(y * 60 + x) * 3..][..3];
    assert_eq!(pixel(15, 18), [255, 0, 128]);
    // No soft edge where the frame ends.
    assert_eq!(pixel(59, 59), [255, 0, 128]);
}

#[test]
fn a_turned_region_is_painted_where_it_is() {
    let before: Vec<u8> = (0..90 * 90 * 3).map(|i| (i % 251) as u8).collect();
    let mut data = before.clone();
    // Upright it has 40 × 30 pixels.
    let angle = 0.08f32;
    let (sin, cos) = angle.sin_cos();
    let (width, height) = (40.0 * cos + 30.0 * sin, 40.0 * sin + 30.0 * cos);
    let rect = Rect::new(24, 28, width.round() as u32, height.round() as u32);
    let turned = Region {
        turn: angle,
        ..region(rect, None)
    };
    restore(&mut data, 90, &[turned], &NONE, [1.0, 0.0, 0.6]);
    let middle = [24.0 + width.round() / 2.0, 28.0 + height.round() / 2.0];
    let mut painted = 0;
    for y in 0..90 {
        for x in 0..90 {
            let (dx, dy) = (x as f32 + 0.5 - middle[0], y as f32 + 0.5 - middle[1]);
            let (u, v) = (dx * cos + dy * sin, dy * cos - dx * sin);
            let at = 3 * (90 * y + x);
            let now = &data[at..at + 3];
            if u.abs() > 21.0 || v.abs() > 16.0 {
                assert_eq!(now, &before[at..at + 3], "{x},{y}");
            } else if u.abs() < 18.0 && v.abs() < 13.0 {
                assert_eq!(now, [255, 0, 153], "{x},{y}");
                painted += 1;
            }
        }
    }
    assert!(painted > 500, "{painted}");
}

#[test]
fn corners_beyond_an_ellipse_stay_as_they_are() {
    let before: Vec<u8> = (0..60 * 60 * 3).map(|i| (i % 251) as u8).collect();
    let mut data = before.clone();
    let ellipse = Region {
        outline: Outline::Ellipse,
        ..region(Rect::new(6, 10, 48, 40), Some(Lattice::square(4, 6, 10)))
    };
    restore(&mut data, 60, &[ellipse], &NONE, [1.0, 0.0, 0.6]);
    let radius = |x: usize, y: usize, rim: f32| {
        let (dx, dy) = (x as f32 + 0.5 - 30.0, y as f32 + 0.5 - 30.0);
        (dx / (24.0 + rim)).hypot(dy / (20.0 + rim))
    };
    for y in 0..60 {
        for x in 0..60 {
            let at = 3 * (60 * y + x);
            let now = &data[at..at + 3];
            if radius(x, y, 4.0) > 1.0 {
                assert_eq!(now, &before[at..at + 3], "{x},{y}");
            } else if radius(x, y, -2.0) < 1.0 {
                assert_eq!(now, [255, 0, 153], "{x},{y}");
            }
        }
    }
    assert!(radius(6, 10, 4.0) > 1.0 && radius(53, 49, 4.0) > 1.0);
}

#[test]
fn projection_puts_the_colour_of_the_mosaic_right() {
    let mut data = vec![0; 48 * 48 * 3];
    for pixel in data.chunks_exact_mut(3) {
        pixel.copy_from_slice(&[200, 120, 90]);
    }
    let rect = Rect::new(8, 8, 32, 32);
    let lattice = Lattice::square(8, 8, 8);
    let layout = Layout::rgb(48, 48);
    let mut frame = FrameViewMut::packed(&layout, &mut data, 144).unwrap();
    pixelate(&mut frame, &rect, &lattice, Fill::TileMean);
    let regions = [region(rect, Some(lattice))];
    restore(&mut data, 48, &regions, &Blend::default(), [0.2, 0.2, 0.2]);
    assert!(data.chunks_exact(3).all(|pixel| pixel == [200, 120, 90]));
}

#[test]
fn alpha_of_zero_and_regions_outside_change_nothing() {
    let before = vec![77; 20 * 20 * 3];
    let mut data = before.clone();
    let none = Blend { alpha: 0.0, ..NONE };
    restore(
        &mut data,
        20,
        &[region(Rect::new(2, 2, 9, 9), None)],
        &none,
        [1.0; 3],
    );
    let outside = [
        Rect::new(-50, 0, 50, 50),
        Rect::new(20, 20, 5, 5),
        Rect::default(),
    ];
    restore(
        &mut data,
        20,
        &outside.map(|r| region(r, None)),
        &NONE,
        [1.0; 3],
    );
    restore(&mut data, 20, &[], &NONE, [1.0; 3]);
    assert_eq!(data, before);
}

#[test]
fn hostile_regions_are_cut_to_the_frame() {
    let mut data = vec![9; 3];
    let all = Rect::new(i32::MIN, i32::MIN, u32::MAX, u32::MAX);
    restore(
        &mut data,
        1,
        &vec![region(all, Some(Lattice::square(4, 0, 0))); 40],
        &NONE,
        [1.0; 3],
    );
    assert_eq!(data, [255; 3]);
    restore(&mut data, 1, &[region(all, None)], &NONE, [f32::NAN; 3]);
    // What is no number is not shown.
    assert_eq!(data, [255; 3]);
}

#[test]
fn the_mosaics_of_a_picture_are_found_and_restored() {
    let rect = Rect::new(48, 32, 96, 96);
    let wave = |x: u32, y: u32| 60.0 * (x as f32 / 17.0 + (y as f32 / 23.0).cos()).sin();
    let pixel = |x, y| image::Rgb([(128.0 + wave(x, y)) as u8; 3]);
    let clean = image::RgbImage::from_fn(200, 160, pixel);
    let mut restorer = Restorer::new(Painter::boxed([1.0, 0.0, 0.5]));
    restorer.blend = NONE;

    let mut picture = clean.clone();
    assert_eq!(restorer.restore_picture(&mut picture), Ok(vec![]));
    assert_eq!(picture, clean);

    let layout = Layout::rgb(200, 160);
    let mut frame = FrameViewMut::packed(&layout, &mut picture, 600).unwrap();
    pixelate(
        &mut frame,
        &rect,
        &Lattice::square(8, 48, 32),
        Fill::TileMean,
    );
    let regions = restorer.restore_picture(&mut picture).unwrap();
    assert_eq!(regions.iter().map(|it| it.rect).collect::<Vec<_>>(), [rect]);
    assert_eq!(picture.get_pixel(96, 80).0, [255, 0, 128]);
    assert_eq!(picture.get_pixel(20, 80), clean.get_pixel(20, 80));
    let empty = restorer.restore_picture(&mut image::RgbImage::new(0, 0));
    assert_eq!(empty, Ok(vec![]));
}
