//! The family SRGAN → ESRGAN → Real-ESRGAN (Ledig et al., 2017; Wang et al., 2018 and 2021). Pictures are 0 … 1.

pub mod degrade;
pub mod judges;
pub mod networks;
mod recipe;
pub mod rrdb;
pub mod stage;

pub use recipe::{
    Crop, Esrgan, Generator, JudgeKind, JudgeSize, Member, Model, RealEsrgan, Recipe, Srgan,
};
