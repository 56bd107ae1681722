//! Films side by side, to look at.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use gst::prelude::*;
use image::RgbImage;
use image::imageops::{FilterType, crop_imm, replace, resize};

use super::Mosaics;
use crate::app::{self, Encoding, NOTICE, Writer};
use crate::evaluate::codec::feed;
use crate::frame::Rect;

/// Enlargement.
const ZOOM: u32 = 2;
/// What is shown around the mosaics, pixels.
const AROUND: i32 = 16;
/// Pixels between the films.
const GAP: u32 = 4;

/// Write `films`, all of what `mosaics` are in, from left to right into the film `path`, which must
/// not be there yet or is written anew: the part of each frame in which there are mosaics.
pub(super) fn write(path: &Path, films: &[&[RgbImage]], mosaics: &Mosaics) -> anyhow::Result<()> {
    let area = area(mosaics).context("a film has no frame")?;
    let frames: Vec<RgbImage> = (0..mosaics.truth.len())
        .map(|moment| row(films.iter().map(|film| &film[moment]), &area))
        .collect();
    let size = frames.first().map(RgbImage::dimensions);
    let size = size.context("a film has no frame")?;
    let pipeline = gst::Pipeline::with_name("beside");
    let mut writer = Writer::new(&pipeline, path)?;
    writer.comment(NOTICE);
    let source = gst_app::AppSrc::builder()
        .name("source")
        .format(gst::Format::Time)
        .build();
    pipeline.add(&source)?;
    let pad = source.static_pad("src").context("appsrc")?;
    pad.link(&writer.encoded_video(&Encoding::default())?)?;
    feed(
        &source,
        frames.iter().map(|frame| frame.as_raw().as_slice()),
        size,
    )?;
    app::run(&pipeline, &AtomicBool::new(false), &mut |_| {})?;
    Ok(writer.finish()?)
}

/// What holds all mosaics, and a little more.
fn area(mosaics: &Mosaics) -> Option<Rect> {
    let (width, height) = mosaics.truth.first()?.dimensions();
    let edges = mosaics.places.iter().map(|(rect, _)| {
        let (right, bottom) = (rect.right() as i32, rect.bottom() as i32);
        [rect.x, rect.y, right, bottom]
    });
    let [left, top, right, bottom] = edges.reduce(|a, b| {
        let [left, top, right, bottom] = b;
        [
            a[0].min(left),
            a[1].min(top),
            a[2].max(right),
            a[3].max(bottom),
        ]
    })?;
    let side = |from: i32, to: i32| (to - from + 2 * AROUND).max(1) as u32;
    Rect::new(
        left - AROUND,
        top - AROUND,
        side(left, right),
        side(top, bottom),
    )
    .clamp_to(width, height)
}

/// The part `area` of all pictures in a row, enlarged; its sides are even.
fn row<'a>(pictures: impl ExactSizeIterator<Item = &'a RgbImage>, area: &Rect) -> RgbImage {
    let (width, height) = (ZOOM * area.width, ZOOM * area.height);
    let mut row = RgbImage::new((width + GAP) * pictures.len() as u32 - GAP, height);
    for (index, picture) in (0..).zip(pictures) {
        let (x, y) = (area.x as u32, area.y as u32);
        let part = crop_imm(picture, x, y, area.width, area.height).to_image();
        let part = resize(&part, width, height, FilterType::Nearest);
        replace(&mut row, &part, i64::from((width + GAP) * index), 0);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::codec::clip_pictures;
    use crate::frame::Lattice;
    use image::Rgb;

    #[test]
    fn films_stand_in_a_row() {
        app::init().unwrap();
        let film = |level: u8| -> Vec<RgbImage> {
            let frame = |moment: u8| RgbImage::from_pixel(96, 64, Rgb([level + 9 * moment; 3]));
            (0..5).map(frame).collect()
        };
        let place = |x: i32| (Rect::new(x, 20, 24, 24), Lattice::square(8, x, 20));
        let mosaics = Mosaics {
            truth: film(40),
            pixelated: film(120),
            places: (0..5).map(|moment| place(30 + moment)).collect(),
            block: 8,
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("row.mkv");
        write(&path, &[&mosaics.truth, &mosaics.pixelated], &mosaics).unwrap();
        let seen = clip_pictures(&path, 9).unwrap();
        assert_eq!(seen.len(), 5);
        // 16 pixels around what reaches from 30 to 58 and from 20 to 44.
        let width = 2 * 60;
        assert_eq!(seen[0].dimensions(), (2 * width + GAP, 2 * 56));
        for (moment, frame) in seen.iter().enumerate() {
            for (x, level) in [(width / 2, 40), (width + GAP + width / 2, 120)] {
                let there = i32::from(frame.get_pixel(x, 50).0[1]);
                assert!((there - level - 9 * moment as i32).abs() < 4, "{there}");
            }
        }
        // Another time, over the same.
        write(&path, &[&mosaics.truth], &mosaics).unwrap();
        assert_eq!(
            clip_pictures(&path, 9).unwrap()[0].dimensions(),
            (width, 112)
        );
    }
}
