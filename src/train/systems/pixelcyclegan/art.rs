//! Pictures as pixel art: flat blocks, perhaps of few colours.

use image::{Rgb, RgbImage};
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

use crate::train::data::degradation::{check_range, mosaic_in_place};

/// How pixel art is made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PixelArt {
    /// Smallest and largest block, pixels.
    pub blocks: [u32; 2],
    /// Share of pictures, 0–1, that are reduced to a palette.
    pub palette: f64,
    /// Fewest and most colours of a palette.
    pub colours: [u32; 2],
}

impl PixelArt {
    /// An error for constants that make no sense.
    pub fn check(&self) -> anyhow::Result<()> {
        check_range("blocks", self.blocks.map(f64::from), [1.0, 512.0])?;
        anyhow::ensure!(
            (0.0..=1.0).contains(&self.palette),
            "palette is {}; it must lie in 0 … 1",
            self.palette
        );
        check_range("colours", self.colours.map(f64::from), [2.0, 256.0])
    }

    /// `picture` as pixel art; randomness comes from `random` alone.
    pub fn apply(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> anyhow::Result<RgbImage> {
        let [low, high] = self.blocks;
        let block = random.random_range(low..=high);
        let corner = [(); 2].map(|()| random.random_range(0..block) as i32);
        let mut art = picture.clone();
        mosaic_in_place(&mut art, block, corner)?;
        if random.random_bool(self.palette) {
            let [few, many] = self.colours;
            reduce(&mut art, random.random_range(few..=many) as usize);
        }
        Ok(art)
    }
}

/// Replace the colours of a picture by at most `count`: the means of boxes of colours, of which the
/// longest is cut at its median until there are enough (Heckbert, 1982).
fn reduce(picture: &mut RgbImage, count: usize) {
    let mut boxes: Vec<Vec<[u8; 3]>> = vec![picture.pixels().map(|p| p.0).collect()];
    while boxes.len() < count {
        let sides = boxes.iter().map(|colours| longest(colours));
        let Some((index, (length, channel))) = sides.enumerate().max_by_key(|(_, side)| side.0)
        else {
            break;
        };
        if length == 0 {
            break;
        }
        let mut colours = boxes.swap_remove(index);
        colours.sort_unstable_by_key(|color| color[channel]);
        // Equal colours stay together.
        let middle = colours[colours.len() / 2][channel];
        let mut cut = colours.partition_point(|color| color[channel] < middle);
        if cut == 0 {
            cut = colours.partition_point(|color| color[channel] <= middle);
        }
        let rest = colours.split_off(cut);
        boxes.extend([colours, rest]);
    }
    let palette: Vec<[u8; 3]> = boxes.iter().map(|colours| mean(colours)).collect();
    for pixel in picture.pixels_mut() {
        let distance = |color: &&[u8; 3]| -> u32 {
            let channels = color.iter().zip(pixel.0);
            channels.map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
        };
        if let Some(nearest) = palette.iter().min_by_key(distance) {
            *pixel = Rgb(*nearest);
        }
    }
}

/// Length of a box's longest side, levels, and its channel.
fn longest(colours: &[[u8; 3]]) -> (u8, usize) {
    let length = |channel: usize| {
        let levels = colours.iter().map(|color| color[channel]);
        let (low, high) = levels.fold((255, 0), |(l, h), v| (v.min(l), v.max(h)));
        high.saturating_sub(low)
    };
    let sides = (0..3).map(|channel| (length(channel), channel));
    sides.max().unwrap_or((0, 0))
}

fn mean(colours: &[[u8; 3]]) -> [u8; 3] {
    [0, 1, 2].map(|channel| {
        let sum: u64 = colours.iter().map(|color| u64::from(color[channel])).sum();
        ((sum + colours.len() as u64 / 2) / colours.len().max(1) as u64) as u8
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::SeedableRng;

    use super::*;

    fn picture() -> RgbImage {
        RgbImage::from_fn(48, 48, |x, y| {
            Rgb([(5 * x) as u8, (5 * y) as u8, (x * y) as u8])
        })
    }

    fn colours(picture: &RgbImage) -> BTreeSet<[u8; 3]> {
        picture.pixels().map(|pixel| pixel.0).collect()
    }

    #[test]
    fn blocks_are_flat_and_colours_few() {
        let art = PixelArt {
            blocks: [8, 8],
            palette: 1.0,
            colours: [5, 5],
        };
        let mut random = Pcg64Mcg::seed_from_u64(2);
        let made = art.apply(&picture(), &mut random).unwrap();
        assert_eq!(colours(&made).len(), 5);
        let plain = PixelArt {
            palette: 0.0,
            ..art
        };
        let mut random = Pcg64Mcg::seed_from_u64(2);
        let made = plain.apply(&picture(), &mut random).unwrap();
        // 48 pixels meet 6 or 7 blocks.
        assert!((36..=49).contains(&colours(&made).len()));
    }

    #[test]
    fn few_colours_stay_as_they_are() {
        let mut two = RgbImage::from_fn(9, 9, |x, _| Rgb([if x > 6 { 250 } else { 10 }; 3]));
        let before = two.clone();
        reduce(&mut two, 16);
        assert_eq!(two, before);
    }
}
