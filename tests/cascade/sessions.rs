//! What sessions of ONNX Runtime make of tiny models, and where they run.

use std::sync::{Arc, Mutex};

use crate::helpers::{Tiny, tiny_metadata, tiny_model, tiny_model_with};
use gstdepixelate::blocks::PLANES;
use gstdepixelate::cascade::runtime::{self, LogLevel};
use gstdepixelate::cascade::{
    Backend, Crops, DETAILED, INPUT, LATTICE, Model, ModelMetadata, OptimizationLevel, OrtBackend,
    Provider, RESTORED, Runtime, RuntimeSearch, STAGE1, SessionSettings,
};
use gstdepixelate::onnx::{Dim, GraphBuilder, batch_of, decode, encode};

pub fn runtime() -> &'static Runtime {
    runtime::load(&RuntimeSearch::default())
        .expect("these tests need ONNX Runtime: run scripts/setup.py plugin")
}

pub fn cpu() -> SessionSettings {
    SessionSettings {
        provider: Provider::Cpu,
        ..Default::default()
    }
}

pub fn backend(bytes: Vec<u8>) -> OrtBackend {
    let model = Model::from_bytes("tiny", bytes).unwrap();
    OrtBackend::new(runtime(), &model, &cpu()).unwrap()
}

/// `count` crops of numbers that differ from place to place.
pub fn ramp(count: usize, size: usize) -> Vec<f32> {
    let len = count * 3 * size * size;
    (0..len).map(|i| i as f32 / len as f32 - 0.5).collect()
}

#[test]
fn numbers_come_out_right_at_every_batch_size() {
    let mut backend = backend(tiny_model(16, Tiny::Scaled(0.5)));
    let mut restored = vec![7.0; 5];
    for count in [1, 3, 2, 33, 1] {
        let input = ramp(count, 16);
        backend
            .run(Crops::new(&input, count), 0.0, &mut restored)
            .unwrap();
        let expected: Vec<_> = input.iter().map(|v| v * 0.5).collect();
        assert_eq!(restored, expected, "batch of {count}");
    }
    backend.run(Crops::new(&[], 0), 0.0, &mut restored).unwrap();
    assert!(restored.is_empty());
}

#[test]
fn an_enlarging_model_gives_larger_pictures() {
    let metadata = ModelMetadata {
        scale: 2,
        ..tiny_metadata(16)
    };
    let mut backend = backend(tiny_model_with(&metadata, Tiny::Color([-1.0, 0.25, 1.0])));
    assert_eq!(backend.metadata(), &metadata);
    let mut restored = Vec::new();
    backend
        .run(Crops::new(&ramp(2, 16), 2), 0.0, &mut restored)
        .unwrap();
    assert_eq!(restored.len(), 2 * 3 * 32 * 32);
    for (plane, color) in restored
        .chunks(32 * 32)
        .zip([-1.0, 0.25, 1.0].iter().cycle())
    {
        assert!(plane.iter().all(|v| v == color));
    }
}

#[test]
fn settings_do_not_change_the_numbers() {
    let model = Model::from_bytes("tiny", tiny_model(16, Tiny::Scaled(3.0))).unwrap();
    let input = ramp(2, 16);
    let expected: Vec<_> = input.iter().map(|v| v * 3.0).collect();
    for optimization in OptimizationLevel::ALL {
        for threads in [0, 1, usize::MAX] {
            let settings = SessionSettings {
                optimization,
                threads,
                ..cpu()
            };
            let mut backend = OrtBackend::new(runtime(), &model, &settings).unwrap();
            let mut restored = Vec::new();
            backend
                .run(Crops::new(&input, 2), 0.0, &mut restored)
                .unwrap();
            assert_eq!(restored, expected, "{settings:?}");
        }
    }
}

#[test]
fn sessions_run_side_by_side() {
    std::thread::scope(|scope| {
        for factor in [0.5, -1.0, 2.0] {
            scope.spawn(move || {
                let mut backend = backend(tiny_model(16, Tiny::Scaled(factor)));
                let (input, mut restored) = (ramp(1, 16), Vec::new());
                for _ in 0..20 {
                    backend
                        .run(Crops::new(&input, 1), 0.0, &mut restored)
                        .unwrap();
                    assert!(restored.iter().zip(&input).all(|(y, x)| *y == x * factor));
                }
            });
        }
    });
}

