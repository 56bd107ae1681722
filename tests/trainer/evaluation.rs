//! Evaluation of the bundled model: what is measured, and how it is written down.

use std::path::Path;

use crate::helpers::{Tiny, face, tiny_model};
use gstdepixelate::degrade::mosaic::Fill;
use gstdepixelate::evaluate::cases::{Case, Setting};
use gstdepixelate::evaluate::clips::clips;
use gstdepixelate::evaluate::job;
use gstdepixelate::evaluate::networks::Networks;
use gstdepixelate::evaluate::overlap::overlap;
use gstdepixelate::evaluate::sheet::{columns, sheet};
use gstdepixelate::evaluate::systems::{Systems, open_models};
use gstdepixelate::evaluate::versions::Version;
use gstdepixelate::evaluate::{Evaluation, Named, evaluate, load_faces, page, table};
use gstdepixelate::train::data::dataset::Dataset;
use image::{Rgb, RgbImage};
use indicatif::ProgressBar;

fn case(setting: Setting, block: u32) -> Case {
    Case {
        setting,
        block,
        fill: Fill::TileMean,
    }
}

#[test]
fn the_bundled_model_is_measured() {
    let models = open_models(&[]).unwrap();
    let mut systems = Systems::new(&models).unwrap();
    let faces: Vec<RgbImage> = (0..3).map(|i| face(i, 128)).collect();
    let cases = [case(Setting::Whole, 8), case(Setting::FACE, 6)];
    let (mut none, hidden) = (Networks::default(), ProgressBar::hidden());
    let scores = evaluate(&mut systems, &mut none, &faces, &cases, &hidden).unwrap();
    let evaluation = Evaluation {
        models: vec![Named {
            name: models[0].0.clone(),
            file: models[0].1.name().to_owned(),
        }],
        faces: "3 drawings".to_owned(),
        embedding: None,
        features: None,
        cases: scores,
        clips: clips(&mut systems, &faces[..1]).unwrap(),
    };
    assert_eq!(evaluation.clips.len(), 4);
    for clip in &evaluation.clips {
        assert_eq!(clip.rows.len(), 7);
        for row in &clip.rows {
            assert!((0.0..40.0).contains(&row.flicker), "{row:?}");
        }
    }
    for case in &evaluation.cases {
        let pixelated = case.of(None, Version::Pixelated).unwrap();
        let of = |version| case.of(Some("bundled"), version).unwrap();
        // A mosaic pixelated again is itself.
        assert_eq!(pixelated.mean("consistency"), f64::INFINITY);
        assert_eq!(case.rows.len(), 7);
        for row in &case.rows {
            let s = &row.scores;
            assert!((10.0..50.0).contains(&s.mean("psnr")), "{row:?}");
            assert!(s.measures["psnr"].sd > 0.0, "{row:?}");
            assert!((0.0..=1.0).contains(&s.mean("ssim_gauss")), "{row:?}");
            assert!((0.0..=1.0).contains(&s.rank1), "{row:?}");
            assert_eq!(s.chance, 1.0 / 3.0);
            assert!(s.sliced_wasserstein.is_finite(), "{row:?}");
        }
        // Projection is what brings the blocks' means back.
        let agrees = |version| of(version).mean("consistency");
        assert!(agrees(Version::Truest) > agrees(Version::Restored) + 3.0);
        let psnr = |version| of(version).mean("psnr");
        assert!(psnr(Version::Truest) > pixelated.mean("psnr"), "{case:?}");
        assert_ne!(psnr(Version::Truest), psnr(Version::Sharpest));
        assert_ne!(psnr(Version::Stage1), psnr(Version::Restored));
    }
    let text = table::markdown(&evaluation);
    assert!(
        text.contains("whole crop, blocks of 8")
            && text.contains("moving, blocks of 12")
            && text.contains("| pixelated")
            && text.contains("- ssim_uniform: structural similarity with a flat window")
            && text.contains("(0.333) |")
            && !text.contains("identity"),
        "{text}"
    );
    let json = serde_json::to_value(&evaluation).unwrap();
    assert_eq!(json["cases"][1]["setting"], "inner");
    let row = &json["cases"][1]["rows"][4];
    assert_eq!(
        (&row["model"], &row["version"]),
        (&"bundled".into(), &"truest".into())
    );
    for name in [
        "ssim_gauss",
        "de_pixel",
        "de_pixel_median",
        "de_pixel_p95",
        "channel_bias_red",
        "channel_gain_blue",
        "sharpness_ratio",
        "consistency_de_mean",
    ] {
        let summary = &row["measures"][name];
        assert!(
            summary["mean"].is_f64() && summary["sd"].is_f64(),
            "{name}: {row}"
        );
    }
    assert!(row["chance"].is_f64(), "{row}");
    assert!(row.get("frechet").is_none() && json.get("embedding").is_none());

    let sheet = sheet(&mut systems, &faces[0], &cases, 1).unwrap();
    assert_eq!(columns(&systems).len(), 6);
    assert_eq!(sheet.width(), 7 * 132 - 4);
    assert_eq!(sheet.height(), 2 * 132 - 4);
    // The truth stands last.
    assert_eq!(
        sheet.get_pixel(sheet.width() - 64, 64),
        faces[0].get_pixel(64, 64)
    );
    let page = page::html(&evaluation, &[("<one>".to_owned(), sheet)]).unwrap();
    assert!(page.contains("data:image/png") && page.contains("&lt;one&gt;"));
    assert!(!page.contains("src=\"http"));
}

