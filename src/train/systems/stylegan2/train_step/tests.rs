use super::super::blocks::channels;
use super::super::networks::Generator;
use super::*;
use crate::train::optim::discriminator::DiscriminatorChoice;
use crate::train::recipe::RecipeText;
use crate::train::systems::gpen::networks::Gpen;

fn stage(concatenated: bool) -> Stylegan2Step {
    let train = Settings {
        steps: 60,
        batch: 4,
        accumulate: 1,
        group: 2,
        learning_rate: 0.0025,
        betas: [0.0, 0.99],
        r1: 1.0,
        r1_every: 2,
        path: 2.0,
        path_every: 2,
        mixing: 0.9,
        average: 100.0,
        average_share: 0.0,
    };
    // So fast that pictures are augmented from the second step on.
    let augment = augment::Settings {
        target: 0.1,
        speed: 16.0,
    };
    let channels = channels(16, 128, 8);
    let discriminator = DiscriminatorNetwork {
        channels: channels.clone(),
    };
    let (style, mapping) = (8, 2);
    let generator = match concatenated {
        true => Prior::Concatenated(Gpen {
            channels,
            style,
            mapping,
        }),
        false => Prior::Added(Generator {
            channels,
            style,
            mapping,
        }),
    };
    let recipe = Recipe {
        seed: 3,
        generator,
        discriminator: DiscriminatorChoice::Own(discriminator),
        augment,
        train,
        ..Recipe::parse(Recipe::DEFAULT).unwrap()
    };
    Stylegan2Step::new(&recipe, Device::Cpu).unwrap()
}

fn batch() -> Batch {
    let options = (Kind::Float, Device::Cpu);
    Batch {
        target: Tensor::full([4, 3, 16, 16], 0.5, options),
        ..Batch::default()
    }
}

#[test]
fn its_pictures_come_nearer() {
    for concatenated in [false, true] {
        let (mut stage, batch) = (stage(concatenated), batch());
        stage.augmentation.target = 0.0;
        let options = (Kind::Float, Device::Cpu);
        let z = Tensor::randn([8, 8], options);
        let away = |stage: &Stylegan2Step| {
            let fake = stage.predict(&Inputs::alone(&z));
            (fake.mean(Kind::Float) - 0.5).abs().double_value(&[])
        };
        let before = away(&stage);
        for _ in 0..60 {
            stage.step(&Parts::whole(&batch)).unwrap();
        }
        let after = away(&stage);
        assert!(after < 0.7 * before.max(0.3), "{before} → {after}");
    }
}
