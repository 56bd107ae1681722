//! The grid of a mosaic.

/// A regular grid of blocks in frame coordinates.
///
/// Vertical lines stand at `phase_x + k · block_width` for whole k, horizontal ones likewise;
/// coordinates are those of pixel edges (0 is the frame's left or top edge). Block sizes may be
/// fractional: a clip that was scaled after pixelation has such.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lattice {
    /// Width of a block in pixels, above zero.
    pub block_width: f32,
    /// Height of a block in pixels, above zero.
    pub block_height: f32,
    /// Position of one vertical line, pixels; in 0 … `block_width`.
    pub phase_x: f32,
    /// Position of one horizontal line, pixels; in 0 … `block_height`.
    pub phase_y: f32,
}

impl Lattice {
    /// A grid of square blocks with one corner at (`x`, `y`).
    pub fn square(block: u32, x: i32, y: i32) -> Self {
        let block = block.max(1);
        Self {
            block_width: block as f32,
            block_height: block as f32,
            phase_x: i64::from(x).rem_euclid(i64::from(block)) as f32,
            phase_y: i64::from(y).rem_euclid(i64::from(block)) as f32,
        }
    }

    /// Borders of the block columns in the pixels `first..last`, see `cuts`.
    pub fn columns(&self, first: usize, last: usize, sub: u32, out: &mut Vec<usize>) {
        cuts((self.block_width, self.phase_x), first, last, sub, out);
    }

    /// Borders of the block rows in the pixels `first..last`, see `cuts`.
    pub fn rows(&self, first: usize, last: usize, sub: u32, out: &mut Vec<usize>) {
        cuts((self.block_height, self.phase_y), first, last, sub, out);
    }
}

/// Block borders in samples that are 2^`sub` pixels apart: strictly increasing, from the first to
/// one past the last sample of the pixels `first..last`, which must not be empty. Fractional lines
/// go to the nearest sample.
fn cuts((block, phase): (f32, f32), first: usize, last: usize, sub: u32, out: &mut Vec<usize>) {
    let scale = f64::from(1u32 << sub);
    // `max` also turns NaN into one; a phase that is no number is none.
    let block = f64::from(block.max(1.0));
    // Within one block: the numbers of the lines must stay small enough to count.
    let phase = if phase.is_finite() {
        f64::from(phase).rem_euclid(block)
    } else {
        0.0
    };
    let end = last.div_ceil(1 << sub);
    let mut latest = first >> sub;
    out.clear();
    out.push(latest);
    let mut line = ((first as f64 - phase) / block).floor() + 1.0;
    loop {
        let at = ((phase + line * block) / scale).round() as usize;
        if at >= end {
            break;
        }
        if at > latest {
            out.push(at);
            latest = at;
        }
        line += 1.0;
    }
    out.push(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(lattice: &Lattice, first: usize, last: usize, sub: u32) -> Vec<usize> {
        let mut out = Vec::new();
        lattice.columns(first, last, sub, &mut out);
        out
    }

    #[test]
    fn whole_and_cut_blocks() {
        let lattice = Lattice::square(8, 4, 0);
        assert_eq!(columns(&lattice, 4, 28, 0), [4, 12, 20, 28]);
        assert_eq!(columns(&lattice, 0, 30, 0), [0, 4, 12, 20, 28, 30]);
        assert_eq!(columns(&lattice, 4, 28, 1), [2, 6, 10, 14]);
        assert_eq!(columns(&lattice, 5, 7, 0), [5, 7]);
    }

    #[test]
    fn fractional_blocks_go_to_the_nearest_pixel() {
        let mut lattice = Lattice::square(1, 0, 0);
        lattice.block_width = 10.667;
        assert_eq!(columns(&lattice, 0, 33, 0), [0, 11, 21, 32, 33]);
    }

    #[test]
    fn numbers_from_a_stranger_end() {
        for value in [
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            0.0,
            -3.0,
            1e-30,
            1e30,
        ] {
            let mut lattice = Lattice::square(4, 0, 0);
            lattice.block_width = value;
            assert!(columns(&lattice, 3, 50, 0).len() >= 2);
            let mut lattice = Lattice::square(4, 0, 0);
            lattice.phase_x = value;
            assert!(columns(&lattice, 3, 50, 0).len() >= 2);
        }
    }
}
