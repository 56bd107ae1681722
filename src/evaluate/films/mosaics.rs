//! A clip with a mosaic over its face.

use anyhow::{Context, bail, ensure};
use image::RgbImage;
use serde::Serialize;

use crate::degrade::mosaic::{Fill, pixelate};
use crate::evaluate::codec::{Codec, recode_pictures};
use crate::faces::Finder;
use crate::frame::{FrameViewMut, Lattice, Layout, Rect};

/// Side of the mosaic ÷ side of the face's box.
const AROUND: f64 = 1.25;
/// Least score of a face.
const SCORE: f32 = 0.6;
/// Least overlap (intersection over union) of a face with itself in the next frame.
const OVERLAP: f64 = 0.2;
/// Least share of the frames in which the face must be found.
const FOUND: f64 = 0.9;
/// What films are coded with.
const CODEC: Codec = Codec::H264(18);

/// What a lattice keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Keeps {
    /// It stands in the frame; the mosaic goes along by whole blocks.
    Frame,
    /// It follows the face's box, and jitters as that does.
    Box,
}

impl Keeps {
    /// Its name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Frame => "lattice in the frame",
            Self::Box => "lattice on the box",
        }
    }
}

/// A film with mosaics, and the truth.
pub(crate) struct Mosaics {
    /// The frames as they were.
    pub truth: Vec<RgbImage>,
    /// The same, pixelated and coded.
    pub pixelated: Vec<RgbImage>,
    /// Each frame's mosaic.
    pub places: Vec<(Rect, Lattice)>,
    /// Side of a block, pixels.
    pub block: u32,
}

impl Mosaics {
    /// Pixelate `truth` over its face's `boxes`, with `across` blocks.
    pub(crate) fn of(
        truth: &[RgbImage],
        boxes: &[Rect],
        keeps: Keeps,
        across: u32,
    ) -> anyhow::Result<Self> {
        let mut sides: Vec<u32> = boxes
            .iter()
            .map(|rect| rect.width.max(rect.height))
            .collect();
        sides.sort_unstable();
        let side = sides.get(sides.len() / 2).context("a film has no frame")?;
        let block = (f64::from(*side) / f64::from(across)).round().max(2.0) as u32;
        let (mut places, mut frames) = (Vec::new(), Vec::new());
        for (frame, face) in truth.iter().zip(boxes) {
            let (width, height) = frame.dimensions();
            let place = place(face, keeps, block, (width, height));
            let (rect, lattice) = place.context("a face lies outside its frame")?;
            let mut pixelated = frame.clone();
            let layout = Layout::rgb(width, height);
            let mut view = FrameViewMut::packed(&layout, &mut pixelated, 3 * width as usize)?;
            pixelate(&mut view, &rect, &lattice, Fill::TileMean);
            places.push((rect, lattice));
            frames.push(pixelated);
        }
        let pixelated = recode_pictures(&frames, CODEC)?;
        ensure!(
            pixelated.len() == truth.len(),
            "the codec made {} of {} frames",
            pixelated.len(),
            truth.len()
        );
        Ok(Self {
            truth: truth.to_vec(),
            pixelated,
            places,
            block,
        })
    }
}

/// The mosaic over a box, and its lattice.
fn place(face: &Rect, keeps: Keeps, block: u32, size: (u32, u32)) -> Option<(Rect, Lattice)> {
    let face = face.clamp_to(size.0, size.1)?;
    let rect = match keeps {
        Keeps::Box => face,
        Keeps::Frame => {
            let down = |at: i64| at.div_euclid(block.into()) * i64::from(block);
            let up = |at: i64| -down(-at);
            let (left, top) = (down(face.x.into()), down(face.y.into()));
            let (right, bottom) = (up(face.right()), up(face.bottom()));
            let rect = Rect::new(
                left as i32,
                top as i32,
                (right - left) as u32,
                (bottom - top) as u32,
            );
            rect.clamp_to(size.0, size.1)?
        }
    };
    let lattice = match keeps {
        Keeps::Box => Lattice::square(block, rect.x, rect.y),
        Keeps::Frame => Lattice::square(block, 0, 0),
    };
    Some((rect, lattice))
}

/// The box of the largest face of each frame, followed from frame to frame, as a tracker of faces
/// would put a mosaic: where it is not found for a while the last one stands.
pub(crate) fn boxes(frames: &[RgbImage], finder: &mut Finder) -> anyhow::Result<Vec<Rect>> {
    let (mut boxes, mut found): (Vec<Rect>, usize) = (Vec::new(), 0);
    for frame in frames {
        let faces = finder.find(frame, SCORE)?;
        let area = |rect: &Rect| u64::from(rect.width) * u64::from(rect.height);
        let largest = faces.iter().map(|face| face.rect).max_by_key(area);
        let same = boxes.last().and_then(|last: &Rect| {
            let overlap = |rect: &Rect| rect.iou(last);
            let faces = faces.iter().map(|face| face.rect);
            let best = faces.max_by(|a, b| overlap(a).total_cmp(&overlap(b)));
            best.filter(|rect| overlap(rect) >= OVERLAP)
        });
        match (boxes.last().copied(), same, largest) {
            (_, Some(rect), _) | (None, None, Some(rect)) => {
                found += 1;
                boxes.push(rect);
            }
            (Some(last), None, _) => boxes.push(last),
            (None, None, None) => bail!("no face is found in the first frame"),
        }
    }
    ensure!(
        found as f64 >= FOUND * frames.len() as f64,
        "its face is found in {found} of {} frames",
        frames.len()
    );
    Ok(boxes.iter().map(enlarged).collect())
}

/// The square around a face's box that a mosaic covers.
fn enlarged(rect: &Rect) -> Rect {
    let side = AROUND * f64::from(rect.width.max(rect.height));
    let start = |at: i32, length: u32| f64::from(at) + f64::from(length) / 2.0 - side / 2.0;
    Rect::new(
        start(rect.x, rect.width).round() as i32,
        start(rect.y, rect.height).round() as i32,
        side.round() as u32,
        side.round() as u32,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lattices_stand_or_go_along() {
        let face = Rect::new(37, 21, 60, 60);
        let (rect, lattice) = place(&face, Keeps::Frame, 8, (200, 150)).unwrap();
        assert_eq!(rect, Rect::new(32, 16, 72, 72));
        assert_eq!((lattice.phase_x, lattice.phase_y), (0.0, 0.0));
        let (rect, lattice) = place(&face, Keeps::Box, 8, (200, 150)).unwrap();
        assert_eq!((rect, lattice.phase_x, lattice.phase_y), (face, 5.0, 5.0));
        // Cut to the frame.
        let (rect, _) = place(&Rect::new(-9, 100, 60, 60), Keeps::Frame, 8, (200, 150)).unwrap();
        assert_eq!(rect, Rect::new(0, 96, 56, 54));
        assert!(place(&Rect::new(300, 0, 9, 9), Keeps::Box, 8, (200, 150)).is_none());
    }
}
