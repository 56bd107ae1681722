//! Small trainings of the cascade: both stages or one, a stop in between, export, and the element's
//! own code on the result.

use std::path::Path;

use super::cascade_recipes::{
    make_faces, small_bundled, small_film, small_published, small_recipe, train,
};
use crate::helpers::{Tiny, tiny_metadata, tiny_model_with};
use crate::runs::options;
use gstdepixelate::cascade::{
    Backend, Crops, Model, ModelMetadata, MosaicInput, OrtBackend, RuntimeSearch, SessionSettings,
    ValueRange, runtime,
};
use gstdepixelate::cli::train::{ExportArgs, ExportPrecision, export};
use gstdepixelate::train::features;
use gstdepixelate::train::nn::layers::Parameters;
use gstdepixelate::train::nn::precision::Choice;
use gstdepixelate::train::recipe::RecipeText;
use gstdepixelate::train::run::options::{Options, Outcome};
use gstdepixelate::train::run::{checkpoint, inspect, log, report, system};
use gstdepixelate::train::systems::cascade::networks::Architecture;
use gstdepixelate::train::systems::cascade::u_shaped::UShaped;
use gstdepixelate::train::systems::cascade::{
    self, Cyclegan, Dcedn, FirstSettings, Recipe, SecondSettings,
};
use tch::Tensor;

/// The second stage alone, behind a first one or a restorer.
fn train_second(
    recipe: &Recipe,
    [stage1, after]: [Option<&Path>; 2],
    faces: &Path,
    options: &Options,
) -> anyhow::Result<Outcome> {
    let settings = SecondSettings {
        folder: options.out.clone(),
        stage1: stage1.map(Path::to_owned),
        after: after.map(Path::to_owned),
        ..SecondSettings::default()
    };
    let recipe = recipe.clone();
    system::train(&Dcedn { recipe, settings }, faces, options)
}

/// Export the run in `run` to `out`.
fn export_to(run: &Path, out: &Path) -> anyhow::Result<()> {
    export(&ExportArgs {
        run: run.to_owned(),
        out: out.to_owned(),
        stage1: None,
        fixed: false,
        precision: ExportPrecision::Fp32,
    })
}

fn tensors(out: &Path, stage: &str) -> Parameters {
    checkpoint::load(&out.join(format!("{stage}.safetensors"))).unwrap()
}

/// A loss term over the first and the last logged interval of a stage.
fn first_and_last(out: &Path, stage: &str, term: &str) -> (f64, f64) {
    let lines = log::read(&log::file(out)).unwrap();
    let of_stage = lines.iter().filter(|line| line.stage == stage);
    let values: Vec<f64> = of_stage
        .filter_map(|line| line.losses.get(term).copied())
        .collect();
    (values[0], values[values.len() - 1])
}

#[test]
fn a_small_cascade_learns_and_the_runtime_loads_it() {
    let folder = tempfile::tempdir().unwrap();
    let (faces, out) = (folder.path().join("faces"), folder.path().join("run"));
    std::fs::create_dir(&faces).unwrap();
    make_faces(&faces, 40);
    std::fs::write(faces.join("broken.jpg"), b"no picture").unwrap();
    let recipe = small_recipe(300, 300);
    assert_eq!(train(&recipe, &faces, options(&out)), Outcome::Finished);
    for (stage, term) in [("stage1", "paired"), ("stage2", "mse")] {
        let (first, last) = first_and_last(&out, stage, term);
        assert!(last < 0.8 * first, "{stage}: {first} → {last}");
    }
    // A page about it, with everything inside.
    let page = out.join("report.html");
    report::write(&out, &page).unwrap();
    let page = std::fs::read_to_string(page).unwrap();
    for part in [
        "<svg",
        "data:image/png",
        "discriminator-b",
        "By block size",
        "stage2",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("src=\"http"));
    let model = Model::open(&out.join("cascade.onnx")).unwrap();
    assert_eq!(model.metadata().size, 32);
    assert_eq!(model.metadata().license, recipe.model.license);
    let runtime = runtime::load(&RuntimeSearch::default()).unwrap();
    let mut session = OrtBackend::new(runtime, &model, &SessionSettings::default()).unwrap();
    let mut restored = Vec::new();
    session
        .run(Crops::new(&[0.1; 2 * 3 * 32 * 32], 2), 0.0, &mut restored)
        .unwrap();
    assert_eq!(restored.len(), 2 * 3 * 32 * 32);
}

