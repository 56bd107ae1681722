//! The blocks of a mosaic as numbers: what is known of the picture behind it.

mod axis;
mod overlay;
mod planes;
mod project;
mod register;
mod sampling;
mod surface;

pub use overlay::Overlay;
pub use planes::{LatticePlanes, NEIGHBOUR_PLANES, PLANES};
pub use project::Projector;
pub use sampling::{Sampling, SamplingProbe};
pub use surface::Surface;
