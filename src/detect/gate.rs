//! Which parts of a frame are worth a closer look.
//!
//! A tile is hot where ridges outweigh ground both ways. Tiles of 16 pixels show blocks up to 16,
//! tiles of twice, four and eight times that side show larger ones. A window of 3 × 3 tiles with enough
//! hot ones is looked at.

use super::plane::{Span, Span2};
use super::steps::{TILE, Tile};
use crate::frame::Rect;

/// Sides of the tiles: 16, 32, 64, 128 pixels.
pub(super) const LEVELS: usize = 4;
/// Tiles along a side of a window.
pub(super) const SIDE: usize = 3;
/// Least hot tiles of the nine.
const HOT_TILES: u8 = 5;
/// Least ridge of a hot tile per [`TILE`] pixels of its side, each way: a third of an edge along
/// it.
const LEAST_RIDGE: u32 = 24;

/// A part of the frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// Tiles have 16 · 2^level pixels.
    pub(super) level: usize,
    pub(super) area: Span2,
    /// Hot tiles, and then the share of ridges, 0–1: which to look at first.
    rank: f32,
}

/// Finds windows; keeps its memory.
#[derive(Debug, Default)]
pub(super) struct Gate {
    tiles: [Vec<Tile>; LEVELS],
    hot: Vec<u8>,
    windows: Vec<Window>,
}

impl Gate {
    /// The windows of a frame, most promising first, those of large tiles before others: a divisor
    /// of the true spacing looks as good in a small window.
    pub(super) fn windows(&mut self, tiles: &[Tile], counts: (usize, usize)) -> &[Window] {
        self.windows.clear();
        self.tiles[0].clear();
        self.tiles[0].extend_from_slice(tiles);
        let mut sizes = [counts; LEVELS];
        for level in 1..LEVELS {
            let (finer, coarser) = self.tiles.split_at_mut(level);
            sizes[level] = pool(&finer[level - 1], sizes[level - 1], &mut coarser[0]);
        }
        for level in (0..LEVELS).rev() {
            let first = self.windows.len();
            self.look(level, sizes[level]);
            let place = |window: &Window| (window.area.y.start, window.area.x.start);
            self.windows[first..].sort_unstable_by(|a, b| {
                let rank = b.rank.total_cmp(&a.rank);
                rank.then_with(|| place(a).cmp(&place(b)))
            });
        }
        &self.windows
    }

    /// The hot tiles of `level` in the frame of the last [`Self::windows`], which had so many of
    /// the smallest tiles.
    pub(super) fn hot(&self, level: usize, counts: (usize, usize)) -> impl Iterator<Item = Rect> {
        let (across, size) = ((counts.0 >> level).max(1), TILE << level);
        let tiles = self.tiles[level].iter().enumerate();
        let hot = tiles.filter(move |(_, tile)| is_hot(tile, LEAST_RIDGE << level));
        hot.map(move |(index, _)| {
            let place = |at: usize| (at * size) as i32;
            Rect::new(
                place(index % across),
                place(index / across),
                size as u32,
                size as u32,
            )
        })
    }

    fn look(&mut self, level: usize, (across, down): (usize, usize)) {
        let tiles = &self.tiles[level];
        let least = LEAST_RIDGE << level;
        self.hot.clear();
        self.hot
            .extend(tiles.iter().map(|tile| u8::from(is_hot(tile, least))));
        if across < SIDE || down < SIDE {
            return;
        }
        let size = TILE << level;
        let span = |tile: usize| Span::new(tile * size, (tile + SIDE) * size);
        for y in 0..=down - SIDE {
            let rows: [&[u8]; SIDE] =
                std::array::from_fn(|row| &self.hot[(y + row) * across..][..across]);
            for x in 0..=across - SIDE {
                let hot: u8 = rows
                    .iter()
                    .map(|row| row[x..x + SIDE].iter().sum::<u8>())
                    .sum();
                if hot < HOT_TILES {
                    continue;
                }
                let area = Span2 {
                    x: span(x),
                    y: span(y),
                };
                let share = share(tiles, across, (x, y));
                self.windows.push(Window {
                    level,
                    area,
                    rank: f32::from(hot) + share,
                });
            }
        }
    }
}

/// Whether ridges outweigh ground both ways.
#[inline(always)]
fn is_hot(tile: &Tile, least: u32) -> bool {
    let is =
        |axis: usize| (tile.ridge[axis] >= least) & (2 * tile.ridge[axis] >= tile.ground[axis]);
    is(0) & is(1)
}

/// Share of ridges in a window.
fn share(tiles: &[Tile], across: usize, (x, y): (usize, usize)) -> f32 {
    let (mut ridge, mut all) = (0, 1);
    for row in y..y + SIDE {
        for tile in &tiles[row * across + x..][..SIDE] {
            let here = tile.ridge[0] + tile.ridge[1];
            ridge += here;
            all += here + tile.ground[0] + tile.ground[1];
        }
    }
    ridge as f32 / all as f32
}

/// Sums of 2 × 2 tiles; those at the right and bottom that make no whole square are left out.
fn pool(tiles: &[Tile], (across, down): (usize, usize), out: &mut Vec<Tile>) -> (usize, usize) {
    let counts = (across / 2, down / 2);
    out.clear();
    for y in 0..counts.1 {
        let upper = tiles[2 * y * across..][..across].chunks_exact(2);
        let lower = tiles[(2 * y + 1) * across..][..across].chunks_exact(2);
        out.extend(
            upper
                .zip(lower)
                .map(|(upper, lower)| upper[0] + upper[1] + lower[0] + lower[1]),
        );
    }
    counts
}