#[test]
fn films_are_trained_on_and_their_model_is_told_of_neighbours() {
    let folder = tempfile::tempdir().unwrap();
    let (faces, out) = (folder.path().join("faces"), folder.path().join("run"));
    std::fs::create_dir(&faces).unwrap();
    make_faces(&faces, 24);
    // The log has means over 50 steps.
    let recipe = small_film(folder.path(), 50, 50);
    assert_eq!(train(&recipe, &faces, options(&out)), Outcome::Finished);
    for (stage, term) in [
        ("stage1", "steady"),
        ("stage2", "steady"),
        ("stage2", "detailed-steady"),
    ] {
        assert!(first_and_last(&out, stage, term).0 > 0.0, "{term}");
    }
    let model = Model::open(&out.join("cascade.onnx")).unwrap();
    let window = recipe.networks.window();
    assert_eq!(model.metadata().window, window);
    assert!(window.behind > 0 && window.ahead > 0);

    // Half a film is none.
    let mut odd = recipe.clone();
    odd.stage1.batch = 3;
    let error = odd.check().unwrap_err().to_string();
    assert!(error.contains("stage1.batch"), "{error}");
    for wrong in ["film", "networks"] {
        let mut recipe = recipe.clone();
        match wrong {
            "film" => recipe.film = None,
            _ => recipe.networks = small_bundled(folder.path(), 1, 1).networks,
        }
        let error = recipe.check().unwrap_err().to_string();
        assert!(error.contains("[film]"), "{error}");
    }
}

#[test]
fn a_cascade_that_enlarges_has_two_pictures_and_remembers_its_features() {
    let folder = tempfile::tempdir().unwrap();
    let (faces, out) = (folder.path().join("faces"), folder.path().join("run"));
    std::fs::create_dir(&faces).unwrap();
    make_faces(&faces, 24);
    let recipe = small_bundled(folder.path(), 2, 3);
    assert_eq!(train(&recipe, &faces, options(&out)), Outcome::Finished);
    for (stage, discriminator) in [
        ("stage1", "face"),
        ("stage2", "whole"),
        ("stage2", "detail"),
    ] {
        let name = format!("judge_{discriminator}.stage6.score.weight");
        assert!(tensors(&out, stage).contains_key(&name), "{name}");
    }
    let model = Model::open(&out.join("cascade.onnx")).unwrap();
    assert_eq!((model.metadata().size, model.metadata().scale), (32, 2));
    let runtime = runtime::load(&RuntimeSearch::default()).unwrap();
    let mut session = OrtBackend::new(runtime, &model, &SessionSettings::default()).unwrap();
    let mut faces_of = |detail| {
        let mut made = Vec::new();
        let crops = [0.1; 3 * 32 * 32];
        session
            .run(Crops::new(&crops, 1), detail, &mut made)
            .unwrap();
        assert_eq!(made.len(), 3 * 64 * 64);
        made
    };
    assert_ne!(faces_of(0.0), faces_of(1.0));
    // No path of this machine in what is handed on.
    let text = std::fs::read_to_string(out.join("recipe.toml")).unwrap();
    assert!(!text.contains("safetensors"), "{text}");
    let weights = features::Architecture::EfficientNetLite0.untrained(None);
    let other = folder.path().join("other.safetensors");
    Tensor::write_safetensors(&weights.into_iter().collect::<Vec<_>>(), &other).unwrap();
    let error = |features| {
        let recipe = Recipe {
            features,
            ..recipe.clone()
        };
        let outcome = cascade::train(&recipe, Choice::Full, &faces, &options(&out));
        outcome.unwrap_err().to_string()
    };
    assert!(error(Some(other)).contains("another feature network"));
    assert!(error(None).contains("--features"));
}

#[test]
fn a_stopped_run_goes_on_as_if_it_had_not_been() {
    let folder = tempfile::tempdir().unwrap();
    let faces = folder.path().join("faces");
    std::fs::create_dir(&faces).unwrap();
    make_faces(&faces, 24);
    for recipe in [
        small_recipe(4, 3),
        small_published(4, 3),
        small_bundled(folder.path(), 4, 3),
    ] {
        let folder = tempfile::tempdir().unwrap();
        check_resumed(&recipe, &faces, folder.path());
    }
}

