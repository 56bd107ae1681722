//! Where what one frame shows of a head lies in another one.
//!
//! Lucas and Kanade's method (1981) for a shift and a change of size, on the means of the blocks:
//! between their centres these are a picture that has lost what depends on where the lattice is.

use super::surface::{Place, Surface};
use crate::frame::Square;

/// Points along each side of the view.
const POINTS: usize = 32;
/// Steps towards the best fit.
const ROUNDS: usize = 6;
/// How strongly the motion is drawn to none, as a share of what the pictures say.
const PRIOR: f64 = 0.02;
/// The same where they say next to nothing: grey levels², of all points together.
const LEAST: f64 = 50.0;
/// Furthest that one step, and all together, may go, as shares of the view's side.
const STEP: f64 = 0.05;
const FURTHEST: f64 = 0.3;
/// Most that the logarithm of the size may change.
const LARGEST_ZOOM: f64 = 0.15;
/// Distance from the middle, as a share of the view's side, at which a change of size counts as much
/// as a shift.
const ARM: f64 = 0.375;

/// The square of the frame of `other` that shows what `view` shows in the frame of `own`, both of
/// one head. Where nothing tells, it is `view`.
pub(super) fn registered(own: &Surface, other: &Surface, view: &Square) -> Square {
    if own.is_empty() || other.is_empty() || !(view.side.is_finite() && view.side > 0.0) {
        return *view;
    }
    let here = Grid::of(own, view);
    let mut found = *view;
    for _ in 0..ROUNDS {
        let there = Grid::of(other, &found);
        let Some([x, y, zoom]) = step(&here, &there, view, &found) else {
            return *view;
        };
        let most = STEP * view.side;
        let [x, y] = [x, y].map(|it| it.clamp(-most, most));
        let side = found.side * zoom.clamp(-STEP, STEP).exp();
        let [middle_x, middle_y] = found.middle();
        found = Square {
            x: middle_x + x - side / 2.0,
            y: middle_y + y - side / 2.0,
            side,
        };
    }
    let [before, after] = [view.middle(), found.middle()];
    let went = [0, 1].map(|axis| (after[axis] - before[axis]).abs());
    let is_near = went.into_iter().all(|it| it <= FURTHEST * view.side)
        && (found.side / view.side).ln().abs() <= LARGEST_ZOOM;
    if is_near { found } else { *view }
}

/// What a surface shows at the points of a view.
struct Grid {
    /// Brightness, grey levels.
    values: [[f32; POINTS]; POINTS],
    /// 0 outside the mosaic, rising to 1 a block inside it.
    weights: [[f32; POINTS]; POINTS],
}

impl Grid {
    fn of(surface: &Surface, view: &Square) -> Self {
        let at = |start: f64, i: usize| start + (i as f64 + 0.5) * view.side / POINTS as f64;
        let columns: [_; POINTS] =
            std::array::from_fn(|i| Line::of(&surface.columns, at(view.x, i)));
        let rows: [_; POINTS] = std::array::from_fn(|i| Line::of(&surface.rows, at(view.y, i)));
        let mut grid = Self {
            values: [[0.0; POINTS]; POINTS],
            weights: [[0.0; POINTS]; POINTS],
        };
        for (y, row) in rows.iter().enumerate() {
            let Some(row) = row else { continue };
            for (x, column) in columns.iter().enumerate() {
                let Some(column) = column else { continue };
                grid.values[y][x] = surface.brightness(&column.place, &row.place);
                grid.weights[y][x] = column.weight * row.weight;
            }
        }
        grid
    }

    /// Half the difference of the neighbours along an axis, and how far both are known.
    fn slope(&self, x: usize, y: usize, along_x: bool) -> (f64, f64) {
        let [before, after] = match along_x {
            true => [(x - 1, y), (x + 1, y)],
            false => [(x, y - 1), (x, y + 1)],
        };
        let at = |(x, y): (usize, usize)| (self.values[y][x], self.weights[y][x]);
        let ((a, weight_a), (b, weight_b)) = (at(before), at(after));
        (
            f64::from(b - a) / 2.0,
            f64::from(weight_a * weight_b).sqrt(),
        )
    }
}

