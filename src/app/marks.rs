//! What a film says of its pictures as a whole: that they are interlaced, that there are two in each
//! for the eyes, that they are to be shown on a sphere. Not all of it outlives a change of codec or
//! container.

use std::fs::File;
use std::ops::Range;
use std::path::Path;

use super::boxes::{boxes, find, index, tracks};
use super::container::Container;
use super::ebml::{self, unsigned, within};
use super::stream::Stream;

/// Formats whose packets say that they are interlaced.
const WITH_FIELDS: [&str; 6] = [
    "h264",
    "x264enc",
    "prores",
    "avenc_prores_ks",
    "ffv1",
    "avenc_ffv1",
];
/// Formats whose packets say that there are two pictures in one.
const WITH_VIEWS: [&str; 2] = ["h264", "x264enc"];
/// A track's video and its projection, in Matroska.
const VIDEO: u32 = 0xE0;
const PROJECTION: u32 = 0x7670;
const PROJECTION_TYPE: u32 = 0x7671;
/// Bytes of a visual sample entry before its boxes.
const VISUAL: usize = 78;
/// The `uuid` of spherical video, in its first version: <https://github.com/google/spatial-media>.
const SPHERICAL: [u8; 16] = *b"\xff\xcc\x82\x63\xf8\x55\x4a\x93\x88\x14\x58\x7a\x02\x52\x1f\xdd";

/// What of that is lost where `stream` is encoded by `encoder` for `container`.
pub(super) fn lost(
    stream: &Stream,
    container: &Container,
    encoder: &str,
    is_interlaced: bool,
) -> Vec<String> {
    let has_views = container.is_matroska() || WITH_VIEWS.contains(&encoder);
    let views = stream.views().filter(|_| !has_views);
    let has_fields = container.has_fields() || WITH_FIELDS.contains(&encoder);
    let mut lost = Vec::new();
    lost.extend(views.map(|views| {
        format!("that the picture has two views ({views}) is not written: .mkv does so, and h264 in any container")
    }));
    lost.extend((is_interlaced && !has_fields).then(|| {
        "that the video is interlaced is not written: .mkv and .mov do so, and h264 in any container".to_owned()
    }));
    lost.extend(stream.is_sphere.then(|| {
        "that the picture is a sphere (360° or VR) is not written: no container that is written can hold it".to_owned()
    }));
    lost
}

/// Whether the file at `path` says that the pictures of the stream `id` are spheres.
pub(super) fn is_sphere(path: &Path, id: &str) -> bool {
    in_boxes(path, id)
        .or_else(|| in_matroska(path, id))
        .unwrap_or(false)
}

fn in_boxes(path: &Path, id: &str) -> Option<bool> {
    let number: u32 = id.parse().ok()?;
    let index = index(&mut File::open(path).ok()?).ok()??.data;
    let track = tracks(&index).find(|track| track.number == number)?;
    let parts = &index[track.body.clone()];
    let is_spherical = |(name, body): ([u8; 4], Range<usize>)| {
        &name == b"uuid" && parts[body].starts_with(&SPHERICAL)
    };
    let list = find(&index, &track.body, &[b"mdia", b"minf", b"stbl", b"stsd"])?;
    let list = index.get(list.start + 8..list.end)?;
    let (_, entry) = boxes(list).next()?;
    let entry = list[entry].get(VISUAL..).unwrap_or_default();
    let has_box = boxes(entry).any(|(name, _)| &name == b"sv3d");
    Some(has_box || boxes(parts).any(is_spherical))
}

fn in_matroska(path: &Path, id: &str) -> Option<bool> {
    let file = File::open(path).ok()?;
    let wanted: u64 = id.split(':').next()?.parse().ok()?;
    let mut tracks = ebml::tracks(&file).into_iter();
    let (_, track) = tracks.find(|(number, _)| *number == wanted)?;
    let video = within(&file, &track).find(|part| part.id == VIDEO)?;
    let projection = within(&file, &video).find(|part| part.id == PROJECTION)?;
    // A rectangle, turned or not, has none or 0.
    let kind = within(&file, &projection).find(|part| part.id == PROJECTION_TYPE)?;
    Some(unsigned(&file, &kind)? != 0)
}
