//! SCGAN (Hou et al., 2023): a restorer shared by two half cycles, each with a degrader of its own.
//!
//! Source: HaoHou-98/SCGAN.

mod judge;
pub mod networks;
mod recipe;
pub mod stage;

pub use recipe::{Degradation, JudgeWidth, Model, Recipe};
