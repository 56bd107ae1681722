//! Pretrained networks whose features say how alike two pictures look. They never learn.
//!
//! Their weights are read from a safetensors file that the user names; the names of its tensors
//! tell which network it is. `scripts/setup.py features` makes one.

mod efficientnet;
pub mod filters;
mod level;
mod perceptual;
mod vgg;

use std::path::Path;

use anyhow::{Context, bail, ensure};
use tch::{Device, Kind, Tensor};

use super::nn::layers::{Declare, Forward, Init, Kept, Layers, Parameters};
use super::nn::tensors::channels_last;
use crate::files;

pub use level::Level;
pub use perceptual::{Distance, Perceptual, PerceptualLoss, relative_l1};

/// Which network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// EfficientNet-lite0, batch norms folded in, see `efficientnet`.
    EfficientNetLite0,
    /// VGG with 16 layers, see `vgg`.
    Vgg16,
    /// VGG with 19 layers.
    Vgg19,
}

impl Architecture {
    /// What the network is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EfficientNetLite0 => "EfficientNet-lite0",
            Self::Vgg16 => "VGG16",
            Self::Vgg19 => "VGG19",
        }
    }

    /// The network that has tensors of these names; `has` tells whether there is one.
    fn of(has: impl Fn(&str) -> bool) -> Option<Self> {
        // Both VGGs number their layers; the third convolution of VGG19's third stage is number 14,
        // VGG16 has a pooling between 14 and 17.
        match () {
            () if has("stem.weight") => Some(Self::EfficientNetLite0),
            () if has("features.16.weight") => Some(Self::Vgg19),
            () if has("features.0.weight") => Some(Self::Vgg16),
            () => None,
        }
    }

    /// Whether it is one of the VGGs.
    pub const fn is_vgg(self) -> bool {
        !matches!(self, Self::EfficientNetLite0)
    }

    /// All levels, finest first. Published losses name some of them.
    pub fn levels(self) -> Vec<Level> {
        match self {
            Self::EfficientNetLite0 => efficientnet::LEVELS.to_vec(),
            Self::Vgg16 => vgg::levels(vgg::VGG16),
            Self::Vgg19 => vgg::levels(vgg::VGG19),
        }
    }

    /// The levels that are compared where nothing else is asked for: one for each resolution.
    fn usual_levels(self) -> &'static [&'static str] {
        match self {
            Self::EfficientNetLite0 => &["stage0", "stage1", "stage2", "stage4", "stage6"],
            Self::Vgg16 => &["conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3"],
            Self::Vgg19 => &["conv1_2", "conv2_2", "conv3_4", "conv4_4", "conv5_4"],
        }
    }

    /// Weights of the network up to the level `last`, or of all of it, that know nothing.
    pub fn untrained(self, last: Option<&str>) -> Parameters {
        let random = Init::KaimingNormal(1.0);
        Declare::parameters(random, Device::Cpu, |l| {
            self.read(l, &(), last.unwrap_or_default());
        })
    }

    /// Read the network up to the level `last` into `l`: every level on the way.
    fn read<L: Layers>(self, l: &mut L, picture: &L::Value, last: &str) -> Vec<L::Value> {
        match self {
            Self::EfficientNetLite0 => efficientnet::read(l, picture, last),
            Self::Vgg16 => vgg::read(l, picture, vgg::VGG16, last),
            Self::Vgg19 => vgg::read(l, picture, vgg::VGG19, last),
        }
    }
}

/// A network with its weights.
pub struct FeatureNetwork {
    architecture: Architecture,
    weights: Parameters,
    /// Places in [`Architecture::levels`] of the levels that are given, finest first.
    wanted: Vec<usize>,
    /// VGG: pictures get ImageNet's mean and deviation taken off first.
    normalizes: bool,
}

/// All tensors of a file, and the network whose they are.
fn open(file: &Path) -> anyhow::Result<(Architecture, Parameters)> {
    let shown = file.display();
    let stored = Tensor::read_safetensors(file)
        .with_context(|| format!("feature network {shown} cannot be read"))?;
    let stored: Parameters = stored.into_iter().collect();
    let architecture = Architecture::of(|name| stored.contains_key(name)).with_context(|| {
        format!(
            "{shown} holds no feature network that is known: neither EfficientNet-lite0 as `scripts/setup.py features` \
             writes it nor VGG16 or VGG19 by torchvision's names"
        )
    })?;
    Ok((architecture, stored))
}

