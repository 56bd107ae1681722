//! Which faces were restored, where and when.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use gst::prelude::*;
use gst_video::VideoRegionOfInterestMeta;
use serde::{Deserialize, Serialize};

use super::counters::Counters;
use crate::frame::Rect;

/// Type of the metas by which `facedepixelate` tells of the faces that it restored.
pub(super) const RESTORED_FACE: &str = "restored-face";

/// Least overlap of boxes of one face in one frame and the next.
const SAME: f64 = 0.5;

/// One face, from its first frame to its last one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RestoredFace {
    /// Number of its track; None where its place was named for all frames.
    pub track: Option<u32>,
    /// Its first frame, counted from 0, and its last one.
    pub frames: [u64; 2],
    /// Positions of these frames in the film, nanoseconds.
    pub times: [u64; 2],
    /// Width and height of its mosaic's blocks in the last frame, pixels, if there are any.
    pub blocks: Option<[f64; 2]>,
    /// Probability that it is a face, 0–1, by the frames until the last one, if that was asked.
    pub probability: Option<f64>,
    /// Where it was: each box counts until the next one.
    pub boxes: Vec<FaceBox>,
}

/// Where a face was from a frame on, pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaceBox {
    /// The first frame that it counts for.
    pub frame: u64,
    /// Left edge.
    pub x: u32,
    /// Upper edge.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// What a meta says of a face.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    track: Option<u32>,
    blocks: Option<[f64; 2]>,
    probability: Option<f64>,
}

/// Notes what metas say.
#[derive(Debug, Default)]
pub(super) struct Record {
    frames: u64,
    /// Frames with a face, and faces counted in each frame.
    counts: (u64, u64),
    faces: Vec<RestoredFace>,
}

impl Record {
    /// Note the regions of type `kind` in all frames that pass `pad`.
    pub(super) fn of(
        pad: &gst::Pad,
        kind: &'static str,
        counters: Arc<Counters>,
    ) -> Arc<Mutex<Self>> {
        let record = Arc::new(Mutex::new(Self::default()));
        let noted = Arc::clone(&record);
        pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
            if let Some(buffer) = info.buffer() {
                let segment = pad.sticky_event::<gst::event::Segment>(0);
                let segment = segment.as_ref().map(|event| event.segment());
                let times = segment.and_then(|segment| segment.downcast_ref::<gst::ClockTime>());
                let time = times.and_then(|times| times.to_stream_time(buffer.pts()));
                let mut record = noted.lock().unwrap_or_else(PoisonError::into_inner);
                record.meet(buffer, kind, time.or(buffer.pts()).unwrap_or_default());
                let faces = record.faces.len() as u64;
                counters.faces.store(faces, Ordering::Relaxed);
            }
            gst::PadProbeReturn::Ok
        });
        record
    }

    /// Whether `buffer` has a region of type `kind`.
    pub(super) fn is_in(buffer: &gst::BufferRef, kind: &str) -> bool {
        let mut metas = buffer.iter_meta::<VideoRegionOfInterestMeta>();
        metas.any(|meta| meta.roi_type() == kind)
    }

    /// Frames with a face, and faces counted in each frame.
    pub(super) fn counts(record: &Mutex<Self>) -> (u64, u64) {
        record.lock().unwrap_or_else(PoisonError::into_inner).counts
    }

    /// The faces, in the order of their first frames.
    pub(super) fn faces(record: &Mutex<Self>) -> Vec<RestoredFace> {
        let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut record.faces)
    }

    fn meet(&mut self, buffer: &gst::BufferRef, kind: &str, time: gst::ClockTime) {
        let frame = self.frames;
        self.frames += 1;
        self.counts.0 += u64::from(Self::is_in(buffer, kind));
        let metas = buffer.iter_meta::<VideoRegionOfInterestMeta>();
        for meta in metas.filter(|meta| meta.roi_type() == kind) {
            self.counts.1 += 1;
            let number = |name: &str| meta.params().find_map(|p| p.get::<f64>(name).ok());
            let seen = Seen {
                track: meta.params().find_map(|params| params.get("track-id").ok()),
                blocks: number("block-width")
                    .zip(number("block-height"))
                    .map(Into::into),
                probability: number("face-probability"),
            };
            let (x, y, width, height) = meta.rect();
            let here = FaceBox {
                frame,
                x,
                y,
                width,
                height,
            };
            self.note(seen, here, time.nseconds());
        }
    }

    fn note(&mut self, seen: Seen, here: FaceBox, time: u64) {
        let track = seen.track;
        let place = |at: &FaceBox| [at.x, at.y, at.width, at.height];
        let is_same = |face: &&mut RestoredFace| {
            let last = face.boxes.last();
            face.track == track
                && (track.is_some() || last.is_some_and(|last| place(last) == place(&here)))
        };
        // The latest ones are at the end.
        match self.faces.iter_mut().rev().find(is_same) {
            Some(face) => {
                (face.frames[1], face.times[1]) = (here.frame, time);
                (face.blocks, face.probability) = (seen.blocks, seen.probability);
                if face
                    .boxes
                    .last()
                    .is_none_or(|last| place(last) != place(&here))
                {
                    face.boxes.push(here);
                }
            }
            None => self.faces.push(RestoredFace {
                track,
                frames: [here.frame; 2],
                times: [time; 2],
                blocks: seen.blocks,
                probability: seen.probability,
                boxes: vec![here],
            }),
        }
    }
}

