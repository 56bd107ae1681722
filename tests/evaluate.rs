//! Evaluation of the bundled model: what is measured, and how it is written down.

#![cfg(feature = "trainer")]

mod support;

use std::path::Path;

use gstdepixelate::cascade::Model;
use gstdepixelate::degrade::mosaic::Fill;
use gstdepixelate::evaluate::cases::{Case, Setting};
use gstdepixelate::evaluate::clips::clips;
use gstdepixelate::evaluate::overlap::overlap;
use gstdepixelate::evaluate::sheet::{COLUMNS, sheet};
use gstdepixelate::evaluate::versions::{Version, Versions};
use gstdepixelate::evaluate::{Evaluation, evaluate, load_faces, page, table};
use gstdepixelate::train::dataset::Dataset;
use image::{Rgb, RgbImage};
use indicatif::ProgressBar;
use support::face;

fn case(setting: Setting, block: u32) -> Case {
    Case {
        setting,
        block,
        fill: Fill::TileMean,
    }
}

#[test]
fn the_bundled_model_is_measured() {
    let model = Model::bundled().unwrap();
    let faces: Vec<RgbImage> = (0..3).map(|i| face(i, 128)).collect();
    let cases = [case(Setting::Whole, 8), case(Setting::Inner, 6)];
    let scores = evaluate(&model, &faces, &cases, &ProgressBar::hidden()).unwrap();
    let evaluation = Evaluation {
        model: model.name().to_owned(),
        faces: "3 drawings".to_owned(),
        cases: scores,
        clips: clips(&mut Versions::new(&model).unwrap(), &faces[..1]).unwrap(),
    };
    assert_eq!(evaluation.clips.len(), 4);
    for clip in &evaluation.clips {
        for (version, flicker) in &clip.rows {
            assert!((0.0..40.0).contains(flicker), "{version:?}: {flicker}");
        }
    }
    for case in &evaluation.cases {
        let of = |version| case.of(version).unwrap();
        let pixelated = of(Version::Pixelated);
        // A mosaic pixelated again is itself.
        assert_eq!(pixelated.consistency, f64::INFINITY);
        for version in Version::ALL {
            let s = of(version);
            assert!((10.0..50.0).contains(&s.psnr), "{version:?}: {s:?}");
            assert!((0.0..=1.0).contains(&s.ssim), "{version:?}: {s:?}");
            assert!((0.0..=1.0).contains(&s.rank1), "{version:?}: {s:?}");
            assert!(s.wasserstein.is_finite(), "{version:?}: {s:?}");
        }
        // Projection is what brings the blocks' means back.
        assert!(of(Version::Truest).consistency > of(Version::Restored).consistency + 3.0);
        assert!(of(Version::Truest).psnr > pixelated.psnr, "{case:?}");
        assert_ne!(of(Version::Truest), of(Version::Sharpest));
        assert_ne!(of(Version::Stage1), of(Version::Restored));
    }
    let text = table::markdown(&evaluation);
    assert!(
        text.contains("whole crop, blocks of 8")
            && text.contains("moving, blocks of 12")
            && text.contains("| pixelated"),
        "{text}"
    );
    let json = serde_json::to_value(&evaluation).unwrap();
    assert_eq!(json["cases"][1]["setting"], "inner");
    assert_eq!(json["cases"][1]["rows"][4]["version"], "truest");

    let mut versions = Versions::new(&model).unwrap();
    let sheet = sheet(&mut versions, &faces[0], &cases, 1).unwrap();
    assert_eq!(sheet.width(), (COLUMNS.len() as u32 + 1) * 132 - 4);
    assert_eq!(sheet.height(), 2 * 132 - 4);
    // The truth stands last.
    assert_eq!(
        sheet.get_pixel(sheet.width() - 64, 64),
        faces[0].get_pixel(64, 64)
    );
    let page = page::html(&[evaluation], &[("<one>".to_owned(), sheet)]).unwrap();
    assert!(page.contains("data:image/png") && page.contains("&lt;one&gt;"));
    assert!(!page.contains("src=\"http"));
}

fn open(folder: &Path) -> Dataset {
    Dataset::open(folder, &ProgressBar::hidden()).unwrap()
}

#[test]
fn pictures_in_both_sets_are_found() {
    let pattern = |number: u32| {
        RgbImage::from_fn(96, 96, |x, y| {
            let wave = |f: u32| ((x * f + y * (f + number)) as f32 * 0.02).sin() * 60.0;
            Rgb([(128.0 + wave(1 + number) + wave(7 * number % 11)) as u8; 3])
        })
    };
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    std::fs::create_dir(&a).unwrap();
    std::fs::create_dir(&b).unwrap();
    for i in 0..6 {
        pattern(i).save(a.join(format!("{i}.png"))).unwrap();
    }
    // Other pictures, and a smaller, recompressed copy of one.
    for i in 10..14 {
        pattern(i).save(b.join(format!("{i}.png"))).unwrap();
    }
    image::imageops::thumbnail(&pattern(4), 80, 80)
        .save(b.join("copy.jpg"))
        .unwrap();
    let twins = overlap(&open(&b), &open(&a)).unwrap();
    assert_eq!(twins.len(), 1, "{twins:?}");
    assert!(
        twins[0].0.ends_with("copy.jpg") && twins[0].1.ends_with("4.png"),
        "{twins:?}"
    );
}

#[test]
fn faces_are_spread_and_square() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..10u32 {
        RgbImage::from_pixel(40, 60, Rgb([10 * i as u8, 0, 0]))
            .save(folder.path().join(format!("{i}.png")))
            .unwrap();
    }
    let faces = load_faces(&open(folder.path()), 3, 32).unwrap();
    let reds: Vec<u8> = faces.iter().map(|face| face.get_pixel(5, 5).0[0]).collect();
    assert_eq!(reds, [0, 30, 60]);
    assert!(faces.iter().all(|face| face.dimensions() == (32, 32)));
}
