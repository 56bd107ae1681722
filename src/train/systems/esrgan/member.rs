//! SRGAN, ESRGAN and Real-ESRGAN as systems.

use std::path::PathBuf;

use anyhow::bail;
use image::RgbImage;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};
use tch::Device;

use super::recipe::{DiscriminatorKind, Recipe};
use super::train_step::{EsrganStep, Setup};
use crate::train::data::held_out::HeldOut;
use crate::train::data::samples::Sample;
use crate::train::features;
use crate::train::nn::layers::Kept;
use crate::train::nn::network::kept;
use crate::train::recipe::RecipeText;
use crate::train::run::memory::{Demand, Role};
use crate::train::run::model_file::model_file;
use crate::train::run::system::{ModelFile, System};

impl Recipe {
    /// Untrained networks; `name` is the system's.
    pub fn stage(&self, name: &'static str, device: Device) -> anyhow::Result<EsrganStep> {
        let setup = Setup {
            name,
            seed: self.seed,
            generator: self.generator,
            discriminator: self.discriminator,
            side: self.crop.patch.into(),
            settings: self.train.clone(),
            psnr: self.psnr.clone(),
            gan: self.gan.clone(),
            perceptual: self.perceptual.clone(),
        };
        EsrganStep::new(setup, device)
    }
}

/// A member of the family: 0 SRGAN, 1 ESRGAN, 2 Real-ESRGAN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Member<const NUMBER: usize>(pub Recipe);

/// Ledig et al., 2017.
pub type Srgan = Member<0>;
/// Wang et al., 2018.
pub type Esrgan = Member<1>;
/// Wang et al., 2021.
pub type RealEsrgan = Member<2>;

impl<const NUMBER: usize> RecipeText for Member<NUMBER> {
    const DEFAULT: &'static str = [
        include_str!("../../../../recipes/srgan.toml"),
        include_str!("../../../../recipes/esrgan.toml"),
        include_str!("../../../../recipes/realesrgan.toml"),
    ][NUMBER];

    fn check(&self) -> anyhow::Result<()> {
        let discriminators = [
            DiscriminatorKind::Srgan,
            DiscriminatorKind::Esrgan,
            DiscriminatorKind::UNet,
        ];
        if let Some(own) = self
            .0
            .discriminator
            .own()
            .filter(|own| own.kind != discriminators[NUMBER])
        {
            bail!(
                "discriminator.kind is {:?}; the recipe is not one of {}",
                own.kind,
                Self::NAME
            );
        }
        self.0.check()
    }

    fn seed(&self) -> u64 {
        self.0.seed
    }

    fn data(&self) -> &HeldOut {
        &self.0.data
    }

    fn features(&mut self) -> Option<&mut Option<PathBuf>> {
        Some(&mut self.0.perceptual.features)
    }
}

impl<const NUMBER: usize> System for Member<NUMBER> {
    const NAME: &'static str = ["srgan", "esrgan", "realesrgan"][NUMBER];
    type TrainStep = EsrganStep;

    fn batch(&self) -> usize {
        self.0.train.batch
    }

    fn accumulate(&self) -> usize {
        self.0.train.accumulate
    }

    fn memory(&self) -> Demand {
        let recipe = &self.0;
        let side = i64::from(recipe.crop.patch);
        let generator = kept(
            &recipe.generator,
            side / i64::from(recipe.generator.scale()),
        );
        let features = recipe.perceptual.features.as_deref();
        let discriminator = recipe.discriminator.kept(features, side, |size, l| {
            let picture = l.entry(&[3, side, side]);
            size.read(l, &picture, side);
        });
        let perceptual = match features {
            Some(_) => features::kept(features, side),
            None => Kept::default(),
        };
        // Small, large, perhaps sharpened.
        Demand::of_samples(7 * side * side)
            .network(&generator, Role::Averaged)
            .network(&discriminator, Role::Trained)
            .network(&perceptual, Role::Fixed)
            .half(&[(&generator, 1.0), (&discriminator, 1.0), (&perceptual, 1.0)])
            .half(&[(&discriminator, 2.0)])
    }

    fn stage(&self, device: Device) -> anyhow::Result<EsrganStep> {
        self.0.stage(Self::NAME, device)
    }

    fn sample(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> anyhow::Result<Sample> {
        self.0.sample(picture, random)
    }

    fn models(&self, stage: &EsrganStep) -> anyhow::Result<Vec<ModelFile>> {
        let (network, recipe) = (&self.0.generator, self.to_metadata()?);
        let onnx = model_file(network, stage.weights(), &self.0.metadata(), &recipe)?;
        Ok(vec![(format!("{}.onnx", Self::NAME), onnx)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::nn::network::measure;

    #[test]
    fn bundled_recipes() {
        let count = |recipe: &Recipe| measure(&recipe.generator, 32).0.parameters;
        let srgan = Srgan::parse(Srgan::DEFAULT).unwrap();
        assert_eq!(count(&srgan.0), 1_549_462);
        let esrgan = Esrgan::parse(Esrgan::DEFAULT).unwrap();
        assert_eq!(count(&esrgan.0), 16_697_987);
        let real = RealEsrgan::parse(RealEsrgan::DEFAULT).unwrap();
        assert_eq!(count(&real.0), 16_697_987);
        assert_eq!(RealEsrgan::parse(&real.to_toml().unwrap()).unwrap(), real);
        Srgan::parse(include_str!("../../../../recipes/srgan-small.toml")).unwrap();
        Esrgan::parse(include_str!("../../../../recipes/esrgan-small.toml")).unwrap();
        let small = include_str!("../../../../recipes/realesrgan-small.toml");
        RealEsrgan::parse(small).unwrap();
        let restorer = include_str!("../../../../recipes/realesrgan-x1.toml");
        let restorer = RealEsrgan::parse(restorer).unwrap();
        assert_eq!(count(&restorer.0), 16_723_907);
        let metadata = restorer.0.metadata();
        assert_eq!((metadata.size, metadata.scale), (256, 1));
        let small = include_str!("../../../../recipes/realesrgan-x1-small.toml");
        assert_eq!(RealEsrgan::parse(small).unwrap().0.metadata().size, 64);
        let error = Srgan::parse(Esrgan::DEFAULT).unwrap_err();
        assert!(error.to_string().contains("srgan"), "{error}");
    }

    #[test]
    fn mistakes_are_named() {
        for (change, named) in [
            ("crop.patch=90", "crop.patch"),
            ("crop.picture=100", "crop.picture"),
            ("gan.schedule.factor=0", "gan.schedule.factor"),
            ("degradation.two-order.first.gaussian=2", "gaussian"),
            ("model.blocks=[9.0, 3.0]", "model.blocks"),
        ] {
            let error = RealEsrgan::read_with(None, &[change.to_owned()]).unwrap_err();
            assert!(format!("{error:#}").contains(named), "{change}: {error:#}");
        }
    }
}
