//! How numbers and mosaics are shown to a network.

/// Range of a network's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueRange {
    /// −1 … 1.
    Signed,
    /// 0 … 1.
    Unit,
}

impl ValueRange {
    /// Both, by the names that they have in files.
    pub(super) const NAMES: [(&'static str, Self); 2] =
        [("-1..1", Self::Signed), ("0..1", Self::Unit)];

    /// Turn grey levels 0–255 into this range.
    pub fn normalize(self, values: &mut [f32]) {
        let (factor, offset) = match self {
            Self::Signed => (1.0 / 127.5, -1.0),
            Self::Unit => (1.0 / 255.0, 0.0),
        };
        for value in values {
            // The border values themselves must not leave the range by a rounding.
            *value = (*value * factor + offset).clamp(offset, 1.0);
        }
    }

    /// Turn this range into grey levels, cut to 0–255. What is no number becomes 0.
    pub fn denormalise(self, values: &mut [f32]) {
        let (factor, offset) = match self {
            Self::Signed => (127.5, 127.5),
            Self::Unit => (255.0, 0.0),
        };
        for value in values {
            let level = *value * factor + offset;
            *value = if level.is_nan() {
                0.0
            } else {
                level.clamp(0.0, 255.0)
            };
        }
    }

    /// Grey levels of one step of this range.
    pub fn unit(self) -> f32 {
        match self {
            Self::Signed => 127.5,
            Self::Unit => 255.0,
        }
    }

    pub(super) fn name(self) -> &'static str {
        name_of(self, &Self::NAMES)
    }
}

/// What a network is shown where the mosaic is.
///
/// A network that was trained on mosaics reads their blocks. One that enlarges, or takes blur off,
/// was trained on pictures that were scaled down smoothly; it takes the edges of blocks for edges
/// of the face and draws them sharper. The means of the blocks are the samples of a small picture
/// of the face, so such a network is shown that picture, enlarged without edges, see
/// [`crate::blocks::LatticePlanes::smooth`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MosaicInput {
    /// The mosaic as it is, scaled to the network's size.
    Blocks,
    /// A smooth surface that has the means of the mosaic's blocks; as above where no lattice is
    /// known.
    Smooth,
}

impl MosaicInput {
    /// Both, by the names that they have in files.
    pub(super) const NAMES: [(&'static str, Self); 2] =
        [("blocks", Self::Blocks), ("smooth", Self::Smooth)];

    /// What fits a network of which only its scale is known.
    pub fn of_scale(scale: usize) -> Self {
        if scale > 1 {
            Self::Smooth
        } else {
            Self::Blocks
        }
    }

    pub(super) fn name(self) -> &'static str {
        name_of(self, &Self::NAMES)
    }
}

fn name_of<T: Copy + PartialEq>(value: T, names: &[(&'static str, T); 2]) -> &'static str {
    let [first, second] = names;
    if first.1 == value { first.0 } else { second.0 }
}
