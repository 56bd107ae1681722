//! Numbered pictures in and out, and films through pipes.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use exr::prelude::read_first_rgba_layer_from_file;
use gstdepixelate::app::Kind;
use image::{DynamicImage, ImageBuffer, Rgb, Rgba};

use crate::media::{clip, first, launch, survey};
use crate::program::{said, status};

/// Where something is restored in the pictures.
const PLACE: [u32; 4] = [40, 24, 64, 64];
/// Size of the pictures.
const SIZE: (u32, u32) = (160, 120);

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_depixelate"));
    program.current_dir(folder).args(arguments);
    program
}

/// The program restores [`PLACE`].
fn restored(folder: &Path, arguments: &[&str]) -> Output {
    let place = PLACE.map(|number| number.to_string()).join(",");
    let mut program = program(folder, arguments);
    program.args(["--regions", &place]).output().unwrap()
}

/// A value of channel `channel` of a pixel, 0 to 4095.
fn value(number: u32, channel: u32, x: u32, y: u32) -> u32 {
    let mixed = (x * 31 + y * 57 + number * 101 + channel * 997).wrapping_mul(2_654_435_761);
    (10 * x + 7 * y + (mixed >> 24)) & 4095
}

/// Pictures from number 98 to 101.
fn pictures(folder: &Path, make: impl Fn(u32) -> DynamicImage) {
    for number in 98..102 {
        let path = folder.join(format!("in_{number:03}.png"));
        make(number).save(path).unwrap();
    }
}

fn bytes(number: u32) -> DynamicImage {
    let pixel = |x, y| Rgba([0, 1, 2, 3].map(|channel| (value(number, channel, x, y) >> 4) as u8));
    ImageBuffer::from_fn(SIZE.0, SIZE.1, pixel).into()
}

/// Whether a pixel lies where nothing is restored.
fn is_outside(x: u32, y: u32) -> bool {
    let [left, top, width, height] = PLACE;
    !(left..left + width).contains(&x) || !(top..top + height).contains(&y)
}

/// Largest difference of two pictures outside and inside of what was restored.
fn differences(before: &DynamicImage, after: &DynamicImage) -> [u16; 2] {
    let (before, after) = (before.to_rgba16(), after.to_rgba16());
    let mut largest = [0; 2];
    for (x, y, pixel) in before.enumerate_pixels() {
        let pairs = pixel.0.iter().zip(after.get_pixel(x, y).0);
        let difference = pairs.map(|(a, b)| a.abs_diff(b)).max().unwrap();
        let largest = &mut largest[usize::from(!is_outside(x, y))];
        *largest = difference.max(*largest);
    }
    largest
}

#[test]
fn all_but_the_face_stays_in_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let kinds: [(&dyn Fn(u32) -> DynamicImage, u16); 3] = [
        (&|number| bytes(number).into_rgb8().into(), 0),
        (&bytes, 0),
        // Twelve bits of sixteen are kept.
        (&deep, 16),
    ];
    for (make, most) in kinds {
        pictures(folder.path(), make);
        let output = restored(folder.path(), &["in_%03d.png", "out_%d.png"]);
        assert_eq!(status(&output), 0, "{}", said(&output));
        for number in 98..102 {
            let after = image::open(folder.path().join(format!("out_{number}.png"))).unwrap();
            assert_eq!(after.color(), make(number).color());
            let [outside, inside] = differences(&make(number), &after);
            assert!(outside <= most, "{:?} {outside}", after.color());
            assert!(inside > 1000, "{:?} {inside}", after.color());
        }
        let file = std::io::BufReader::new(File::open(folder.path().join("out_98.png")).unwrap());
        let reader = png::Decoder::new(file).read_info().unwrap();
        let comment = &reader.info().uncompressed_latin1_text[0];
        assert!(comment.text.contains("not the person"), "{comment:?}");
    }
}

fn deep(number: u32) -> DynamicImage {
    let channel = |channel, x, y| (value(number, channel, x, y) * 65535 / 4095) as u16;
    let pixel = |x, y| Rgb([0, 1, 2].map(|c| channel(c, x, y)));
    ImageBuffer::from_fn(SIZE.0, SIZE.1, pixel).into()
}