impl FeatureNetwork {
    /// The network in a file.
    pub fn architecture_of(file: &Path) -> anyhow::Result<Architecture> {
        open(file).map(|(architecture, _)| architecture)
    }

    /// Read the layers that the levels `wanted` need, without any the usual ones.
    ///
    /// Fails, naming what is wrong, where the file is none, of no network that is known, lacks a
    /// layer or has one of other sides, or where the network has no such level.
    pub fn read(file: &Path, wanted: &[&str], device: Device) -> anyhow::Result<Self> {
        let (architecture, stored) = open(file)?;
        let shown = file.display();
        let levels = architecture.levels();
        let wanted = match wanted {
            [] => architecture.usual_levels(),
            some => some,
        };
        let place = |name: &&str| {
            let place = levels.iter().position(|level| level.name == *name);
            place.with_context(|| {
                let known: Vec<&str> = levels.iter().map(|level| level.name).collect();
                let (network, known) = (architecture.name(), known.join(", "));
                format!("{network}, which {shown} holds, has no features {name}; it has {known}")
            })
        };
        let mut wanted: Vec<usize> = wanted.iter().map(place).collect::<anyhow::Result<_>>()?;
        wanted.sort_unstable();
        let last = wanted.last().map_or("", |&place| levels[place].name);
        let mut weights = architecture.untrained(Some(last));
        for (name, tensor) in &mut weights {
            let Some(found) = stored.get(name) else {
                let network = architecture.name();
                bail!("feature network {shown} lacks {name}, which {network} needs");
            };
            ensure!(
                found.size() == tensor.size(),
                "{name} of {shown} is {:?}, where {} has {:?}",
                found.size(),
                architecture.name(),
                tensor.size()
            );
            *tensor = found.to_kind(Kind::Float).to_device(device);
        }
        Ok(Self {
            architecture,
            weights,
            wanted,
            normalizes: architecture.is_vgg(),
        })
    }

    /// The network in its usual levels, for pictures of `side` pixels.
    ///
    /// Fails where no `file` is named, as [`Self::read`] does, and where such pictures do not fit
    /// the network.
    pub fn for_pictures(file: Option<&Path>, side: i64, device: Device) -> anyhow::Result<Self> {
        let file = file.context(
            "this recipe compares features of pictures: name a feature network with --features FILE \
             (`scripts/setup.py features` makes one)",
        )?;
        let network = Self::read(file, &[], device)?;
        let smallest = network.smallest_side();
        ensure!(
            side % smallest == 0,
            "pictures are {side} pixels wide; the features of {} need a multiple of {smallest}",
            file.display()
        );
        Ok(network)
    }

    /// The same, but pictures go in as they are (VGG).
    #[must_use]
    pub fn without_normalization(mut self) -> Self {
        self.normalizes = false;
        self
    }

    /// What the network is called.
    pub fn name(&self) -> &'static str {
        self.architecture.name()
    }

    /// The levels that [`Self::maps`] gives.
    pub fn levels(&self) -> Vec<Level> {
        let levels = self.architecture.levels();
        self.wanted.iter().map(|&place| levels[place]).collect()
    }

    /// Smallest side that pictures may have: the coarsest map then has one sample. Sides are
    /// multiples of it.
    pub fn smallest_side(&self) -> i64 {
        let strides = self.levels().into_iter().map(|level| level.stride);
        strides.max().unwrap_or(1)
    }

    /// Maps of pictures `[N, 3, H, W]` of −1 … 1, finest first; VGG's before their rectifiers.
    pub fn maps(&self, pictures: &Tensor) -> Vec<Tensor> {
        let pictures = match (self.architecture, self.normalizes) {
            (Architecture::EfficientNetLite0, _) => pictures.shallow_clone(),
            (_, true) => vgg::normalized(pictures),
            (_, false) => pictures * 0.5 + 0.5,
        };
        let levels = self.architecture.levels();
        let last = self.wanted.last().map_or("", |&place| levels[place].name);
        // Pictures that were cut or shifted have lost that order; in any other each convolution
        // would sort anew.
        let pictures = channels_last(&pictures);
        let maps = (self.architecture).read(&mut Forward(&self.weights), &pictures, last);
        let wanted = self.wanted.iter();
        wanted.map(|&place| maps[place].shallow_clone()).collect()
    }
}