fn check_resumed(recipe: &Recipe, faces: &Path, folder: &Path) {
    let whole = folder.join("whole");
    assert_eq!(train(recipe, faces, options(&whole)), Outcome::Finished);
    // The flag is what Ctrl-C sets: each run does one step, saves and stops.
    let parts = folder.join("parts");
    for _ in 0..3 {
        let stopping = options(&parts);
        stopping.stop.ask();
        assert_eq!(train(recipe, faces, stopping), Outcome::Stopped);
    }
    assert_eq!(tensors(&parts, "stage1")["step"].int64_value(&[0]), 3);
    assert_eq!(train(recipe, faces, options(&parts)), Outcome::Finished);
    for stage in ["stage1", "stage2"] {
        let (a, b) = (tensors(&whole, stage), tensors(&parts, stage));
        assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
        for (name, tensor) in &a {
            let difference = (tensor - &b[name]).abs().max().double_value(&[]);
            assert!(difference < 1e-6, "{stage} {name}: {difference}");
        }
    }
}

#[test]
fn a_second_stage_is_trained_behind_an_exported_first() {
    let folder = tempfile::tempdir().unwrap();
    let (faces, first) = (folder.path().join("faces"), folder.path().join("first"));
    std::fs::create_dir(&faces).unwrap();
    make_faces(&faces, 20);
    let recipe = small_recipe(2, 2);
    let warmup_share = train_second(&recipe, [None; 2], &faces, &options(&first));
    assert!(format!("{:#}", warmup_share.unwrap_err()).contains("--stage1"));
    let generator = Cyclegan {
        recipe: recipe.clone(),
        settings: FirstSettings::default(),
    };
    let outcome = system::train(&generator, &faces, &options(&first)).unwrap();
    assert_eq!(outcome, Outcome::Finished);
    let stage1 = first.join("stage1.onnx");
    assert!(
        inspect::describe(&stage1)
            .unwrap()
            .contains("depixelate.recipe")
    );
    let text = inspect::describe(&first.join("stage1.safetensors")).unwrap();
    assert!(text.contains("steps done: 2"), "{text}");

    let second = folder.path().join("second");
    let behind = [Some(stage1.as_path()), None];
    let outcome = train_second(&recipe, behind, &faces, &options(&second)).unwrap();
    assert_eq!(outcome, Outcome::Finished);
    // Both files hold the same first stage.
    let weights = |file: &Path| {
        let model = gstdepixelate::onnx::decode(&std::fs::read(file).unwrap()).unwrap();
        let tensors = model.graph.unwrap().initializer.into_iter();
        let stage1 = tensors.filter(|tensor| tensor.name.starts_with("stage1."));
        stage1
            .map(|tensor| (tensor.name, tensor.raw_data))
            .collect::<Vec<_>>()
    };
    let (one, both) = (weights(&stage1), weights(&second.join("cascade.onnx")));
    assert!(!one.is_empty());
    assert_eq!(one, both);

    let mut other = recipe.clone();
    let (widths, blocks) = (vec![8, 16], vec![1, 1]);
    other.networks.generator = Architecture::UShaped(UShaped {
        widths,
        blocks,
        fine: None,
        neighbours: None,
    });
    let out = options(&folder.path().join("other"));
    let error = train_second(&other, behind, &faces, &out).unwrap_err();
    assert!(
        format!("{error:#}").contains("the recipe's networks have"),
        "{error:#}"
    );
}

