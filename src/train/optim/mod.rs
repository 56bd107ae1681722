//! What moves weights: losses, discriminators, optimisers, schedules, averages.

pub mod adam;
pub mod discriminator;
pub mod image_pool;
pub mod losses;
pub mod schedule;
pub mod trained;
