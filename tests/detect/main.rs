//! Finding mosaics: `mosaicdetect`, alone and before `facedepixelate`, and the detector behind
//! both.

mod allocations;
mod bit_depth;
mod ellipses;
#[path = "../helpers/mod.rs"]
mod helpers;
mod mosaicdetect;
mod turned;
mod weak_mosaics;
