//! Whole pictures through networks that are known.

use crate::helpers::{Tiny, face, tiny_finder, tiny_metadata, tiny_model_with};
use gstdepixelate::cascade::{
    INPUT, Model, ModelMetadata, RESTORED, ValueRange, Window, key, runtime,
};
use gstdepixelate::faces::Finder;
use gstdepixelate::onnx::{Conv2d, GraphBuilder, Weights, encode, open_pictures};
use gstdepixelate::whole::{Levels, Network, Picture, Planes, Settings, Way, WholeError};
use image::{DynamicImage, ImageBuffer, Rgb, RgbImage, Rgba};

fn network(model: &Model, tile: Option<usize>, overlap: usize) -> Network {
    let settings = Settings {
        tile,
        overlap: Some(overlap),
        batch: 2,
        ..Settings::default()
    };
    Network::new(model, &settings).unwrap()
}

fn tiny(scale: usize, multiple: Option<usize>, kind: Tiny) -> Model {
    let metadata = ModelMetadata {
        scale,
        multiple,
        window: Window::default(),
        ..tiny_metadata(16)
    };
    Model::from_bytes("tiny", tiny_model_with(&metadata, kind)).unwrap()
}

/// Two convolutions of 3×3 pixels that see two pixels in each direction, one of them at half of the
/// size where the `multiple` is 2; the output is twice as large as the input.
fn convolutions(multiple: usize) -> Model {
    let metadata = ModelMetadata {
        scale: 2,
        range: ValueRange::Unit,
        multiple: Some(multiple),
        window: Window::default(),
        ..tiny_metadata(16)
    };
    let mut g = GraphBuilder::new("convolutions");
    metadata.write_to(&mut g);
    // Positive numbers that add up to less than 1: nothing is cut off.
    let data: Vec<f32> = (0..81).map(|i| (i * 37 % 23) as f32 / 350.0).collect();
    let weights = |name| Weights {
        name,
        dims: &[3, 3, 3, 3],
        data: &data,
    };
    let x = g.input_f32(INPUT, &open_pictures(1));
    let x = match multiple {
        2 => g.mean_pool_2(&x),
        _ => x,
    };
    let x = g.conv(&x, &weights("a"), None, Conv2d::new(1, 1));
    let x = g.conv(&x, &weights("b"), None, Conv2d::new(1, 1));
    let mut x = g.upsample_nearest_2(&x);
    if multiple == 2 {
        x = g.upsample_nearest_2(&x);
    }
    g.output_f32(RESTORED, &x, &open_pictures(2));
    Model::from_bytes("convolutions", encode(&g.finish().unwrap())).unwrap()
}

fn photograph(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let value = |c: u32| (x * (31 + c) + y * y * (7 + 2 * c)) % 251;
        Rgb([0, 1, 2].map(|c| value(c) as u8))
    })
}

