//! A picture of what went wrong: the truth in green, what was found in red.

use image::imageops::replace;
use image::{Rgb, RgbImage};

use super::measure::Found;
use crate::degrade::smooth::resize;
use crate::evaluate::codec::LumaPlane;
use crate::frame::Rect;

/// Width of a scene on the sheet, pixels.
const TILE: u32 = 320;
/// Scenes in a row.
const COLUMNS: u32 = 4;

/// A sheet of scenes; None without any.
pub(crate) fn sheet(scenes: &[(LumaPlane, Found)]) -> Option<RgbImage> {
    let tiles: Vec<RgbImage> = scenes
        .iter()
        .filter_map(|(plane, found)| tile(plane, found))
        .collect();
    let height = tiles.iter().map(RgbImage::height).max()?;
    let rows = (tiles.len() as u32).div_ceil(COLUMNS);
    let mut sheet = RgbImage::new(COLUMNS * TILE, rows * height);
    for (i, tile) in (0..).zip(&tiles) {
        let (x, y) = (i % COLUMNS * TILE, i / COLUMNS * height);
        replace(&mut sheet, tile, x.into(), y.into());
    }
    Some(sheet)
}

fn tile(plane: &LumaPlane, found: &Found) -> Option<RgbImage> {
    let grey = plane.data.iter().flat_map(|level| [*level; 3]).collect();
    let mut picture = RgbImage::from_raw(plane.width, plane.height, grey)?;
    for region in found.wrong.iter().chain(&found.hit) {
        frame(&mut picture, &region.rect, Rgb([255, 40, 40]));
    }
    if let Some(truth) = &found.truth {
        frame(&mut picture, &truth.rect, Rgb([40, 255, 40]));
    }
    resize(&picture, (TILE, (plane.height * TILE / plane.width).max(1)))
}

/// Draw the border of a rectangle, two pixels wide.
fn frame(picture: &mut RgbImage, rect: &Rect, color: Rgb<u8>) {
    let Some(rect) = rect.clamp_to(picture.width(), picture.height()) else {
        return;
    };
    let (left, top) = (rect.x as u32, rect.y as u32);
    for (x, y) in (0..rect.height).flat_map(|y| (0..rect.width).map(move |x| (x, y))) {
        if x < 2 || y < 2 || x + 2 >= rect.width || y + 2 >= rect.height {
            picture.put_pixel(left + x, top + y, color);
        }
    }
}
