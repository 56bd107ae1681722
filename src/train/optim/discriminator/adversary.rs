//! What a system's generator trains against: the system's own discriminator, or a projected one in its place.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tch::{Device, Tensor};

use super::projected::{ProjectedDiscriminator, ProjectedSize, Projecting};
use crate::train::nn::layers::Parameters;
use crate::train::optim::trained::Trained;

/// A discriminator that stands in place of a system's own, in recipes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Replacement {
    /// Heads on a pretrained network's features, see [`super::projected`].
    Projected(ProjectedSize),
}

impl Replacement {
    /// An error for sizes that make no network.
    pub fn check(self) -> anyhow::Result<()> {
        let Self::Projected(size) = self;
        size.check()
    }

    /// What makes the discriminators, as [`Projecting::open`].
    pub fn open(
        self,
        features: Option<&Path>,
        side: i64,
        optimizer: (f64, [f64; 2]),
        device: Device,
    ) -> anyhow::Result<Projecting> {
        let Self::Projected(size) = self;
        Projecting::open(size, features, side, optimizer, device)
    }
}

/// What a generator trains against.
pub enum Adversary {
    /// The system's own discriminator.
    Own(Trained),
    /// One that stands in its place.
    Projected(ProjectedDiscriminator),
}

impl Adversary {
    /// An untrained one: projected where there is what makes such, else what `own` makes. `name` is its own in checkpoints.
    pub fn new(projecting: Option<&Projecting>, name: &str, own: impl FnOnce() -> Trained) -> Self {
        match projecting {
            Some(projecting) => Self::Projected(projecting.discriminator(name)),
            None => Self::Own(own()),
        }
    }

    /// Everything that a resumed run needs.
    pub fn save(&self, out: &mut Vec<(String, Tensor)>) {
        match self {
            Self::Own(own) => own.save(out),
            Self::Projected(projected) => projected.save(out),
        }
    }

    /// Take back what [`Self::save`] gave.
    pub fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        match self {
            Self::Own(own) => own.load(saved),
            Self::Projected(projected) => projected.load(saved),
        }
    }

    /// Take the weights of [`Trained::start_from_checkpoint`] as a start; a projected one starts untrained.
    pub fn start_from_checkpoint(&mut self, name: &str, saved: &Parameters) -> anyhow::Result<()> {
        match self {
            Self::Own(own) => own.start_from_checkpoint(name, saved),
            Self::Projected(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::run::system::System;
    use crate::train::systems::{dcgan, esrgan, gpen, pix2pix, pixelcyclegan, scgan, stylegan2};

    fn read<S: System>(changes: &[&str]) -> anyhow::Result<S> {
        let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
        S::read_with(None, &changes)
    }

    /// Recipes of `S` may have a projected discriminator, and are written and read again; slips are named.
    fn check<S: System>() {
        let key = "discriminator={ kind = 'projected' }";
        let mut recipe: S = read(&[key]).unwrap();
        let text = recipe.to_toml().unwrap();
        assert!(text.contains("width = 64\nratio = 2.0"), "{text}");
        *recipe.features().unwrap() = Some("/somewhere/net.safetensors".into());
        let text = recipe.to_toml().unwrap();
        assert!(S::parse(&text).unwrap() == recipe, "{text}");
        let told = recipe.to_metadata().unwrap();
        assert!(!told.contains("somewhere"), "{told}");
        for (change, named) in [
            ("discriminator.width=0", "discriminator: width is 0"),
            ("discriminator.ratio=-1.0", "ratio is -1"),
            (
                "discriminator.widht=9",
                "unknown key discriminator.widht; did you mean discriminator.width?",
            ),
            ("discriminatr.width=9", "did you mean discriminator?"),
        ] {
            let error = read::<S>(&[key, change]).err().unwrap();
            let error = format!("{error:#}");
            assert!(error.contains(named), "{} {change}: {error}", S::NAME);
        }
        let error = read::<S>(&["discriminator={ kind = 'other' }"])
            .err()
            .unwrap();
        assert!(format!("{error:#}").contains("projected"), "{error:#}");
        let missing = read::<S>(&[key]).unwrap().stage(Device::Cpu).err().unwrap();
        assert!(missing.to_string().contains("--features"), "{missing:#}");
    }

    #[test]
    fn recipes_of_all_systems() {
        check::<pix2pix::Recipe>();
        check::<pixelcyclegan::Recipe>();
        check::<scgan::Recipe>();
        check::<esrgan::Srgan>();
        check::<esrgan::Esrgan>();
        check::<esrgan::RealEsrgan>();
        check::<dcgan::Recipe>();
        check::<stylegan2::Recipe>();
        check::<gpen::Recipe>();
    }
}