/// Largest difference in grey levels.
fn difference(a: &Planes, b: &Planes) -> f32 {
    assert_eq!(a.size(), b.size());
    let pairs = a.data.iter().zip(&b.data);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn tiles_give_what_the_whole_gives() {
    for (multiple, overlap) in [(1, 8), (2, 16)] {
        let model = convolutions(multiple);
        for (width, height) in [(101, 67), (32, 200), (33, 5)] {
            let picture = photograph(width, height);
            let made = |tile, overlap| {
                let made = network(&model, Some(tile), overlap).run(&picture).unwrap();
                assert_eq!(made.size(), [2 * width as usize, 2 * height as usize]);
                made
            };
            let whole = made(512, 0);
            let tiled = difference(&whole, &made(32, overlap));
            println!("×{multiple}, {width}×{height}: {tiled:.1e} grey levels");
            assert!(tiled < 1e-3, "{tiled}");
        }
        // With nothing in common, tiles do not meet.
        let picture = photograph(96, 64);
        let [whole, apart] =
            [512, 32].map(|tile| network(&model, Some(tile), 0).run(&picture).unwrap());
        assert!(difference(&whole, &apart) > 1.0);
    }
}

#[test]
fn a_network_that_changes_nothing_leaves_every_pixel() {
    let picture = photograph(150, 75);
    for multiple in [None, Some(1), Some(16)] {
        let model = tiny(1, multiple, Tiny::Identity);
        let settings = Settings {
            way: Some(Way::Tiles),
            ..Settings::default()
        };
        let mut network = Network::new(&model, &settings).unwrap();
        assert_eq!(network.run(&picture).unwrap().picture(), picture);
    }
    let mut enlarging = network(&tiny(4, Some(1), Tiny::Identity), None, 32);
    let large = enlarging.run(&picture).unwrap();
    assert_eq!(large.size(), [600, 300]);
    assert_eq!(large.at([150, 75]).unwrap().picture(), picture);
}

#[test]
fn a_face_is_scaled_to_the_network_and_back() {
    let model = tiny(1, None, Tiny::Identity);
    assert_eq!(Way::of(&model), Way::Face);
    let mut faces = network(&model, None, 0);
    // Softer, since it went through 16 pixels, and in its place: no square is made of it.
    let picture = face(1, 64);
    let cut = image::imageops::crop_imm(&picture, 0, 0, 64, 40).to_image();
    let made = faces.run(&cut).unwrap();
    assert_eq!(made.size(), [64, 40]);
    let mean = difference(
        &made.at([1, 1]).unwrap(),
        &Planes::of(&cut).at([1, 1]).unwrap(),
    );
    assert!(mean < 6.0, "{mean}");
    assert_ne!(made.picture(), cut);
    let error = faces.run(&RgbImage::new(5000, 2)).unwrap_err();
    assert!(error.to_string().contains("one face may have"), "{error}");
    for model in [
        tiny(4, None, Tiny::Identity),
        tiny(1, Some(4), Tiny::Identity),
    ] {
        assert_eq!(Way::of(&model), Way::Tiles);
    }
    assert_eq!(Way::of(&Model::bundled().unwrap()), Way::Face);
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut network = network(&tiny(4, Some(1), Tiny::Identity), None, 32);
    let too_large = network.run(&RgbImage::new(4097, 1)).unwrap_err();
    let text = too_large.to_string();
    assert!(
        text.contains("4097×1 pixels, 4 times") && text.contains("16384"),
        "{text}"
    );
    assert_eq!(
        network.run(&RgbImage::new(0, 9)).unwrap_err(),
        WholeError::Empty
    );
    let refused = |model: &Model, tile| {
        let settings = Settings {
            tile: Some(tile),
            ..Settings::default()
        };
        Network::new(model, &settings).unwrap_err().to_string()
    };
    let fixed = refused(&tiny(4, None, Tiny::Identity), 64);
    assert!(fixed.contains("16×16 pixels alone"), "{fixed}");
    // Sides that are said to be open must be.
    let bytes = tiny_model_with(&tiny_metadata(16), Tiny::Identity);
    let mut lying = gstdepixelate::onnx::decode(&bytes).unwrap();
    let mut said = lying.metadata_props[0].clone();
    (said.key, said.value) = (key::MULTIPLE.into(), "4".into());
    lying.metadata_props.push(said);
    let error = Model::from_bytes("lying", encode(&lying)).unwrap_err();
    assert!(error.to_string().contains("3, open, open]"), "{error}");
    let large = refused(&tiny(4, Some(1), Tiny::Identity), 2000);
    assert!(large.contains("choose smaller ones"), "{large}");
}

#[test]
fn a_described_network_sees_whole_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let (file, about) = (folder.path().join("a.onnx"), folder.path().join("a.toml"));
    let color = ModelMetadata {
        multiple: Some(4),
        window: Window::default(),
        ..tiny_metadata(16)
    };
    let model = tiny_model_with(&color, Tiny::Color([1.0, 0.0, -1.0]));
    let mut model = gstdepixelate::onnx::decode(&model).unwrap();
    model.metadata_props.clear();
    std::fs::write(&file, encode(&model)).unwrap();
    let said = "size = 16\nrange = '-1..1'\ncolor = 'BGR'\nmargin = 1\noutput = 'restored'\n";
    std::fs::write(&about, format!("{said}multiple = 4\n")).unwrap();
    let mut network = network(&Model::open(&file).unwrap(), None, 0);
    let made = network.run(&photograph(21, 19)).unwrap().picture();
    assert_eq!(made, RgbImage::from_pixel(21, 19, Rgb([0, 128, 255])));
}

