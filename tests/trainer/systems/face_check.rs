//! The network that tells faces from other mosaics.

use super::*;
use gstdepixelate::detect::{Outline, Region};
use gstdepixelate::face_check::{FaceCheck, Question};
use gstdepixelate::frame::{FrameView, Lattice, Layout, Rect};
use gstdepixelate::train::systems::face_check;

#[test]
fn the_face_check_trains_stops_resumes_and_judges() {
    let (folder, faces) = folder_with_faces();
    let folder = folder.path();
    let others = folder.join("others");
    std::fs::create_dir(&others).unwrap();
    for i in 0..24u32 {
        let picture = RgbImage::from_fn(60, 40, |x, _| {
            Rgb([if x / 5 % 2 == 0 { 9 * i as u8 } else { 240 }; 3])
        });
        picture.save(others.join(format!("{i:02}.png"))).unwrap();
    }
    let changes = ["network.width=6", "train.steps=4", "train.batch=3"].map(str::to_owned);
    let mut recipe = face_check::Recipe::read_with(None, &changes).unwrap();
    recipe.others = Some(others);
    let out = folder.join("face-check");
    check_resumed(&out, "face-check", |options| {
        train(&recipe, &faces, options).unwrap()
    });
    let onnx = std::fs::read(out.join("parts/face-check.onnx")).unwrap();
    let runtime = runtime::load(&RuntimeSearch::default()).unwrap();
    let mut check = FaceCheck::new(runtime, &onnx).unwrap();
    let layout = Layout::rgb(64, 64);
    let grey = [99; 64 * 64 * 3];
    let frame = FrameView::packed(&layout, &grey, 192).unwrap();
    let region = Region {
        rect: Rect::new(0, 0, 64, 64),
        lattice: Some(Lattice::square(4, 0, 0)),
        outline: Outline::Rectangle,
        turn: 0.0,
        score: 1.0,
    };
    let mut regions = vec![region];
    let question = |&region: &Region| {
        Some(Question {
            region,
            id: None,
            may_go: true,
        })
    };
    for threshold in [0.001, 0.999] {
        check
            .retain(&frame, threshold, &mut regions, question, |_, _| ())
            .unwrap();
    }
    assert!(regions.is_empty(), "an untrained network is never sure");

    recipe.others = Some(folder.join("nothing"));
    let error = train(&recipe, &faces, &options(&folder.join("other"))).unwrap_err();
    assert!(format!("{error:#}").contains("nothing"), "{error:#}");
}