#[test]
fn the_bundled_model_runs() {
    let model = Model::bundled().unwrap();
    let mut backend = OrtBackend::new(runtime(), &model, &cpu()).unwrap();
    backend.warm_up(4).unwrap();
    let size = model.metadata().size;
    let mut restored = Vec::new();
    backend
        .run(Crops::new(&ramp(1, size), 1), 0.0, &mut restored)
        .unwrap();
    assert_eq!(restored.len(), 3 * model.metadata().output_size().pow(2));
    assert!(restored.iter().all(|v| v.is_finite()));
}

#[test]
fn one_network_is_its_own_first_stage() {
    for has_stage1 in [true, false] {
        let mut model = decode(&tiny_model(16, Tiny::Scaled(0.5))).unwrap();
        let outputs = &mut model.graph.as_mut().unwrap().output;
        outputs.retain(|output| has_stage1 || output.name != STAGE1);
        let mut backend = backend(encode(&model));
        let (input, mut stage1) = (ramp(2, 16), Vec::new());
        backend
            .run_stage1(Crops::new(&input, 2), &mut stage1)
            .unwrap();
        let factor = if has_stage1 { 1.0 } else { 0.5 };
        assert!(stage1.iter().zip(&input).all(|(y, x)| *y == x * factor));
    }
}

#[test]
fn a_batch_of_the_wrong_size_is_refused() {
    let mut backend = backend(tiny_model(16, Tiny::Identity));
    let error = backend
        .run(Crops::new(&[0.0; 5], 1), 0.0, &mut Vec::new())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "a batch of 1 crops has 5 numbers, expected 768"
    );
    assert!(
        backend
            .run(Crops::new(&[], usize::MAX), 0.0, &mut Vec::new())
            .is_err()
    );
}

/// A model that adds the first three planes of the lattice to the mosaic.
fn told(planes: i64, side: Dim) -> Vec<u8> {
    let mut g = GraphBuilder::new("told");
    tiny_metadata(16).write_to(&mut g);
    let shape = batch_of(&[3, 16, 16]);
    let x = g.input_f32(INPUT, &shape);
    let zeros = vec![0.0; planes as usize];
    let lattice = ["M".into(), planes.into(), side.clone(), side];
    let lattice = g.optional_input_f32(LATTICE, &lattice, &[1, planes, 1, 1], &zeros);
    let lattice = g.expand_like(&lattice, planes, &x, 3);
    let lattice = g.first_channels(&lattice, 3);
    let y = g.add(&x, &lattice);
    g.output_f32(STAGE1, &x, &shape);
    g.output_f32(RESTORED, &y, &shape);
    encode(&g.finish().unwrap())
}

#[test]
fn a_model_may_be_told_the_lattice_or_not() {
    let mut backend = backend(told(PLANES as i64, "S".into()));
    assert!(backend.takes_lattice());
    let (pixelated, mut restored) = (ramp(2, 16), Vec::new());
    backend
        .run(Crops::new(&pixelated, 2), 0.0, &mut restored)
        .unwrap();
    assert_eq!(restored, pixelated);
    let lattice = vec![0.25; 2 * PLANES * 256];
    let crops = Crops {
        lattice: &lattice,
        neighbours: &[],
        ..Crops::new(&pixelated, 2)
    };
    backend.run(crops, 0.0, &mut restored).unwrap();
    assert!(restored.iter().zip(&pixelated).all(|(y, x)| *y == x + 0.25));
    let short = Crops {
        lattice: &lattice[1..],
        neighbours: &[],
        ..crops
    };
    assert!(backend.run(short, 0.0, &mut restored).is_err());
}

#[test]
fn detail_mixes_the_two_ends() {
    let mut g = GraphBuilder::new("ends");
    tiny_metadata(16).write_to(&mut g);
    let shape = batch_of(&[3, 16, 16]);
    let x = g.input_f32(INPUT, &shape);
    let twice = g.add(&x, &x);
    let means = g.mean_around(&twice, 1);
    let nothing = g.sub(&means, &twice);
    let detailed = g.add(&twice, &nothing);
    g.output_f32(STAGE1, &x, &shape);
    g.output_f32(RESTORED, &x, &shape);
    g.output_f32(DETAILED, &detailed, &shape);
    let mut backend = backend(encode(&g.finish().unwrap()));
    let (input, mut faces) = (ramp(3, 16), Vec::new());
    for detail in [0f32, 0.25, 1.0, 7.0] {
        let factor = 1.0 + detail.min(1.0);
        backend
            .run(Crops::new(&input, 3), detail, &mut faces)
            .unwrap();
        let close = |(y, x): (&f32, &f32)| (y - x * factor).abs() < 1e-6;
        assert!(faces.iter().zip(&input).all(close), "{detail}");
    }
}

