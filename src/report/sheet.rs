//! Contact sheets: the faces of a film in rows, with what is known of each.

use std::io::Cursor;
use std::path::Path;

use anyhow::Context;
use image::imageops::{FilterType, replace, resize};
use image::{ImageFormat, Rgb, RgbImage};

use super::clock::clock;
use super::lettering::{LETTER, write};
use super::pictures::{Wanted, fit, pictures};
use crate::app::{AppError, Film, RestoredFace};
use crate::files;

/// Side of a picture on a sheet, pixels.
pub(super) const TILE: u32 = 200;
/// Pixels between pictures, and around words.
pub(super) const GAP: u32 = 8;
/// Pictures in a row.
const COLUMNS: u32 = 6;
/// Most faces on a sheet.
pub(super) const MOST: usize = 200;

/// Title of a sheet of mosaics of which nothing is made yet.
pub(super) const FOUND: &str = "Mosaics found: nothing is restored yet";
/// Title of a sheet of restored faces.
pub(super) const FINISHED: &str = "Restored faces are invented: they prove nobody's identity";

const GROUND: Rgb<u8> = Rgb([24; 3]);
pub(super) const PLAIN: Rgb<u8> = Rgb([235; 3]);
const GOOD: Rgb<u8> = Rgb([130, 220, 130]);
const BAD: Rgb<u8> = Rgb([255, 170, 60]);

/// A mosaic that was found in a film of which nothing is made yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found<'a> {
    /// Where and when it is.
    pub face: &'a RestoredFace,
    /// Whether it would be restored; it is refused otherwise.
    pub restored: bool,
}

/// What stands in a cell of a sheet: pictures beside one another, and lines below them.
pub(super) struct Cell {
    pub(super) pictures: Vec<Option<RgbImage>>,
    pub(super) lines: Vec<(String, Rgb<u8>)>,
}

/// Lines about a mosaic that may be a face, with this probability (0–1) where that is known.
pub(super) fn verdict(probability: Option<f64>, restored: bool) -> [(String, Rgb<u8>); 2] {
    let percent = probability.map(|it| 100.0 * it.clamp(0.0, 1.0));
    let face = percent.map_or("face ?".to_owned(), |it| format!("face {it:.0} %"));
    let end = match restored {
        true => ("is restored".to_owned(), GOOD),
        false => ("refused".to_owned(), BAD),
    };
    [(face, PLAIN), end]
}

/// A sheet of what was found in `film`, each where it is largest; at most 200, with a word of how
/// many more there are.
pub fn sheet_of_found(film: &mut Film<'_>, found: &[Found<'_>]) -> Result<RgbImage, AppError> {
    let shown = &found[..found.len().min(MOST)];
    let seen = seen(&mut [film], shown.iter().map(|found| found.face))?;
    let cells: Vec<Cell> = shown
        .iter()
        .zip(seen)
        .map(|(found, mut cell)| {
            cell.lines
                .extend(verdict(found.face.probability, found.restored));
            cell
        })
        .collect();
    Ok(draw(FOUND, &cells, found.len() - shown.len()))
}

/// A sheet of restored faces, each before and after where it is largest; at most 200, with a word of
/// how many more there are. `before` is the film that they were found in.
pub fn sheet_of_finished<'a>(
    before: &mut Film<'a>,
    after: &mut Film<'a>,
    faces: &[RestoredFace],
) -> Result<RgbImage, AppError> {
    let shown = &faces[..faces.len().min(MOST)];
    let cells = seen(&mut [before, after], shown.iter())?;
    Ok(draw(FINISHED, &cells, faces.len() - shown.len()))
}

/// Write a sheet; the ending of `path` is that of a PNG or JPEG.
pub fn write_sheet(sheet: &RgbImage, path: &Path) -> anyhow::Result<()> {
    let format = ImageFormat::from_path(path).ok();
    let format = format.filter(|it| [ImageFormat::Png, ImageFormat::Jpeg].contains(it));
    let format =
        format.with_context(|| format!("{}: the name must end in .png or .jpg", path.display()))?;
    let mut data = Cursor::new(Vec::new());
    sheet.write_to(&mut data, format)?;
    files::write(path, data.into_inner())
}

