//! What the blocks of a lattice say about being a mosaic.

use super::cells::{Blocks, Cells, Edge, Role};

/// What the blocks of a lattice say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Evidence {
    /// Blocks across and down.
    pub(super) columns: usize,
    /// See `columns`.
    pub(super) rows: usize,
    /// Part of them that belong to the mosaic.
    pub(super) filled: f32,
    /// Noise inside over difference from neighbours: 0 in a mosaic, 0.4 and more in ramps.
    pub(super) ripple: f32,
    /// Mean difference of neighbouring blocks, levels, across x and y.
    pub(super) contrast: [f32; 2],
    /// Step on the common edge over difference of the blocks, across x and y: 1 in a mosaic, 0 in a
    /// ramp.
    pub(super) sharpness: [f32; 2],
    /// Part of the edges with a clear difference.
    pub(super) clear: f32,
    /// Correlation of neighbouring blocks: positive for pictures of things, −1 for a chequerboard.
    pub(super) correlation: f32,
    /// Part of the clear differences that are alike, 0–1: chequerboards, codes and patterns know
    /// few.
    pub(super) uniform: f32,
    /// Part of the rows, or of the columns if less, that are of one level: gaps between things, not
    /// blocks.
    pub(super) blank: f32,
    /// Part of the inner lines without an edge, across x or y if more there: gaps between things
    /// have two sides.
    pub(super) silent: f32,
    /// How far the sharp edges of one axis keep to every other block, in turn from row to row, or to
    /// every other row: 1 for hexagons and bricks, which blocks of half their width or of all of it
    /// fit as well. Less what chance may do.
    pub(super) staggered: f32,
    /// Clear differences on sharp edges.
    pub(super) edges: usize,
}

impl Evidence {
    /// Whether these are hexagons or bricks rather than squares.
    pub(super) fn is_staggered(&self) -> bool {
        self.staggered > STAGGERED
    }
}

/// See [`Evidence::is_staggered`].
const STAGGERED: f32 = 0.2;
/// Share of sharp edges on a line, in parts of the largest on any, below which the line is none.
const SILENT: f32 = 0.25;
/// A clear difference of two blocks, levels.
const CLEAR: f32 = 3.0;

/// Weigh the members among `blocks`, whose lattice has blocks of `size` pixels.
pub(super) fn weigh(
    cells: &Cells,
    roles: &[Role],
    blocks: &Blocks,
    size: [f32; 2],
    differences: &mut Vec<f32>,
) -> Evidence {
    let stride = cells.blocks.columns();
    let first = (blocks.x.0 - cells.blocks.x.0) as usize;
    let top = (blocks.y.0 - cells.blocks.y.0) as usize;
    let (columns, rows) = (blocks.columns(), blocks.rows());
    let indices = move || {
        (0..rows).flat_map(move |y| (0..columns).map(move |x| (top + y) * stride + first + x))
    };
    let members = || indices().filter(|&index| roles[index] == Role::Member);
    let count = members().count();
    if count < 2 || rows < 2 || columns < 2 {
        return Evidence::default();
    }
    let number = count as f32;
    let mean = members().map(|i| cells.cells[i].mean).sum::<f32>() / number;
    let variance = members()
        .map(|i| (cells.cells[i].mean - mean).powi(2))
        .sum::<f32>()
        / number;
    let spread = members().map(|i| cells.cells[i].spread).sum::<f32>() / number;
    // What the frame's noise does not explain.
    let spread = (spread.powi(2) - cells.grain.powi(2)).max(0.0).sqrt();
    let mut sums = [Pairs::default(); 2];
    // Sharp edges across x and y, at even and at odd places, and in even and odd rows along them.
    let (mut places, mut lines) = ([[0.0f32; 2]; 2], [[0.0f32; 2]; 2]);
    differences.clear();
    for index in members() {
        let (x, y) = (index % stride, index / stride);
        for (axis, back, has) in [(0, 1, x > first), (1, stride, y > top)] {
            if !has || roles[index - back] != Role::Member {
                continue;
            }
            let (here, other) = (&cells.cells[index], &cells.cells[index - back]);
            let difference = here.mean - other.mean;
            let pairs = &mut sums[axis];
            pairs.count += 1.0;
            pairs.apart += difference.abs();
            pairs.step += cells.step(index, axis) * difference.signum();
            if difference.abs() >= CLEAR && here.edge[axis] == Edge::Sharp {
                differences.push(difference.abs());
                places[axis][(x + y) % 2] += 1.0;
                lines[axis][[y, x][axis] % 2] += 1.0;
            }
            pairs.product += (here.mean - mean) * (other.mean - mean);
        }
    }
    let [x, y] = sums;
    let all = (x.count + y.count).max(1.0);
    let contrast = [x.apart / x.count.max(1.0), y.apart / y.count.max(1.0)];
    let width = (1 + 2 * cells.smear) as f32;
    let sharpness = [0, 1].map(|axis| {
        let raw = sums[axis].step / sums[axis].apart.max(1.0);
        let ramp = width / size[axis];
        (raw - ramp) / (1.0 - ramp)
    });
    Evidence {
        columns,
        rows,
        filled: number / (columns * rows) as f32,
        ripple: spread / ((contrast[0] + contrast[1]) / 2.0).max(0.1),
        contrast,
        sharpness,
        clear: differences.len() as f32 / all,
        correlation: (x.product + y.product) / all / variance.max(1e-3),
        uniform: uniform(differences),
        staggered: [0, 1].into_iter().fold(0.0, |most, axis| {
            // One line more or less of one kind is no wonder.
            let odd = 1.0 / [rows, columns][axis] as f32;
            let here = staggered(places[axis]).max(staggered(lines[axis]) - odd);
            here.max(most)
        }),
        silent: silent(cells, roles, (first, top), (columns, rows)),
        edges: differences.len(),
        blank: blank(cells, roles, (first, top), (columns, rows)),
    }
}

