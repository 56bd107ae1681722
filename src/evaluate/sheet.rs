//! Contact sheets: a row for each block size, the versions side by side, the truth last.

use anyhow::Context;
use image::imageops::replace;
use image::{Rgb, RgbImage};

use super::cases::Case;
use super::versions::{Version, Versions};
use crate::degrade::smooth::resize;

/// Pixels between pictures.
const GAP: u32 = 4;

/// What is drawn, from left to right; then comes the truth.
pub const COLUMNS: [Version; 6] = [
    Version::Pixelated,
    Version::Bicubic,
    Version::Stage1,
    Version::Truest,
    Version::Default,
    Version::Sharpest,
];

/// A sheet of one face, `zoom` times enlarged.
pub fn sheet(
    versions: &mut Versions,
    face: &RgbImage,
    cases: &[Case],
    zoom: u32,
) -> anyhow::Result<RgbImage> {
    let (width, height) = (face.width() * zoom, face.height() * zoom);
    let columns = COLUMNS.len() as u32 + 1;
    let mut sheet = RgbImage::from_pixel(
        columns * (width + GAP) - GAP,
        (cases.len() as u32 * (height + GAP))
            .saturating_sub(GAP)
            .max(1),
        Rgb([255; 3]),
    );
    for (row, case) in (0..).zip(cases) {
        let mosaic = case.apply(face)?;
        let made = COLUMNS.map(|version| versions.make(version, &mosaic));
        for (column, picture) in (0..).zip(made.into_iter().chain([Ok(face.clone())])) {
            let large = resize(&picture?, (width, height)).context("a picture is empty")?;
            let (x, y) = (column * (width + GAP), row * (height + GAP));
            replace(&mut sheet, &large, x.into(), y.into());
        }
    }
    Ok(sheet)
}
