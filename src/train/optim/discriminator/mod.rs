//! Discriminators, which tell real pictures from fake ones.

pub mod adversary;
pub mod patch;
pub mod projected;

use patch::DiscriminatorSize;
use projected::ProjectedSize;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// What tells real pictures from made ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Discriminator {
    /// A PatchGAN of the pictures themselves.
    Patch(DiscriminatorSize),
    /// Heads on a pretrained network's features, see [`crate::train::optim::discriminator::projected`].
    Projected(ProjectedSize),
}

impl<'de> Deserialize<'de> for Discriminator {
    /// One that names no kind is a PatchGAN, as in recipes from before there were others.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table = toml::Table::deserialize(deserializer)?;
        let kind = table.remove("kind");
        match kind.as_ref().map(toml::Value::as_str) {
            None | Some(Some("patch")) => table.try_into().map(Self::Patch),
            Some(Some("projected")) => table.try_into().map(Self::Projected),
            Some(_) => return Err(D::Error::custom("kind must be patch or projected")),
        }
        .map_err(D::Error::custom)
    }
}

impl Discriminator {
    /// The size of a PatchGAN, if it is one.
    pub fn patch(self) -> Option<DiscriminatorSize> {
        match self {
            Self::Patch(size) => Some(size),
            Self::Projected(_) => None,
        }
    }

    /// The size of a projected one, if it is that.
    pub fn projected(self) -> Option<ProjectedSize> {
        match self {
            Self::Patch(_) => None,
            Self::Projected(size) => Some(size),
        }
    }

    /// An error for sizes that make no network, for pictures of `side` pixels.
    pub fn check(&self, side: usize) -> anyhow::Result<()> {
        match self {
            Self::Patch(size) => size.check(side),
            Self::Projected(size) => size.check(),
        }
    }
}
