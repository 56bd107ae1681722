//! Evaluation with networks that the user gives: embeddings of faces, features.

use std::path::{Path, PathBuf};

use crate::helpers::{Tiny, face, tiny_model};
use gstdepixelate::degrade::mosaic::Fill;
use gstdepixelate::evaluate::cases::{Case, Setting};
use gstdepixelate::evaluate::job;
use gstdepixelate::evaluate::networks::{Files, Networks};
use gstdepixelate::evaluate::table;
use gstdepixelate::metrics::{FeatureMap, cosine, feature_distance, frechet_distance};
use gstdepixelate::onnx::{Dim, GraphBuilder, batch_of, encode};
use image::RgbImage;

const SIDE: u32 = 64;
/// 48 of 64 pixels.
const INNER: Setting = Setting::Inner { share: 0.75 };

/// Describes a picture by the mean of each channel, which `then` is done to.
fn mean_colors(channels: i64, then: &str) -> Vec<u8> {
    let mut g = GraphBuilder::new("means");
    let side = i64::from(SIDE);
    let x = g.input_f32("x", &batch_of(&[channels, side, side]));
    let means = g.node("GlobalAveragePool", &[&x], vec![]);
    let means = g.node(then, &[&means], vec![]);
    g.output_f32("y", &means, &batch_of(&[channels, 1, 1]));
    encode(&g.finish().unwrap())
}

/// Two levels of a picture of any size: its bright parts, and the means of 2×2 pixels of them; and
/// something else.
fn bright_parts() -> Vec<u8> {
    let mut g = GraphBuilder::new("bright");
    let map = || -> Vec<Dim> { vec!["N".into(), 3.into(), "H".into(), "W".into()] };
    let x = g.input_f32("x", &map());
    let fine = g.relu(&x);
    let coarse = g.mean_pool_2(&fine);
    let flat = g.reshape(&x, &[-1]);
    g.output_f32("coarse", &coarse, &map());
    g.output_f32("flat", &flat, &["N".into(), "all".into()]);
    g.output_f32("fine", &fine, &map());
    encode(&g.finish().unwrap())
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let file = folder.join(name);
    std::fs::write(&file, bytes).unwrap();
    file
}

/// Channels of a picture, −1 … 1.
fn channels(picture: &RgbImage) -> [Vec<f32>; 3] {
    let channel = |c: usize| {
        picture
            .pixels()
            .map(move |p| f32::from(p.0[c]) / 127.5 - 1.0)
    };
    [0, 1, 2].map(|c| channel(c).collect())
}

/// What [`mean_colors`] says.
fn embedding(picture: &RgbImage) -> Vec<f64> {
    let mean = |channel: Vec<f32>| {
        let sum: f64 = channel.iter().map(|&v| f64::from(v)).sum();
        sum / channel.len() as f64
    };
    channels(picture).map(mean).into()
}

/// What [`bright_parts`] says.
fn levels(picture: &RgbImage) -> Vec<FeatureMap> {
    let bright = channels(picture)
        .map(|channel| -> Vec<f32> { channel.into_iter().map(|v| v.max(0.0)).collect() });
    let width = picture.width() as usize;
    let pooled = bright.clone().map(|channel| -> Vec<f32> {
        let pairs = |row: &[f32]| row.chunks(2).map(|it| it[0] + it[1]).collect::<Vec<f32>>();
        let rows: Vec<Vec<f32>> = channel.chunks(width).map(pairs).collect();
        let squares = rows.chunks(2).flat_map(|rows| {
            rows[0]
                .iter()
                .zip(&rows[1])
                .map(|(a, b)| (a + b) / 4.0)
                .collect::<Vec<f32>>()
        });
        squares.collect()
    });
    let map = |channels: [Vec<f32>; 3]| FeatureMap::new(3, channels.concat()).unwrap();
    vec![map(pooled), map(bright)]
}

fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-5, "{found}, not {expected}");
}

