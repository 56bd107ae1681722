//! A contact sheet: some of the crops, spread evenly over all.

use std::path::{Path, PathBuf};

use anyhow::Context;
use image::imageops::replace;
use image::{Rgb, RgbImage};

use super::SHEET;
use super::journal::PictureLine;
use crate::degrade::smooth::resize_bilinear;
use crate::files;

/// Crops of a row, and most of them.
const COLUMNS: u32 = 12;
const MOST: usize = 96;
/// Side of a crop and width of what is between two, pixels.
const SIDE: u32 = 96;
const GAP: u32 = 4;

/// Draw some of the crops that `lines` name into the folder `out`; what somebody threw out since is
/// left out.
pub(super) fn write(out: &Path, lines: &[PictureLine]) -> anyhow::Result<()> {
    let faces = lines.iter().flat_map(|line| &line.faces);
    let files = faces.filter_map(|face| Some(out.join(face.file.as_ref()?)));
    let files: Vec<PathBuf> = files.filter(|path| path.exists()).collect();
    let count = files.len().min(MOST);
    let columns = COLUMNS.min(count as u32).max(1);
    let rows = (count as u32).div_ceil(columns);
    let size = |count: u32| count * (SIDE + GAP) + GAP;
    let mut sheet = RgbImage::from_pixel(size(columns), size(rows), Rgb([255; 3]));
    for place in 0..count {
        let path = &files[place * files.len() / count];
        let crop = image::open(path)
            .with_context(|| format!("{} cannot be read", path.display()))?
            .into_rgb8();
        let small = resize_bilinear(&crop, (SIDE, SIDE)).context("a crop is empty")?;
        let (column, row) = (place as u32 % columns, place as u32 / columns);
        let corner = |at: u32| i64::from(at * (SIDE + GAP) + GAP);
        replace(&mut sheet, &small, corner(column), corner(row));
    }
    files::write_picture(&out.join(SHEET), &sheet)
}