/// The faces of parts, each with its number of frames, as those of one film: one that goes on where
/// the next part begins is one, and tracks are counted from 1. Times are counted from `origin`,
/// nanoseconds.
pub(super) fn joined<'a>(
    parts: impl Iterator<Item = (u64, &'a [RestoredFace])>,
    origin: u64,
) -> Vec<RestoredFace> {
    let (mut all, mut start): (Vec<RestoredFace>, u64) = (Vec::new(), 0);
    for (frames, faces) in parts {
        let earlier = all.len();
        for face in faces {
            let mut face = face.clone();
            face.frames = face.frames.map(|frame| frame + start);
            face.times = face.times.map(|time| time.saturating_sub(origin));
            for place in &mut face.boxes {
                place.frame += start;
            }
            match all[..earlier]
                .iter_mut()
                .find(|known| known.goes_on_as(&face))
            {
                Some(known) => known.append(face),
                None => all.push(face),
            }
        }
        start += frames;
    }
    all.sort_by_key(|face| face.frames[0]);
    let tracks = all.iter_mut().filter_map(|face| face.track.as_mut());
    for (track, number) in tracks.zip(1..) {
        *track = number;
    }
    all
}

impl RestoredFace {
    /// Whether it is the same face as one of the next part, by its place.
    fn goes_on_as(&self, next: &Self) -> bool {
        let (Some(last), Some(first)) = (self.boxes.last(), next.boxes.first()) else {
            return false;
        };
        let alike = last.rect().iou(&first.rect()) >= SAME;
        self.frames[1] + 1 == next.frames[0]
            && self.track.is_some() == next.track.is_some()
            && alike
    }

    /// Add what it is in the next part.
    fn append(&mut self, next: Self) {
        (self.frames[1], self.times[1]) = (next.frames[1], next.times[1]);
        (self.blocks, self.probability) = (next.blocks, next.probability);
        let last = self.boxes.last().map(FaceBox::rect);
        let is_same = |place: &&FaceBox| Some(place.rect()) == last;
        let skipped = usize::from(next.boxes.first().as_ref().is_some_and(is_same));
        self.boxes.extend(&next.boxes[skipped..]);
    }
}

impl FaceBox {
    /// Where it is.
    fn rect(&self) -> Rect {
        let at = |place: u32| i32::try_from(place).unwrap_or(i32::MAX);
        Rect::new(at(self.x), at(self.y), self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_face_is_noted_where_its_box_changes() {
        let mut record = Record::default();
        let at = |frame, x| FaceBox {
            frame,
            x,
            y: 1,
            width: 20,
            height: 24,
        };
        for (track, frame, x) in [(7, 3, 10), (7, 4, 10), (8, 4, 90), (7, 5, 12), (7, 6, 12)] {
            let seen = Seen {
                track: Some(track),
                ..Seen::default()
            };
            record.note(seen, at(frame, x), frame * 40);
        }
        for frame in [8, 9] {
            record.note(Seen::default(), at(frame, 30), frame * 40);
        }
        let face = |track, frames: [u64; 2], boxes| RestoredFace {
            track,
            frames,
            times: frames.map(|frame| frame * 40),
            blocks: None,
            probability: None,
            boxes,
        };
        let expected = [
            face(Some(7), [3, 6], vec![at(3, 10), at(5, 12)]),
            face(Some(8), [4, 4], vec![at(4, 90)]),
            face(None, [8, 9], vec![at(8, 30)]),
        ];
        assert_eq!(Record::faces(&Mutex::new(record)), expected);
    }

    #[test]
    fn a_face_goes_on_in_the_next_part() {
        let face = |track, frames: [u64; 2], x: u32| RestoredFace {
            track: Some(track),
            frames,
            times: frames.map(|frame| frame * 40),
            blocks: None,
            probability: None,
            boxes: vec![FaceBox {
                frame: frames[0],
                x,
                y: 0,
                width: 40,
                height: 40,
            }],
        };
        // In the second part the identities are others.
        let first = [face(3, [2, 9], 100), face(4, [5, 7], 0)];
        let second = [face(1, [0, 4], 104), face(2, [0, 4], 0)];
        let all = joined([(10, &first[..]), (10, &second[..])].into_iter(), 0);
        let told: Vec<_> = all.iter().map(|face| (face.track, face.frames)).collect();
        let expected = [(Some(1), [2, 14]), (Some(2), [5, 7]), (Some(3), [10, 14])];
        assert_eq!(told, expected);
        assert_eq!(
            all[0]
                .boxes
                .iter()
                .map(|b| (b.frame, b.x))
                .collect::<Vec<_>>(),
            [(2, 100), (10, 104)]
        );
    }
}
