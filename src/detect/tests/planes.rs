//! Planes and settings of all kinds.

use super::*;

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
            outline: Outline::Rectangle,
            turn: 0.0,
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

#[test]
fn noise_of_all_strengths_is_clean_and_ends() {
    for (strength, width, height) in [(2, 640, 360), (40, 333, 257), (255, 1024, 600)] {
        let mut state = strength;
        let mut picture = Picture::from_fn(width, height, |_, _| 0.0);
        picture
            .data
            .fill_with(|| (u32::from(noise(&mut state)) * strength / 255) as u8);
        assert_clean(&picture, "noise");
    }
}

#[test]
fn a_detector_forgets_the_last_frame() {
    let mut picture = Picture::natural(320, 240);
    picture.pixelate(Rect::new(48, 40, 96, 96), (12, 12), (48, 40));
    let clean = Picture::natural(203, 157);
    let mut detector = Detector::new();
    let mut find = |picture: &Picture| {
        let mut regions = Vec::new();
        detector.detect(&picture.luma(), &DetectSettings::default(), &mut regions);
        regions
    };
    assert_eq!(find(&picture).len(), 1);
    assert_eq!(find(&clean), []);
    assert_eq!(find(&picture), picture.find());
}

#[test]
fn planes_of_one_level_are_clean() {
    for level in [0, 77, 255] {
        for (width, height) in [(16, 16), (640, 24), (31, 400), (1024, 600)] {
            let picture = Picture::from_fn(width, height, |_, _| f32::from(level as u8));
            assert_clean(&picture, "one level");
        }
    }
}

#[test]
fn noise_in_the_largest_frames_ends() {
    let (width, height) = (7680, 4320);
    let mut state = 1;
    let row: Vec<u8> = (0..width + 4096).map(|_| noise(&mut state)).collect();
    // Each row another part of one row of noise: eight bits for every pixel would take longer than
    // the search.
    let mut data = Vec::with_capacity(width * height);
    for _ in 0..height {
        let from = usize::from(noise(&mut state)) * 16 + usize::from(noise(&mut state)) % 16;
        data.extend_from_slice(&row[from..from + width]);
    }
    let picture = Picture {
        data,
        width,
        height,
    };
    assert_clean(&picture, "noise of 8K");
}

#[test]
fn hundreds_of_mosaics_are_bounded() {
    // A mosaic of its own, 40 pixels wide, in every square of 48: more than are reported.
    let mut picture = Picture::natural(1280, 720);
    for (index, y) in (0..15).flat_map(|y| (0..26).map(move |x| (x, y))) {
        let rect = Rect::new(index * 48 + 4, y * 48 + 4, 40, 40);
        let block = 4 + ((index + y) % 3) as usize;
        picture.pixelate(rect, (block, block), (rect.x, rect.y));
    }
    let settings = DetectSettings::default();
    let regions = picture.find();
    assert!(regions.len() > 8 && regions.len() <= settings.max_detections);
    let whole = Rect::new(0, 0, 1280, 720);
    for region in &regions {
        assert_eq!(region.rect.intersect(&whole), Some(region.rect));
    }
}

#[test]
fn the_lattice_of_a_rectangle_is_that_of_its_own_pixels() {
    let mut picture = Picture::natural(320, 240);
    let rect = Rect::new(61, 53, 120, 100);
    picture.pixelate(rect, (10, 10), (rect.x, rect.y));
    let mut detector = Detector::new();
    let alone = detector.lattice_in(&picture.luma(), &rect).unwrap();
    // Whatever is elsewhere in the frame, and was in the frame before.
    let mut state = 5;
    for (index, pixel) in picture.data.iter_mut().enumerate() {
        let (x, y) = (index as i32 % 320, index as i32 / 320);
        let near = Rect::new(rect.x - 24, rect.y - 24, 168, 148);
        if near.intersect(&Rect::new(x, y, 1, 1)).is_none() {
            *pixel = noise(&mut state);
        }
    }
    assert!(picture.find().len() <= 1);
    detector.detect(&picture.luma(), &DetectSettings::default(), &mut Vec::new());
    assert_eq!(detector.lattice_in(&picture.luma(), &rect), Some(alone));
}

#[test]
fn named_rectangles_may_have_any_size() {
    let mut picture = Picture::natural(225, 175).resized(900, 700);
    let rect = Rect::new(20, 30, 840, 600);
    picture.pixelate(rect, (120, 120), (20, 30));
    let mut detector = Detector::new();
    for side in (1..60).chain(380..390).chain([500, 640, 700]) {
        detector.lattice_in(&picture.luma(), &Rect::new(0, 0, side, side));
    }
    let (lattice, _) = detector.lattice_in(&picture.luma(), &rect).unwrap();
    assert!((lattice.block_width - 120.0).abs() < 1.0, "{lattice:?}");
}
