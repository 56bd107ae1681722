//! Edit lists of MP4 files, followed here: GStreamer's reader ends a stream two seconds after the
//! end of its edit, counted from the wrong place, and so loses the sound of clips that were cut
//! without encoding.
//!
//! The file is read with its lists hidden (their boxes become free space, and the movie lasts as long
//! as its media), and the times that they
//! ask for are put on the streams.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};

use gst::prelude::*;

use super::boxes::{boxes, double, index, word};
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
    /// Bytes that are read instead of the file's, and where.
    patches: Vec<(u64, Vec<u8>)>,
}

impl EditLists {
    /// Those of the file at `path`; None where there are none, or some that show a track in several
    /// pieces.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        let index = index(&mut file).ok()??;
        let (offset, index) = (index.body, index.data);
        let mut lists = Self::default();
        let (_, movie) = boxes(&index).find(|(name, _)| name == b"mvhd")?;
        let scale = time_scale(&index[movie.clone()])?;
        for (_, track) in boxes(&index).filter(|(name, _)| name == b"trak") {
            lists.meet(&index, track, offset, scale)?;
        }
        let ends = lists.edits.values().map(|edit| edit.start + edit.duration);
        let end = ends
            .max()?
            .mul_div_ceil(scale.into(), gst::ClockTime::SECOND.nseconds())?;
        // Without its edits the movie lasts until the end of the last one.
        let (at, end) = match index[movie.start] {
            0 => (
                16,
                u32::try_from(end.nseconds()).ok()?.to_be_bytes().to_vec(),
            ),
            _ => (24, end.nseconds().to_be_bytes().to_vec()),
        };
        lists.patches.push((offset + movie.start as u64 + at, end));
        Some(lists)
    }

    fn meet(&mut self, index: &[u8], track: Range<usize>, offset: u64, movie: u32) -> Option<()> {
        let find = |outer: &Range<usize>, name: &[u8; 4]| {
            let found = boxes(&index[outer.clone()]).find(|(found, _)| found == name);
            found.map(|(_, body)| outer.start + body.start..outer.start + body.end)
        };
        let Some(edts) = find(&track, b"edts") else {
            return Some(());
        };
        let header = &index[find(&track, b"tkhd")?];
        let number = match header.first()? {
            0 => word(header, 12)?,
            _ => word(header, 20)?,
        };
        let media = find(&track, b"mdia").and_then(|media| find(&media, b"mdhd"))?;
        let scale = time_scale(&index[media])?;
        let edit = edit(&index[find(&edts, b"elst")?], movie, scale)?;
        self.edits.insert(number, edit);
        let name = offset + edts.start as u64 - 4;
        self.patches.push((name, b"free".to_vec()));
        Some(())
    }

    /// An element that reads the file at `path` as if it had no edit lists.
    pub(super) fn reader(&self, path: &Path) -> io::Result<gst::Element> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let state = Arc::new(Mutex::new((file, 0)));
        let (patches, for_seek) = (self.patches.clone(), Arc::clone(&state));
        let callbacks = gst_app::AppSrcCallbacks::builder()
            .seek_data(move |_, offset| match for_seek.lock() {
                Ok(mut state) => {
                    state.1 = offset;
                    true
                }
                Err(_) => false,
            })
            .need_data(move |source, length| {
                let data = state
                    .lock()
                    .map_err(|_| io::Error::other("it was read before"));
                let data = data.and_then(|mut state| {
                    let offset = state.1;
                    let data = read(&mut state.0, offset, length.min(1 << 24), &patches)?;
                    state.1 += data.len() as u64;
                    Ok((offset, data))
                });
                match data {
                    // Refused only while the pipeline is being stopped.
                    Ok((_, data)) if data.is_empty() => {
                        let _ = source.end_of_stream();
                    }
                    Ok((offset, data)) => {
                        let mut buffer = gst::Buffer::from_mut_slice(data);
                        if let Some(buffer) = buffer.get_mut() {
                            buffer.set_offset(offset);
                        }
                        let _ = source.push_buffer(buffer);
                    }
                    Err(error) => {
                        gst::element_error!(source, gst::ResourceError::Read, ("{error}"));
                    }
                }
            });
        let source = gst_app::AppSrc::builder()
            .stream_type(gst_app::AppStreamType::RandomAccess)
            .format(gst::Format::Bytes)
            .build();
        source.set_size(size as i64);
        source.set_callbacks(callbacks.build());
        Ok(source.upcast())
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

/// Bytes of the file, with `patches` in their places.
fn read(
    file: &mut File,
    offset: u64,
    length: u32,
    patches: &[(u64, Vec<u8>)],
) -> io::Result<Vec<u8>> {
    let mut data = Vec::with_capacity(length as usize);
    file.seek(SeekFrom::Start(offset))?;
    file.take(length.into()).read_to_end(&mut data)?;
    for (start, patch) in patches {
        for (at, byte) in (*start..).zip(patch) {
            let here = at
                .checked_sub(offset)
                .and_then(|at| data.get_mut(at as usize));
            if let Some(here) = here {
                *here = *byte;
            }
        }
    }
    Ok(data)
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
