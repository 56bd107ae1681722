//! What a system's generator trains against: the system's own discriminator, or a projected one in
//! its place.

use tch::Tensor;

use super::projected::{ProjectedDiscriminator, Projecting};
use crate::train::nn::layers::Parameters;
use crate::train::optim::trained::TrainedNetwork;

/// What a generator trains against.
pub enum Adversary<N> {
    /// The system's own discriminator, of the size `N`.
    Own(N, TrainedNetwork),
    /// One that stands in its place.
    Projected(ProjectedDiscriminator),
}

/// What makes the discriminators that a recipe chose.
pub enum Opened<N> {
    /// The system's own.
    Own(N),
    /// Projected ones.
    Projected(Projecting),
}

impl<N: Clone> Opened<N> {
    /// An untrained one; `own` makes the system's own, `name` is its own in checkpoints.
    pub fn adversary(&self, name: &str, own: impl FnOnce(&N) -> TrainedNetwork) -> Adversary<N> {
        match self {
            Self::Own(size) => Adversary::Own(size.clone(), own(size)),
            Self::Projected(projecting) => Adversary::Projected(projecting.discriminator(name)),
        }
    }
}

impl<N> Adversary<N> {
    /// Everything that a resumed run needs.
    pub fn save(&self, out: &mut Vec<(String, Tensor)>) {
        match self {
            Self::Own(_, own) => own.save(out),
            Self::Projected(projected) => projected.save(out),
        }
    }

    /// Take back what [`Self::save`] gave.
    pub fn load(&mut self, saved: &Parameters) -> anyhow::Result<()> {
        match self {
            Self::Own(_, own) => own.load(saved),
            Self::Projected(projected) => projected.load(saved),
        }
    }

    /// Take the weights of `Trained::start_from_checkpoint` as a start; a projected one starts
    /// untrained.
    pub fn start_from_checkpoint(&mut self, name: &str, saved: &Parameters) -> anyhow::Result<()> {
        match self {
            Self::Own(_, own) => own.start_from_checkpoint(name, saved),
            Self::Projected(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use crate::train::run::system::System;
    use crate::train::systems::{dcgan, esrgan, gpen, pix2pix, pixelcyclegan, scgan, stylegan2};

    fn read<S: System>(changes: &[&str]) -> anyhow::Result<S> {
        let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
        S::read_with(None, &changes)
    }

    /// Recipes of `S` may have a projected discriminator, and are written and read again; slips are
    /// named.
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
        let error = read::<S>(&["discriminator={ kind = 'other' }"]);
        assert!(error.is_err());
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
