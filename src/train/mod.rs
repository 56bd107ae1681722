//! Training with libtorch: networks, data, losses, runs, and the systems that are trained.
//!
//! Rooms, each of which uses only such as stand above it: [`nn`], [`features`], [`data`],
//! [`optim`], [`recipe`], [`run`], [`systems`].

pub mod data;
pub mod features;
pub mod nn;
pub mod optim;
pub mod recipe;
pub mod run;
pub mod systems;