#[test]
fn light_is_written_as_openexr() {
    let folder = tempfile::tempdir().unwrap();
    pictures(folder.path(), |number| bytes(number).into_rgb8().into());
    let output = restored(folder.path(), &["in_%03d.png", "out_%04d.exr"]);
    assert_eq!(status(&output), 0, "{}", said(&output));
    let read = read_first_rgba_layer_from_file(
        folder.path().join("out_0099.exr"),
        |size, _| vec![[0.0f32; 3]; size.area()],
        |pixels, at, (red, green, blue, _): (f32, f32, f32, f32)| {
            pixels[at.y() * SIZE.0 as usize + at.x()] = [red, green, blue];
        },
    );
    let layer = read.unwrap().layer_data;
    let comment = layer.attributes.comments.unwrap().to_string();
    assert!(comment.contains("not the person"), "{comment}");
    let before = bytes(99).into_rgb8();
    for (x, y, pixel) in before
        .enumerate_pixels()
        .filter(|(x, y, _)| is_outside(*x, *y))
    {
        let light = layer.channel_data.pixels[(y * SIZE.0 + x) as usize];
        for (value, light) in pixel.0.iter().zip(light) {
            let value = f32::from(*value) / 255.0;
            let expected = match value <= 0.04045 {
                true => value / 12.92,
                false => ((value + 0.055) / 1.055).powf(2.4),
            };
            assert!(
                (light - expected).abs() < 1e-3,
                "{x} {y}: {light} {expected}"
            );
        }
    }
}

#[test]
fn a_film_becomes_pictures_and_pictures_a_film() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    clip(&path("a.mkv"), "opusenc", (160, 120));
    let output = restored(folder.path(), &["a.mkv", "f_%05d.png"]);
    assert_eq!(status(&output), 0, "{}", said(&output));
    assert!(
        said(&output).contains("audio track 1 (en) is left out"),
        "{}",
        said(&output)
    );
    assert!(path("f_00001.png").exists() && path("f_00020.png").exists());
    assert!(!path("f_00021.png").exists() && !path("f_%05d.png.depixelate").exists());

    let arguments = ["f_%05d.png", "b.mp4", "--frame-rate", "30000/1001"];
    let output = restored(folder.path(), &arguments);
    assert_eq!(status(&output), 0, "{}", said(&output));
    let made = survey(&path("b.mp4"));
    let video = first(&made, Kind::Video);
    assert_eq!(video.packets, 20);
    let rate = video
        .first_caps()
        .unwrap()
        .structure(0)
        .unwrap()
        .get::<gst::Fraction>("framerate");
    assert_eq!(rate.unwrap(), gst::Fraction::new(30_000, 1001));
}

#[test]
fn pictures_of_a_film_have_its_colors_and_keep_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let caps = "video/x-raw,format=I420,width=64,height=48,colorimetry=bt709,framerate=25/1";
    // Limited range: 235 and 16.
    for (pattern, expected) in [("white", 255u8), ("black", 0)] {
        launch(&format!(
            "videotestsrc num-buffers=1 pattern={pattern} ! {caps} ! avenc_ffv1 ! matroskamux \
             ! filesink location={}",
            path("a.mkv").display()
        ));
        let output = program(folder.path(), &["a.mkv", "grey.png"])
            .output()
            .unwrap();
        assert_eq!(status(&output), 0, "{}", said(&output));
        let grey = image::open(path("grey.png")).unwrap().into_rgb8();
        let middle = grey.get_pixel(32, 24).0;
        assert!(
            middle.iter().all(|value| value.abs_diff(expected) <= 1),
            "{middle:?} {expected}"
        );
    }
    pictures(folder.path(), |number| bytes(number).into_rgb8().into());
    let output = restored(
        folder.path(),
        &["in_%03d.png", "out_%03d.png", "--from", "0.08"],
    );
    assert_eq!(status(&output), 0, "{}", said(&output));
    assert!(!path("out_098.png").exists() && path("out_100.png").exists());
    let after = image::open(path("out_100.png")).unwrap();
    assert_eq!(differences(&bytes(100).into_rgb8().into(), &after)[0], 0);
}

#[test]
fn opacity_is_kept_or_said_to_be_lost() {
    let folder = tempfile::tempdir().unwrap();
    pictures(folder.path(), bytes);
    let output = restored(folder.path(), &["in_%03d.png", "b.mp4"]);
    assert_eq!(
        said(&output).matches("opacity").count(),
        1,
        "{}",
        said(&output)
    );
    let lossless = ["in_%03d.png", "b.mkv", "--encoder", "ffv1"];
    assert!(!said(&restored(folder.path(), &lossless)).contains("opacity"));
    let output = restored(folder.path(), &["b.mkv", "again_%d.png"]);
    assert_eq!(status(&output), 0, "{}", said(&output));
    let again = image::open(folder.path().join("again_3.png")).unwrap();
    assert_eq!(differences(&bytes(100), &again)[0], 0);
}

