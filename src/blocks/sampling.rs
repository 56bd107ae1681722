//! Where the colours of a mosaic's blocks come from.
//!
//! Most tools take means over blocks. Others shrink the picture and enlarge it again by its nearest
//! pixels: then a block has the colour of the pixel in its upper left corner, and what it shows
//! lies half a block off. At the left and upper edge of the mosaic the picture goes on outside:
//! there such a block continues what is beside its corner, another one what is beside its middle.
//! Where the picture is too even there, the blocks themselves give a hint: single pixels differ more
//! from block to block than means do.

use crate::frame::{FrameView, Lattice, Patch, Rect, patch};

/// What the colour of a block is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sampling {
    /// That of its mean, or of its middle.
    #[default]
    Mean,
    /// That of its upper left corner.
    Corner,
    /// That of a pixel, nobody knows which.
    Point,
}

impl Sampling {
    /// How far what a block shows lies from its middle, to the left and upwards, sides of a block.
    pub fn shift(self) -> f32 {
        match self {
            Self::Mean => 0.0,
            Self::Corner => 0.5,
            // In the middle of the corner, where some tools take it, and the block's, where others
            // do.
            Self::Point => 0.25,
        }
    }
}

/// Logarithm of the difference to what is beside the corners ÷ difference to what is beside the
/// middles, below which blocks show their corners. Few blocks must say so more clearly: the
/// logarithm counts by the root of their number, up to [`ENOUGH`]. A mean that is taken for a corner
/// puts the face half a block off, and means are far more common. Measured on 480 faces with 6–15
/// blocks of 6 pixels and more after JPEG coding: 71 % of corners lie below, 0.7 % of means and
/// of middles.
const CORNERS: f32 = -0.5;
/// Fewest blocks along both edges that tell.
const FEWEST: usize = 4;
/// Blocks from which their number does not matter.
const ENOUGH: usize = 16;
/// How much what is beside a block's corner and its middle must differ for the block to tell, sum
/// of the channels' grey levels.
const LEAST: f32 = 15.0;
/// Smallest blocks of which corner and middle can be told apart, pixels.
const SMALLEST: f32 = 6.0;
/// Mean square of second differences of blocks ÷ that of first ones, above which they are pixels.
/// The same faces: 2 % of means lie above, a quarter of pixels.
const ROUGH: f32 = 2.5;
/// Fewest blocks each way for that.
const ROUGH_BLOCKS: usize = 6;
/// Distance of an edge to the lattice's nearest line up to which its blocks are whole, pixels.
const ON_LINE: f32 = 1.0;
/// Pixels outside an edge that are asked: one may be smeared by coding.
const OUTSIDE: u32 = 2;
/// Frames that the verdict of a region is the mean of, at most.
const MAX_FRAMES: u16 = 100;
/// Frames of a region that is followed from which on it is believed to show pixels, nobody knows which.
const SURE: u16 = 12;
/// Regions that are followed at a time; the oldest goes first.
const MAX_TRACKED: usize = 256;

/// Sums of differences along edges.
#[derive(Clone, Copy, Debug, Default)]
struct Edges {
    corners: f32,
    middles: f32,
    blocks: usize,
}

/// What is seen of a mosaic, in a frame or in the mean of some.
#[derive(Clone, Copy, Debug, Default)]
struct Evidence {
    /// What [`CORNERS`] is compared with; None where the edges do not tell.
    corners: Option<f32>,
    /// What [`ROUGH`] is compared with; 0 where there are few blocks.
    roughness: f32,
}

impl Evidence {
    fn sampling(&self) -> Sampling {
        match self.corners {
            Some(corners) if corners < CORNERS => Sampling::Corner,
            None if self.roughness > ROUGH => Sampling::Point,
            _ => Sampling::Mean,
        }
    }

    /// Move towards what another frame says.
    fn add(&mut self, news: &Self, weight: f32) {
        self.corners = match (self.corners, news.corners) {
            (Some(mean), Some(new)) => Some(mean + weight * (new - mean)),
            (mean, new) => mean.or(new),
        };
        self.roughness += weight * (news.roughness - self.roughness);
    }
}

