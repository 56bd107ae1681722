//! Lattices in synthetic pictures: smooth ground, blobs, texture and noise, pixelated by the block's mean.

use super::*;

/// A luma plane that owns its memory.
struct Picture {
    data: Vec<u8>,
    width: usize,
    height: usize,
}

/// Reproducible noise, 0–255.
fn noise(state: &mut u32) -> u8 {
    *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    (*state >> 24) as u8
}

impl Picture {
    fn from_fn(width: usize, height: usize, pixel: impl Fn(usize, usize) -> f32) -> Self {
        let at = |i: usize| pixel(i % width, i / width).clamp(0.0, 255.0) as u8;
        Self {
            data: (0..width * height).map(at).collect(),
            width,
            height,
        }
    }

    /// What a camera might see: waves of all sizes, two blobs with soft edges, a little noise.
    fn natural(width: usize, height: usize) -> Self {
        let mut picture = Self::from_fn(width, height, |x, y| {
            let (x, y) = (x as f32, y as f32);
            let waves = 30.0 * (x / 61.0 + y / 83.0).sin()
                + 22.0 * (x / 17.0 - y / 23.0).cos()
                + 14.0 * (x / 7.3 + y / 5.9).sin();
            let blob = |cx: f32, cy: f32, r: f32| {
                let distance = (x - cx).hypot(y - cy) - r;
                1.0 / (1.0 + (distance / 1.5).exp())
            };
            128.0 + waves + 50.0 * blob(90.0, 80.0, 40.0) - 45.0 * blob(230.0, 150.0, 60.0)
        });
        let mut state = 7;
        for pixel in &mut picture.data {
            *pixel = pixel.saturating_add(noise(&mut state) % 5);
        }
        picture
    }

    /// Put the mean of each block over `rect`; blocks have a corner at `origin` and are cut by `rect`.
    fn pixelate(&mut self, rect: Rect, block: (usize, usize), origin: (i32, i32)) {
        let inside = rect
            .clamp_to(self.width as u32, self.height as u32)
            .unwrap();
        let index = |at: i32, origin: i32, block: usize| (at - origin).div_euclid(block as i32);
        let (xs, ys) = (
            inside.x..inside.right() as i32,
            inside.y..inside.bottom() as i32,
        );
        let mut sums = std::collections::HashMap::new();
        for pass in 0..2 {
            for y in ys.clone() {
                for x in xs.clone() {
                    let key = (index(x, origin.0, block.0), index(y, origin.1, block.1));
                    let pixel = &mut self.data[y as usize * self.width + x as usize];
                    let (sum, count) = sums.entry(key).or_insert((0u32, 0u32));
                    if pass == 0 {
                        (*sum, *count) = (*sum + u32::from(*pixel), *count + 1);
                    } else {
                        *pixel = (*sum / *count) as u8;
                    }
                }
            }
        }
    }

    fn luma(&self) -> Luma<'_> {
        Luma {
            data: &self.data,
            stride: self.width,
            width: self.width as u32,
            height: self.height as u32,
        }
    }

    fn find(&self) -> Vec<Region> {
        let mut regions = Vec::new();
        Detector::new().detect(&self.luma(), &DetectSettings::default(), &mut regions);
        regions
    }
}

#[track_caller]
fn assert_region(region: &Region, rect: Rect, lattice: Lattice, iou: f64) {
    assert_eq!(region.lattice, Some(lattice), "{region:?} for {rect:?}");
    assert!(region.rect.iou(&rect) >= iou, "{region:?} for {rect:?}");
    assert!((0.5..=1.0).contains(&region.score), "{region:?}");
}

#[track_caller]
fn assert_clean(picture: &Picture, what: &str) {
    assert_eq!(picture.find(), [], "{what}");
}

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
fn nothing_in_text() {
    // Glyphs of 5 × 7 dots in a raster of 6 × 10, each dot two pixels wide: hard edges at regular places.
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
    for quality in [30, 50, 75, 90] {
        let picture = Picture::natural(320, 240);
        let mut file = Vec::new();
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, quality)
            .encode(&picture.data, 320, 240, image::ExtendedColorType::L8)
            .unwrap();
        let decoded = image::load_from_memory(&file).unwrap().into_luma8();
        let picture = Picture {
            data: decoded.into_raw(),
            ..picture
        };
        assert_clean(&picture, "JPEG");
    }
}