/// The sum of a part of a PNG (ISO/IEC 15948, annex D).
pub fn crc(data: &[u8]) -> u32 {
    let bit = |sum: u32| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg());
    let byte = |sum: u32, byte: &u8| (0..8).fold(sum ^ u32::from(*byte), |sum, _| bit(sum));
    !data.iter().fold(u32::MAX, byte)
}

#[test]
fn pictures_that_cannot_be_are_named() {
    let folder = tempfile::tempdir().unwrap();
    pictures(folder.path(), bytes);
    clip(&folder.path().join("a.mkv"), "opusenc", (160, 120));
    let refused = |arguments: &[&str], with: i32, words: &str| {
        let output = restored(folder.path(), arguments);
        assert_eq!(status(&output), with, "{arguments:?} {}", said(&output));
        assert!(
            said(&output).contains(words),
            "{arguments:?} {}",
            said(&output)
        );
    };
    refused(&["no_%03d.png", "b.mkv"], 3, "no_%03d.png");
    refused(&["in_%03d.png", "in_%03d.png"], 2, "same file");
    refused(&["in_%03d.png", "./in_%d.png"], 2, "same file");
    refused(&["in_099.png", "in_%03d.png"], 2, "same file");
    refused(&["a.mkv", "b.png"], 2, "frame_%05d.png");
    // A head that asks for eight tebibytes.
    let mut head = std::fs::read(folder.path().join("in_099.png")).unwrap();
    head[16..24].copy_from_slice(&[0, 16, 0, 0, 0, 16, 0, 0]);
    head[24] = 16;
    let sum = crc(&head[12..29]);
    head[29..33].copy_from_slice(&sum.to_be_bytes());
    std::fs::write(folder.path().join("vast.png"), head).unwrap();
    refused(&["vast.png", "b.mkv"], 3, "vast.png");
    refused(&["a.mkv", "b_%d.png", "--encoder", "hevc"], 2, "--encoder");
    refused(&["a.mkv", "b_%d.png", "--report", "a.html"], 2, "--report");
    ImageBuffer::<Rgb<u8>, _>::new(64, 64)
        .save(folder.path().join("in_100.png"))
        .unwrap();
    refused(&["in_%03d.png", "b.mkv"], 3, "64 × 64");
    std::fs::write(folder.path().join("in_100.png"), "no picture").unwrap();
    refused(&["in_%03d.png", "b.mkv"], 3, "in_100.png");
    std::fs::remove_file(folder.path().join("in_100.png")).unwrap();
    refused(&["in_%03d.png", "b.mkv"], 3, "in_100.png is missing");
}

#[test]
fn films_go_through_pipes() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    clip(&path("a.mp4"), "avenc_aac", (160, 120));
    let through = |arguments: &[&str]| {
        let mut program = program(folder.path(), arguments);
        program.stdin(File::open(path("a.mp4")).unwrap());
        program.stderr(Stdio::piped()).output().unwrap()
    };
    let output = through(&["-", "-", "--regions", "40,24,64,64"]);
    assert_eq!(
        status(&output),
        0,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(String::from_utf8_lossy(&output.stderr).contains("invented"));
    std::fs::write(path("b.mkv"), &output.stdout).unwrap();
    let made = survey(&path("b.mkv"));
    assert_eq!(first(&made, Kind::Video).packets, 20);
    assert_eq!(
        first(&made, Kind::Audio).packets,
        first(&survey(&path("a.mp4")), Kind::Audio).packets
    );
    assert_eq!(status(&through(&["-", "-", "--json"])), 2);
    // What GStreamer does not read as it should is taken apart as from a file.
    pictures(folder.path(), deep);
    let mut program = program(folder.path(), &["-", "one.png", "--regions", "40,24,64,64"]);
    program.stdin(File::open(path("in_098.png")).unwrap());
    assert_eq!(status(&program.output().unwrap()), 0);
    let one = image::open(path("one.png")).unwrap();
    assert!(one.color() == deep(98).color() && differences(&deep(98), &one)[0] <= 16);
    let output = through(&["-", "c.mp4", "--encoder", "h264"]);
    assert_eq!(status(&output), 0, "{}", said(&output));
    assert!(path("c.mp4").exists());
    // Nothing of it stays behind.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 10);
}