#[test]
fn a_lattice_of_the_wrong_shape_is_refused() {
    for (planes, side) in [(3, "S".into()), (PLANES as i64, 17.into())] {
        let error = Model::from_bytes("m.onnx", told(planes, side)).unwrap_err();
        assert!(error.to_string().contains("input `lattice`"), "{error}");
    }
}

#[test]
fn automatic_takes_what_loads() {
    let model = Model::from_bytes("tiny", tiny_model(16, Tiny::Identity)).unwrap();
    let settings = SessionSettings {
        device: Some("0".into()),
        ..Default::default()
    };
    let mut backend = OrtBackend::new(runtime(), &model, &settings).unwrap();
    assert_eq!(backend.execution_provider(), backend.provider().name());
    assert!(runtime().providers().contains(&backend.provider()));
    let knows_cuda = runtime().providers().contains(&Provider::Cuda);
    let fell_back = backend.provider() == Provider::Cpu && knows_cuda;
    assert_eq!(backend.fallback_reason().is_some(), fell_back);
    // Eleven crops go through padding on a GPU and must not show it.
    let (input, mut restored) = (ramp(11, 16), Vec::new());
    backend
        .run(Crops::new(&input, 11), 0.0, &mut restored)
        .unwrap();
    assert_eq!(restored, input);
}

#[test]
fn an_unavailable_provider_is_an_error_naming_the_others() {
    let model = Model::from_bytes("tiny", tiny_model(16, Tiny::Identity)).unwrap();
    let available = runtime().providers();
    for provider in Provider::ALL {
        if provider == Provider::Auto || available.contains(&provider) {
            continue;
        }
        let settings = SessionSettings {
            provider,
            ..Default::default()
        };
        let text = error_text(OrtBackend::new(runtime(), &model, &settings));
        assert!(
            text.starts_with(&format!("execution provider `{provider}` is unavailable")),
            "{text}"
        );
        assert!(text.contains("cpu"), "{text}");
    }
}

#[test]
fn a_wrong_device_is_an_error_naming_device_and_provider() {
    let model = Model::from_bytes("tiny", tiny_model(16, Tiny::Identity)).unwrap();
    for (provider, device) in [
        (Provider::Auto, "gpu"),
        (Provider::Cpu, "0"),
        (Provider::Cuda, "first"),
        (Provider::TensorRt, "-1"),
        (Provider::OpenVino, "GPU 0\0"),
        (Provider::MiGraphX, "amd"),
        (Provider::CoreMl, "ANE"),
        (Provider::DirectMl, "-2"),
        (Provider::WebGpu, "0.5"),
    ] {
        let settings = SessionSettings {
            provider,
            device: Some(device.into()),
            ..Default::default()
        };
        let text = error_text(OrtBackend::new(runtime(), &model, &settings));
        let start = format!("device `{device}` is wrong for execution provider `{provider}`");
        assert!(text.starts_with(&start), "{text}");
    }
}

#[test]
fn messages_of_the_runtime_reach_the_logger() {
    runtime();
    let seen = Arc::new(Mutex::new(0));
    let counter = seen.clone();
    runtime::set_logger(Arc::new(move |_level, _category, message| {
        assert!(!message.is_empty());
        *counter.lock().unwrap() += 1;
        panic!("a panic in the logger stays there");
    }));
    runtime::set_log_level(LogLevel::Verbose);
    backend(tiny_model(16, Tiny::Identity));
    runtime::set_log_level(LogLevel::Warning);
    assert!(*seen.lock().unwrap() > 0);
}

pub fn error_text<T>(result: Result<T, impl std::fmt::Display>) -> String {
    match result {
        Ok(_) => panic!("an error was expected"),
        Err(error) => error.to_string(),
    }
}
