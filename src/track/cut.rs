//! Scene cuts, from a few hundred pixels of each frame.

use crate::detect::Luma;

/// Points that are looked at, across and down.
const GRID: (usize, usize) = (32, 18);
/// Mean change of their levels from which on a new scene is assumed, grey levels. Motion and
/// flashes of a light change less; a cut to a picture that is alike is none for what follows.
const CHANGE: u32 = 36;

/// Compares each frame with the one before.
#[derive(Debug, Default)]
pub struct CutDetector {
    before: Vec<u8>,
    now: Vec<u8>,
}

impl CutDetector {
    /// Forget the last frame.
    pub fn reset(&mut self) {
        self.before.clear();
    }

    /// Whether another scene begins with this frame.
    pub fn is_cut(&mut self, luma: &Luma<'_>) -> bool {
        self.now.clear();
        for row in 0..GRID.1 {
            for column in 0..GRID.0 {
                let x = (2 * column + 1) * luma.width as usize / (2 * GRID.0);
                let y = (2 * row + 1) * luma.height as usize / (2 * GRID.1);
                let sample = luma.data.get(y * luma.stride + x);
                self.now.push(sample.copied().unwrap_or(0));
            }
        }
        let pairs = self.before.iter().zip(&self.now);
        let change: u32 = pairs.map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        std::mem::swap(&mut self.before, &mut self.now);
        change > CHANGE * (GRID.0 * GRID.1) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_are_seen_and_motion_is_none() {
        let picture = |shift: usize, contrast: usize| -> Vec<u8> {
            let level = |i: usize| {
                let (x, y) = (i % 320 + shift, i / 320);
                128 + contrast * ((x / 9 * 5 + y / 7 * 3) % 16) / 2 - contrast * 4
            };
            (0..320 * 180).map(|i| level(i) as u8).collect()
        };
        let mut cut = CutDetector::default();
        let mut is_cut = |data: &[u8]| {
            cut.is_cut(&Luma {
                data,
                stride: 320,
                width: 320,
                height: 180,
            })
        };
        assert!(!is_cut(&picture(0, 8)));
        for shift in 1..6 {
            assert!(!is_cut(&picture(2 * shift, 8)), "{shift}");
        }
        assert!(is_cut(&vec![250; 320 * 180]));
        assert!(is_cut(&vec![40; 320 * 180]));
        assert!(!is_cut(&vec![60; 320 * 180]));
    }
}
