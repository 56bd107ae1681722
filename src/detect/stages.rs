//! What the first stages see of a frame, for pictures and for who wonders why something is found or
//! not.

use super::Detector;
use super::gate;
use super::gate::LEVELS;
use super::hypotheses::samples;
use super::plane::{Luma, Plane};
use super::spectrum::{SAMPLES, Spectrum};
use crate::frame::Rect;

/// Ridges, hot tiles and windows of a frame.
#[derive(Clone, Debug)]
pub struct Stages {
    /// Ridges across x and across y at each pixel, 0–64, row by row.
    pub ridges: [Vec<u8>; 2],
    /// Hot tiles of 16, 32 and 64 pixels.
    pub hot: [Vec<Rect>; LEVELS],
    /// Windows that are worth a look, most promising first.
    pub windows: Vec<Window>,
}

/// Three by three tiles.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Its place in the frame.
    pub area: Rect,
    /// Its tiles have 16 · 2^level pixels.
    pub level: usize,
}

/// The ridges of a window along one axis.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Their sums, pixel by pixel.
    pub sums: Vec<u32>,
    /// Spacings of lines in pixels, widest first, each with the part of the ridges that is in step
    /// with it, 0–1.
    pub spectrum: Vec<(f32, f32)>,
}

impl Detector {
    /// What the first stages see of `luma`; None where it is too small to hold a mosaic.
    pub fn stages(&mut self, luma: &Luma<'_>) -> Option<Stages> {
        let plane = Plane::new(luma)?;
        self.ridges.measure(&plane);
        let (tiles, counts) = self.ridges.tiles();
        let windows = self.gate.windows(tiles, counts);
        let windows = windows
            .iter()
            .map(|&gate::Window { level, area, .. }| Window {
                area: area.rect(),
                level,
            });
        Some(Stages {
            windows: windows.collect(),
            ridges: self.ridges.maps(&plane),
            hot: std::array::from_fn(|level| self.gate.hot(level, counts).collect()),
        })
    }

    /// The ridges of `window` along x and along y; None where it has none or does not fit `luma`.
    pub fn profiles(&mut self, luma: &Luma<'_>, window: &Window) -> Option<[Profile; 2]> {
        let plane = Plane::new(luma)?;
        let area = plane.clamp(&window.area)?;
        let unit = 1usize.checked_shl(u32::try_from(window.level).ok()?)?;
        let side = area.x.len().min(area.y.len());
        if area.rect() != window.area || side < unit * SAMPLES {
            return None;
        }
        self.ridges.measure(&plane);
        let profiles = &mut self.search.profiles;
        self.ridges.profiles(&area, profiles);
        let profile = |axis: usize| {
            let sums = profiles[axis].clone();
            let spectrum = Spectrum::of(&samples(&sums, unit))?;
            Some(Profile {
                sums,
                spectrum: spectrum.spacings(unit).collect(),
            })
        };
        Some([profile(0)?, profile(1)?])
    }
}
