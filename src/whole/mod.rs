//! Whole pictures through any network, by ONNX Runtime alone: in tiles, whatever their size, or,
//! where the network is one for faces, as the face that they show.

mod axis;
mod network;
mod pasted;
mod picture;
mod planes;

pub use network::{Network, Settings, Way};
pub use picture::Picture;
pub use planes::{Levels, Planes};

use crate::cascade::{LoadError, RunError};

/// Longest side of a picture that is made, pixels.
pub const MAX_SIDE: usize = 16_384;

/// Why a picture does not go through a network.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WholeError {
    /// The model cannot be opened.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The model could not be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// There is nothing to see.
    #[error("the picture has no pixels")]
    Empty,
    /// More comes out than a picture file should hold.
    #[error(
        "{width}×{height} pixels, {scale} times as high and wide, are more than {most} on a side: scale the picture down first"
    )]
    TooLarge {
        /// Pixels of the picture.
        width: usize,
        /// Pixels of the picture.
        height: usize,
        /// What the network does to both.
        scale: usize,
        /// What may come out.
        most: usize,
    },
    /// Nobody photographs one face at such a size.
    #[error(
        "{width}×{height} pixels are more than the {most} on a side that one face may have: cut the face out first, or take tiles"
    )]
    LargeFace {
        /// Pixels of the picture.
        width: usize,
        /// Pixels of the picture.
        height: usize,
        /// How many may be.
        most: usize,
    },
    /// The tiles that were asked for cannot be had.
    #[error("{0}")]
    Tiles(String),
    /// A picture could not be scaled.
    #[error("the picture cannot be scaled: {0}")]
    Scaling(String),
}
