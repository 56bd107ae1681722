//! Interlaced frames: which regions are the same picture in both fields.
//!
//! Fields are looked at one after the other, as they were there. A region that stands still is one
//! picture, whose face has twice the lines; one that moves is two.

use super::found::Found;
use crate::detect::{Luma, Region};
use crate::frame::FrameView;

/// Largest distance of the sides of a region that stands still, pixels: each field has only every
/// second line.
const STILL: f64 = 2.0;
/// How much more lines may differ from those of the other field than from those of their own: a
/// factor, and grey levels for noise.
const COMBED: (f64, f64) = (1.5, 0.25);

/// Tells still regions from moving ones; keeps its memory.
#[derive(Default)]
pub(super) struct Fields {
    luma: Vec<u8>,
    cuts: Vec<usize>,
}

impl Fields {
    /// Move what stands still in `frame` from what was found in its two fields to `whole`.
    pub(super) fn join(
        &mut self,
        frame: &FrameView<'_>,
        first: &mut Vec<Found>,
        second: &mut Vec<Found>,
        whole: &mut Vec<Found>,
    ) {
        if first.is_empty() || second.is_empty() {
            return;
        }
        let Self { luma, cuts } = self;
        let luma = Luma::of(frame, luma);
        first.retain(|one| {
            let Some(place) = second.iter().position(|other| other.is_same(one)) else {
                return true;
            };
            let other = &second[place].region;
            let moves = !is_near(&one.region, other) || is_combed(&luma, other, cuts);
            if !moves {
                whole.push(second.remove(place));
            }
            moves
        });
    }
}

fn is_near(one: &Region, other: &Region) -> bool {
    let sides = |region: &Region| {
        let rect = &region.rect;
        let (right, bottom) = (rect.right() as f64, rect.bottom() as f64);
        [f64::from(rect.x), f64::from(rect.y), right, bottom]
    };
    let mut pairs = sides(one).into_iter().zip(sides(other));
    pairs.all(|(a, b)| (a - b).abs() <= STILL)
}

/// Whether the lines of a region, which lies inside the frame, differ more from the lines of the
/// other field between them than from each other. Lines next to a border of the lattice, which is
/// known to a line or two, do not count.
fn is_combed(luma: &Luma<'_>, region: &Region, cuts: &mut Vec<usize>) -> bool {
    let rect = &region.rect;
    let (top, bottom) = (rect.y.max(0) as usize, rect.bottom().max(0) as usize);
    cuts.clear();
    match &region.lattice {
        Some(lattice) if top < bottom => lattice.rows(top, bottom, 0, cuts),
        _ => cuts.extend([top, bottom]),
    }
    let line = |y: usize| {
        let start = y * luma.stride + rect.x.max(0) as usize;
        let line = luma.data.get(start..).unwrap_or_default();
        &line[..line.len().min(rect.width as usize)]
    };
    let distance = |a: usize, b: usize| -> u64 {
        let pairs = line(a).iter().zip(line(b));
        pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum()
    };
    let (mut own, mut other, mut samples) = (0, 0, 0);
    for block in cuts.windows(2) {
        for y in block[0] + 1..block[1].saturating_sub(3) {
            own += distance(y, y + 2);
            other += distance(y, y + 1);
            samples += u64::from(rect.width);
        }
    }
    let (own, other) = (own as f64, other as f64);
    other > COMBED.0 * own + COMBED.1 * samples as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Outline;
    use crate::frame::{Lattice, Rect};

    const SIZE: (u32, u32) = (96, 64);

    /// A mosaic of blocks of 8 pixels, whose odd lines lie `shift` pixels to the right, with noise.
    fn plane(shift: u32, noise: u8) -> Vec<u8> {
        let level = |i: u32| {
            let (x, y) = (i % SIZE.0, i / SIZE.0);
            let block = (x + 16 - shift * (y % 2)) / 8 * 7 + y / 8 * 3;
            (60 + block * 37 % 40) as u8 + (i * i / 7 % (u32::from(noise) + 1)) as u8
        };
        (0..SIZE.0 * SIZE.1).map(level).collect()
    }

    fn is_combed_plane(data: &[u8], lattice: Option<Lattice>) -> bool {
        let luma = Luma {
            data,
            stride: SIZE.0 as usize,
            width: SIZE.0,
            height: SIZE.1,
        };
        let region = Region {
            rect: Rect::new(8, 8, 80, 48),
            lattice,
            outline: Outline::Rectangle,
            turn: 0.0,
            score: 1.0,
        };
        is_combed(&luma, &region, &mut Vec::new())
    }

    #[test]
    fn motion_of_a_pixel_is_told_from_noise() {
        for lattice in [
            Some(Lattice::square(8, 0, 0)),
            Some(Lattice::square(8, 0, 1)),
        ] {
            for noise in [0, 6] {
                assert!(!is_combed_plane(&plane(0, noise), lattice));
                assert!(is_combed_plane(&plane(3, noise), lattice));
            }
            assert!(is_combed_plane(&plane(1, 0), lattice));
        }
        assert!(!is_combed_plane(&plane(0, 6), None));
        assert!(is_combed_plane(&plane(3, 0), None));
    }
}
