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