/// Tells how mosaics were made; keeps its memory from frame to frame.
#[derive(Default)]
pub struct SamplingProbe {
    inside: Patch,
    outside: Patch,
    /// Brightness of blocks, row by row.
    blocks: Vec<f32>,
    /// Regions that are followed: identity, frames, the mean of what they say.
    known: Vec<(u32, u16, Evidence)>,
}

impl SamplingProbe {
    /// How the mosaic `rect` with the grid `lattice` was made, which is followed as `id`.
    pub fn sampling(
        &mut self,
        frame: &FrameView<'_>,
        rect: &Rect,
        lattice: &Lattice,
        id: Option<u32>,
    ) -> Sampling {
        if lattice.block_width.min(lattice.block_height) < SMALLEST {
            return Sampling::Mean;
        }
        let seen = Evidence {
            corners: self.corners(frame, rect, lattice),
            roughness: self.roughness(frame, rect, lattice),
        };
        match id.map(|id| self.remember(id, seen)) {
            None => seen.sampling(),
            // So little tells pixels from means that a film is given time to say so.
            Some((frames, mean)) => match mean.sampling() {
                Sampling::Point if frames < SURE => Sampling::Mean,
                sampling => sampling,
            },
        }
    }

    /// Add what was `seen` of the region `id`; returns frames and mean.
    fn remember(&mut self, id: u32, seen: Evidence) -> (u16, Evidence) {
        if let Some((_, frames, mean)) = self.known.iter_mut().find(|(known, ..)| *known == id) {
            *frames = (*frames + 1).min(MAX_FRAMES);
            mean.add(&seen, 1.0 / f32::from(*frames));
            return (*frames, *mean);
        }
        if self.known.len() == MAX_TRACKED {
            self.known.remove(0);
        }
        self.known.push((id, 1, seen));
        (1, seen)
    }

    /// What [`ROUGH`] is compared with; 0 where there are few blocks.
    fn roughness(&mut self, frame: &FrameView<'_>, rect: &Rect, lattice: &Lattice) -> f32 {
        let middles = |phase: f32, period: f32, start: i32, length: u32| {
            let first = (phase - start as f32).rem_euclid(period);
            let whole = ((length as f32 - first) / period).max(0.0) as usize;
            (whole, move |block: usize| {
                first + (block as f32 + 0.5) * period
            })
        };
        let (columns, x) = middles(lattice.phase_x, lattice.block_width, rect.x, rect.width);
        let (rows, y) = middles(lattice.phase_y, lattice.block_height, rect.y, rect.height);
        if columns.min(rows) < ROUGH_BLOCKS {
            return 0.0;
        }
        self.blocks.clear();
        for row in 0..rows {
            let middle = rect.y + y(row) as i32 - 1;
            let line = Rect::new(rect.x, middle, rect.width, 2);
            patch::read(frame, line, &mut self.inside);
            self.blocks.extend((0..columns).map(|column| {
                let middle = x(column) as usize;
                mean(&self.inside, 1, middle - 1..middle + 1)
                    .iter()
                    .sum::<f32>()
            }));
        }
        let at = |x: usize, y: usize| self.blocks[y * columns + x];
        let (mut first, mut second) = ([0.0, 0.0], [0.0, 0.0]);
        let add = |sums: &mut [f32; 2], difference: f32| {
            *sums = [sums[0] + difference * difference, sums[1] + 1.0];
        };
        for (x, y) in (0..rows).flat_map(|y| (0..columns).map(move |x| (x, y))) {
            for (dx, dy, is_inner) in [(1, 0, x > 0), (0, 1, y > 0)] {
                if x + dx == columns || y + dy == rows {
                    continue;
                }
                let (here, next) = (at(x, y), at(x + dx, y + dy));
                add(&mut first, next - here);
                if is_inner {
                    add(&mut second, next - 2.0 * here + at(x - dx, y - dy));
                }
            }
        }
        let [first, second] = [first, second].map(|[sum, count]| sum / count);
        if first > 1.0 { second / first } else { 0.0 }
    }