#[test]
fn models_stand_in_one_table() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for place in ["faces", "other"] {
        std::fs::create_dir(at(place)).unwrap();
    }
    for i in 0..2 {
        let place = at("faces").join(format!("{i}.png"));
        face(i, 64).save(place).unwrap();
    }
    let files = [at("one.onnx"), at("other").join("one.onnx")];
    let kinds = [Tiny::Identity, Tiny::Color([0.0; 3])];
    for (file, kind) in files.iter().zip(kinds) {
        std::fs::write(file, tiny_model(64, kind)).unwrap();
    }
    let faces = job::Faces {
        path: at("faces"),
        held_out: None,
        limit: 2,
        trained_with: None,
    };
    let options = job::Options {
        blocks: vec![8],
        ..Default::default()
    };
    let evaluated = job::models(&files, &faces, &options).unwrap();
    let evaluation = &evaluated.evaluation;
    let names = evaluation.models.iter().map(|model| model.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["one", "one 2"]);
    // Two settings, two fills.
    assert_eq!(evaluation.cases.len(), 4);
    let mut expected = vec!["pixelated".to_owned(), "bicubic".to_owned()];
    for model in ["one", "one 2"] {
        expected.extend(Version::OUTPUTS.map(|version| format!("{model}: {}", version.name())));
    }
    for case in &evaluation.cases {
        let rows = case.rows.iter().map(|row| row.system.to_string());
        assert_eq!(rows.collect::<Vec<_>>(), expected);
        // Grey pictures are the second model's.
        let psnr = |model| {
            case.of(Some(model), Version::Restored)
                .unwrap()
                .mean("psnr")
        };
        assert!(psnr("one") > psnr("one 2") + 1.0, "{case:?}");
    }
    assert!(evaluation.clips.iter().all(|clip| clip.rows.len() == 12));
    // A row in each case's table and in that of the films.
    let text = table::markdown(evaluation);
    assert_eq!(text.matches("| bicubic ").count(), 5, "{text}");
    assert_eq!(text.matches("| one 2: sharpest ").count(), 5, "{text}");
    let page = evaluated.page().unwrap();
    assert_eq!(page.matches("<td>bicubic</td>").count(), 5);
    assert_eq!(page.matches("<td>one 2: sharpest</td>").count(), 5);
    // One sheet of each face, with both models.
    assert_eq!(page.matches("<figure>").count(), 2);
    assert!(page.contains("one: sharpest, one 2: stage 1"));
    let json = serde_json::to_value(evaluation).unwrap();
    let row = |number: usize| &json["cases"][0]["rows"][number];
    assert!(row(1).get("model").is_none());
    assert_eq!(row(1)["version"], "bicubic");
    assert_eq!(row(7)["model"], "one 2");
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
