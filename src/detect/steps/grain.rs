//! Grain and camera noise over the whole picture: how much of it there is, and ridges above it.

use std::ops::Range;

use super::{FLOOR, Ridges, STRIP, TILE, Tile};
use crate::detect::plane::Plane;

/// Of tiles that are level but for noise of a standard deviation of one level: the mean ground of
/// the sums, [`FLOOR`] included; measured.
const NOISE_GROUND: f32 = 7.6;
/// Mean absolute second difference in noise of a standard deviation of one level: √6 · √(2/π).
const NOISE_BEND: f32 = 1.954;
/// What is taken off in noise of one level: the mean of a sum and its standard deviation.
const NOISE_FLOOR: f32 = 9.5;
/// Part of the tiles that are level but for the noise: the flattest one in four. Where a picture is
/// black or white there is none.
const LEVEL_PART: usize = 4;
/// Tiles of which their ground is sorted, at least, where there are so many; of a quarter of them
/// second differences are taken.
const SAMPLED: usize = 1024;
/// Noise by second differences over that by steps at most, where it is noise.
const MOST_BENT: f32 = 1.5;
/// One in so many tiles at least must be neither black nor white to tell of noise.
const TELLING_PART: usize = 32;
/// Tiles that tell whether those without grain are black or white.
const FEW: usize = 128;
/// Levels between those at which noise is cut off, in video's range or in the full one.
const EXTREMES: Range<u32> = 24..228;
/// Noise from which on the floor follows it, levels of standard deviation: that of coders is less.
const LEAST_GRAIN: f32 = 1.8;
/// Ground of a tile with so much noise.
const LEAST_GROUND: u32 =
    ((LEAST_GRAIN * NOISE_GROUND - FLOOR as f32) * (TILE * TILE / STRIP) as f32) as u32;
/// Most noise that is told: there, sums of steps come near the largest that fit a byte.
const MOST_GRAIN: f32 = 12.0;

impl Tile {
    /// That of the axis with less of it.
    fn least_ground(&self) -> u32 {
        self.ground[0].min(self.ground[1])
    }
}

/// Noise in tiles with a ground of `ground`, levels of standard deviation.
fn grain_of(ground: u32) -> f32 {
    let sums = (TILE * TILE / STRIP) as f32;
    (ground as f32 / sums + f32::from(FLOOR)) / NOISE_GROUND
}

impl Ridges {
    /// Measure `plane`, with a floor above the noise that lies over all of it; returns the noise's
    /// standard deviation, levels, or 0 where it does not matter.
    pub(in crate::detect) fn measure(&mut self, plane: &Plane<'_>) -> f32 {
        self.measure_above(plane, FLOOR);
        let Some(ground) = self.flattest(plane) else {
            return 0.0;
        };
        // Slopes have steps without bends; of noise both say the same, and writing has more bends.
        let (steps, bends) = (grain_of(ground), self.unevenness(plane, ground));
        let grain = steps.min(bends);
        if grain < LEAST_GRAIN || bends > MOST_BENT * steps {
            return 0.0;
        }
        let grain = grain.min(MOST_GRAIN);
        self.measure_above(plane, (NOISE_FLOOR * grain) as u8);
        grain
    }

    /// The ground below which one in [`LEVEL_PART`] tiles lies, of a plane that was measured above
    /// [`FLOOR`]; None where that is no grain. Tiles without any steps, such as bars above and below
    /// a film, do not count, nor do those that are nearly black or white: noise is cut off there.
    fn flattest(&mut self, plane: &Plane<'_>) -> Option<u32> {
        // Most frames have no grain, which is sooner counted than sorted.
        let (mut even, mut all) = (0, 0);
        for ground in self.tiles.iter().map(Tile::least_ground) {
            even += usize::from((1..LEAST_GROUND).contains(&ground));
            all += usize::from(ground > 0);
        }
        let place = all / LEVEL_PART;
        if place == 0 || even > place && !self.are_extreme(plane, even) {
            return None;
        }
        // Some of them tell it as well as all.
        let every = all / SAMPLED + 1;
        let mut sorted = std::mem::take(&mut self.grounds);
        sorted.clear();
        let tiles = self.tiles.iter().enumerate();
        let tiles = tiles
            .filter(|(_, tile)| tile.least_ground() > 0)
            .step_by(every);
        let tiles = tiles.filter(|(index, _)| !self.is_extreme(plane, *index));
        sorted.extend(tiles.map(|(_, tile)| tile.least_ground()));
        let place = sorted.len() / LEVEL_PART;
        let enough = place > 0 && TELLING_PART * sorted.len() * every >= all;
        let ground = enough.then(|| *sorted.select_nth_unstable(place).1);
        self.grounds = sorted;
        ground.filter(|&ground| ground >= LEAST_GROUND)
    }

    /// Whether most of the `even` tiles that have less ground than grain makes are nearly black or
    /// white.
    fn are_extreme(&self, plane: &Plane<'_>, even: usize) -> bool {
        let tiles = self.tiles.iter().enumerate();
        let tiles = tiles.filter(|(_, tile)| (1..LEAST_GROUND).contains(&tile.least_ground()));
        let (mut extreme, mut seen) = (0, 0);
        for (index, _) in tiles.step_by(even / FEW + 1) {
            extreme += usize::from(self.is_extreme(plane, index));
            seen += 1;
        }
        2 * extreme > seen
    }

    /// Whether the middle of a tile is nearly black or white.
    fn is_extreme(&self, plane: &Plane<'_>, index: usize) -> bool {
        let (x, y) = (index % self.tile_counts.0, index / self.tile_counts.0);
        let row = &plane.row(y * TILE + TILE / 2)[x * TILE + TILE / 2..][..4];
        let mean = row.iter().map(|&level| u32::from(level)).sum::<u32>() / 4;
        !EXTREMES.contains(&mean)
    }

    /// Noise in the tiles with a ground of `most` at most, levels of standard deviation: by second
    /// differences, which slopes do not have, across x or y, whichever are smaller.
    fn unevenness(&self, plane: &Plane<'_>, most: u32) -> f32 {
        let (mut sums, mut count) = ([0, 0], 0);
        let tiles = self.tiles.iter().enumerate();
        let level = tiles.filter(|(_, tile)| (1..=most).contains(&tile.least_ground()));
        let level = level.filter(|(index, _)| !self.is_extreme(plane, *index));
        let every = self.tiles.len() / SAMPLED + 1;
        for (index, _) in level.step_by(every) {
            let (x, y) = (index % self.tile_counts.0, index / self.tile_counts.0);
            let inner = x * TILE + 1..(x + 1) * TILE - 1;
            for y in (y * TILE + 1..(y + 1) * TILE - 1).step_by(4) {
                let [above, row, below] = [y - 1, y, y + 1].map(|y| plane.row(y));
                for x in inner.clone() {
                    let bend = |a: u8, b: u8| {
                        (i32::from(a) + i32::from(b) - 2 * i32::from(row[x])).unsigned_abs()
                    };
                    sums[0] += bend(row[x - 1], row[x + 1]);
                    sums[1] += bend(above[x], below[x]);
                }
                count += inner.len();
            }
        }
        sums[0].min(sums[1]) as f32 / count.max(1) as f32 / NOISE_BEND
    }
}
