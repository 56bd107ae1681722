//! What strangers' bytes reach: each target reads some, and must come back, with whatever result.
//! The programs in `fuzz/` and the test beside this file share them.

use std::cell::{OnceCell, RefCell};
use std::path::Path;
use std::str::FromStr;

use gst::prelude::*;
use gst_check::Harness;
use gst_video::{VideoFormat, VideoInfo, VideoRegionOfInterestMeta};
use gstdepixelate::cascade::{INPUT, Model, RESTORED};
use gstdepixelate::cues::{Cues, Film, FrameRate, Kind, ranges};
use gstdepixelate::element::FaceDepixelate;
use gstdepixelate::element::caps::StreamLayout;
use gstdepixelate::onnx::{GraphBuilder, batch_of, encode};
use gstdepixelate::stills::Still;

/// A file to write bytes to, one for each thread.
fn in_file<T>(name: &str, bytes: &[u8], read: impl FnOnce(&Path) -> T) -> T {
    thread_local! {
        static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
    }
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| tempfile::tempdir().unwrap());
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        read(&path)
    })
}

/// A model file.
pub fn model(bytes: &[u8]) {
    let _ = Model::from_bytes("hostile", bytes.to_vec());
}

/// The description beside a model that says nothing of itself.
pub fn description(bytes: &[u8]) {
    let mut g = GraphBuilder::new("silent");
    let x = g.input_f32(INPUT, &batch_of(&[3, 32, 32]));
    let y = g.identity(&x);
    g.output_f32(RESTORED, &y, &batch_of(&[3, 32, 32]));
    let silent = encode(&g.finish().unwrap());
    in_file("silent.onnx", &silent, |model| {
        in_file("silent.toml", bytes, |_| {
            let _ = Model::open(model);
        });
    });
}

/// Regions, ranges and lists of editing programs; the first byte says which.
pub fn cues(bytes: &[u8]) {
    let Some((kind, text)) = bytes.split_first() else {
        return;
    };
    let film = Film {
        rate: match kind / 8 % 3 {
            0 => None,
            1 => FrameRate::new(25, 1),
            _ => FrameRate::new(30_000, 1001),
        },
        length: (kind & 1 == 0).then_some(60_000_000_000),
        ..Film::default()
    };
    match kind / 2 % 4 {
        0 => in_file("regions.csv", text, |path| {
            if let Ok(cues) = Cues::read([(path, Kind::Restore)], &film) {
                let mut here = Vec::new();
                for time in [0, 1, 1_000_000_000, u64::MAX] {
                    cues.at(time, &mut here);
                }
            }
        }),
        kind => {
            let name = ["ranges.edl", "ranges.otio", "ranges.csv"][usize::from(kind) - 1];
            in_file(name, text, |path| {
                let _ = ranges::read(path, &film);
            });
        }
    }
}

/// A picture file.
pub fn still(bytes: &[u8]) {
    in_file("picture", bytes, |path| {
        let _ = Still::open(path);
    });
}

/// Caps, as text.
pub fn caps(bytes: &[u8]) {
    gst::init().unwrap();
    let text = String::from_utf8_lossy(bytes).replace('\0', " ");
    if let Ok(caps) = gst::Caps::from_str(&text)
        && caps.is_fixed()
    {
        let _ = StreamLayout::from_caps(&caps);
    }
}

/// What a structure of a region's meta may hold, as text: the element restores what it tells of.
pub fn structure(bytes: &[u8]) {
    thread_local! {
        static ELEMENT: RefCell<Option<Harness>> = const { RefCell::new(None) };
    }
    gst::init().unwrap();
    let text = String::from_utf8_lossy(bytes).replace('\0', " ");
    let Ok(structure) = gst::Structure::from_str(&text) else {
        return;
    };
    let info = VideoInfo::builder(VideoFormat::Rgb, 64, 48)
        .build()
        .unwrap();
    let mut buffer = gst::Buffer::with_size(info.size()).unwrap();
    let frame = buffer.get_mut().unwrap();
    let mut meta = VideoRegionOfInterestMeta::add(frame, "restore", (8, 8, 32, 32));
    meta.add_param(structure);
    ELEMENT.with_borrow_mut(|harness| {
        let harness = harness.get_or_insert_with(|| {
            let element: FaceDepixelate = gst::glib::Object::new();
            element.set_property_from_str("inference-region", "roi-list");
            let mut harness = Harness::with_element(&element, Some("sink"), Some("src"));
            harness.set_src_caps(info.to_caps().unwrap());
            harness
        });
        harness.push_and_pull(buffer).unwrap();
    });
}
