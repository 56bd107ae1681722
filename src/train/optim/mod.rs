//! What moves weights: losses, discriminators, optimisers, schedules, averages.

pub(crate) mod adam;
pub mod discriminator;
pub(crate) mod image_pool;
pub(crate) mod losses;
pub mod parts;
pub(crate) mod schedule;
pub(crate) mod trained;
