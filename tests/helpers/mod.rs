//! What tests of several rooms share; each room uses its own part.
#![allow(dead_code, unused_imports)]

mod documented_commands;
mod endless_model;
mod fake_model;
mod frames;
mod harness;
mod play;
mod tiny_finder;
mod tiny_models;

pub use documented_commands::*;
pub use endless_model::*;
pub use fake_model::*;
pub use frames::*;
pub use harness::*;
pub use play::*;
pub use tiny_finder::*;
pub use tiny_models::*;