/// What is kept of a pass of a picture of `side` pixels through the network in `file`, or where that
/// cannot be told through EfficientNet-lite0.
pub fn kept(file: Option<&Path>, side: i64) -> Kept {
    let named = file.and_then(|file| FeatureNetwork::architecture_of(file).ok());
    Kept::of(|l| {
        let picture = l.entry(&[3, side, side]);
        let architecture = named.unwrap_or(Architecture::EfficientNetLite0);
        architecture.read(l, &picture, "");
    })
}

/// Remember in a run's folder what its features are taken by, or check that it is what the run
/// began with: with another network its losses would mean something else.
///
/// Fails where it is another one, or where `file` cannot be read.
pub fn claim(out: &Path, file: Option<&Path>) -> anyhow::Result<()> {
    let Some(file) = file else { return Ok(()) };
    let bytes = std::fs::read(file)
        .with_context(|| format!("feature network {} cannot be read", file.display()))?;
    let now = format!(
        "{} bytes, checksum {:08x}\n",
        bytes.len(),
        crc32c::crc32c(&bytes)
    );
    let place = out.join("features.txt");
    match std::fs::read_to_string(&place) {
        Ok(before) => ensure!(
            before == now,
            "{} was started with another feature network than {}: its file had {}, this one has {}",
            out.display(),
            file.display(),
            before.trim_end(),
            now.trim_end()
        ),
        Err(_) => files::write(&place, now)?,
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Write a file of `architecture` with random weights.
    pub(crate) fn write(file: &Path, architecture: Architecture, last: &str) {
        let tensors: Vec<_> = architecture.untrained(Some(last)).into_iter().collect();
        Tensor::write_safetensors(&tensors, file).unwrap();
    }

    /// What `make` makes of the file of an EfficientNet-lite0 with random weights.
    pub(crate) fn with_network<T>(make: impl FnOnce(&Path) -> T) -> T {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("network.safetensors");
        write(&file, Architecture::EfficientNetLite0, "stage6");
        make(&file)
    }

    #[test]
    fn the_names_of_tensors_tell_the_network() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("network.safetensors");
        for (architecture, last) in [
            (Architecture::EfficientNetLite0, "stage6"),
            (Architecture::Vgg16, "conv4_3"),
            (Architecture::Vgg19, "conv4_4"),
        ] {
            write(&file, architecture, last);
            let network = FeatureNetwork::read(&file, &[last], Device::Cpu).unwrap();
            assert_eq!(network.architecture, architecture);
            let side = network.smallest_side();
            let maps = network.maps(&Tensor::zeros(
                [2, 3, side, side],
                (Kind::Float, Device::Cpu),
            ));
            let level = network.levels()[0];
            assert_eq!(
                maps[0].size(),
                [2, level.channels, 1, 1],
                "{architecture:?}"
            );
        }
    }

    #[test]
    fn what_is_wrong_with_a_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("network.safetensors");
        let error = |wanted: &[&str]| {
            let read = FeatureNetwork::read(&file, wanted, Device::Cpu);
            format!("{:#}", read.err().unwrap())
        };
        assert!(error(&[]).contains("cannot be read"), "{}", error(&[]));
        let tensor = |sides: &[i64]| Tensor::zeros(sides, (Kind::Float, Device::Cpu));
        Tensor::write_safetensors(&[("other", tensor(&[1]))], &file).unwrap();
        assert!(error(&[]).contains("no feature network"), "{}", error(&[]));
        Tensor::write_safetensors(&[("stem.weight", tensor(&[32, 3, 5, 5]))], &file).unwrap();
        let lacking = error(&[]);
        assert!(
            lacking.contains("lacks stage0.0.depthwise.bias"),
            "{lacking}"
        );
        write(&file, Architecture::Vgg16, "conv2_2");
        assert!(error(&[]).contains("lacks features.10"), "{}", error(&[]));
        let unknown = error(&["stage1"]);
        assert!(
            unknown.contains("VGG16") && unknown.contains("conv1_1"),
            "{unknown}"
        );
        let tensors = Tensor::read_safetensors(&file).unwrap();
        let mut tensors: Parameters = tensors.into_iter().collect();
        tensors.insert("features.2.weight".to_owned(), tensor(&[64, 64, 5, 5]));
        let tensors: Vec<_> = tensors.into_iter().collect();
        Tensor::write_safetensors(&tensors, &file).unwrap();
        let misshapen = error(&["conv2_2"]);
        assert!(misshapen.contains("features.2.weight") && misshapen.contains("[64, 64, 5, 5]"));
    }
}
