//! The program `depixelate`: files in, files out, and what the documents say of its options.

mod cues;
mod damage;
mod documents;
mod farm;
mod files;
mod film;
#[path = "../helpers/mod.rs"]
mod helpers;
mod media;
mod neighbours;
mod parts;
mod pictures;
mod program;
mod report;
mod stills;
mod streams;
mod tracks;
