//! `facedepixelate` with a small network of each kind that the trainer makes, built by hand with
//! weights that look like nothing, and with such as others export. `tests/trainer/systems` plays
//! what small trainings exported.

mod graphs;

use crate::helpers::*;
use crate::helpers::{Tiny, tiny_metadata, tiny_model_with};
use graphs::*;
use gst::prelude::*;
use gst_video::VideoFormat;
use gstdepixelate::cascade::{INPUT, ModelMetadata, MosaicInput, RESTORED, ValueRange};
use gstdepixelate::degrade::mosaic::{Fill, pixelate};
use gstdepixelate::frame::{FrameViewMut, Lattice, Layout, Rect};
use gstdepixelate::onnx::{
    Conv2d, ConvTranspose2d, Dim, GraphBuilder, PadMode, Weights, batch_of, encode,
};
use std::path::{Path, PathBuf};

/// The message of an element that does not reach PAUSED, and so never sees a frame.
#[track_caller]
fn refusal(file: &Path) -> String {
    let element = with_model(file);
    assert!(element.set_state(gst::State::Paused).is_err());
    let mut errors = errors(&element);
    assert_eq!(errors.len(), 1, "{errors:?}");
    element.set_state(gst::State::Null).unwrap();
    let error = errors.remove(0);
    assert!(error.matches(gst::ResourceError::OpenRead), "{error}");
    error.message().to_owned()
}

#[test]
fn each_kind_plays() {
    let folder = tempfile::tempdir().unwrap();
    for kind in kinds() {
        let mut graph = graph_of(&kind, "N".into(), INPUT, RESTORED);
        kind.metadata.write_to(&mut graph);
        let file = folder.path().join(format!("{}.onnx", kind.name));
        std::fs::write(&file, encode(&graph.finish().unwrap())).unwrap();
        println!("{}", kind.name);
        assert_plays(&file);
    }
}

/// A model without metadata in a folder, with `description` beside it.
fn foreign(folder: &Path, kind: &Kind, batch: Dim, description: &str) -> PathBuf {
    let file = folder.join("other.onnx");
    let graph = graph_of(kind, batch, "lq", "out");
    std::fs::write(&file, encode(&graph.finish().unwrap())).unwrap();
    std::fs::write(file.with_extension("toml"), description).unwrap();
    file
}

fn description(metadata: &ModelMetadata) -> String {
    let range = match metadata.range {
        ValueRange::Signed => "-1..1",
        ValueRange::Unit => "0..1",
    };
    format!(
        "# An upscaler.\nsize = {}\nscale = {}\nrange = '{range}'\ncolor = 'BGR'\nmargin = 1.5\n",
        metadata.size, metadata.scale
    )
}

#[test]
fn each_kind_plays_with_a_description() {
    let folder = tempfile::tempdir().unwrap();
    for kind in kinds() {
        for batch in [Dim::from("N"), Dim::from(1)] {
            println!("{}, batch {batch:?}", kind.name);
            let text = description(&kind.metadata);
            assert_plays(&foreign(folder.path(), &kind, batch, &text));
        }
    }
}

#[test]
fn the_order_of_the_channels_is_heeded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("red.onnx");
    let mut graph = GraphBuilder::new("red");
    let shape = batch_of(&[3, 32, 32]);
    let x = graph.input_f32("x", &shape);
    let mask = graph.initializer_f32("mask", &[1, 3, 1, 1], &[1.0, 0.0, 0.0]);
    let y = graph.mul(&x, &mask);
    graph.output_f32("y", &y, &shape);
    std::fs::write(&file, encode(&graph.finish().unwrap())).unwrap();
    let caps = caps_of(VideoFormat::Rgb, 80, 60);
    for (order, expected) in [("RGB", [200, 0, 0]), ("BGR", [0, 0, 50])] {
        let text = format!("size = 32\nrange = '0..1'\ncolor = '{order}'\nmargin = 1\n");
        std::fs::write(file.with_extension("toml"), text).unwrap();
        let element = with_model(&file);
        element.set_property_from_str("inference-region", "roi-list");
        element.set_property("regions", regions(&[REGION]));
        let mut h = harness(&element);
        h.set_src_caps(caps.clone());
        let bytes = [200, 100, 50].repeat(80 * 60);
        let mut buffer = gst::Buffer::from_mut_slice(bytes);
        stamp(buffer.get_mut().unwrap(), 0);
        let after = h.push_and_pull(buffer).unwrap();
        assert_eq!(pixel(&caps, &after, 30, 25), expected, "{order}");
    }
}

