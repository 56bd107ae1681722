//! Models that look at several frames: their files, what they are told, what is refused.

use super::sessions::{backend, error_text, ramp};
use crate::helpers::tiny_metadata;
use gstdepixelate::cascade::{
    Backend, Crops, INPUT, Model, ModelMetadata, NEIGHBOURS, RESTORED, STAGE1, Window,
};
use gstdepixelate::onnx::{Dim, GraphBuilder, batch_of, encode};

const WINDOW: Window = Window {
    behind: 2,
    ahead: 1,
    step: 1,
};

/// A model with this window in its metadata that adds the first three planes of its input for
/// neighbours, if it has one with so many planes and such sides.
fn told(window: Window, input: Option<(i64, Dim)>) -> Vec<u8> {
    let mut g = GraphBuilder::new("told");
    let metadata = ModelMetadata {
        window,
        ..tiny_metadata(16)
    };
    metadata.write_to(&mut g);
    let shape = batch_of(&[3, 16, 16]);
    let x = g.input_f32(INPUT, &shape);
    let y = match input {
        None => g.identity(&x),
        Some((planes, side)) => {
            let zeros = vec![0.0; planes as usize];
            let dims = ["M".into(), planes.into(), side.clone(), side];
            let told = g.optional_input_f32(NEIGHBOURS, &dims, &[1, planes, 1, 1], &zeros);
            let told = g.expand_like(&told, planes, &x, 3);
            let told = g.first_channels(&told, 3);
            g.add(&x, &told)
        }
    };
    g.output_f32(STAGE1, &x, &shape);
    g.output_f32(RESTORED, &y, &shape);
    encode(&g.finish().unwrap())
}

#[test]
fn a_model_may_be_told_of_neighbours_or_not() {
    let planes = WINDOW.planes();
    let mut backend = backend(told(WINDOW, Some((planes as i64, "S".into()))));
    assert_eq!(backend.metadata().window, WINDOW);
    backend.warm_up(2).unwrap();
    let (pixelated, mut restored) = (ramp(2, 16), Vec::new());
    let alone = Crops::new(&pixelated, 2);
    backend.run(alone, 0.0, &mut restored).unwrap();
    assert_eq!(restored, pixelated);
    let neighbours = vec![0.25; 2 * planes * 256];
    let crops = Crops {
        neighbours: &neighbours,
        ..alone
    };
    backend.run(crops, 0.0, &mut restored).unwrap();
    assert!(restored.iter().zip(&pixelated).all(|(y, x)| *y == x + 0.25));
    let short = Crops {
        neighbours: &neighbours[1..],
        ..alone
    };
    let error = error_text(backend.run(short, 0.0, &mut restored));
    assert!(error.contains("expected 10752"), "{error}");
}

#[test]
fn file_and_metadata_must_agree() {
    let planes = WINDOW.planes() as i64;
    let open = || -> Dim { "S".into() };
    for (window, input, expected) in [
        (
            WINDOW,
            None,
            "input `neighbours` is missing, expected there, as the metadata has `depixelate.frames`",
        ),
        (
            Window::default(),
            Some((planes, open())),
            "input `neighbours` is Float[open, 21, open, open], expected",
        ),
        (
            WINDOW,
            Some((6, open())),
            "input `neighbours` is Float[open, 6, open, open], expected Float[N, 21, 16, 16] with an open N",
        ),
        (
            WINDOW,
            Some((planes, 17.into())),
            "input `neighbours` is Float[open, 21, 17, 17], expected Float[N, 21, 16, 16]",
        ),
    ] {
        let text = error_text(Model::from_bytes("m.onnx", told(window, input)));
        let expected = format!("model m.onnx: {expected}");
        assert!(text.starts_with(&expected), "{text}\n{expected}");
    }
}

#[test]
fn the_bundled_model_looks_at_four_neighbours() {
    let window = Model::bundled().unwrap().metadata().window;
    assert_eq!(window.offsets().collect::<Vec<_>>(), [-6, -3, 3, 6]);
}
