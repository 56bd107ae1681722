//! The choice of a discriminator, in recipes: the system's own, or a projected one in its place.

use std::path::Path;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use tch::Device;
use toml::{Table, Value};

use super::adversary::Opened;
use super::projected::{ProjectedSize, Projecting};
use crate::train::features;
use crate::train::nn::layers::Kept;

/// A system's own discriminator of size `T`, or a projected one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DiscriminatorChoice<T> {
    /// The system's own.
    Own(T),
    /// Heads on a pretrained network's features, see [`super::projected`].
    Projected(ProjectedSize),
}

/// The size of a discriminator of which nothing can be chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixed {}

/// Value of the key `kind` for a projected one.
const PROJECTED: &str = "projected";

impl<T: Default> Default for DiscriminatorChoice<T> {
    fn default() -> Self {
        Self::Own(T::default())
    }
}

impl<T: Serialize> Serialize for DiscriminatorChoice<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Tagged {
            kind: &'static str,
            #[serde(flatten)]
            size: ProjectedSize,
        }
        match *self {
            Self::Own(ref own) => own.serialize(serializer),
            Self::Projected(size) => {
                let kind = PROJECTED;
                Tagged { kind, size }.serialize(serializer)
            }
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for DiscriminatorChoice<T> {
    /// One of another kind than projected is the system's own, which may have kinds itself.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table = Table::deserialize(deserializer)?;
        match table.get("kind").and_then(Value::as_str) {
            Some(PROJECTED) => {
                table.remove("kind");
                table.try_into().map(Self::Projected)
            }
            Some("patch") => {
                table.remove("kind");
                table.try_into().map(Self::Own)
            }
            _ => table.try_into().map(Self::Own),
        }
        .map_err(D::Error::custom)
    }
}

impl<T> DiscriminatorChoice<T> {
    /// The size of the system's own, if it is that.
    pub fn own(&self) -> Option<&T> {
        match self {
            Self::Own(own) => Some(own),
            Self::Projected(_) => None,
        }
    }

    /// The same, to change it.
    pub fn own_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Own(own) => Some(own),
            Self::Projected(_) => None,
        }
    }

    /// The size of a projected one, if it is that.
    pub fn projected(&self) -> Option<ProjectedSize> {
        match *self {
            Self::Own(_) => None,
            Self::Projected(size) => Some(size),
        }
    }

    /// An error for sizes that make no network; `check` is for the system's own.
    pub fn check(&self, check: impl FnOnce(&T) -> anyhow::Result<()>) -> anyhow::Result<()> {
        match self {
            Self::Own(own) => check(own),
            Self::Projected(size) => size.check(),
        }
    }

    /// What is kept of a pass: of the system's own, which `own` reads, or of the feature network of
    /// a projected one, for pictures of `side` pixels.
    pub fn kept(
        &self,
        features: Option<&Path>,
        side: i64,
        own: impl FnOnce(&T, &mut Kept),
    ) -> Kept {
        match self {
            Self::Own(size) => Kept::of(|l| own(size, l)),
            Self::Projected(_) => features::kept(features, side),
        }
    }

    /// What makes the discriminators of pictures of `side` pixels, against a generator with this
    /// rate and these betas.
    ///
    /// Fails where a projected one has no usable feature network.
    pub fn open(
        &self,
        features: Option<&Path>,
        side: i64,
        optimizer: (f64, [f64; 2]),
        device: Device,
    ) -> anyhow::Result<Opened<T>>
    where
        T: Clone,
    {
        Ok(match self {
            Self::Own(own) => Opened::Own(own.clone()),
            Self::Projected(size) => {
                Opened::Projected(Projecting::open(*size, features, side, optimizer, device)?)
            }
        })
    }
}