#[test]
fn a_network_that_enlarges_is_shown_no_blocks() {
    const SIDE: usize = 192;
    const BLOCK: usize = 12;
    let rect = Rect::new(24, 24, 144, 144);
    let folder = tempfile::tempdir().unwrap();
    // Smooth waves, so that a mosaic of them can be known again.
    let mut picture: Vec<u8> = (0..SIDE * SIDE * 3)
        .map(|i| {
            let (x, y) = ((i / 3 % SIDE) as f32, (i / 3 / SIDE) as f32);
            let wave = (x / 23.0).sin() + (y / 17.0 + (i % 3) as f32).cos();
            (128.0 + 45.0 * wave + (i * 7 % 5) as f32) as u8
        })
        .collect();
    let layout = Layout::rgb(SIDE as u32, SIDE as u32);
    let mut view = FrameViewMut::packed(&layout, &mut picture, 3 * SIDE).unwrap();
    let lattice = Lattice::square(BLOCK as u32, rect.x, rect.y);
    pixelate(&mut view, &rect, &lattice, Fill::TileMean);
    let caps = caps_of(VideoFormat::Rgb, SIDE as u32, SIDE as u32);
    // Mean step across the blocks' edges ÷ mean step elsewhere.
    let edges = |bytes: &[u8]| {
        let row = &bytes[3 * SIDE * 97..][..3 * SIDE];
        let step = |x: usize| f32::from(row[3 * x].abs_diff(row[3 * (x - 1)]));
        let of = |wanted: bool| {
            let inside = (50..145).filter(|x| ((x - 24) % BLOCK == 0) == wanted);
            let steps: Vec<f32> = inside.map(step).collect();
            steps.iter().sum::<f32>() / steps.len() as f32
        };
        of(true) / of(false).max(0.1)
    };
    let restored = |mosaic: MosaicInput| {
        let metadata = ModelMetadata {
            scale: 2,
            margin: 1.2,
            mosaic,
            ..tiny_metadata(96)
        };
        let file = folder.path().join("identity.onnx");
        std::fs::write(&file, tiny_model_with(&metadata, Tiny::Identity)).unwrap();
        let element = with_model(&file);
        element.set_property("face-threshold", 0f32);
        element.set_property("projection", 0f32);
        let mut h = harness(&element);
        h.set_src_caps(caps.clone());
        let mut buffer = gst::Buffer::from_mut_slice(picture.clone());
        stamp(buffer.get_mut().unwrap(), 0);
        let after = h.push_and_pull(buffer).unwrap();
        let stats = element.property::<gst::Structure>("stats");
        assert_eq!(stats.get::<u64>("regions"), Ok(1), "{stats}");
        edges(&bytes_of(&after))
    };
    assert!(edges(&picture) > 20.0);
    let (blocks, smooth) = (restored(MosaicInput::Blocks), restored(MosaicInput::Smooth));
    assert!(blocks > 4.0, "{blocks}");
    assert!(smooth < 1.6, "{smooth}");
}

#[test]
fn what_contradicts_the_graph_is_refused_before_the_first_frame() {
    let folder = tempfile::tempdir().unwrap();
    let kinds = kinds();
    let of = |name: &str| kinds.iter().find(|kind| kind.name == name).unwrap();
    let fixed = of("pix2pix");
    let open = of("esrgan");
    let text = |kind: &Kind, from: &str, to: &str| {
        let text = description(&kind.metadata);
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    };
    let cases: [(&Kind, Dim, String, &[&str]); 9] = [
        (
            fixed,
            "N".into(),
            text(fixed, "size = 64", "size = 128"),
            &[
                "input `lq` is Float[open, 3, 64, 64]",
                "Float[N, 3, 128, 128]",
            ],
        ),
        (
            fixed,
            4.into(),
            description(&fixed.metadata),
            &["Float[4, 3, 64, 64]", "N of 1 or open"],
        ),
        (
            fixed,
            "N".into(),
            text(fixed, "scale = 1", "scale = 2"),
            &[
                "output `out` is Float[open, 3, 64, 64]",
                "Float[N, 3, 128, 128]",
            ],
        ),
        // Only running it shows what it makes.
        (
            open,
            "N".into(),
            text(open, "scale = 4", "scale = 2"),
            &["output `out` has shape [1, 3, 128, 128]", "[1, 3, 64, 64]"],
        ),
        (
            fixed,
            "N".into(),
            text(fixed, "margin", "input = 'x'\nmargin"),
            &["input `x` is missing among `lq`"],
        ),
        (
            fixed,
            "N".into(),
            text(fixed, "range", "rage"),
            &["other.toml: there is no key `rage`; did you mean `range`?"],
        ),
        (
            fixed,
            "N".into(),
            text(fixed, "-1..1", "0..255"),
            &["other.toml: `range` is `0..255`, expected `-1..1` or `0..1`"],
        ),
        (
            fixed,
            "N".into(),
            text(fixed, "margin = 1.5", ""),
            &["other.toml: `margin` is missing, expected a number from 1 to 4"],
        ),
        (
            fixed,
            "N".into(),
            "size: 64".into(),
            &["other.toml", "line 1"],
        ),
    ];
    for (kind, batch, text, expected) in cases {
        let message = refusal(&foreign(folder.path(), kind, batch, &text));
        for part in expected.iter().chain(&["other."]) {
            assert!(message.contains(part), "{message}\n{part}");
        }
    }
}

#[test]
fn a_model_that_nobody_describes_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let kind = &kinds()[0];
    let file = foreign(folder.path(), kind, "N".into(), "");
    std::fs::remove_file(file.with_extension("toml")).unwrap();
    let message = refusal(&file);
    assert!(message.contains("other.onnx does not say"), "{message}");
    assert!(
        message.contains("other.toml (see docs/models.md)"),
        "{message}"
    );
    // A folder is no description.
    std::fs::create_dir(file.with_extension("toml")).unwrap();
    assert!(refusal(&file).contains("not a regular file"));
}

#[test]
fn a_graph_that_fails_is_refused_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("broken.onnx");
    let mut graph = GraphBuilder::new("broken");
    let shape = ["N".into(), 3.into(), "H".into(), "W".into()];
    let x = graph.input_f32(INPUT, &shape);
    let other = graph.initializer_f32("other", &[1, 3, 7, 7], &[0.0; 147]);
    let y = graph.add(&x, &other);
    graph.output_f32(RESTORED, &y, &shape);
    tiny_metadata(32).write_to(&mut graph);
    std::fs::write(&file, encode(&graph.finish().unwrap())).unwrap();
    let message = refusal(&file);
    assert!(
        message.contains("broken.onnx") && message.contains("32×32 pixels"),
        "{message}"
    );
}
