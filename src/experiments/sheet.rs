//! Pictures side by side, and who is whose.

use image::RgbImage;
use image::imageops::replace;

use crate::evaluate::summary::pictures;
use crate::metrics::rank1;

/// Pixels between pictures.
const GAP: u32 = 2;

/// Rows of pictures, each in a cell as large as the largest.
pub(super) fn sheet(rows: &[Vec<RgbImage>]) -> RgbImage {
    let all = || rows.iter().flatten();
    let cell = [
        all().map(RgbImage::width).max().unwrap_or(1),
        all().map(RgbImage::height).max().unwrap_or(1),
    ];
    let columns = rows.iter().map(Vec::len).max().unwrap_or(1) as u32;
    let length = |count: u32, side: u32| (count * (side + GAP)).saturating_sub(GAP).max(1);
    let (width, height) = (length(columns, cell[0]), length(rows.len() as u32, cell[1]));
    let mut sheet = RgbImage::from_pixel(width, height, image::Rgb([255; 3]));
    for (y, row) in rows.iter().enumerate() {
        for (x, picture) in row.iter().enumerate() {
            let at = |index: usize, side: u32| index as i64 * i64::from(side + GAP);
            replace(&mut sheet, picture, at(x, cell[0]), at(y, cell[1]));
        }
    }
    sheet
}

/// Share of pictures that are nearest to their own original by local binary patterns; none where
/// they have several sizes.
pub(super) fn found_again(
    outputs: &[RgbImage],
    truths: &[RgbImage],
) -> anyhow::Result<Option<f64>> {
    let one_size = truths
        .windows(2)
        .all(|two| two[0].dimensions() == two[1].dimensions());
    if !one_size {
        return Ok(None);
    }
    Ok(Some(rank1(&pictures(outputs)?, &pictures(truths)?)?.rank1))
}

/// A share of [`found_again`] for a table.
pub(super) fn share(share: Option<f64>) -> String {
    share.map_or("–".to_owned(), |share| format!("{share:.2}"))
}