/// Cells with a picture of each face in each of the films, of which the first is the one that they
/// were found in; time and size stand below.
fn seen<'f>(
    films: &mut [&mut Film<'_>],
    faces: impl Iterator<Item = &'f RestoredFace>,
) -> Result<Vec<Cell>, AppError> {
    let wanted: Vec<Option<Wanted>> = match films.first() {
        Some(film) => faces.map(|face| Wanted::largest(film, face)).collect(),
        None => Vec::new(),
    };
    let there: Vec<Wanted> = wanted.iter().flatten().copied().collect();
    let mut cut = Vec::new();
    for film in films {
        cut.push(pictures(film, &there, TILE)?.into_iter());
    }
    let cell = |wanted: &Option<Wanted>| match wanted {
        None => Cell {
            pictures: vec![None; cut.len()],
            lines: vec![("nowhere".to_owned(), PLAIN)],
        },
        Some(Wanted { time, place }) => Cell {
            pictures: cut.iter_mut().map(|cut| cut.next().flatten()).collect(),
            lines: vec![
                (clock(*time), PLAIN),
                (format!("{} x {}", place.width, place.height), PLAIN),
            ],
        },
    };
    Ok(wanted.iter().map(cell).collect())
}

/// Draw cells below a title, and how many more there are.
pub(super) fn draw(title: &str, cells: &[Cell], more: usize) -> RgbImage {
    let side_by_side = cells.iter().map(|cell| cell.pictures.len()).max();
    let lines = cells.iter().map(|cell| cell.lines.len()).max().unwrap_or(0);
    let width = side_by_side.unwrap_or(1) as u32 * (TILE + GAP);
    let height = TILE + GAP + lines as u32 * (LETTER + GAP / 2) + GAP;
    let columns = (COLUMNS * (TILE + GAP) / width).max(1);
    let line = LETTER + 2 * GAP;
    let rows = (cells.len() as u32).div_ceil(columns);
    // As wide as a whole row, so that the title has room.
    let size = (columns * width + GAP, line + rows * height + line);
    let mut sheet = RgbImage::from_pixel(size.0, size.1, GROUND);
    write(&mut sheet, title, (GAP, GAP), PLAIN);
    for (number, cell) in (0..).zip(cells) {
        let (column, row) = (number % columns, number / columns);
        let corner = (GAP + column * width, line + row * height);
        draw_cell(&mut sheet, cell, corner);
    }
    let rest = match more {
        0 => format!("{} in all", cells.len()),
        more => format!("and {more} more that are not shown"),
    };
    write(&mut sheet, &rest, (GAP, size.1 - LETTER - GAP), PLAIN);
    sheet
}

fn draw_cell(sheet: &mut RgbImage, cell: &Cell, (left, top): (u32, u32)) {
    for (number, picture) in (0..).zip(&cell.pictures) {
        let x = left + number * (TILE + GAP);
        match picture {
            None => write(sheet, "cannot be", (x, top + TILE / 2), BAD),
            Some(picture) => {
                let size = fit(picture.dimensions(), TILE);
                let tile = resize(picture, size.0, size.1, FilterType::CatmullRom);
                let (x, y) = (x + (TILE - size.0) / 2, top + (TILE - size.1) / 2);
                replace(sheet, &tile, x.into(), y.into());
            }
        }
    }
    for (number, (text, color)) in (0..).zip(&cell.lines) {
        let y = top + TILE + GAP + number * (LETTER + GAP / 2);
        write(sheet, text, (left, y), *color);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_is_written_as_its_ending_says() {
        let folder = tempfile::tempdir().unwrap();
        let sheet = draw("title", &[], 0);
        for (name, format) in [("a.png", ImageFormat::Png), ("a.JPG", ImageFormat::Jpeg)] {
            write_sheet(&sheet, &folder.path().join(name)).unwrap();
            let data = std::fs::read(folder.path().join(name)).unwrap();
            assert_eq!(image::guess_format(&data).unwrap(), format);
        }
        let error = write_sheet(&sheet, &folder.path().join("a.gif")).unwrap_err();
        assert!(error.to_string().contains(".png"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn cells_stand_beside_one_another_and_below() {
        let red = RgbImage::from_pixel(20, 20, Rgb([200, 0, 0]));
        let cell = |count| Cell {
            pictures: vec![Some(red.clone()); count],
            lines: vec![("00:00:00.000".to_owned(), PLAIN)],
        };
        let one = draw("title", &[cell(2)], 0);
        let many: Vec<Cell> = (0..4).map(|_| cell(2)).collect();
        let many = draw("title", &many, 7);
        assert_eq!(one.width(), many.width());
        assert!(many.height() > one.height() + TILE);
        let red = many.pixels().filter(|pixel| pixel.0 == [200, 0, 0]).count();
        assert_eq!(red, 8 * (TILE * TILE) as usize);
    }
}
