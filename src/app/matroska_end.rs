//! What is put behind all else in a Matroska file, as GStreamer's muxer does not write it: files
//! that are attached, and the timecode of its first frame.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use super::attachments::{self, Attachment};
use super::ebml::{
    self, ATTACHMENTS, Element, SEEK_HEAD, TAGS, TRACK, TRACKS, element, sized, unsigned, within,
};
use super::timecode::{self, FirstTimecode};

/// Entries of a seek head: what is where.
const SEEK: u32 = 0x4DBB;
const SEEK_ID: u32 = 0x53AB;
const SEEK_POSITION: u32 = 0x53AC;
/// By which tags name a track.
const TRACK_UID: u32 = 0x73C5;
/// A tag.
const TAG: u32 = 0x7373;
const TARGETS: u32 = 0x63C0;
const TAG_TRACK_UID: u32 = 0x63C5;
const SIMPLE_TAG: u32 = 0x67C8;
const TAG_NAME: u32 = 0x45A3;
const TAG_STRING: u32 = 0x4487;
/// Bytes before the content of an element whose length is written in eight.
const WHOLE_HEAD: u64 = 12;

/// Put `attachments`, and a timecode for its first track, into the Matroska file at `path`.
///
/// Readers look behind the media only for what the seek head at the start names. There is no room in
/// it, so its entry for the tags is made one for a second seek head, which names them and the rest.
pub(super) fn write(
    path: &Path,
    attachments: &[Attachment],
    timecode: Option<FirstTimecode>,
) -> io::Result<()> {
    if attachments.is_empty() && timecode.is_none() {
        return Ok(());
    }
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let Some(places) = Places::of(&file) else {
        return Err(io::Error::other(
            "nothing can be added to it: its own list of parts is not as expected",
        ));
    };
    append(&file, &places, attachments, timecode)
}

/// What has to be known of a file to add to it.
struct Places {
    /// Where its segment begins: all positions are counted from there.
    origin: u64,
    end: u64,
    /// Where its tags are.
    tags: u64,
    /// Where its seek head tells that: the name and the position.
    entry: [u64; 2],
    /// The number by which tags name its first track.
    track: u64,
}

impl Places {
    /// Those of a file that GStreamer's muxer has finished; None where it is not as that writes them.
    fn of(file: &File) -> Option<Self> {
        let segment = ebml::segment(file)?;
        let parts: Vec<Element> = within(file, &segment).collect();
        let find = |id: u32| parts.iter().find(|part| part.id == id);
        let track = within(file, find(TRACKS)?).find(|track| track.id == TRACK)?;
        let number = within(file, &track).find(|part| part.id == TRACK_UID)?;
        let is_all = segment.is_whole && segment.body.end == file.metadata().ok()?.len();
        (is_all && segment.body.start - segment.start == WHOLE_HEAD).then_some(Self {
            origin: segment.body.start,
            end: segment.body.end,
            tags: find(TAGS)?.start,
            entry: entry(file, find(SEEK_HEAD)?)?,
            track: unsigned(file, &number)?,
        })
    }
}

/// Where a seek head tells of the tags: their name, in four bytes, and their position, in eight.
fn entry(file: &File, seek_head: &Element) -> Option<[u64; 2]> {
    let entries = within(file, seek_head).filter(|entry| entry.id == SEEK);
    let places = entries.filter_map(|entry| {
        let id = within(file, &entry).find(|part| part.id == SEEK_ID)?;
        let position = within(file, &entry).find(|part| part.id == SEEK_POSITION)?;
        let is_of_tags = unsigned(file, &id) == Some(TAGS.into());
        let is_whole = position.body.end - position.body.start == 8;
        (is_of_tags && is_whole).then_some([id.body.start, position.body.start])
    });
    { places }.next()
}

fn append(
    mut file: &File,
    places: &Places,
    attachments: &[Attachment],
    timecode: Option<FirstTimecode>,
) -> io::Result<()> {
    let mut found = vec![(TAGS, places.tags)];
    file.seek(SeekFrom::Start(places.end))?;
    if !attachments.is_empty() {
        found.push((ATTACHMENTS, file.stream_position()?));
        attachments::write(attachments, file)?;
    }
    if let Some(timecode) = timecode {
        found.push((TAGS, file.stream_position()?));
        file.write_all(&tag_of_track(
            places.track,
            timecode::TAG,
            &timecode.to_string(),
        ))?;
    }
    let second = file.stream_position()?;
    let entries = found.iter().map(|(id, place)| {
        let place = (place - places.origin).to_be_bytes();
        let parts = [
            element(SEEK_ID, &id.to_be_bytes()),
            element(SEEK_POSITION, &place),
        ];
        element(SEEK, &parts.concat())
    });
    file.write_all(&element(SEEK_HEAD, &entries.collect::<Vec<_>>().concat()))?;
    let length = file.stream_position()? - places.origin;
    let [id, position] = places.entry;
    for (place, bytes) in [
        (id, &SEEK_HEAD.to_be_bytes()[..]),
        (position, &(second - places.origin).to_be_bytes()),
        (places.origin - 8, &sized(length)),
    ] {
        file.seek(SeekFrom::Start(place))?;
        file.write_all(bytes)?;
    }
    Ok(())
}

/// A tag for the track with this number.
fn tag_of_track(track: u64, name: &str, text: &str) -> Vec<u8> {
    let target = element(TARGETS, &element(TAG_TRACK_UID, &track.to_be_bytes()));
    let text = [
        element(TAG_NAME, name.as_bytes()),
        element(TAG_STRING, text.as_bytes()),
    ];
    let tag = [target, element(SIMPLE_TAG, &text.concat())];
    element(TAGS, &element(TAG, &tag.concat()))
}