    /// What [`CORNERS`] is compared with; None where the edges do not tell.
    fn corners(&mut self, frame: &FrameView<'_>, rect: &Rect, lattice: &Lattice) -> Option<f32> {
        let mut edges = Edges::default();
        let starts = [
            (rect.x, lattice.phase_x, lattice.block_width),
            (rect.y, lattice.phase_y, lattice.block_height),
        ];
        for (axis, (start, phase, period)) in starts.into_iter().enumerate() {
            let off = (start as f32 - phase).rem_euclid(period);
            let is_whole = off.min(period - off) <= ON_LINE;
            if is_whole && start >= OUTSIDE as i32 {
                self.add_edge(frame, rect, axis, lattice, &mut edges);
            }
        }
        (edges.blocks >= FEWEST).then(|| {
            let ratio = edges.corners.max(1.0) / edges.middles.max(1.0);
            let counts = edges.blocks.min(ENOUGH) as f32 / ENOUGH as f32;
            ratio.ln() * counts.sqrt()
        })
    }

    /// Add the blocks along the left (`axis` 0) or the upper edge.
    fn add_edge(
        &mut self,
        frame: &FrameView<'_>,
        rect: &Rect,
        axis: usize,
        lattice: &Lattice,
        edges: &mut Edges,
    ) {
        let quarter = |side: f32| ((side / 4.0) as i32, (side / 2.0) as u32);
        let (inside, outside, phase, period, length) = if axis == 0 {
            let (start, width) = quarter(lattice.block_width);
            (
                Rect::new(rect.x + start, rect.y, width, rect.height),
                Rect::new(rect.x - OUTSIDE as i32, rect.y, OUTSIDE, rect.height),
                lattice.phase_y - rect.y as f32,
                lattice.block_height,
                rect.height,
            )
        } else {
            let (start, height) = quarter(lattice.block_height);
            (
                Rect::new(rect.x, rect.y + start, rect.width, height),
                Rect::new(rect.x, rect.y - OUTSIDE as i32, rect.width, OUTSIDE),
                lattice.phase_x - rect.x as f32,
                lattice.block_width,
                rect.width,
            )
        };
        patch::read(frame, inside, &mut self.inside);
        patch::read(frame, outside, &mut self.outside);
        let mut start = phase.rem_euclid(period);
        while start + period <= length as f32 {
            let at = |part: f32| (start + part * period) as usize;
            let block = mean(&self.inside, axis, at(0.25)..at(0.75));
            let corner = mean(&self.outside, axis, at(0.0)..at(0.0) + 2);
            let middle = at(0.5);
            let middle = mean(&self.outside, axis, middle - 1..middle + 1);
            let apart = |a: [f32; 3], b: [f32; 3]| -> f32 {
                a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum()
            };
            if apart(corner, middle) >= LEAST {
                edges.corners += apart(block, corner);
                edges.middles += apart(block, middle);
                edges.blocks += 1;
            }
            start += period;
        }
    }
}

