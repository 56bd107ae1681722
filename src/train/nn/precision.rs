//! How precisely a training calculates.

use clap::ValueEnum;
use tch::{Device, Kind};

use super::layers::Parameters;

/// What was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Choice {
    /// Mixed on a GPU, full on the CPU, where bfloat16 is slower than float32 unless it has matrix
    /// units.
    Auto,
    /// Everything in float32.
    #[default]
    Full,
    /// Convolutions in bfloat16; weights, their moments, pictures and losses in float32.
    Mixed,
}

/// The kind of numbers in which a pass through a network calculates.
///
/// A layer calculates in the kind of its weights, so that handing it weights of another kind is all
/// there is to it. Gradients pass through to the float32 weights. bfloat16 has the exponents of
/// float32: no loss needs scaling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Precision(Kind);

impl Choice {
    /// The precision on `device`.
    pub fn on(self, device: Device) -> Precision {
        match self {
            Self::Mixed => Precision(Kind::BFloat16),
            Self::Auto if device.is_cuda() => Precision(Kind::BFloat16),
            Self::Auto | Self::Full => Precision::FULL,
        }
    }
}

impl Precision {
    /// Everything in float32.
    pub const FULL: Self = Self(Kind::Float);

    /// The weights as a pass sees them.
    pub fn of(self, weights: &Parameters) -> Parameters {
        let cast = weights.iter();
        cast.map(|(name, weight)| (name.clone(), weight.to_kind(self.0)))
            .collect()
    }
}
