//! Runs that would never end, and answers that need a lot of memory.

use std::time::{Duration, Instant};

use super::sessions::{backend, cpu, error_text, ramp, runtime};
use crate::helpers::{endless_model, tiny_metadata};
use gstdepixelate::cascade::{Backend, Crops, Model, ModelMetadata, OrtBackend, RunError};

#[test]
fn an_endless_run_ends_when_its_brake_is_pulled() {
    let mut backend = backend(endless_model(16));
    backend.warm_up(1).unwrap();
    let brake = backend.brake().unwrap();
    let other = brake.clone();
    let puller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        other.pull();
    });
    let start = Instant::now();
    let crops = ramp(1, 16);
    let mut run = || backend.run(Crops::new(&crops, 1), 0.0, &mut Vec::new());
    assert_eq!(run(), Err(RunError::Stopped));
    puller.join().unwrap();
    // Nothing begins before it is released.
    assert_eq!(run(), Err(RunError::Stopped));
    assert!(
        start.elapsed() < Duration::from_secs(30),
        "{:?}",
        start.elapsed()
    );
    brake.release();
    let black = vec![0.0; 3 * 16 * 16];
    let mut restored = Vec::new();
    (backend.run(Crops::new(&black, 1), 0.0, &mut restored)).unwrap();
    assert_eq!(restored, black);
}

#[test]
fn a_run_that_takes_too_long_is_an_error_that_names_the_model() {
    let model = Model::from_bytes("endless.onnx", endless_model(16)).unwrap();
    let mut settings = cpu();
    settings.run_limit = Some(Duration::from_secs(1));
    let mut backend = OrtBackend::new(runtime(), &model, &settings).unwrap();
    let crops = ramp(1, 16);
    let text = error_text(backend.run(Crops::new(&crops, 1), 0.0, &mut Vec::new()));
    assert!(
        text.contains("model endless.onnx was not done with a run after 1 s"),
        "{text}"
    );
}

#[test]
fn a_model_of_huge_faces_restores_few_of_a_frame() {
    let ordinary = tiny_metadata(128);
    assert!(ordinary.most_regions() > 500, "{}", ordinary.most_regions());
    let huge = ModelMetadata {
        scale: 4,
        ..tiny_metadata(1024)
    };
    assert_eq!(huge.most_regions(), 4);
}
