//! Edit lists of MP4 files, followed here: GStreamer's reader ends a stream two seconds after the
//! end of its edit, counted from the wrong place, and so loses the sound of clips that were cut
//! without encoding.
//!
//! The file is read with its lists hidden (their boxes become free space, and the movie lasts as long
//! as its media), and the times that they ask for are put on the streams.

use std::collections::HashMap;
use std::ops::Range;

use gst::prelude::*;

use super::boxes::{boxes, double, find, word};
use super::stream::stream_id;

/// When a track is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Edit {
    /// Time before it.
    delay: gst::ClockTime,
    /// Its first time that is shown.
    start: gst::ClockTime,
    /// How much of it is shown.
    duration: gst::ClockTime,
}

/// The edit lists of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct EditLists {
    /// By the number of the track.
    edits: HashMap<u32, Edit>,
}

impl EditLists {
    /// Those of the index of a file, which are hidden in it; None where there are none, or some that
    /// show a track in several pieces.
    pub(super) fn hide(index: &mut [u8]) -> Option<Self> {
        let mut lists = Self::default();
        let mut hidden = Vec::new();
        let (_, movie) = boxes(index).find(|(name, _)| name == b"mvhd")?;
        let scale = time_scale(&index[movie.clone()])?;
        for (_, track) in boxes(index).filter(|(name, _)| name == b"trak") {
            let Some(edts) = find(index, &track, &[b"edts"]) else {
                continue;
            };
            lists.meet(index, &track, &edts, scale)?;
            hidden.push(edts.start - 4);
        }
        let ends = lists.edits.values().map(|edit| edit.start + edit.duration);
        let end = ends
            .max()?
            .mul_div_ceil(scale.into(), gst::ClockTime::SECOND.nseconds())?
            .nseconds();
        // Without its edits the movie lasts until the end of the last one.
        let (at, end) = match index[movie.start] {
            0 => (16, u32::try_from(end).ok()?.to_be_bytes().to_vec()),
            _ => (24, end.to_be_bytes().to_vec()),
        };
        let place = movie.start + at..movie.start + at + end.len();
        index.get_mut(place)?.copy_from_slice(&end);
        for name in hidden {
            index[name..name + 4].copy_from_slice(b"free");
        }
        Some(lists)
    }

    fn meet(
        &mut self,
        index: &[u8],
        track: &Range<usize>,
        edts: &Range<usize>,
        movie: u32,
    ) -> Option<()> {
        let header = &index[find(index, track, &[b"tkhd"])?];
        let number = match header.first()? {
            0 => word(header, 12)?,
            _ => word(header, 20)?,
        };
        let scale = time_scale(&index[find(index, track, &[b"mdia", b"mdhd"])?])?;
        let edit = edit(&index[find(index, edts, &[b"elst"])?], movie, scale)?;
        self.edits.insert(number, edit);
        Some(())
    }

    /// Put the times that the list asks for on a stream of that reader.
    pub(super) fn follow(&self, stream: &gst::Pad) {
        let number = stream_id(stream).parse::<u32>().ok();
        let Some(edit) = number.and_then(|number| self.edits.get(&number)).copied() else {
            return;
        };
        stream.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
            if let Some(gst::PadProbeData::Event(event)) = &mut info.data
                && let gst::EventView::Segment(_) = event.view()
            {
                let mut segment = gst::FormattedSegment::<gst::ClockTime>::new();
                segment.set_start(edit.start);
                segment.set_stop(edit.start + edit.duration);
                segment.set_position(edit.start);
                segment.set_time(edit.delay);
                segment.set_base(edit.delay);
                *event = gst::event::Segment::builder(&segment)
                    .seqnum(event.seqnum())
                    .build();
            }
            gst::PadProbeReturn::Ok
        });
    }
}

/// Ticks per second in the body of `mvhd` or `mdhd`.
fn time_scale(header: &[u8]) -> Option<u32> {
    let scale = match header.first()? {
        0 => word(header, 12)?,
        _ => word(header, 20)?,
    };
    (scale > 0).then_some(scale)
}

/// What an edit list asks for, if that is one piece, after a pause or not.
fn edit(list: &[u8], movie: u32, media: u32) -> Option<Edit> {
    let long = *list.first()? != 0;
    let size = if long { 20 } else { 12 };
    let count = word(list, 4)? as usize;
    let mut entries = list.get(8..)?.chunks_exact(size).take(count);
    let fields = |entry: &[u8]| {
        Some(match long {
            false => (
                word(entry, 0)?.into(),
                i64::from(word(entry, 4)?.cast_signed()),
            ),
            true => (double(entry, 0)?, double(entry, 8)?.cast_signed()),
        })
    };
    let time = |ticks: u64, scale: u32| {
        let time = gst::ClockTime::SECOND.mul_div_floor(ticks, scale.into());
        time.filter(|time| *time < gst::ClockTime::from_seconds(1 << 30))
    };
    let mut found = Edit::default();
    let (mut duration, mut start) = fields(entries.next()?)?;
    if start == -1 {
        found.delay = time(duration, movie)?;
        (duration, start) = fields(entries.next()?)?;
    }
    (found.start, found.duration) = (time(start.try_into().ok()?, media)?, time(duration, movie)?);
    let is_all = entries.next().is_none() && found.duration > gst::ClockTime::ZERO;
    is_all.then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[(u32, i32)]) -> Vec<u8> {
        let mut list = vec![0; 4];
        list.extend((entries.len() as u32).to_be_bytes());
        for (duration, start) in entries {
            list.extend(duration.to_be_bytes());
            list.extend(start.to_be_bytes());
            list.extend([0, 1, 0, 0]);
        }
        list
    }

    #[test]
    fn one_piece_is_followed_after_a_pause_or_not() {
        let ms = gst::ClockTime::from_mseconds;
        let found = |entries: &[(u32, i32)]| edit(&list(entries), 1000, 48_000);
        let cut = |delay, start, duration| {
            Some(Edit {
                delay: ms(delay),
                start: ms(start),
                duration: ms(duration),
            })
        };
        assert_eq!(found(&[(3500, 120_000)]), cut(0, 2500, 3500));
        assert_eq!(found(&[(250, -1), (3500, 48)]), cut(250, 1, 3500));
        for wrong in [
            &[][..],
            &[(250, -1)],
            &[(10, 0), (10, 480)],
            &[(0, 0)],
            &[(10, -2)],
        ] {
            assert_eq!(found(wrong), None, "{wrong:?}");
        }
        assert_eq!(edit(&[0; 5], 1000, 1000), None);
    }
}
