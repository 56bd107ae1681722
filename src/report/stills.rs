//! Contact sheets of faces in pictures, which are gone through one after the other.

use image::{DynamicImage, RgbImage};

use super::lettering::LETTER;
use super::pictures::{around, shrunk};
use super::sheet::{Cell, FINISHED, FOUND, GAP, MOST, PLAIN, TILE, draw, verdict};
use crate::frame::Rect;

/// A sheet that faces are put on as they are met; at most 200, with a word of how many more there
/// are.
pub struct StillSheet {
    is_finished: bool,
    cells: Vec<Cell>,
    more: usize,
}

/// A face, cut out of its picture.
type Tile = Option<RgbImage>;

impl StillSheet {
    /// A sheet of restored faces, before and after, where `is_finished`; otherwise of mosaics of which
    /// nothing is made yet.
    pub fn new(is_finished: bool) -> Self {
        Self {
            is_finished,
            cells: Vec::new(),
            more: 0,
        }
    }

    /// The part of `picture` around `place` (pixels); None where it lies outside, or nothing more has
    /// room here.
    pub fn tile(&self, picture: &DynamicImage, place: &Rect) -> Tile {
        let size = (picture.width(), picture.height());
        let (x, y, width, height) = around(place, size).filter(|_| self.cells.len() < MOST)?;
        let part = picture.crop_imm(x, y, width, height);
        Some(shrunk(part.into_rgb8(), TILE))
    }

    /// A face of the picture `name`, before and after.
    pub fn add_restored(&mut self, name: &str, place: &Rect, tiles: [Tile; 2]) {
        let lines = vec![line(name, 2), size(place)];
        self.add(tiles.to_vec(), lines);
    }

    /// A mosaic of the picture `name`, the probability that it covers a face (0–1) where that is
    /// known, and whether it would be restored.
    pub fn add_found(
        &mut self,
        name: &str,
        place: &Rect,
        tile: Tile,
        probability: Option<f64>,
        restored: bool,
    ) {
        let mut lines = vec![line(name, 1), size(place)];
        lines.extend(verdict(probability, restored));
        self.add(vec![tile], lines);
    }

    fn add(&mut self, pictures: Vec<Tile>, lines: Vec<(String, image::Rgb<u8>)>) {
        match self.cells.len() < MOST {
            true => self.cells.push(Cell { pictures, lines }),
            false => self.more += 1,
        }
    }

    /// All of it.
    pub fn draw(&self) -> RgbImage {
        let title = if self.is_finished { FINISHED } else { FOUND };
        draw(title, &self.cells, self.more)
    }
}

/// As much of a name as has room below so many pictures.
fn line(name: &str, pictures: u32) -> (String, image::Rgb<u8>) {
    let room = (pictures * (TILE + GAP) - GAP) / LETTER;
    (name.chars().take(room as usize).collect(), PLAIN)
}

fn size(place: &Rect) -> (String, image::Rgb<u8>) {
    (format!("{} x {}", place.width, place.height), PLAIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faces_beyond_the_most_are_counted() {
        let picture = DynamicImage::new_luma16(60, 40);
        let place = Rect::new(10, 10, 20, 20);
        let mut sheet = StillSheet::new(true);
        for _ in 0..MOST + 3 {
            let tile = sheet.tile(&picture, &place);
            sheet.add_restored(
                "a name that is far too long for it.png",
                &place,
                [tile.clone(), tile],
            );
        }
        assert_eq!((sheet.cells.len(), sheet.more), (MOST, 3));
        assert!(sheet.tile(&picture, &place).is_none());
        assert_eq!(sheet.cells[0].lines[0].0, "a name that is far too lo");
        let empty = StillSheet::new(false);
        assert!(empty.tile(&picture, &Rect::new(60, 0, 5, 5)).is_none());
        assert!(empty.draw().width() > 0);
    }
}
