//! Pictures made by other programs, put beside the originals that they belong to. What does not
//! pair up is refused: figures of pictures that were mixed up look like figures.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{bail, ensure};
use image::RgbImage;
use indicatif::ProgressBar;

use super::Face;
use crate::evaluate::systems::stem;
use crate::train::data::dataset::Dataset;

/// Most names in a message.
const NAMED: usize = 3;

/// The pictures of `folder` in the order of `truths`, paired by the names of the files without
/// their endings.
///
/// Fails where one has no partner or two the same, where sizes differ, and where a picture is no
/// nearer to its original than a flat one would be, as pictures of two different faces are.
pub fn by_name(truths: &[Face], folder: &Path) -> anyhow::Result<Vec<RgbImage>> {
    let shown = folder.display();
    let dataset = Dataset::open(folder, &ProgressBar::hidden())?;
    ensure!(
        dataset.unreadable.is_empty(),
        "{shown} holds pictures that cannot be read: {}",
        some(dataset.unreadable.iter().map(String::as_str))
    );
    let mut by_name = BTreeMap::new();
    for (index, name) in dataset.names().enumerate() {
        let name = stem(Path::new(name));
        if by_name.insert(name.clone(), index).is_some() {
            bail!("{shown} holds two pictures named {name}");
        }
    }
    let missing = truths
        .iter()
        .filter(|face| !by_name.contains_key(&face.name));
    let missing = some(missing.map(|face| face.name.as_str()));
    ensure!(missing.is_empty(), "{shown} lacks partners of {missing}");
    let known = |name: &str| truths.iter().any(|face| face.name == name);
    let surplus = some(
        by_name
            .keys()
            .map(String::as_str)
            .filter(|name| !known(name)),
    );
    ensure!(
        surplus.is_empty(),
        "{shown} holds pictures that no original has the name of: {surplus}"
    );
    let mut pictures = Vec::with_capacity(truths.len());
    for face in truths {
        let picture = dataset.picture(by_name[&face.name])?;
        let (found, expected) = (picture.dimensions(), face.picture.dimensions());
        ensure!(
            found == expected,
            "{} of {shown} has {}×{} pixels, its original {}×{}; pictures are not scaled to fit",
            face.name,
            found.0,
            found.1,
            expected.0,
            expected.1
        );
        assert_near(&face.name, &picture, &face.picture)?;
        pictures.push(picture);
    }
    Ok(pictures)
}

/// The first of some names.
fn some<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    let more = match names.len() {
        0..=NAMED => String::new(),
        count => format!(" and {} more", count - NAMED),
    };
    format!("{}{more}", names[..names.len().min(NAMED)].join(", "))
}

/// An error unless `picture` is nearer to `truth` than the picture of one colour, `truth`'s mean:
/// whatever takes detail away (blurs, mosaics) leaves at least that.
pub fn assert_near(name: &str, picture: &RgbImage, truth: &RgbImage) -> anyhow::Result<()> {
    let count = f64::from(truth.width() * truth.height());
    let mut mean = [0.0; 3];
    for pixel in truth.pixels() {
        (0..3).for_each(|c| mean[c] += f64::from(pixel.0[c]) / count);
    }
    let squares = |other: &dyn Fn(usize, usize) -> f64| -> f64 {
        let pixels = truth.pixels().enumerate();
        let square = |(i, c, v): (usize, usize, u8)| (f64::from(v) - other(i, c)).powi(2);
        let each = pixels.flat_map(|(i, pixel)| (0..3).map(move |c| (i, c, pixel.0[c])));
        each.map(square).sum::<f64>() / (3.0 * count)
    };
    let data = picture.as_raw();
    let error = squares(&|i, c| f64::from(data[3 * i + c]));
    let flat = squares(&|_, c| mean[c]);
    // A truth of one colour has no flat picture that is farther away.
    let psnr = |error: f64| 10.0 * (255.0 * 255.0 / error).log10();
    ensure!(
        error < flat || error == 0.0,
        "{name} is as far from its original ({:.2} dB) as a picture of one colour ({:.2} dB): the two are probably not of \
         one face, or cut differently",
        psnr(error),
        psnr(flat)
    );
    Ok(())
}
