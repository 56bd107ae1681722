//! Which faces were restored, where and when.

use std::sync::{Arc, Mutex, PoisonError};

use gst::prelude::*;
use gst_video::VideoRegionOfInterestMeta;
use serde::Serialize;

/// Type of the metas by which `facedepixelate` tells of the faces that it restored.
pub(super) const RESTORED_FACE: &str = "restored-face";

/// One face, from its first frame to its last one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RestoredFace {
    /// Number of its track; None where its place was named for all frames.
    pub track: Option<u32>,
    /// Its first frame, counted from 0, and its last one.
    pub frames: [u64; 2],
    /// Positions of these frames in the film, nanoseconds.
    pub times: [u64; 2],
    /// Where it was: each box counts until the next one.
    pub boxes: Vec<FaceBox>,
}

/// Where a face was from a frame on, pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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

/// Notes what metas say.
#[derive(Debug, Default)]
pub(super) struct Record {
    frames: u64,
    faces: Vec<RestoredFace>,
}

impl Record {
    /// Note the regions of type `kind` in all frames that pass `pad`.
    pub(super) fn of(pad: &gst::Pad, kind: &'static str) -> Arc<Mutex<Self>> {
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
            }
            gst::PadProbeReturn::Ok
        });
        record
    }

    /// The faces, in the order of their first frames.
    pub(super) fn faces(record: &Mutex<Self>) -> Vec<RestoredFace> {
        let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut record.faces)
    }

    fn meet(&mut self, buffer: &gst::BufferRef, kind: &str, time: gst::ClockTime) {
        let frame = self.frames;
        self.frames += 1;
        let metas = buffer.iter_meta::<VideoRegionOfInterestMeta>();
        for meta in metas.filter(|meta| meta.roi_type() == kind) {
            let track = (meta.params()).find_map(|params| params.get::<u32>("track-id").ok());
            let (x, y, width, height) = meta.rect();
            let here = FaceBox {
                frame,
                x,
                y,
                width,
                height,
            };
            self.note(track, here, time.nseconds());
        }
    }

    fn note(&mut self, track: Option<u32>, here: FaceBox, time: u64) {
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
                boxes: vec![here],
            }),
        }
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
            record.note(Some(track), at(frame, x), frame * 40);
        }
        for frame in [8, 9] {
            record.note(None, at(frame, 30), frame * 40);
        }
        let face = |track, frames: [u64; 2], boxes| RestoredFace {
            track,
            frames,
            times: frames.map(|frame| frame * 40),
            boxes,
        };
        let expected = [
            face(Some(7), [3, 6], vec![at(3, 10), at(5, 12)]),
            face(Some(8), [4, 4], vec![at(4, 90)]),
            face(None, [8, 9], vec![at(8, 30)]),
        ];
        assert_eq!(Record::faces(&Mutex::new(record)), expected);
    }
}
