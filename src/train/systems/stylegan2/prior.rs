//! What the training and the export of generators with styles have in common: StyleGAN2's own,
//! which adds noise, and GPEN's prior, which puts it beside its maps.

use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::networks::Generator;
use crate::train::nn::layers::Layers;
use crate::train::nn::network::{Network, Port, TRUNCATION};
use crate::train::systems::gpen::networks::Gpen;

/// A generator with styles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "noise", rename_all = "kebab-case")]
pub enum Prior {
    /// Noise on top of the maps: StyleGAN2.
    Added(Generator),
    /// Noise beside the maps: the start of a GPEN of these sizes.
    Concatenated(Gpen),
}

impl Prior {
    /// An error for sizes that make no network.
    pub fn check(&self) -> anyhow::Result<()> {
        match self {
            Self::Added(network) => network.check(),
            Self::Concatenated(network) => network.check(),
        }
    }

    /// Side of the pictures, pixels.
    pub fn side(&self) -> i64 {
        match self {
            Self::Added(network) => network.side(),
            Self::Concatenated(network) => network.side(),
        }
    }

    /// How many random numbers a picture is made from, and numbers of a style's source.
    pub fn latent(&self) -> i64 {
        match self {
            Self::Added(network) => network.style,
            Self::Concatenated(network) => network.style,
        }
    }

    /// How many sources of styles [`Self::synthesis`] takes.
    pub fn styles(&self) -> usize {
        match self {
            Self::Added(network) => network.styles(),
            Self::Concatenated(network) => network.styles(),
        }
    }

    /// Channels and side of each map of noise.
    fn noise_sides(&self) -> Vec<[i64; 2]> {
        match self {
            Self::Added(network) => {
                let sides = network.noise_sides().into_iter();
                sides.map(|side| [1, side]).collect()
            }
            Self::Concatenated(network) => {
                let widths = network.channels.iter().enumerate();
                widths.map(|(level, width)| [*width, 4 << level]).collect()
            }
        }
    }

    /// Random noise for `count` pictures.
    pub fn noise(&self, count: i64, device: Device) -> Vec<Tensor> {
        let options = (Kind::Float, device);
        let sides = self.noise_sides().into_iter();
        sides
            .map(|[width, side]| Tensor::randn([count, width, side, side], options))
            .collect()
    }

    /// The style's source w of random numbers.
    pub fn mapping<L: Layers>(&self, l: &mut L, z: &L::Value) -> L::Value {
        match self {
            Self::Added(network) => network.mapping(l, z),
            Self::Concatenated(network) => network.mapping(l, z),
        }
    }

    /// A picture; `w` gives source number 0 … [`Self::styles`] − 1.
    pub fn synthesis<'v, L: Layers>(
        &self,
        l: &mut L,
        w: impl Fn(usize) -> &'v L::Value,
        noise: &[L::Value],
    ) -> L::Value
    where
        L::Value: 'v,
    {
        match self {
            Self::Added(network) => network.synthesis(l, w, noise),
            Self::Concatenated(network) => network.synthesis(l, w, noise),
        }
    }
}

impl Network for Prior {
    fn inputs(&self, _: i64) -> Vec<Port> {
        let noise = self.noise_sides().into_iter().enumerate();
        let noise = noise.map(|(i, [width, side])| Port {
            name: format!("noise{i}"),
            sides: vec![width, side, side],
        });
        std::iter::once(Port::latent(&[self.latent()]))
            .chain(noise)
            .collect()
    }

    fn read<L: Layers>(&self, l: &mut L, inputs: &[L::Value]) -> L::Value {
        let w = self.mapping(l, &inputs[0]);
        self.synthesis(l, |_| &w, &inputs[1..])
    }
}

/// The generator as it is exported: it knows the mean of all w as its learned maps `mean`, and
/// takes one more input ψ, w ← w̄ + ψ(w − w̄), which trades variety for likeness.
pub struct Truncated<'a>(pub &'a Prior);

impl Network for Truncated<'_> {
    fn inputs(&self, side: i64) -> Vec<Port> {
        let mut ports = self.0.inputs(side);
        let name = TRUNCATION.to_owned();
        let sides = vec![1, 1, 1];
        ports.insert(1, Port { name, sides });
        ports
    }

    fn read<L: Layers>(&self, l: &mut L, inputs: &[L::Value]) -> L::Value {
        let latent = self.0.latent();
        let w = self.0.mapping(l, &inputs[0]);
        let mean = l.constant("mean", &w, [latent, 1, 1]);
        let w = l.reshape(&w, &[latent, 1, 1]);
        let opposite = l.scale(&mean, -1.0);
        let away = l.add(&w, &opposite);
        let away = l.mul(&away, &inputs[1]);
        let w = l.add(&mean, &away);
        let w = l.reshape(&w, &[latent]);
        self.0.synthesis(l, |_| &w, &inputs[2..])
    }
}

#[cfg(test)]
mod tests {
    use super::super::blocks::channels;
    use super::*;
    use crate::train::nn::layers::Init;
    use crate::train::nn::network::tests::check_parity;
    use crate::train::nn::network::{declare, forward, measure};

    fn priors() -> [Prior; 2] {
        let channels = channels(16, 64, 8);
        let added = Generator {
            channels: channels.clone(),
            style: 8,
            mapping: 2,
        };
        let concatenated = Gpen {
            channels,
            style: 8,
            mapping: 2,
        };
        [Prior::Added(added), Prior::Concatenated(concatenated)]
    }

    #[test]
    fn parity() {
        for prior in priors() {
            check_parity(&Truncated(&prior), 16);
        }
    }

    #[test]
    fn without_truncation_it_is_the_generator_itself() {
        for prior in priors() {
            assert_eq!(measure(&prior, 16).1, [3, 16, 16]);
            let weights = declare(&Truncated(&prior), Init::Normal(1.0), Device::Cpu);
            let options = (Kind::Float, Device::Cpu);
            let z = Tensor::randn([2, 8], options);
            let mut inputs = vec![z];
            inputs.extend(prior.noise(2, Device::Cpu));
            let plain = forward(&prior, &weights, &inputs);
            let with = |psi: f64| {
                let mut inputs: Vec<Tensor> = inputs.iter().map(Tensor::shallow_clone).collect();
                inputs.insert(1, Tensor::full([2, 1, 1, 1], psi, options));
                forward(&Truncated(&prior), &weights, &inputs)
            };
            let away = |psi| (with(psi) - &plain).abs().max().double_value(&[]);
            assert!(away(1.0) < 1e-4, "{}", away(1.0));
            assert!(away(0.0) > 1e-3);
        }
    }
}
