//! Pictures that two sets share, found by what they look like.

use image_hasher::{HashAlg, HasherConfig, ImageHash};
use rayon::prelude::*;

use crate::train::data::dataset::Dataset;

/// Bits of 256 in which the hashes of two files of one picture may differ. Faces cut alike are
/// alike, but not so much: among 145 held-out and 2,766 other faces of 128×128 pixels no pair is
/// within it.
const ALIKE: u32 = 20;

/// Names of the pictures of `tested` that look like one of `trained`, each with the name of its
/// twin.
pub fn overlap(tested: &Dataset, trained: &Dataset) -> anyhow::Result<Vec<(String, String)>> {
    let (tests, trains) = (hashes(tested)?, hashes(trained)?);
    let twins = tests.into_par_iter().enumerate().filter_map(|(i, hash)| {
        let twin = trains.iter().position(|other| hash.dist(other) <= ALIKE)?;
        Some((tested.name(i).to_owned(), trained.name(twin).to_owned()))
    });
    Ok(twins.collect())
}

/// Difference hashes, 16 × 16 bits.
fn hashes(dataset: &Dataset) -> anyhow::Result<Vec<ImageHash>> {
    (0..dataset.len())
        .into_par_iter()
        .map_init(
            || {
                let config = HasherConfig::new().hash_size(16, 16);
                config.hash_alg(HashAlg::Gradient).to_hasher()
            },
            |hasher, i| Ok(hasher.hash_image(&dataset.picture(i)?)),
        )
        .collect()
}
