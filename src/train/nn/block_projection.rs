//! Block-mean projection inside a training: what the element does to a restored picture
//! ([`crate::blocks::Projector`]), as products of matrices that gradients pass through.
//!
//! Means over blocks and surfaces between their centres are separable. With A the means along an
//! axis and L the linear interpolation between the blocks' centres, L·(A·L)⁻¹ takes wanted means to
//! the surface that has them.

use tch::{Device, Kind, Tensor};

use crate::frame::{Lattice, Rect, Square};

/// Blocks of which less than this share lies in the crop are left as they are.
const SLIVER: f64 = 0.25;

/// The borders of a mosaic's blocks in a crop, in units of the crop's side, rising.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    columns: Vec<f32>,
    rows: Vec<f32>,
}

impl Grid {
    /// The blocks of the mosaic in `rect` as far as the crop `view` shows them.
    pub fn of(lattice: &Lattice, rect: &Rect, view: &Square) -> Self {
        let axis = |from: i64, to: i64, start: f64, phase: f32, block: f32| {
            let (from, to) = ((from as f64).max(start), (to as f64).min(start + view.side));
            borders(from, to, phase.into(), block.into())
                .into_iter()
                .map(|at| ((at - start) / view.side) as f32)
                .collect()
        };
        let l = lattice;
        Self {
            columns: axis(
                rect.x.into(),
                rect.right(),
                view.x,
                l.phase_x,
                l.block_width,
            ),
            rows: axis(
                rect.y.into(),
                rect.bottom(),
                view.y,
                l.phase_y,
                l.block_height,
            ),
        }
    }
}

/// Borders of blocks from `from` to `to`, without slivers at the ends.
fn borders(from: f64, to: f64, phase: f64, block: f64) -> Vec<f64> {
    let first = ((from - phase) / block).floor() as i64 + 1;
    let inner = (first..)
        .map(|i| phase + i as f64 * block)
        .take_while(|&at| at < to);
    let mut all: Vec<f64> = std::iter::once(from).chain(inner).chain([to]).collect();
    if all.len() > 2 && all[1] - all[0] < SLIVER * block {
        all.remove(0);
    }
    if all.len() > 2 && all[all.len() - 1] - all[all.len() - 2] < SLIVER * block {
        all.pop();
    }
    all
}

/// One axis of one crop at one size: row by row, the means `[blocks, pixels]` and the interpolation
/// `[pixels, blocks]`, for as many blocks as the batch's largest mosaic has. What is beyond the
/// mosaic is zeros.
struct Axis {
    means: Vec<f32>,
    surface: Vec<f32>,
}

impl Axis {
    fn new(borders: &[f32], pixels: usize, blocks: usize) -> Self {
        let mut means = vec![0.0; blocks * pixels];
        let mut surface = vec![0.0; blocks * pixels];
        let borders: Vec<f32> = borders.iter().map(|at| at * pixels as f32).collect();
        for (block, edges) in borders.windows(2).enumerate() {
            let (from, to) = (edges[0], edges[1]);
            for pixel in from.floor() as usize..(to.ceil() as usize).min(pixels) {
                let covered = to.min(pixel as f32 + 1.0) - from.max(pixel as f32);
                means[block * pixels + pixel] = covered.max(0.0) / (to - from);
            }
        }
        let centres: Vec<f32> = borders.windows(2).map(|e| (e[0] + e[1]) / 2.0).collect();
        let ends = borders.first().zip(borders.last());
        for (pixel, row) in surface.chunks_exact_mut(blocks).enumerate() {
            let at = pixel as f32 + 0.5;
            if ends.is_none_or(|(first, last)| at < *first || at > *last) {
                continue;
            }
            // Before the first and after the last centre the surface is level.
            match centres.partition_point(|&centre| centre <= at) {
                0 => row[0] = 1.0,
                after if after == centres.len() => row[after - 1] = 1.0,
                after => {
                    let (a, b) = (centres[after - 1], centres[after]);
                    row[after] = (at - a) / (b - a);
                    row[after - 1] = 1.0 - row[after];
                }
            }
        }
        Self { means, surface }
    }
}

/// The axes of a batch at one size: A and L, `[N, 1, K, S]` and `[N, 1, S, K]`.
fn matrices(axes: &[Axis], size: i64, blocks: i64) -> [Tensor; 2] {
    let count = axes.len() as i64;
    let tensor = |part: fn(&Axis) -> &Vec<f32>, sides: [i64; 2]| {
        let all: Vec<f32> = axes
            .iter()
            .flat_map(|axis| part(axis).iter().copied())
            .collect();
        Tensor::from_slice(&all).view([count, 1, sides[0], sides[1]])
    };
    [
        tensor(|axis| &axis.means, [blocks, size]),
        tensor(|axis| &axis.surface, [size, blocks]),
    ]
}

/// Columns or rows: A at the pictures' size, and L·(A·L)⁻¹.
struct Side {
    means: Tensor,
    surface: Tensor,
}

