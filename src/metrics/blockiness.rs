//! How visible the blocks of a mosaic still are.

use super::picture::{MetricsError, Picture, check};
use super::region::Region;
use super::statistics::ratio;
use crate::frame::{Lattice, Rect};

/// Mean |difference| between neighbours that lie in different blocks over that between neighbours
/// in the same block, in the part of `rect` inside the picture, rows and columns and channels
/// together.
///
/// About 1 where no blocks can be seen (or everything is flat), infinite for a mosaic.
pub fn blockiness(
    picture: &Picture<'_>,
    rect: &Rect,
    lattice: &Lattice,
) -> Result<f64, MetricsError> {
    check(picture, picture, 1)?;
    let Region { x, y } = Region::of(rect, picture)?;
    let (mut columns, mut rows) = (Vec::new(), Vec::new());
    lattice.columns(x.start, x.end, 0, &mut columns);
    lattice.rows(y.start, y.end, 0, &mut rows);
    // Inside blocks, and across their borders.
    let mut tallies = [Tally::default(), Tally::default()];
    for y_at in y.clone() {
        for x_at in x.clone() {
            let pixel = picture.pixel(x_at, y_at);
            if x_at > x.start {
                let crosses = columns.binary_search(&x_at).is_ok();
                tallies[usize::from(crosses)].add(pixel, picture.pixel(x_at - 1, y_at));
            }
            if y_at > y.start {
                let crosses = rows.binary_search(&y_at).is_ok();
                tallies[usize::from(crosses)].add(pixel, picture.pixel(x_at, y_at - 1));
            }
        }
    }
    let [inside, across] = tallies;
    if inside.pairs == 0 || across.pairs == 0 {
        return Err(MetricsError::EmptyRegion);
    }
    Ok(ratio(across.mean(), inside.mean()))
}

/// |Differences| of pairs of neighbours.
#[derive(Default)]
struct Tally {
    sum: u64,
    pairs: u64,
}

impl Tally {
    fn add(&mut self, a: &[u8], b: &[u8]) {
        let differences = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b)));
        self.sum += differences.sum::<u64>();
        self.pairs += 1;
    }

    /// Mean of a pair, summed over the channels.
    fn mean(&self) -> f64 {
        self.sum as f64 / self.pairs as f64
    }
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{Pair, assert_close, painted};
    use super::*;

    const RECT: Rect = Rect::new(5, 2, 56, 58);

    #[test]
    fn of_the_reference_vectors() {
        let pair = Pair::p1();
        let (a, b) = pair.pictures();
        let lattice = Lattice::square(8, 3, 5);
        let (a, b) = (
            blockiness(&a, &RECT, &lattice),
            blockiness(&b, &RECT, &lattice),
        );
        assert_close(a.unwrap(), 1.015243436090, 1e-9);
        assert_close(b.unwrap(), 1.019576025075, 1e-9);
    }

    #[test]
    fn of_ramps_and_mosaics() {
        let ramp = painted(64, 64, |x, y| [(x + y) as u8, 0, 0]);
        let mosaic = painted(64, 64, |x, y| [(x / 8 * 9 + y / 8 * 30) as u8; 3]);
        let flat = vec![7; 64 * 64 * 3];
        let lattice = Lattice::square(8, 0, 0);
        let measure = |data| blockiness(&Picture::new(64, 64, data).unwrap(), &RECT, &lattice);
        assert_close(measure(&ramp).unwrap(), 1.0, 1e-12);
        assert_eq!(measure(&mosaic), Ok(f64::INFINITY));
        assert_eq!(measure(&flat), Ok(1.0));
    }

    #[test]
    fn needs_a_border_and_an_inside() {
        let picture = Picture::new(8, 8, &[0; 192]).unwrap();
        let measure = |rect, block| blockiness(&picture, &rect, &Lattice::square(block, 0, 0));
        let nothing = Err(MetricsError::EmptyRegion);
        assert_eq!(measure(Rect::new(0, 0, 4, 4), 4), nothing);
        assert_eq!(measure(Rect::new(0, 0, 4, 4), 1), nothing);
        assert_eq!(measure(Rect::new(8, 0, 4, 4), 4), nothing);
    }
}