#[test]
fn degenerate_planes() {
    let mut detector = Detector::new();
    let settings = DetectSettings::default();
    let data = [77; 4096];
    for (width, height, stride, len) in [
        (0, 0, 0, 0),
        (1, 1, 1, 1),
        (3, 1000, 3, 3000),
        (1000, 3, 1000, 3000),
        (16, 16, 16, 256),
        (17, 23, 31, 4096),
        (64, 64, 32, 4096),
        (64, 64, 64, 100),
        (64, 64, 64, 0),
        (u32::MAX, u32::MAX, usize::MAX, 4096),
        (64, u32::MAX, 64, 4096),
        (32, 32, 0, 4096),
    ] {
        let luma = Luma {
            data: &data[..len],
            stride,
            width,
            height,
        };
        let mut regions = vec![Region {
            rect: Rect::default(),
            lattice: None,
            score: 1.0,
        }];
        detector.detect(&luma, &settings, &mut regions);
        assert_eq!(regions, [], "{width} × {height}");
        let everywhere = Rect::new(i32::MIN, i32::MIN, u32::MAX, u32::MAX);
        assert_eq!(detector.lattice_in(&luma, &everywhere), None);
        assert_eq!(detector.lattice_in(&luma, &Rect::new(5, 5, 0, 9)), None);
    }
}

#[test]
fn padding_is_never_read() {
    let mut picture = Picture::natural(203, 157);
    let rect = Rect::new(50, 40, 72, 72);
    picture.pixelate(rect, (8, 8), (50, 40));
    let mut padded = Vec::new();
    let mut state = 9;
    for row in picture.data.chunks_exact(203) {
        padded.extend_from_slice(row);
        padded.extend((0..53).map(|_| noise(&mut state)));
    }
    padded.truncate(padded.len() - 53);
    let luma = Luma {
        data: &padded,
        stride: 256,
        ..picture.luma()
    };
    let mut regions = Vec::new();
    Detector::new().detect(&luma, &DetectSettings::default(), &mut regions);
    assert_eq!(regions, picture.find());
    assert_eq!(regions.len(), 1);
}

#[test]
fn settings_limit_what_is_reported() {
    let mut picture = Picture::natural(320, 240);
    let (a, b) = (Rect::new(20, 30, 80, 88), Rect::new(180, 90, 96, 96));
    picture.pixelate(a, (8, 8), (a.x, a.y));
    picture.pixelate(b, (12, 12), (b.x, b.y));
    let mut detector = Detector::new();
    let mut count = |settings: DetectSettings| {
        let mut regions = Vec::new();
        detector.detect(&picture.luma(), &settings, &mut regions);
        regions.len()
    };
    let settings = DetectSettings::default();
    assert_eq!(count(settings), 2);
    assert_eq!(
        count(DetectSettings {
            max_detections: 1,
            ..settings
        }),
        1
    );
    assert_eq!(
        count(DetectSettings {
            max_detections: 0,
            ..settings
        }),
        0
    );
    assert_eq!(
        count(DetectSettings {
            min_width: 90,
            ..settings
        }),
        1
    );
    assert_eq!(
        count(DetectSettings {
            min_height: 120,
            ..settings
        }),
        0
    );
    assert_eq!(
        count(DetectSettings {
            score_threshold: 1.1,
            ..settings
        }),
        0
    );
}

#[test]
fn the_lattice_of_a_named_rectangle() {
    let mut picture = Picture::natural(320, 240);
    let rect = Rect::new(-16, 30, 120, 100);
    picture.pixelate(rect, (10, 10), (rect.x, rect.y));
    let mut detector = Detector::new();
    let (lattice, score) = detector.lattice_in(&picture.luma(), &rect).unwrap();
    assert_eq!(lattice, Lattice::square(10, -16, 30));
    assert!(score > 0.9, "{score}");
    let elsewhere = Rect::new(180, 20, 100, 100);
    assert_eq!(detector.lattice_in(&picture.luma(), &elsewhere), None);
}