/// A line of points that crosses the mosaic.
struct Line {
    place: Place,
    weight: f32,
}

impl Line {
    fn of(axis: &super::axis::Axis, at: f64) -> Option<Self> {
        let place = Place::of(axis, at)?;
        let weight = axis.depth(at).min(1.0);
        Some(Self { place, weight })
    }
}

/// How the square `found`, which shows `there`, has to move so that it shows `here`, which is seen in
/// `view`: x and y in pixels, and the logarithm of the factor of its side. None where nothing tells.
fn step(here: &Grid, there: &Grid, view: &Square, found: &Square) -> Option<[f64; 3]> {
    let pixel = view.side / POINTS as f64;
    let arm = ARM * POINTS as f64;
    let inside = || (1..POINTS - 1).flat_map(|y| (1..POINTS - 1).map(move |x| (x, y)));
    let weight = |x: usize, y: usize| f64::from(here.weights[y][x] * there.weights[y][x]);
    let error = |x: usize, y: usize| f64::from(here.values[y][x] - there.values[y][x]);
    // The light may change.
    let sums = inside().fold([0.0; 2], |[sum, all], (x, y)| {
        let weight = weight(x, y);
        [sum + weight * error(x, y), all + weight]
    });
    if sums[1] < 1.0 {
        return None;
    }
    let light = sums[0] / sums[1];
    let (mut normal, mut goal) = ([[0.0; 3]; 3], [0.0; 3]);
    for (x, y) in inside() {
        let weight = weight(x, y);
        if weight <= 0.0 {
            continue;
        }
        let ((across, known_x), (down, known_y)) =
            (here.slope(x, y, true), here.slope(x, y, false));
        let weight = weight * known_x * known_y;
        let from_middle = [x, y].map(|at| (at as f64 + 0.5 - POINTS as f64 / 2.0) / arm);
        let slopes = [
            across,
            down,
            across * from_middle[0] + down * from_middle[1],
        ];
        let error = error(x, y) - light;
        for (i, slope) in slopes.iter().enumerate() {
            goal[i] += weight * slope * error;
            for (j, other) in slopes.iter().enumerate() {
                normal[i][j] += weight * slope * other;
            }
        }
    }
    let went = [0, 1].map(|axis| (found.middle()[axis] - view.middle()[axis]) / pixel);
    let grown = (found.side / view.side).ln() * arm;
    let stay = PRIOR * (normal[0][0] + normal[1][1] + normal[2][2]) / 3.0 + LEAST;
    for (i, so_far) in [went[0], went[1], grown].into_iter().enumerate() {
        goal[i] -= stay * so_far;
        normal[i][i] += stay;
    }
    let [x, y, zoom] = solved(normal, goal)?;
    Some([x * pixel, y * pixel, zoom / arm])
}

