//! Whether a generator has learnt pictures by heart: what it makes beside the pictures of the
//! training that come nearest, which held-out faces are no nearer to.

use anyhow::Context;
use image::{RgbImage, imageops};
use rayon::prelude::*;
use tch::Tensor;

use crate::train::data::dataset::Dataset;
use crate::train::data::pictures::{bytes, grid, middle, planes};

/// Most held-out faces that are compared.
const COMPARED: usize = 256;

/// What was made, and what is nearest to it.
pub struct Neighbours {
    /// Rows of what was made, each above a row of the training's nearest pictures.
    pub picture: RgbImage,
    /// Mean distance of what was made to its nearest picture of the training, root mean square of
    /// grey levels.
    pub made: f64,
    /// The same of held-out faces, which nobody can have learnt by heart.
    pub held_out: f64,
}

/// A picture of the training, as it is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Nearest {
    /// Sum of the squared differences.
    distance: u64,
    index: usize,
    mirrored: bool,
}

/// Look for what comes nearest to `made`, pictures `[N, 3, side, side]`, −1 … 1, in `training`, as it
/// is or mirrored; they are drawn `columns` in a row.
pub fn neighbours(
    made: &Tensor,
    columns: u32,
    training: &Dataset,
    held_out: &Dataset,
) -> anyhow::Result<Neighbours> {
    let side = made.size().last().copied().unwrap_or(0) as u32;
    let own = bytes(made);
    let found = nearest(&own, training, side)?;
    let count = COMPARED.min(held_out.len());
    let faces = (0..count).into_par_iter().map(|index| {
        let face = held_out.picture(index * held_out.len() / count)?;
        Ok(middle(&face, side).into_raw())
    });
    let faces: Vec<Vec<u8>> = faces.collect::<anyhow::Result<_>>()?;
    let others = nearest(&faces, training, side)?;
    let mean = |found: &[Nearest]| {
        let samples = f64::from(3 * side * side);
        let roots = found
            .iter()
            .map(|one| (one.distance as f64 / samples).sqrt());
        roots.sum::<f64>() / found.len().max(1) as f64
    };
    let mut numbers = Vec::new();
    for one in &found {
        numbers.extend(planes(&seen(training, one, side)?));
    }
    let near = Tensor::from_slice(&numbers).view([-1, 3, i64::from(side), i64::from(side)]);
    Ok(Neighbours {
        picture: grid(&rows(made, &near, columns.into()), columns),
        made: mean(&found),
        held_out: mean(&others),
    })
}

/// Rows of `above`, each followed by that of `below`.
fn rows(above: &Tensor, below: &Tensor, columns: i64) -> Tensor {
    let pairs = above.split(columns, 0).into_iter();
    let rows: Vec<Tensor> = pairs
        .zip(below.split(columns, 0))
        .flat_map(|(above, below)| [above, below])
        .collect();
    Tensor::cat(&rows, 0)
}

fn seen(training: &Dataset, one: &Nearest, side: u32) -> anyhow::Result<RgbImage> {
    let mut picture = middle(&training.picture(one.index)?, side);
    if one.mirrored {
        imageops::flip_horizontal_in_place(&mut picture);
    }
    Ok(picture)
}

/// The nearest picture of `training` to each of `pictures`, packed R′G′B′ of side × side. One of the
/// training's pictures is in memory for each thread.
fn nearest(pictures: &[Vec<u8>], training: &Dataset, side: u32) -> anyhow::Result<Vec<Nearest>> {
    let best = (0..training.len()).into_par_iter().map(|index| {
        let mut face = middle(&training.picture(index)?, side);
        let straight = face.as_raw().clone();
        imageops::flip_horizontal_in_place(&mut face);
        let compared = pictures.iter().map(|picture| {
            let [as_it_is, mirrored] =
                [&straight, face.as_raw()].map(|face| distance(picture, face));
            Nearest {
                distance: as_it_is.min(mirrored),
                index,
                mirrored: mirrored < as_it_is,
            }
        });
        Ok(compared.collect::<Vec<_>>())
    });
    let best = best.try_reduce_with(|a: Vec<Nearest>, b| {
        let nearer = |(a, b): (Nearest, Nearest)| {
            let is_first = (a.distance, a.index) <= (b.distance, b.index);
            if is_first { a } else { b }
        };
        anyhow::Ok(a.into_iter().zip(b).map(nearer).collect())
    });
    best.context("the training has no pictures")?
}

fn distance(a: &[u8], b: &[u8]) -> u64 {
    let squares = a
        .iter()
        .zip(b)
        .map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2));
    squares.map(u64::from).sum()
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;
    use crate::train::data::held_out::HeldOut;
    use indicatif::ProgressBar;

    fn face(number: u32) -> RgbImage {
        RgbImage::from_fn(16, 16, |x, y| {
            Rgb([x * 15, y * 15, number * 25].map(|level| level as u8))
        })
    }

    #[test]
    fn what_was_learnt_by_heart_is_found_also_mirrored() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..8 {
            let path = folder.path().join(format!("{number}.png"));
            face(number).save(path).unwrap();
        }
        let dataset = Dataset::open(folder.path(), &ProgressBar::hidden()).unwrap();
        let (training, held_out) = dataset.split(&HeldOut::default());
        assert_eq!((training.len(), held_out.len()), (7, 1));
        let mut numbers = planes(&face(3));
        numbers.extend(planes(&imageops::flip_horizontal(&face(5))));
        let made = Tensor::from_slice(&numbers).view([2, 3, 16, 16]);
        let found = neighbours(&made, 2, &training, &held_out).unwrap();
        assert!(found.made < 0.5, "{}", found.made);
        // The last one of eight is held out: 25 levels of one colour from the one before it.
        assert!(
            (found.held_out - 25.0 / 3f64.sqrt()).abs() < 1e-6,
            "{}",
            found.held_out
        );
        assert_eq!(found.picture.dimensions(), (32, 32));
        let part = |y| imageops::crop_imm(&found.picture, 0, y, 32, 16).to_image();
        assert_eq!(part(0), part(16));
    }
}
