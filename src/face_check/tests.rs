use super::*;
use image::RgbImage;

use crate::cascade::runtime;
use crate::degrade::cast::ColorCast;
use crate::degrade::mosaic::{Fill, pixelate};
use crate::detect::Outline;
use crate::frame::{FrameViewMut, Lattice, Layout};

const RECT: Rect = Rect::new(32, 32, 96, 96);

fn region(block: u32) -> Region {
    Region {
        rect: RECT,
        lattice: Some(Lattice::square(block, 32, 32)),
        outline: Outline::Rectangle,
        turn: 0.0,
        score: 1.0,
    }
}

/// Stripes of two colours behind a mosaic: nothing like a face.
fn stripes(block: u32) -> Vec<u8> {
    let pixel = |i: usize| match (i % 160 / 20 + i / 160 / 30) % 2 {
        0 => [20, 60, 200],
        _ => [240, 240, 60],
    };
    let mut data: Vec<u8> = (0..160 * 160).flat_map(pixel).collect();
    let layout = Layout::rgb(160, 160);
    let mut frame = FrameViewMut::packed(&layout, &mut data, 480).unwrap();
    pixelate(
        &mut frame,
        &RECT,
        &Lattice::square(block, 32, 32),
        Fill::TileMean,
    );
    data
}

fn kept(threshold: f32, block: u32, id: Option<u32>) -> usize {
    kept_of(&stripes(block), threshold, block, id)
}

fn kept_of(data: &[u8], threshold: f32, block: u32, id: Option<u32>) -> usize {
    let layout = Layout::rgb(160, 160);
    let frame = FrameView::packed(&layout, data, 480).unwrap();
    let mut check = FaceCheck::bundled(runtime::load_for_program().unwrap()).unwrap();
    let mut regions = vec![region(block)];
    let question = |&region: &Region| {
        Some(Question {
            region,
            id,
            may_go: true,
        })
    };
    for _ in 0..2 {
        check
            .retain(&frame, threshold, &mut regions, question, |_, _| ())
            .unwrap();
    }
    regions.len()
}

#[test]
fn a_region_keeps_its_verdict_until_much_speaks_against_it() {
    let says = |logit| Opinion {
        frames: 1,
        is_face: false,
        logit,
        place: [0.0; 3],
    };
    let mut opinion = says(3.0);
    assert!(opinion.decide(0.0));
    opinion.add(&says(-4.0));
    // Mean log-odds of −0.5: less than the threshold, but not by much.
    assert!((opinion.logit + 0.5).abs() < 1e-6 && opinion.decide(0.0));
    opinion.add(&says(-4.0));
    assert!((opinion.logit + 5.0 / 3.0).abs() < 1e-6 && !opinion.decide(0.0));
    // Four of six frames say that it is one.
    for _ in 0..3 {
        opinion.add(&says(3.0));
    }
    assert!((opinion.logit - 4.0 / 6.0).abs() < 1e-6 && opinion.decide(0.0));
}

#[test]
fn stripes_are_no_face() {
    assert_eq!(kept(0.5, 8, None), 0);
    assert_eq!(kept(0.5, 8, Some(3)), 0);
}

/// A face in front of a wall: ellipses, each of a middle, two radii and a colour, the last one
/// uppermost.
fn drawn_face() -> RgbImage {
    const PARTS: [([f32; 4], [u8; 3]); 13] = [
        ([80.0, 166.0, 70.0, 44.0], [50, 60, 90]),    // shoulders
        ([80.0, 70.0, 44.0, 50.0], [60, 42, 32]),     // hair
        ([80.0, 116.0, 18.0, 30.0], [190, 145, 120]), // neck
        ([80.0, 86.0, 35.0, 44.0], [212, 166, 138]),  // face
        ([62.0, 90.0, 10.0, 20.0], [202, 154, 126]),  // cheek in shade
        ([66.0, 74.0, 9.0, 2.5], [78, 54, 40]),       // brows
        ([94.0, 74.0, 9.0, 2.5], [78, 54, 40]),
        ([66.0, 82.0, 7.0, 4.0], [52, 42, 38]), // eyes
        ([94.0, 82.0, 7.0, 4.0], [52, 42, 38]),
        ([80.0, 96.0, 5.0, 9.0], [226, 178, 150]), // nose
        ([80.0, 103.0, 7.0, 2.5], [160, 110, 92]), // its shadow
        ([80.0, 113.0, 14.0, 4.5], [168, 84, 80]), // mouth
        ([80.0, 112.5, 11.0, 1.5], [120, 54, 52]),
    ];
    RgbImage::from_fn(160, 160, |x, y| {
        let (x, y) = (x as f32, y as f32);
        let inside = |[cx, cy, rx, ry]: [f32; 4]| ((x - cx) / rx).hypot((y - cy) / ry) < 1.0;
        let mut parts = PARTS.iter().rev();
        let part = parts.find(|(ellipse, _)| inside(*ellipse));
        image::Rgb(part.map_or([128, 134, 140], |(_, color)| *color))
    })
}

#[test]
fn a_face_is_one_in_any_light() {
    let casts = [
        ("plain", ColorCast::Saturation(1.0)),
        ("grey", ColorCast::Saturation(0.0)),
        ("green light", ColorCast::Light([0.6, 1.1, 0.6])),
        ("blue light", ColorCast::Light([0.5, 0.75, 1.3])),
        ("dark skin in dim light", ColorCast::Light([0.35, 0.3, 0.3])),
        ("night vision", ColorCast::Monochrome([0.25, 1.0, 0.35])),
        ("sepia", ColorCast::Monochrome([1.0, 0.85, 0.65])),
    ];
    for (name, cast) in casts {
        for block in [5, 8] {
            let mut face = drawn_face();
            cast.apply(&mut face);
            let layout = Layout::rgb(160, 160);
            let mut frame = FrameViewMut::packed(&layout, &mut face, 480).unwrap();
            let lattice = Lattice::square(block, 32, 32);
            pixelate(&mut frame, &RECT, &lattice, Fill::TileMean);
            assert_eq!(
                kept_of(&face, 0.5, block, None),
                1,
                "{name}, blocks of {block}"
            );
        }
    }
}

#[test]
fn nothing_is_said_of_a_few_blocks_or_at_no_threshold() {
    assert_eq!(kept(0.5, 16, None), 1);
    assert_eq!(kept(0.0, 8, None), 1);
}
