//! Models that look at several frames: what they are told, and what waiting for it does to the flow.

mod films;
mod flow;
mod told;

use crate::helpers::*;
use gst::prelude::*;
use gst_video::VideoFormat;
use gstdepixelate::element::FaceDepixelate;
use gstdepixelate::frame::Rect;

/// A frame is 96 × 72 pixels, a mosaic 32 × 32.
const SIZE: (u32, u32) = (96, 72);
const RECT: Rect = Rect::new(32, 16, 32, 32);
/// Grey level around mosaics.
const GROUND: u8 = 90;

fn caps() -> gst::Caps {
    caps_of(VideoFormat::Rgb, SIZE.0, SIZE.1)
}

/// An element whose model looks at two frames behind and one ahead, in a film, and that model.
fn looking(behind: usize, ahead: usize) -> (FaceDepixelate, Fake) {
    let fake = Fake::new().looking_at(behind, ahead);
    (element(&fake), fake)
}

/// A harness that is a film, not live.
fn film(element: &FaceDepixelate) -> gst_check::Harness {
    let mut h = harness(element);
    h.set_live(false);
    h.set_src_caps(caps());
    h
}

/// Frame `number` of a film with these mosaics, each of one level, on this ground.
fn frame_on(ground: u8, number: u64, mosaics: &[(Rect, u8)]) -> gst::Buffer {
    let mut data = vec![ground; (SIZE.0 * SIZE.1 * 3) as usize];
    for (rect, level) in mosaics {
        for y in rect.y as usize..rect.bottom() as usize {
            let row = 3 * (y * SIZE.0 as usize + rect.x as usize);
            data[row..][..3 * rect.width as usize].fill(*level);
        }
    }
    let mut buffer = gst::Buffer::from_mut_slice(data);
    stamp(buffer.get_mut().unwrap(), number);
    buffer
}

/// Frame `number` of a film with a mosaic of level 10 · `number` that is known as `id`.
fn frame(number: u64, id: Option<u32>) -> gst::Buffer {
    let mut buffer = frame_on(GROUND, number, &[(RECT, 10 * number as u8)]);
    add_mosaic(buffer.get_mut().unwrap(), "restore", &RECT, id);
    buffer
}

/// The end of the film, and all frames that came out.
fn finish(h: &mut gst_check::Harness) -> Vec<gst::Buffer> {
    assert!(h.push_event(gst::event::Eos::new()));
    std::iter::from_fn(|| h.pull_until_eos().unwrap()).collect()
}

/// What the frames with these numbers are told, which are all of a film: of two behind and one
/// ahead, with levels ten times their numbers.
fn levels(numbers: std::ops::Range<u8>) -> Vec<Vec<Option<u8>>> {
    let told = |number: u8| {
        let of = |it: Option<u8>| it.filter(|it| numbers.contains(it)).map(|it| 10 * it);
        let behind = |by: u8| of(number.checked_sub(by));
        vec![behind(2), behind(1), of(Some(number + 1))]
    };
    numbers.clone().map(told).collect()
}
