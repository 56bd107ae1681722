//! Finding faces that show, with a network that takes red for one.

use std::path::Path;

use crate::helpers::{Tiny, tiny_finder, tiny_model};
use gstdepixelate::cascade::runtime;
use gstdepixelate::faces::{FaceView, Finder};
use gstdepixelate::frame::Rect;
use image::{Rgb, RgbImage};

/// Blue, with red squares of `side` pixels.
fn picture(size: (u32, u32), side: u32, places: &[(u32, u32)]) -> RgbImage {
    RgbImage::from_fn(size.0, size.1, |x, y| {
        let is_in = |&(left, top): &(u32, u32)| {
            (left..left + side).contains(&x) && (top..top + side).contains(&y)
        };
        match places.iter().any(is_in) {
            true => Rgb([255, 0, 0]),
            false => Rgb([0, 40, 255]),
        }
    })
}

fn open(name: &str, bytes: &[u8]) -> Result<Finder, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::write(&file, bytes).unwrap();
    let runtime = runtime::load_for_program().unwrap();
    Finder::open(runtime, &file).map_err(|error| error.to_string())
}

#[test]
fn faces_are_found_in_pictures_of_any_size() {
    let mut finder = open("finder.onnx", &tiny_finder()).unwrap();
    // As it is: the cell in column 3, row 4 has its middle at (28, 36).
    let found = finder
        .find(&picture((64, 64), 8, &[(24, 32)]), 0.6)
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].rect, Rect::new(16, 20, 24, 32));
    assert_eq!(found[0].score, 1.0);
    let landmarks = found[0].landmarks.unwrap();
    assert_eq!(landmarks[..2], [[23.0, 30.0], [33.0, 30.0]]);
    let view = FaceView::straightened(&landmarks).unwrap();
    // max(4·10, 3.6·14), its middle 1.4 below the eyes.
    assert!((view.side() - 50.4).abs() < 1e-4, "{view:?}");
    assert!((view.middle()[1] - 31.4).abs() < 1e-4, "{view:?}");

    // Twice as wide as the network's side, so all is halved; the surer face comes first.
    let mut two = picture((128, 96), 16, &[(48, 64), (96, 0)]);
    for (x, y) in (48..64).flat_map(|x| (64..80).map(move |y| (x, y))) {
        two.put_pixel(x, y, Rgb([200, 0, 0]));
    }
    let found = finder.find(&two, 0.6).unwrap();
    let rects: Vec<Rect> = found.iter().map(|face| face.rect).collect();
    assert_eq!(rects, [Rect::new(80, 0, 48, 40), Rect::new(32, 40, 48, 56)]);
    assert!(found[1].score < 0.9);
    assert_eq!(finder.find(&two, 0.9).unwrap().len(), 1);

    for (width, height) in [(0, 0), (1, 1), (3, 4000)] {
        assert!(
            finder
                .find(&RgbImage::new(width, height), 0.6)
                .unwrap()
                .is_empty()
        );
    }
}

#[test]
fn other_networks_are_told_from_finders() {
    let error = open("restorer.onnx", &tiny_model(32, Tiny::Identity)).unwrap_err();
    assert!(
        error.contains("outputs is stage1, restored, expected those of YuNet"),
        "{error}"
    );
    let error = open("garbage.onnx", b"garbage").unwrap_err();
    assert!(
        error.contains("garbage.onnx") && error.contains("not an ONNX model"),
        "{error}"
    );
    let runtime = runtime::load_for_program().unwrap();
    let error = Finder::open(runtime, Path::new("missing.onnx"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("missing.onnx not found"), "{error}");
}