/// The solution of three equations, by Cramer's rule.
fn solved(matrix: [[f64; 3]; 3], goal: [f64; 3]) -> Option<[f64; 3]> {
    let determinant = |m: &[[f64; 3]; 3]| {
        let minor = |a: usize, b: usize| m[1][a] * m[2][b] - m[1][b] * m[2][a];
        m[0][0] * minor(1, 2) - m[0][1] * minor(0, 2) + m[0][2] * minor(0, 1)
    };
    let whole = determinant(&matrix);
    let solution = [0, 1, 2].map(|column| {
        let mut replaced = matrix;
        for (row, goal) in replaced.iter_mut().zip(goal) {
            row[column] = goal;
        }
        determinant(&replaced) / whole
    });
    solution.iter().all(|it| it.is_finite()).then_some(solution)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Lattice, Patch, Rect};

    /// A mosaic of a soft pattern that lies `shift` further and is `zoom` times as large.
    fn surface(shift: [f64; 2], zoom: f64, phase: i32, light: f32) -> Surface {
        let rect = Rect::new(20, 30, 96, 108);
        let lattice = Lattice::square(12, phase, phase + 3);
        let mut patch = Patch::default();
        patch.reset(rect);
        let level = |x: f64, y: f64| {
            let [x, y] = [(x - 70.0 - shift[0]) / zoom, (y - 80.0 - shift[1]) / zoom];
            128.0 + 60.0 * (x / 17.0).sin() * (y / 23.0).cos() + 30.0 * ((x + y) / 31.0).sin()
        };
        for channel in 0..3 {
            for (i, out) in patch.plane_mut(channel).iter_mut().enumerate() {
                let (x, y) = (20 + i % 96, 30 + i / 96);
                *out = level(x as f64 + 0.5, y as f64 + 0.5) as f32 + light;
            }
        }
        Surface::of(&patch, &lattice)
    }

    const VIEW: Square = Square {
        x: 6.0,
        y: 20.0,
        side: 128.0,
    };

    /// How far `found` is from where it should be, pixels.
    fn off(found: &Square, shift: [f64; 2], zoom: f64) -> f64 {
        let corners = [[30.0, 40.0], [110.0, 40.0], [30.0, 120.0], [110.0, 120.0]];
        let distance = |corner: [f64; 2]| {
            let place = |axis: usize, start: f64, from: f64| {
                let expected =
                    (corner[axis] - [70.0, 80.0][axis]) * zoom + [70.0, 80.0][axis] + shift[axis];
                let share = (corner[axis] - from) / VIEW.side;
                start + share * found.side - expected
            };
            place(0, found.x, VIEW.x).hypot(place(1, found.y, VIEW.y))
        };
        corners.into_iter().map(distance).fold(0.0, f64::max)
    }

    #[test]
    fn heads_are_found_again_whatever_the_lattice() {
        for (shift, zoom, phase, light) in [
            ([0.0, 0.0], 1.0, 0, 0.0),
            ([3.0, -2.0], 1.0, 0, 0.0),
            ([-8.0, 4.0], 1.0, 5, 9.0),
            ([2.0, 1.0], 1.04, 7, -5.0),
            ([0.0, 0.0], 1.0, 6, 0.0),
        ] {
            let (own, other) = (
                surface([0.0; 2], 1.0, 0, 0.0),
                surface(shift, zoom, phase, light),
            );
            let found = registered(&own, &other, &VIEW);
            let off = off(&found, shift, zoom);
            assert!(off < 1.0, "{shift:?} {zoom} {phase}: {off}");
        }
    }

    #[test]
    fn the_same_again_stays_where_it_is() {
        let own = surface([0.0; 2], 1.0, 0, 0.0);
        assert_eq!(registered(&own, &own, &VIEW), VIEW);
    }

    #[test]
    fn where_nothing_tells_nothing_moves() {
        let own = surface([0.0; 2], 1.0, 0, 0.0);
        assert_eq!(registered(&own, &Surface::default(), &VIEW), VIEW);
        assert_eq!(registered(&Surface::default(), &own, &VIEW), VIEW);
        let mut flat = Patch::default();
        flat.reset(Rect::new(20, 30, 96, 108));
        (0..3).for_each(|channel| flat.plane_mut(channel).fill(90.0));
        let flat = Surface::of(&flat, &Lattice::square(12, 0, 0));
        let found = registered(&own, &flat, &VIEW);
        assert!(off(&found, [0.0; 2], 1.0) < 8.0, "{found:?}");
        for side in [0.0, f64::NAN, 1e-9, 1e9] {
            let view = Square { side, ..VIEW };
            registered(&own, &own, &view);
        }
    }
}
