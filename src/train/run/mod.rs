//! A run in a folder: steps, checkpoints, log, validation, model files.

pub mod checkpoint;
pub mod device;
mod events;
pub(crate) mod fixed;
pub mod folder;
pub mod generate;
pub(crate) mod halve;
pub mod inspect;
pub mod log;
pub mod memory;
pub mod model_file;
pub mod neighbours;
pub mod options;
pub mod report;
pub(crate) mod sample_grid;
pub mod steps;
pub mod stop;
pub mod system;
pub(crate) mod train_step;
pub(crate) mod unpaired_validation;
pub(crate) mod validation;
