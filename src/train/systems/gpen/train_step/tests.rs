use super::*;
use crate::train::nn::parameters;
use crate::train::optim::discriminator::DiscriminatorChoice;
use crate::train::optim::trained::tests::{check_parts, check_resumed, saved};
use crate::train::recipe::RecipeText;
use crate::train::run::checkpoint;

fn recipe() -> Recipe {
    let train = Settings {
        steps: 40,
        warmup_steps: 1,
        batch: 2,
        accumulate: 1,
        learning_rate: 0.002,
        decoder_lr: 1.0,
        discriminator_lr: 1.0,
        betas: [0.0, 0.99],
        adversarial: 1.0,
        l1: 1.0,
        features: 0.02,
        r1: 10.0,
        r1_every: 2,
        path: 2.0,
        path_every: 2,
        average: 0.9,
    };
    let channels = vec![8, 8, 4];
    let discriminator = DiscriminatorNetwork {
        channels: channels.clone(),
    };
    let generator = Gpen {
        channels,
        style: 8,
        mapping: 2,
    };
    Recipe {
        seed: 3,
        generator,
        discriminator: DiscriminatorChoice::Own(discriminator),
        train,
        ..Recipe::parse(Recipe::DEFAULT).unwrap()
    }
}

fn stage() -> GpenStep {
    GpenStep::new(&recipe(), Device::Cpu).unwrap()
}

fn batch() -> Batch {
    let levels = Tensor::from_slice(&[-0.5f32, 0.5]).view([2, 1, 1, 1]);
    let clean = levels.expand([2, 3, 16, 16], false).contiguous();
    Batch {
        input: &clean * 0.8,
        target: clean,
        ..Batch::default()
    }
}

#[test]
fn it_learns() {
    let (mut stage, batch) = (stage(), batch());
    stage.settings.warmup_steps = 40;
    let mut values = Vec::new();
    for _ in 0..40 {
        values.push(stage.step(&Parts::whole(&batch)).unwrap().values()[0].1);
    }
    assert!(values[39] < 0.6 * values[0], "{values:?}");
}

#[test]
fn a_resumed_training_goes_on_as_if_it_had_not_stopped() {
    // Without the path length's noise: tests that run beside this one draw from the same
    // randomness.
    let calm = || {
        let mut stage = stage();
        stage.settings.path = 0.0;
        stage
    };
    check_resumed(calm, &batch());
}

#[test]
fn a_step_in_parts_is_the_same_step() {
    // The discriminator compares the pictures of a part with each other.
    check_parts(stage, &batch());
}

#[test]
fn it_starts_from_a_prior_with_its_judge() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stylegan2.safetensors");
    let source = stage();
    let mut tensors = Vec::new();
    parameters::store("generator", &source.decoder.weights, &mut tensors);
    parameters::store("average.generator", &source.decoder.weights, &mut tensors);
    source.discriminator.save(&mut tensors);
    for (_, tensor) in &mut tensors {
        *tensor = tensor.detach() + 1.0;
    }
    checkpoint::save(&file, &tensors).unwrap();
    let mut started = stage();
    let before = saved(&started);
    started.start_from(&file).unwrap();
    let after = saved(&started);
    let change = |name: &str| {
        let difference = &after[name] - &before[name];
        difference.abs().min().double_value(&[])
    };
    assert!(change("decoder.conv4.weight") > 0.9 && change("average.decoder.start.maps") > 0.9);
    assert!(change("judge.enter.weight") > 0.9);
    assert_eq!(change("encoder.encode.enter.weight"), 0.0);
    let error = started.start_from(Path::new("prior.onnx")).unwrap_err();
    assert!(error.to_string().contains("checkpoint"), "{error}");
}