#[test]
fn rows_have_what_the_networks_say() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::create_dir(folder.join("faces")).unwrap();
    let faces: Vec<RgbImage> = (0..3).map(|i| face(i, SIDE)).collect();
    for (i, face) in faces.iter().enumerate() {
        face.save(folder.join(format!("faces/{i}.png"))).unwrap();
    }
    let model = written(
        folder,
        "same.onnx",
        &tiny_model(SIDE as usize, Tiny::Identity),
    );
    let options = job::Options {
        blocks: vec![8],
        inner: INNER,
        side: None,
        networks: Files {
            embedding: Some(written(folder, "means.onnx", &mean_colors(3, "Identity"))),
            features: Some(written(folder, "bright.onnx", &bright_parts())),
        },
    };
    let taken = job::Faces {
        path: folder.join("faces"),
        held_out: None,
        limit: 3,
        trained_with: None,
    };
    let evaluated = job::models(&[model], &taken, &options).unwrap();
    let evaluation = &evaluated.evaluation;
    let json = serde_json::to_value(evaluation).unwrap();
    assert!(
        json["embedding"]
            .as_str()
            .unwrap()
            .ends_with("means.onnx: 64 px, RGB, −1 … 1")
    );
    assert!(
        json["features"]
            .as_str()
            .unwrap()
            .ends_with("bright.onnx: any size, RGB, −1 … 1")
    );

    // The mosaics themselves, measured here.
    let case = Case {
        setting: INNER,
        block: 8,
        fill: Fill::TileMean,
    };
    let at = evaluation
        .cases
        .iter()
        .position(|it| it.case == case)
        .unwrap();
    let row = &json["cases"][at]["rows"][0];
    assert_eq!(
        (&row["version"], &json["cases"][at]["share"]),
        (&"pixelated".into(), &0.75.into())
    );
    let mosaics: Vec<_> = faces.iter().map(|face| case.apply(face).unwrap()).collect();
    assert_eq!(mosaics[0].rect.width, 48);
    let truths: Vec<Vec<f64>> = faces.iter().map(embedding).collect();
    let made: Vec<Vec<f64>> = mosaics.iter().map(|it| embedding(&it.picture)).collect();
    let mean = |pairs: &[(usize, usize)]| {
        let cosines = pairs
            .iter()
            .map(|&(i, j)| cosine(&made[i], &truths[j]).unwrap());
        cosines.sum::<f64>() / pairs.len() as f64
    };
    let figure = |name: &str| row["measures"][name]["mean"].as_f64().unwrap();
    assert_near(figure("identity"), mean(&[(0, 0), (1, 1), (2, 2)]));
    let others = [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)];
    assert_near(figure("identity_others"), mean(&others));
    assert_near(
        row["frechet"].as_f64().unwrap(),
        frechet_distance(&made, &truths).unwrap(),
    );
    let distances = mosaics.iter().zip(&faces).map(|(mosaic, face)| {
        let [made, truth] = [&mosaic.picture, face].map(|it| levels(&mosaic.inside(it)));
        feature_distance(&made, &truth).unwrap()
    });
    assert_near(figure("feature_distance"), distances.sum::<f64>() / 3.0);
    assert!(figure("feature_distance") > 1e-3);

    for case in &evaluation.cases {
        for row in &case.rows {
            assert!(row.scores.measures["identity"].sd.is_finite(), "{row:?}");
            assert!(row.scores.frechet.is_some_and(f64::is_finite), "{row:?}");
        }
    }
    let text = table::markdown(evaluation);
    for head in ["identity (others)", "frechet", "feature_distance"] {
        assert!(text.contains(&format!("| {head} ")), "{text}");
        assert!(
            evaluated
                .page()
                .unwrap()
                .contains(&format!("<th>{head}</th>"))
        );
    }
    assert!(
        text.contains("inner 75 %, blocks of 8, tile mean"),
        "{text}"
    );
}

#[test]
fn networks_that_do_not_fit_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let opened = |embedding: Option<PathBuf>, features: Option<PathBuf>| {
        Networks::open(&Files {
            embedding,
            features,
        })
    };
    let described = |embedding| opened(Some(embedding), None);
    let featured = |features| opened(None, Some(features));
    let grey = written(folder, "grey.onnx", &mean_colors(1, "Identity"));
    let no_model = written(folder, "text.onnx", b"a text");
    let vector = {
        let mut g = GraphBuilder::new("vector");
        let x = g.input_f32("x", &batch_of(&[3, 8, 8]));
        let flat = g.reshape(&x, &[-1]);
        g.output_f32("y", &flat, &batch_of(&[192]));
        written(folder, "vector.onnx", &encode(&g.finish().unwrap()))
    };
    let several = written(folder, "bright.onnx", &bright_parts());
    let empty = written(folder, "empty.safetensors", b"");
    for (networks, name, said) in [
        (
            described(folder.join("none.onnx")),
            "none.onnx",
            "cannot be read",
        ),
        (described(no_model), "text.onnx", "not an ONNX model"),
        (
            described(grey),
            "grey.onnx",
            "Float[open, 1, 64, 64], expected Float[N, 3, S, S]",
        ),
        (
            described(several),
            "bright.onnx",
            "has one output, this one has 3",
        ),
        (
            featured(vector),
            "vector.onnx",
            "none of its outputs is Float[N, C, H, W]",
        ),
        (
            featured(folder.join("vgg.pth")),
            "vgg.pth",
            "an .onnx file, or the weights of VGG or EfficientNet-lite0",
        ),
        (featured(empty), "empty.safetensors", "cannot be read"),
    ] {
        let error = format!("{:#}", networks.err().unwrap());
        assert!(error.contains(name) && error.contains(said), "{error}");
    }
    // The logarithm of a dark picture's mean.
    let broken = written(folder, "log.onnx", &mean_colors(3, "Log"));
    let mut networks = described(broken).unwrap();
    let black = RgbImage::new(SIDE, SIDE);
    let error = networks.see(&black, &black).err().unwrap();
    let error = format!("{error:#}");
    assert!(
        error.contains("log.onnx") && error.contains("not finite"),
        "{error}"
    );
}