#[test]
fn depth_and_opacity_come_through() {
    let deep = ImageBuffer::from_fn(40, 30, |x, y| {
        Rgba([1637 * x, 2100 * y, 31 * x * y, 65535 - 1600 * x].map(|v| v as u16))
    });
    let picture = Picture::of(&DynamicImage::ImageRgba16(deep.clone()));
    let mut same = network(&tiny(1, Some(1), Tiny::Identity), None, 8);
    let mut shares = Vec::new();
    let made = picture
        .through(&mut same, &mut |share| shares.push(share))
        .unwrap();
    // Numbers of 32 bits do not hold each of 16: the network's range is not theirs.
    let DynamicImage::ImageRgba16(words) = made.into_image() else {
        panic!("not of 16 bits");
    };
    let apart = words.iter().zip(deep.iter()).map(|(a, b)| a.abs_diff(*b));
    assert!(apart.max().unwrap() <= 1);
    assert!(shares.is_sorted() && shares.last() == Some(&1.0));
    let mut double = network(&tiny(2, Some(1), Tiny::Identity), None, 8);
    let DynamicImage::ImageRgba16(large) =
        (picture.through(&mut double, &mut |_| ()).unwrap()).into_image()
    else {
        panic!("not of 16 bits");
    };
    assert_eq!(large.dimensions(), (80, 60));
    assert!(large.get_pixel(41, 31).0[1].abs_diff(deep.get_pixel(20, 15).0[1]) <= 1);
    let opacity = |x: u32| i32::from(large.get_pixel(x, 30).0[3]);
    assert!(
        (opacity(41) - (65535 - 1600 * 20 - 400)).abs() < 40,
        "{}",
        opacity(41)
    );
    // Grey becomes coloured, eight bits stay eight.
    let grey = Picture::of(&DynamicImage::from(face(0, 20)).grayscale());
    assert!(matches!(
        grey.through(&mut same, &mut |_| ()).unwrap().into_image(),
        DynamicImage::ImageRgb8(_)
    ));
}

#[test]
fn faces_are_restored_in_their_places() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("finder.onnx");
    std::fs::write(&file, tiny_finder()).unwrap();
    let mut finder = Finder::open(runtime::load_for_program().unwrap(), &file).unwrap();
    // Blue of sixteen bits, with a red cell that the finder takes for a face around (28, 36).
    let deep = ImageBuffer::from_fn(64, 64, |x, y| {
        match (24..32).contains(&x) && (32..40).contains(&y) {
            true => Rgba([65535, 0, 0, 9]),
            false => Rgba([0, 10_000 + (x * y) as u16, 65535, 9]),
        }
    });
    let picture = Picture::of(&DynamicImage::ImageRgba16(deep.clone()));
    let mut green = network(&tiny(1, None, Tiny::Color([-1.0, 1.0, -1.0])), None, 0);
    let (made, count) = picture.with_faces(&mut finder, &mut green, 0.6).unwrap();
    assert_eq!(count, 1);
    let made = made.into_image().into_rgba16();
    assert_eq!(made.get_pixel(28, 33).0, [0, 65535, 0, 9]);
    for far in [(0, 0), (63, 10), (60, 62)] {
        assert_eq!(made.get_pixel(far.0, far.1), deep.get_pixel(far.0, far.1));
    }
    let plain = Picture::of(&DynamicImage::ImageRgb8(RgbImage::new(30, 20)));
    assert_eq!(
        plain.with_faces(&mut finder, &mut green, 0.6).unwrap(),
        (plain, 0)
    );
}