impl Side {
    fn new(axes: &[Axis], size: i64, blocks: i64, device: Device) -> Self {
        let [means, surface] = matrices(axes, size, blocks);
        let [a, l] = [&means, &surface].map(|matrix| matrix.to_kind(Kind::Double));
        let system = a.matmul(&l);
        // A block that a crop does not have stands for itself.
        let absent = system.diagonal(0, 2, 3).eq(0.0).to_kind(Kind::Double);
        let solved = l.matmul(&(system + absent.diag_embed(0, -2, -1)).inverse());
        Self {
            means: means.to_device(device),
            surface: solved.to_kind(Kind::Float).to_device(device),
        }
    }
}

/// The projection of a batch.
pub struct Projection {
    columns: Side,
    rows: Side,
    /// What the mosaics' blocks say, `[N, 3, K, K]`.
    observed: Tensor,
}

impl Projection {
    /// That of `pixelated` crops `[N, 3, S, S]` with these blocks onto pictures of `size` pixels.
    /// Crops without blocks stay as they are.
    pub fn new(grids: &[Option<&Grid>], pixelated: &Tensor, size: i64) -> Self {
        let device = pixelated.device();
        let borders = |which: fn(&Grid) -> &Vec<f32>| -> Vec<&[f32]> {
            let all = grids
                .iter()
                .map(|grid| grid.map_or(&[][..], |grid| which(grid).as_slice()));
            all.collect()
        };
        let (columns, rows) = (borders(|g| &g.columns), borders(|g| &g.rows));
        let most = columns
            .iter()
            .chain(&rows)
            .map(|b| b.len().saturating_sub(1))
            .max();
        let blocks = most.unwrap_or(0).max(1);
        let axes = |borders: &[&[f32]], size: i64| -> Vec<Axis> {
            let axis = |borders: &&[f32]| Axis::new(borders, size as usize, blocks);
            borders.iter().map(axis).collect()
        };
        let side =
            |borders: &[&[f32]]| Side::new(&axes(borders, size), size, blocks as i64, device);
        let seen = pixelated.size()[3];
        let [across, down] = [&columns, &rows].map(|borders| {
            let [means, _] = matrices(&axes(borders, seen), seen, blocks as i64);
            means.to_device(device)
        });
        Self {
            observed: down.matmul(pixelated).matmul(&across.transpose(2, 3)),
            columns: side(&columns),
            rows: side(&rows),
        }
    }

    /// `pictures` with the block means that were observed; values may leave −1 … 1.
    pub fn of(&self, pictures: &Tensor) -> Tensor {
        let across = self.columns.means.transpose(2, 3);
        let missing = &self.observed - self.rows.means.matmul(pictures).matmul(&across);
        let across = self.columns.surface.transpose(2, 3);
        pictures + self.rows.surface.matmul(&missing).matmul(&across)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(count: i64, side: i64) -> Tensor {
        Tensor::rand([count, 3, side, side], (Kind::Float, Device::Cpu)) * 2 - 1
    }

    /// Blocks of 7 × 9 pixels in a frame of 100, seen by a crop of 64 of its pixels.
    fn grid(x: i32, width: u32) -> Grid {
        let lattice = Lattice {
            block_width: 7.0,
            block_height: 9.0,
            phase_x: 3.0,
            phase_y: 0.0,
        };
        let view = Square {
            x: 20.0,
            y: 10.0,
            side: 64.0,
        };
        Grid::of(&lattice, &Rect::new(x, 15, width, 40), &view)
    }

    #[test]
    fn block_means_become_those_that_were_observed() {
        let grids = [Some(grid(25, 33)), None, Some(grid(0, 100))];
        let grids: Vec<Option<&Grid>> = grids.iter().map(Option::as_ref).collect();
        let pixelated = noise(3, 64);
        let projection = Projection::new(&grids, &pixelated, 128);
        let pictures = noise(3, 128);
        let projected = projection.of(&pictures);
        let again = Projection::new(
            &grids,
            &projected.avg_pool2d([2; 2], [2; 2], [0; 2], false, true, None),
            128,
        );
        let difference = (&again.observed - &projection.observed).abs().max();
        assert!(difference.double_value(&[]) < 1e-4, "{difference}");
        // One without blocks is untouched, and so is what lies beyond a mosaic.
        assert_eq!(projected.get(1), pictures.get(1));
        assert_eq!(projected.narrow(2, 0, 8), pictures.narrow(2, 0, 8));
        assert_ne!(
            projected.narrow(2, 40, 8).get(0),
            pictures.narrow(2, 40, 8).get(0)
        );
    }

    #[test]
    fn slivers_of_blocks_are_left_out() {
        assert_eq!(borders(1.0, 30.0, 3.0, 10.0), [3.0, 13.0, 23.0, 30.0]);
        assert_eq!(borders(0.0, 24.0, 3.0, 10.0), [0.0, 3.0, 13.0, 23.0]);
        assert_eq!(borders(4.0, 9.0, 3.0, 10.0), [4.0, 9.0]);
        assert_eq!(grid(25, 33).columns.len(), 6);
    }

    #[test]
    fn gradients_pass_through() {
        let grid = grid(25, 33);
        let projection = Projection::new(&[Some(&grid)], &noise(1, 64), 64);
        let pictures = noise(1, 64).set_requires_grad(true);
        projection
            .of(&pictures)
            .square()
            .sum(Kind::Float)
            .backward();
        assert!(pictures.grad().abs().max().double_value(&[]) > 0.0);
    }
}
