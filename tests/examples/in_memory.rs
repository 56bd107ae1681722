//! Frames in a program's own memory: Rust with and without GStreamer, Python.

use crate::material::*;
use image::RgbImage;
use std::path::Path;

/// Write `picture` as NumPy saves it.
fn write_npy(path: &Path, picture: &RgbImage) {
    let (width, height) = picture.dimensions();
    let header =
        format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({height}, {width}, 3)}}");
    // The numbers begin at a multiple of 64 bytes.
    let padded = format!(
        "{header:<width$}\n",
        width = 64 * header.len().div_ceil(64) + 53
    );
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(padded.len()).unwrap().to_le_bytes());
    bytes.extend(padded.as_bytes());
    bytes.extend(picture.as_raw());
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn rust_without_gstreamer() {
    let place = Place::new();
    let (from, to) = (place.path("mosaic.png"), place.path("guess.png"));
    mosaic().save(&from).unwrap();
    let said = run(example("restore_picture").args([&from, &to]));
    assert!(said.contains("is a guess"), "{said}");
    assert_restored(&mosaic(), &image::open(&to).unwrap().into_rgb8());
    let said = fail(example("restore_picture").args([&place.path("none.png"), &to]));
    assert!(said.contains("none.png cannot be read"), "{said}");
}

#[test]
fn rust_with_appsrc_and_appsink() {
    let place = Place::new();
    // A width whose rows have bytes to fill up.
    let odd = image::imageops::crop_imm(&mosaic(), 0, 0, 639, 360).to_image();
    let names = ["1.png", "2.png", "3.png"];
    for name in names {
        odd.save(place.path(name)).unwrap();
    }
    let files = names.map(|name| place.path(name));
    let folder = place.path("restored");
    run(example("appsrc_appsink").args(&files).arg(&folder));
    for name in names {
        let restored = image::open(folder.join(name)).unwrap().into_rgb8();
        assert_restored(&odd, &restored);
    }
    mosaic().save(place.path("wider.png")).unwrap();
    let files = [&files[0], &place.path("wider.png")];
    let said = fail(example("appsrc_appsink").args(files).arg(&folder));
    assert!(
        said.contains("wider.png: all frames of a stream have one size"),
        "{said}"
    );
}

#[test]
fn python_with_numpy() {
    let place = Place::new();
    let (from, to) = (place.path("mosaic.npy"), place.path("guess.npy"));
    let script = format!("{ROOT}/examples/restore_frame.py");
    write_npy(&from, &mosaic());
    let program = || {
        let mut python = place.with_plugin(python());
        python.arg(&script).args([&from, &to]);
        python
    };
    let said = run(&mut program());
    assert!(said.contains("are a guess"), "{said}");
    assert_restored(&mosaic(), &pixels_at_the_end(&to, &mosaic()));

    // Told where the face is, it looks nowhere else.
    let [x, y, width, height] = FACE;
    run(program().args(["--region", &format!("{x},{y},{width},{height}")]));
    assert_restored(&mosaic(), &pixels_at_the_end(&to, &mosaic()));
    run(program().args(["--region", "400,200,64,64"]));
    let elsewhere = pixels_at_the_end(&to, &mosaic());
    let face =
        |picture: &RgbImage| image::imageops::crop_imm(picture, x, y, width, height).to_image();
    assert_eq!(face(&elsewhere), face(&mosaic()));

    std::fs::write(&from, b"no array").unwrap();
    let said = fail(&mut program());
    assert!(
        said.starts_with("restore_frame.py: ") && !said.contains("Traceback"),
        "{said}"
    );
}