/// See [`Evidence::staggered`]: how uneven two numbers of edges are, less two standard
/// deviations of what a coin would do.
fn staggered([even, odd]: [f32; 2]) -> f32 {
    let all = (even + odd).max(1.0);
    (even - odd).abs() / all - 2.0 / all.sqrt()
}

/// Sums over pairs of neighbours.
#[derive(Clone, Copy, Default)]
struct Pairs {
    count: f32,
    apart: f32,
    step: f32,
    product: f32,
}

/// See [`Evidence::blank`].
fn blank(
    cells: &Cells,
    roles: &[Role],
    (first, top): (usize, usize),
    (columns, rows): (usize, usize),
) -> f32 {
    let stride = cells.blocks.columns();
    let part = |along: usize, across: usize, at: &dyn Fn(usize, usize) -> usize| {
        let is_blank = |line: &usize| {
            let mut range: Option<(f32, f32)> = None;
            let mut count = 0;
            for index in (0..across).map(|place| at(*line, place)) {
                if roles[index] == Role::Member {
                    let mean = cells.cells[index].mean;
                    let (low, high) = range.unwrap_or((mean, mean));
                    range = Some((low.min(mean), high.max(mean)));
                    count += 1;
                }
            }
            2 * count > across && range.is_some_and(|(low, high)| high - low < CLEAR)
        };
        (0..along).filter(is_blank).count() as f32 / along as f32
    };
    let row = part(rows, columns, &|y, x| (top + y) * stride + first + x);
    let column = part(columns, rows, &|x, y| (top + y) * stride + first + x);
    row.min(column)
}

/// See [`Evidence::silent`].
fn silent(
    cells: &Cells,
    roles: &[Role],
    (first, top): (usize, usize),
    (columns, rows): (usize, usize),
) -> f32 {
    let stride = cells.blocks.columns();
    let part = |axis: usize, along: usize, across: usize| {
        let share = |line: usize| {
            let index = |place: usize| match axis {
                0 => (top + place) * stride + first + line,
                _ => (top + line) * stride + first + place,
            };
            let members = (0..across)
                .map(index)
                .filter(|&at| roles[at] == Role::Member);
            let (mut sharp, mut all) = (0.0f32, 1.0f32);
            for at in members {
                sharp += f32::from(u8::from(cells.cells[at].edge[axis] == Edge::Sharp));
                all += 1.0;
            }
            sharp / all
        };
        let most = (1..along).map(share).fold(0.0, f32::max);
        let silent = (1..along)
            .filter(|&line| share(line) < SILENT * most)
            .count();
        silent as f32 / (along - 1) as f32
    };
    part(0, columns, rows).max(part(1, rows, columns))
}

/// Part of the differences that are close to their median.
fn uniform(differences: &mut [f32]) -> f32 {
    differences.sort_unstable_by(f32::total_cmp);
    let Some(&median) = differences.get(differences.len() / 2) else {
        return 1.0;
    };
    let near = (0.15 * median).max(1.0);
    let alike = differences.iter().filter(|&&d| (d - median).abs() <= near);
    alike.count() as f32 / differences.len() as f32
}
