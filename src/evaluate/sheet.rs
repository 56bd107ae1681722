//! Contact sheets: a row for each block size, the systems side by side, the truth last.

use anyhow::Context;
use image::imageops::replace;
use image::{Rgb, RgbImage};

use super::cases::Case;
use super::systems::{System, Systems};
use super::versions::Version;
use crate::degrade::smooth::resize;

/// Pixels between pictures.
const GAP: u32 = 4;

/// What is drawn, from left to right; then comes the truth. What no projection corrects looks like
/// what it corrects, and is left out.
pub fn columns(systems: &Systems) -> Vec<System> {
    let mut columns = systems.all();
    columns.retain(|system| system.version != Version::Restored);
    columns
}

/// A sheet of one face, `zoom` times enlarged.
pub fn sheet(
    systems: &mut Systems,
    face: &RgbImage,
    cases: &[Case],
    zoom: u32,
) -> anyhow::Result<RgbImage> {
    let (width, height) = (face.width() * zoom, face.height() * zoom);
    let columns = columns(systems);
    let mut sheet = RgbImage::from_pixel(
        (columns.len() as u32 + 1) * (width + GAP) - GAP,
        (cases.len() as u32 * (height + GAP))
            .saturating_sub(GAP)
            .max(1),
        Rgb([255; 3]),
    );
    for (row, case) in (0..).zip(cases) {
        let mosaic = case.apply(face)?;
        let made = columns.iter().map(|system| systems.make(system, &mosaic));
        for (column, picture) in (0..).zip(made.chain([Ok(face.clone())])) {
            let large = resize(&picture?, (width, height)).context("a picture is empty")?;
            let (x, y) = (column * (width + GAP), row * (height + GAP));
            replace(&mut sheet, &large, x.into(), y.into());
        }
    }
    Ok(sheet)
}
