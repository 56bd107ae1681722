//! The blocks of a lattice, one by one: are they flat, do they differ, does the whole difference between two
//! of them lie in the step on their common edge?

use super::comb::Comb;
use super::plane::{Plane, Span2};

/// What the blocks of a lattice say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Evidence {
    /// Whole blocks across and down.
    pub(super) columns: usize,
    /// See `columns`.
    pub(super) rows: usize,
    /// Part of the blocks that are flat inside, 0–1.
    pub(super) flat: f32,
    /// Mean difference of neighbouring blocks, levels, across x and y.
    pub(super) contrast: [f32; 2],
    /// Step on the common edge over difference of the blocks, across x and y: 1 in a mosaic, well below elsewhere.
    pub(super) sharpness: [f32; 2],
    /// Part of the pairs of neighbours that differ by at least [`CLEAR`] levels.
    pub(super) clear: f32,
    /// Correlation of neighbouring blocks: positive for pictures of things, −1 for a checkerboard.
    pub(super) correlation: f32,
    /// Part of the blocks that share the two commonest of 32 levels, 0–1.
    pub(super) two_level: f32,
}

/// A clear difference of two blocks, levels.
const CLEAR: f32 = 4.0;
/// Mean step inside a block up to which it counts as flat, levels.
const FLAT: f32 = 1.5;
/// The same in parts of the block's largest difference from a neighbour.
const FLAT_PART: f32 = 0.12;

#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    mean: f32,
    roughness: f32,
    /// Signed mean steps on the left and top edge.
    step: [f32; 2],
    /// Largest absolute difference from a neighbour.
    apart: f32,
}

/// Scratch memory for blocks.
#[derive(Debug, Default)]
pub(super) struct Cells {
    cells: Vec<Cell>,
}

impl Cells {
    /// Look at the whole blocks of the lattice `combs` (x, y) in `area`.
    pub(super) fn examine(
        &mut self,
        plane: &Plane<'_>,
        area: &Span2,
        combs: &[Comb; 2],
    ) -> Evidence {
        let [bw, bh] = [combs[0].period, combs[1].period];
        let x0 = first_line(area.x.start, &combs[0]);
        let y0 = first_line(area.y.start, &combs[1]);
        let columns = area.x.end.saturating_sub(x0) / bw;
        let rows = area.y.end.saturating_sub(y0) / bh;
        self.cells.clear();
        if columns < 2 || rows < 2 {
            return Evidence::default();
        }
        for row in 0..rows {
            for column in 0..columns {
                self.cells
                    .push(cell(plane, x0 + column * bw, y0 + row * bh, bw, bh));
            }
        }
        self.weigh(columns, rows)
    }

    fn weigh(&mut self, columns: usize, rows: usize) -> Evidence {
        let count = self.cells.len() as f32;
        let mean = self.cells.iter().map(|cell| cell.mean).sum::<f32>() / count;
        let variance = self
            .cells
            .iter()
            .map(|c| (c.mean - mean).powi(2))
            .sum::<f32>()
            / count;
        let mut pairs = [0f32; 2];
        let mut apart = [0f32; 2];
        let mut steps = [0f32; 2];
        let (mut clear, mut product) = (0f32, 0f32);
        for index in 0..self.cells.len() {
            let has = [index % columns > 0, index >= columns];
            for (axis, back) in [(0, 1), (1, columns)] {
                if !has[axis] {
                    continue;
                }
                let (here, other) = (self.cells[index], self.cells[index - back]);
                let difference = here.mean - other.mean;
                pairs[axis] += 1.0;
                apart[axis] += difference.abs();
                steps[axis] += here.step[axis] * difference.signum();
                clear += f32::from(u8::from(difference.abs() >= CLEAR));
                product += (here.mean - mean) * (other.mean - mean);
                for cell in [index, index - back] {
                    let cell = &mut self.cells[cell];
                    cell.apart = cell.apart.max(difference.abs());
                }
            }
        }
        let is_flat = |cell: &&Cell| cell.roughness <= FLAT.max(FLAT_PART * cell.apart);
        let all_pairs = pairs[0] + pairs[1];
        Evidence {
            columns,
            rows,
            flat: self.cells.iter().filter(is_flat).count() as f32 / count,
            contrast: [apart[0] / pairs[0], apart[1] / pairs[1]],
            sharpness: [steps[0] / apart[0].max(1.0), steps[1] / apart[1].max(1.0)],
            clear: clear / all_pairs,
            correlation: product / all_pairs / variance.max(1e-3),
            two_level: self.two_level(),
        }
    }

    fn two_level(&self) -> f32 {
        let mut bins = [0u32; 32];
        for cell in &self.cells {
            bins[(cell.mean as usize / 8).min(31)] += 1;
        }
        bins.sort_unstable();
        (bins[31] + bins[30]) as f32 / self.cells.len() as f32
    }
}

/// The first line at or behind `start`.
pub(super) fn first_line(start: usize, comb: &Comb) -> usize {
    start + (comb.phase + comb.period - start % comb.period) % comb.period
}

fn cell(plane: &Plane<'_>, x: usize, y: usize, bw: usize, bh: usize) -> Cell {
    let margin = |block: usize| usize::from(block >= 6);
    let (mx, my) = (margin(bw), margin(bh));
    let (mut sum, mut rough) = (0u32, 0u32);
    let mut step = [0i32; 2];
    for row in y + my..y + bh - my {
        let pixels = &plane.row(row)[x + mx..x + bw - mx];
        sum += pixels.iter().map(|&p| u32::from(p)).sum::<u32>();
        for pair in pixels.windows(2) {
            rough += u32::from(pair[0].abs_diff(pair[1]));
        }
        if row > y + my {
            let upper = &plane.row(row - 1)[x + mx..x + bw - mx];
            for (a, &b) in upper.iter().zip(pixels) {
                rough += u32::from(a.abs_diff(b));
            }
        }
        if x > 0 {
            let edge = &plane.row(row)[x - 1..=x];
            step[0] += i32::from(edge[1]) - i32::from(edge[0]);
        }
    }
    if y > 0 {
        let pixels = plane.row(y)[x + mx..x + bw - mx].iter();
        let upper = &plane.row(y - 1)[x + mx..x + bw - mx];
        for (&here, &above) in pixels.zip(upper) {
            step[1] += i32::from(here) - i32::from(above);
        }
    }
    let (w, h) = (bw - 2 * mx, bh - 2 * my);
    Cell {
        mean: sum as f32 / (w * h) as f32,
        roughness: rough as f32 / ((w - 1) * h + w * (h - 1)) as f32,
        step: [step[0] as f32 / h as f32, step[1] as f32 / w as f32],
        apart: 0.0,
    }
}