/// Mean colour of the rows (`axis` 0) or columns `range` of `patch`.
fn mean(patch: &Patch, axis: usize, range: std::ops::Range<usize>) -> [f32; 3] {
    let rect = patch.rect();
    let (width, height) = (rect.width as usize, rect.height as usize);
    let (rows, columns) = match axis {
        0 => (range.start..range.end.min(height), 0..width),
        _ => (0..height, range.start..range.end.min(width)),
    };
    let count = (rows.len() * columns.len()).max(1) as f32;
    [0, 1, 2].map(|plane| {
        let plane = patch.plane(plane);
        let row = |y: usize| -> f32 { plane[y * width..][columns.clone()].iter().sum() };
        rows.clone().map(row).sum::<f32>() / count
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Layout;

    const RECT: Rect = Rect::new(24, 16, 96, 80);
    const SIZE: u32 = 144;

    /// Waves, the blocks of which have the colour of their mean or of their corner.
    fn picture(block: usize, sampling: Option<Sampling>) -> Vec<u8> {
        let wave = |x: usize, y: usize| {
            let (x, y) = (x as f32, y as f32);
            128.0 + 50.0 * (x / 19.0 + y / 31.0).sin() + 40.0 * (x / 37.0 - y / 13.0).cos()
        };
        let of_block = |x: usize, y: usize, sampling| match sampling {
            Sampling::Corner | Sampling::Point => wave(x, y),
            Sampling::Mean => {
                let pixels = (0..block * block).map(|i| wave(x + i % block, y + i / block));
                pixels.sum::<f32>() / (block * block) as f32
            }
        };
        let (left, top) = (RECT.x as usize, RECT.y as usize);
        let inside = |x: usize, y: usize| RECT.intersect(&Rect::new(x as i32, y as i32, 1, 1));
        (0..SIZE as usize * SIZE as usize)
            .flat_map(|i| {
                let (x, y) = (i % SIZE as usize, i / SIZE as usize);
                let level = match sampling {
                    Some(sampling) if inside(x, y).is_some() => {
                        let start = |at: usize, first: usize| (at - first) / block * block + first;
                        of_block(start(x, left), start(y, top), sampling)
                    }
                    _ => wave(x, y),
                };
                [level as u8; 3]
            })
            .collect()
    }

    fn told(data: &[u8], block: u32, probe: &mut SamplingProbe, id: Option<u32>) -> Sampling {
        let layout = Layout::rgb(SIZE, SIZE);
        let frame = FrameView::packed(&layout, data, 3 * SIZE as usize).unwrap();
        let lattice = Lattice::square(block, RECT.x, RECT.y);
        probe.sampling(&frame, &RECT, &lattice, id)
    }

    #[test]
    fn means_and_corners_are_told_apart() {
        for block in [8, 10, 16] {
            for sampling in [Sampling::Mean, Sampling::Corner] {
                let data = picture(block, Some(sampling));
                let found = told(&data, block as u32, &mut SamplingProbe::default(), None);
                assert_eq!(found, sampling, "block {block}");
            }
        }
    }

    #[test]
    fn what_goes_on_smoothly_or_has_small_blocks_counts_as_means() {
        let flat = vec![90; (3 * SIZE * SIZE) as usize];
        assert_eq!(
            told(&flat, 8, &mut SamplingProbe::default(), None),
            Sampling::Mean
        );
        let small = picture(4, Some(Sampling::Corner));
        assert_eq!(
            told(&small, 4, &mut SamplingProbe::default(), None),
            Sampling::Mean
        );
    }

    #[test]
    fn in_even_surroundings_rough_blocks_are_pixels() {
        let block = 8;
        let mut data = vec![90; (3 * SIZE * SIZE) as usize];
        let fill = |data: &mut [u8], level: &mut dyn FnMut(usize, usize) -> u8| {
            let (left, top) = (RECT.x as usize, RECT.y as usize);
            for y in top..top + RECT.height as usize {
                for x in left..left + RECT.width as usize {
                    let level = level((x - left) / block, (y - top) / block);
                    data[3 * (y * SIZE as usize + x)..][..3].fill(level);
                }
            }
            told(data, block as u32, &mut SamplingProbe::default(), None)
        };
        // Unlike their neighbours: second differences are three times the first ones.
        let mut unlike = |x: usize, y: usize| ((x * 7919 + y * 104_729 + x * y * 31) % 97) as u8;
        assert_eq!(fill(&mut data, &mut unlike), Sampling::Point);
        // In a film that must last.
        let mut probe = SamplingProbe::default();
        let film = [(); 20].map(|()| told(&data, block as u32, &mut probe, Some(1)));
        let sure = usize::from(SURE);
        assert_eq!(film[..sure - 1], [Sampling::Mean; 11]);
        assert_eq!(film[sure - 1..], [Sampling::Point; 9]);
        let mut slope = |x: usize, y: usize| (10 * x + 5 * y) as u8;
        assert_eq!(fill(&mut data, &mut slope), Sampling::Mean);
    }

    #[test]
    fn a_region_keeps_what_most_of_its_frames_say() {
        let mut probe = SamplingProbe::default();
        let [mean, corner] = [Sampling::Mean, Sampling::Corner].map(|s| picture(16, Some(s)));
        for _ in 0..9 {
            assert_eq!(told(&corner, 16, &mut probe, Some(1)), Sampling::Corner);
        }
        assert_eq!(told(&mean, 16, &mut probe, Some(1)), Sampling::Corner);
        assert_eq!(told(&mean, 16, &mut probe, Some(2)), Sampling::Mean);
    }
}
