//! Films and timelines whose faces come and go.

use crate::material::*;
use image::RgbImage;
use std::path::Path;

/// The picture of a film at a second.
fn picture_at(place: &Place, film: &Path, second: f64) -> RgbImage {
    let name = format!("at-{second}.png");
    let line = format!(
        "filesrc location={} ! decodebin ! videoconvert ! video/x-raw,format=RGB ! videorate ! video/x-raw,framerate=25/1 \
         ! identity name=all ! pngenc ! multifilesink location=frame-%03d.png",
        film.display()
    );
    run(place
        .with_plugin("gst-launch-1.0")
        .arg("-q")
        .args(line.split_whitespace()));
    let frame = place.path(&format!("frame-{:03}.png", (25.0 * second).round() as u32));
    let picture = image::open(frame).unwrap().into_rgb8();
    picture.save(place.path(&name)).unwrap();
    picture
}

/// How far the faces of two pictures are apart: the mean difference of their samples.
fn distance(a: &RgbImage, b: &RgbImage) -> f64 {
    let [x, y, width, height] = FACE;
    let face = |of: &RgbImage| image::imageops::crop_imm(of, x, y, width, height).to_image();
    let (a, b) = (face(a), face(b));
    let pairs = a.as_raw().iter().zip(b.as_raw());
    let sum: f64 = pairs.map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    sum / a.as_raw().len() as f64
}

/// The faces of `film` are mosaics at its beginning, and far from them at its end.
fn assert_fades(place: &Place, film: &Path) {
    let (first, last) = (picture_at(place, film, 0.0), picture_at(place, film, 0.96));
    assert!(
        distance(&mosaic(), &first) < 5.0,
        "{}",
        distance(&mosaic(), &first)
    );
    assert!(
        distance(&mosaic(), &last) > 8.0,
        "{}",
        distance(&mosaic(), &last)
    );
}

#[test]
fn faces_fade_in_by_a_controller() {
    let place = Place::new();
    let (film, faded) = (place.film("talk.mp4"), place.path("faded.mp4"));
    let mut program = example("fade_in");
    run(program
        .args([&film, &faded])
        .args(["--from", "0.3", "--seconds", "0.4"]));
    assert_fades(&place, &faded);
}

#[test]
fn faces_fade_in_on_a_timeline() {
    let place = Place::new();
    let (film, faded) = (place.film("talk.mp4"), place.path("faded.mp4"));
    let script = format!("{ROOT}/examples/ges_fade.py");
    let program = || {
        let mut program = place.with_plugin(python());
        program
            .arg(&script)
            .args(["--start", "0.3", "--seconds", "0.4"]);
        program
    };
    let said = run(program().args([&film, &faded]));
    assert!(said.contains("are a guess"), "{said}");
    assert_fades(&place, &faded);
    let said = fail(program().args([&place.path("none.mp4"), &faded]));
    assert!(
        said.contains("none.mp4") && !said.contains("Traceback"),
        "{said}"
    );
}

#[test]
fn the_element_is_an_effect_of_ges_launch() {
    let place = Place::new();
    place.film("talk.mp4");
    let mut program = place.with_plugin("ges-launch-1.0");
    program.args(["+clip", "talk.mp4", "+effect", "facedepixelate"]);
    program.args([
        "-o",
        "guess.mp4",
        "--format",
        "video/quicktime,variant=iso:video/x-h264:audio/mpeg,mpegversion=4",
    ]);
    run(&mut program);
    let restored = picture_at(&place, &place.path("guess.mp4"), 0.5);
    assert!(
        distance(&mosaic(), &restored) > 8.0,
        "{}",
        distance(&mosaic(), &restored)
    );
}
