//! `facedepixelate` and `facepixelate`: what they make of frames, events, settings and models.

#[cfg(feature = "v1_24")]
mod analytics;
mod by_hand;
mod colors;
mod cues;
mod face_check;
mod facepixelate;
mod flow;
mod formats;
mod handed_on;
mod hdr;
#[path = "../helpers/mod.rs"]
mod helpers;
mod hostile_models;
mod interlaced;
mod limits;
mod messages;
mod model_files;
mod model_kinds;
mod neighbours;
mod presets;
mod random_streams;
mod readme;
mod restored_regions;
mod settings;
mod shared_models;
mod ten_bits;
mod timestamps;
