use super::*;
use crate::train::data::loader::Batch;
use crate::train::nn::exported::round_to_halves;
use crate::train::nn::precision::Precision;
use crate::train::optim::parts::Parts;
use crate::train::run::train_step::TrainStep;
use crate::train::systems::cascade::stage2::{FirstStage, Stage2, new_dcedn};

/// A restorer of another system: enlarges by repetition, and makes everything a little darker.
fn restorer(size: usize, doublings: usize, range: ValueRange) -> Model {
    let metadata = ModelMetadata {
        size,
        scale: 1 << doublings,
        range,
        margin: 1.3,
        mosaic: MosaicInput::Smooth,
        blocks: (2.0, 8.0),
        trained_on: "nothing".to_owned(),
        license: "MIT".to_owned(),
        multiple: None,
        window: crate::cascade::Window::default(),
    };
    let side = |size: usize| batch_of(&[3, size as i64, size as i64]);
    let mut graph = GraphBuilder::new("restorer");
    let mut x = graph.input_f32(INPUT, &side(size));
    for _ in 0..doublings {
        x = graph.upsample_nearest_2(&x);
    }
    let y = graph.scale(&x, 0.9);
    graph.output_f32(RESTORED, &y, &side(metadata.output_size()));
    metadata.write_to(&mut graph);
    Model::from_bytes("restorer.onnx", encode(&graph.finish().unwrap())).unwrap()
}

fn recipe(changes: &[&str]) -> Recipe {
    let least = ["model.margin=1.3", "degradation.blocks=[2.0, 8.0]"];
    let all = least.iter().chain(changes).map(|c| (*c).to_owned());
    Recipe::read_with(None, &all.collect::<Vec<_>>()).unwrap()
}

const PLAIN: &str = "networks.dcedn={kind=\"dcedn\",width=4}";
const TOLD: &str = "networks.dcedn={kind=\"u-shaped\",widths=[4,8],blocks=[1,1]}";

#[test]
fn both_stages_become_one_file() {
    for (size, doublings, range, dcedn) in [
        (32, 0, ValueRange::Signed, TOLD),
        (16, 1, ValueRange::Unit, PLAIN),
        (16, 2, ValueRange::Signed, PLAIN),
    ] {
        tch::manual_seed(3);
        let side = size << doublings;
        let recipe = recipe(&[&format!("model.size={side}"), dcedn]);
        let after = || ExportedRestorer::new(restorer(size, doublings, range), &recipe).unwrap();
        let mut weights = new_dcedn(&recipe, Device::Cpu);
        // As the recipe stores them.
        round_to_halves(&mut weights);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cascade.onnx");
        std::fs::write(&file, after().proven(&recipe, &weights).unwrap()).unwrap();
        let model = Model::open(&file).unwrap();
        let metadata = model.metadata();
        assert_eq!((metadata.size, metadata.scale), (size, 1 << doublings));
        assert_eq!(metadata.range, ValueRange::Signed);
        assert_eq!(metadata.mosaic, MosaicInput::Smooth);
        assert!(model.has_stage1() && model.has_detailed());
        assert_eq!(model.takes_lattice(), dcedn == TOLD);
        // Other weights are another file.
        let others = new_dcedn(&recipe, Device::Cpu);
        let onnx = std::fs::read(&file).unwrap();
        assert!(after().parity(&recipe, &others, &onnx).unwrap() > 1e-3);
    }
}

#[test]
fn the_second_stage_learns_behind_it() {
    tch::manual_seed(3);
    let recipe = recipe(&["model.size=32", "stage2.learning_rate=4e-4", PLAIN]);
    let after = ExportedRestorer::new(restorer(16, 1, ValueRange::Unit), &recipe).unwrap();
    let first = FirstStage::Exported(Box::new(after));
    let mut stage = Stage2::new(&recipe, first, Device::Cpu, Precision::FULL).unwrap();
    let options = (Kind::Float, Device::Cpu);
    let clean = (Tensor::rand([2, 3, 8, 8], options) - 0.5).upsample_nearest2d([32; 2], None, None);
    let batch = Batch {
        fine: Tensor::new(),
        projection: None,
        input: &clean * 0.5,
        conditioning: Tensor::zeros([2, PLANES as i64, 32, 32], options),
        unpaired: clean.narrow(0, 0, 0),
        sharpened_target: clean.narrow(0, 0, 0),
        labels: clean.narrow(0, 0, 0),
        target: clean,
    };
    let loss = |stage: &mut Stage2| {
        let values = stage.step(&Parts::whole(&batch)).unwrap().values();
        values.iter().map(|(_, value)| value).sum::<f64>()
    };
    let before = loss(&mut stage);
    let after = (0..30).map(|_| loss(&mut stage)).last().unwrap();
    assert!(after < 0.9 * before, "{before} → {after}");
    let restored = stage.predict(&batch.inputs());
    assert_eq!(restored.size(), batch.target.size());
}

#[test]
fn what_does_not_fit_is_named() {
    let refused = |model: Model, changes: &[&str]| {
        let error = ExportedRestorer::new(model, &recipe(changes))
            .map(drop)
            .unwrap_err();
        error.to_string()
    };
    let model = || restorer(16, 1, ValueRange::Unit);
    assert!(refused(model(), &["model.size=64", PLAIN]).contains("--set model.size=32"));
    assert!(refused(model(), &["model.size=32", TOLD]).contains("--set 'networks.dcedn={kind"));
    let wide = ["model.size=32", "model.margin=2.0", PLAIN];
    assert!(refused(model(), &wide).contains("--set model.margin=1.3"));
}

#[test]
fn a_folder_keeps_one_restorer() {
    let folder = tempfile::tempdir().unwrap();
    let keep = |size: usize| {
        let bytes = restorer(size, 1, ValueRange::Unit).bytes().to_vec();
        ExportedRestorer::keep("it", bytes, folder.path())
    };
    let recipe = recipe(&["model.size=32", PLAIN]);
    assert!(
        ExportedRestorer::kept(folder.path(), &recipe)
            .unwrap()
            .is_none()
    );
    keep(16).unwrap();
    keep(16).unwrap();
    assert!(
        ExportedRestorer::kept(folder.path(), &recipe)
            .unwrap()
            .is_some()
    );
    let error = keep(32).unwrap_err().to_string();
    assert!(error.contains("behind another model"), "{error}");
    assert!(ExportedRestorer::keep("none", vec![1, 2, 3], folder.path()).is_err());
}
