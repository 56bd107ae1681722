//! The family SRGAN → ESRGAN → Real-ESRGAN (Ledig et al., 2017; Wang et al., 2018 and 2021).
//! Pictures are 0 … 1.

pub mod degrade;
pub(crate) mod discriminators;
mod member;
pub mod networks;
pub mod order;
mod recipe;
pub(crate) mod rrdb;
pub(crate) mod train_step;

pub use member::{Esrgan, Member, RealEsrgan, Srgan};
pub use recipe::{Crop, DiscriminatorKind, DiscriminatorSize, Generator, Recipe};