#[test]
fn a_second_stage_is_trained_behind_a_restorer_of_any_system() {
    let folder = tempfile::tempdir().unwrap();
    let (faces, out) = (folder.path().join("faces"), folder.path().join("run"));
    std::fs::create_dir(&faces).unwrap();
    make_faces(&faces, 20);
    let mut recipe = small_recipe(2, 2);
    recipe.networks.dcedn = Architecture::Dcedn { width: 4 };
    let metadata = ModelMetadata {
        scale: 2,
        range: ValueRange::Unit,
        margin: recipe.model.margin,
        mosaic: MosaicInput::Smooth,
        ..tiny_metadata(16)
    };
    let file = |name: &str, factor| {
        let file = folder.path().join(name);
        std::fs::write(&file, tiny_model_with(&metadata, Tiny::Scaled(factor))).unwrap();
        file
    };
    let (restorer, other) = (file("restorer.onnx", 0.75), file("other.onnx", 0.5));
    let behind = |file: &Path| train_second(&recipe, [None, Some(file)], &faces, &options(&out));
    assert_eq!(behind(&restorer).unwrap(), Outcome::Finished);
    let error = behind(&other).unwrap_err();
    assert!(
        error.to_string().contains("behind another model"),
        "{error}"
    );
    // The folder knows what its second stage is behind.
    let again = out.join("again.onnx");
    export_to(&out, &again).unwrap();
    let cascade = std::fs::read(out.join("cascade.onnx")).unwrap();
    assert_eq!(cascade, std::fs::read(&again).unwrap());
    let model = Model::open(&again).unwrap();
    assert_eq!(
        (model.metadata().size, model.metadata().output_size()),
        (16, 32)
    );
    let runtime = runtime::load(&RuntimeSearch::default()).unwrap();
    let mut backend = OrtBackend::new(runtime, &model, &SessionSettings::default()).unwrap();
    let (crop, mut made) = (vec![0.5; 3 * 16 * 16], Vec::new());
    backend.run_stage1(Crops::new(&crop, 1), &mut made).unwrap();
    // 0.5 of −1 … 1 is 0.75 of 0 … 1.
    let expected = 0.75 * 0.75 * 2.0 - 1.0;
    assert!(made.iter().all(|v| (v - expected).abs() < 1e-6));
    backend.run(Crops::new(&crop, 1), 1.0, &mut made).unwrap();
    assert_eq!(made.len(), 3 * 32 * 32);
}

#[test]
fn a_run_starts_from_an_exported_model() {
    let folder = tempfile::tempdir().unwrap();
    let (faces, out) = (folder.path().join("faces"), folder.path().join("first"));
    std::fs::create_dir(&faces).unwrap();
    make_faces(&faces, 20);
    let mut recipe = small_recipe(2, 2);
    assert_eq!(train(&recipe, &faces, options(&out)), Outcome::Finished);
    let model = out.join("cascade.onnx");
    // Nothing is learned at a rate of zero: what comes out is what went in.
    (recipe.stage1.learning_rate, recipe.stage2.learning_rate) = (0.0, 0.0);
    let again = folder.path().join("again");
    let start = Options {
        start_from: Some(model.clone()),
        ..options(&again)
    };
    assert_eq!(train(&recipe, &faces, start), Outcome::Finished);
    let weights = |file: &Path| {
        let model = gstdepixelate::onnx::decode(&std::fs::read(file).unwrap()).unwrap();
        let tensors = model.graph.unwrap().initializer.into_iter();
        tensors
            .map(|tensor| (tensor.name, tensor.raw_data))
            .collect::<Vec<_>>()
    };
    assert_eq!(weights(&model), weights(&again.join("cascade.onnx")));
    let held_out = std::fs::read_to_string(out.join("held-out.txt")).unwrap();
    assert!(held_out.ends_with("019.png"), "{held_out}");
}

#[test]
fn a_folder_of_another_recipe_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let faces = folder.path().join("faces");
    std::fs::create_dir(&faces).unwrap();
    make_faces(&faces, 20);
    let out = folder.path().join("run");
    let run = |recipe: &Recipe, faces: &Path| {
        let stopping = options(&out);
        stopping.stop.ask();
        cascade::train(recipe, Choice::Full, faces, &stopping)
    };
    assert_eq!(run(&small_recipe(3, 3), &faces).unwrap(), Outcome::Stopped);
    let error = run(&small_recipe(4, 3), &faces).unwrap_err();
    assert!(error.to_string().contains("another recipe"), "{error}");
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let error = export_to(&empty, &folder.path().join("a.onnx")).unwrap_err();
    assert!(format!("{error:#}").contains("stage1"), "{error:#}");
    let error = run(&small_recipe(3, 3), &empty).unwrap_err();
    assert!(error.to_string().contains("no readable picture"), "{error}");
}
