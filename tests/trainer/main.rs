//! The trainer: small trainings of every system, their export, and what measures models.

#![cfg(feature = "trainer")]

mod cascade_networks;
mod cascade_recipes;
mod cascade_runs;
mod documents;
mod evaluation;
mod evaluation_networks;
mod experiments;
mod export;
mod film_evaluation;
#[path = "../helpers/mod.rs"]
mod helpers;
mod predict;
mod prepared_faces;
mod runs;
mod seed_004;
mod systems;
mod vgg_file;
