use super::super::member::{Esrgan, RealEsrgan};
use super::*;
use crate::train::optim::losses::cross_entropy;
use crate::train::optim::trained::tests::check_parts;
use crate::train::recipe::RecipeText;

/// A step of the second part: sharpened truths, weights that a test can tell apart.
fn stage() -> EsrganStep {
    let small = include_str!("../../../../../recipes/esrgan-small.toml");
    let mut recipe = Esrgan::parse(small).unwrap().0;
    recipe.psnr.steps = 0;
    recipe.perceptual.features = None;
    (recipe.gan.pixel, recipe.gan.adversarial) = (0.5, 0.1);
    (recipe.gan.distance, recipe.gan.loss) = (Distance::L1, GanLoss::CrossEntropy);
    recipe.stage("esrgan", Device::Cpu).unwrap()
}

fn batch() -> Batch {
    tch::manual_seed(4);
    let options = (Kind::Float, Device::Cpu);
    let [input, target, sharpened_target] =
        [16, 64, 64].map(|side| Tensor::rand([2, 3, side, side], options) * 2 - 1);
    Batch {
        input,
        target,
        sharpened_target,
        ..Batch::default()
    }
}

#[test]
fn relativistic_scores_compare_with_plain_truths() {
    let relative = || {
        let mut stage = stage();
        stage.setup.gan.loss = GanLoss::Relativistic;
        stage
    };
    let (mut stage, twin, batch) = (relative(), relative(), batch());
    let losses = stage.step(&Parts::whole(&batch)).unwrap().values();
    let found = losses.iter().find(|(term, _)| *term == "adversarial");
    let fake = twin.fake(&Pair::of(&batch));
    let told = |real: &Tensor| twin.adversarial(&fake, &unit(real)).double_value(&[]) * 0.1;
    let (found, plain) = (found.unwrap().1, told(&batch.target));
    assert!((found - plain).abs() < 1e-6, "{found}, {plain}");
    assert!((plain - told(&batch.sharpened_target)).abs() > 1e-5);
}

/// Real-ESRGAN, whose discriminator has no batch norm.
#[test]
fn a_step_may_have_parts() {
    let small = include_str!("../../../../../recipes/realesrgan-small.toml");
    let mut recipe = RealEsrgan::parse(small).unwrap().0;
    recipe.psnr.steps = 0;
    recipe.perceptual.features = None;
    let batch = batch();
    check_parts(|| recipe.stage("realesrgan", Device::Cpu).unwrap(), &batch);
}

#[test]
fn sharpened_truths_are_for_pictures_and_plain_ones_for_the_discriminator() {
    let (mut stage, twin, batch) = (stage(), stage(), batch());
    let losses = stage.step(&Parts::whole(&batch)).unwrap().values();
    let of = |name: &str| losses.iter().find(|(term, _)| *term == name).unwrap().1;

    let seen = [unit(&batch.input)];
    let generator = &twin.setup.generator;
    let fake = generator.read(&mut Training(&twin.generator.weights), &seen);
    let distance = |truth: &Tensor| (l1(&fake, &unit(truth)) * 0.5).double_value(&[]);
    assert!((of("pixel") - distance(&batch.sharpened_target)).abs() < 1e-5);
    assert!((of("pixel") - distance(&batch.target)).abs() > 1e-4);

    let Adversary::Own(size, discriminator) = &twin.discriminator else {
        panic!("it has its own");
    };
    let weights = discriminator.effective();
    let scores = |pictures: &Tensor| twin.setup.scores(*size, &weights, pictures);
    let told = |real: &Tensor| {
        let loss = cross_entropy(&scores(&unit(real)), 1.0) + cross_entropy(&scores(&fake), 0.0);
        loss.double_value(&[])
    };
    let found = of("discriminator");
    assert!((found - told(&batch.target)).abs() < 1e-4, "{found}");
    assert!(
        (found - told(&batch.sharpened_target)).abs() > 1e-3,
        "{found}"
    );
}
