//! Training of the cascade with libtorch: networks, losses, data, recipes and ONNX export.
//!
//! Stage 1 is a CycleGAN generator that turns a mosaic into a face, stage 2 is DCEDN, which puts the colours
//! right. Source of both: apperrs/facial_demosaicing.

pub mod after;
pub mod checkpoint;
pub mod command;
pub mod dataset;
pub mod device;
mod events;
pub mod export;
pub mod face_check;
pub mod features;
pub mod files;
pub mod halve;
pub mod held_back;
pub mod inspect;
mod judge;
pub mod layers;
pub mod loader;
pub mod log;
pub mod networks;
pub(crate) mod onnx_layers;
pub mod optimizer;
mod pool;
pub mod precision;
pub mod projected;
mod projection;
mod realism;
pub mod recipe;
pub mod report;
pub mod run;
pub mod samples;
mod spectral;
mod stage;
mod stage1;
mod stage2;
mod steps;
pub mod systems;
mod texture;
pub mod u_shaped;
pub mod validation;
