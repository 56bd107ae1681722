//! Elements of Matroska files, as RFC 8794 has them and RFC 9559 names them.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

/// Most parts of what is no media: whoever needs more means harm.
pub(super) const MOST: usize = 1 << 16;
/// The head of each file.
const HEAD: u32 = 0x1A45_DFA3;
/// All else.
const SEGMENT: u32 = 0x1853_8067;
/// Where other elements are.
pub(super) const SEEK_HEAD: u32 = 0x114D_9B74;
/// Tracks and what they are.
pub(super) const TRACKS: u32 = 0x1654_AE6B;
/// One of them, and its number.
pub(super) const TRACK: u32 = 0xAE;
const NUMBER: u32 = 0xD7;
/// Files that are attached.
pub(super) const ATTACHMENTS: u32 = 0x1941_A469;
/// Tags of the file, and of its parts.
pub(super) const TAGS: u32 = 0x1254_C367;

/// Longest text or number that is read, bytes.
const MOST_TEXT: u64 = 4096;

/// An element of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Element {
    /// Its name, the marker included.
    pub(super) id: u32,
    /// Where it begins in the file.
    pub(super) start: u64,
    /// Where its content is.
    pub(super) body: Range<u64>,
    /// Whether it says how long it is, and all of that is there; else it is taken to last until the
    /// end of what it is in.
    pub(super) is_whole: bool,
}

/// The elements in a part of a file, one after the other. What is in one without a length comes
/// behind it.
pub(super) struct Elements<'a> {
    file: &'a File,
    within: Range<u64>,
}

impl Iterator for Elements<'_> {
    type Item = Element;

    fn next(&mut self) -> Option<Element> {
        let start = self.within.start;
        let mut head = Vec::new();
        let mut file = self.file;
        file.seek(SeekFrom::Start(start)).ok()?;
        file.take(12).read_to_end(&mut head).ok()?;
        let (id, length) = number(&head).filter(|(_, length)| *length <= 4)?;
        let (size, more) = number(&head[length..])?;
        let marker = 1 << (7 * more);
        let is_closed = size != 2 * marker - 1;
        let body = start + (length + more) as u64;
        let end = body.checked_add(size - marker).filter(|_| is_closed);
        let limit = self.within.end;
        let is_whole = end.is_some_and(|end| end <= limit);
        let end = end.map_or(limit, |end| end.min(limit));
        self.within.start = if is_closed { end } else { body };
        (body <= end).then_some(Element {
            id: id as u32,
            start,
            body: body..end,
            is_whole,
        })
    }
}

/// The elements in `element`.
pub(super) fn within<'a>(file: &'a File, element: &Element) -> Elements<'a> {
    Elements {
        file,
        within: element.body.clone(),
    }
}

/// What holds all of a Matroska file; None where it is none.
pub(super) fn segment(file: &File) -> Option<Element> {
    let mut all = Elements {
        file,
        within: 0..file.metadata().ok()?.len(),
    };
    all.next().filter(|head| head.id == HEAD)?;
    all.find(|element| element.id == SEGMENT)
}

/// The tracks of a Matroska file, with their numbers; none where it is no such file.
pub(super) fn tracks(file: &File) -> Vec<(u64, Element)> {
    let list = segment(file).and_then(|all| within(file, &all).find(|part| part.id == TRACKS));
    let tracks: Vec<Element> =
        list.map_or_else(Vec::new, |list| within(file, &list).take(MOST).collect());
    let tracks = tracks.into_iter().filter(|track| track.id == TRACK);
    let numbered = tracks.filter_map(|track| {
        let number = within(file, &track)
            .take(MOST)
            .find(|part| part.id == NUMBER)?;
        Some((unsigned(file, &number)?, track))
    });
    numbered.collect()
}

/// The text in `element`, which may end in zeros.
pub(super) fn text(mut file: &File, element: &Element) -> Option<String> {
    let mut data = Vec::new();
    file.seek(SeekFrom::Start(element.body.start)).ok()?;
    let length = (element.body.end - element.body.start).min(MOST_TEXT);
    file.take(length).read_to_end(&mut data).ok()?;
    let text = String::from_utf8_lossy(&data);
    Some(text.trim_end_matches('\0').to_owned())
}

/// The number in `element`.
pub(super) fn unsigned(mut file: &File, element: &Element) -> Option<u64> {
    let length = element.body.end - element.body.start;
    let mut data = Vec::new();
    file.seek(SeekFrom::Start(element.body.start)).ok()?;
    file.take(length.min(9)).read_to_end(&mut data).ok()?;
    (data.len() <= 8).then(|| whole(&data))
}

/// The head of an element of so many bytes.
pub(super) fn head(id: u32, length: u64) -> Vec<u8> {
    let id = id.to_be_bytes();
    let zeros = id.iter().take_while(|byte| **byte == 0).count();
    [&id[zeros..], &sized(length)].concat()
}

/// The length of an element, in eight bytes.
pub(super) fn sized(length: u64) -> [u8; 8] {
    (length | 1 << 56).to_be_bytes()
}

/// An element.
pub(super) fn element(id: u32, body: &[u8]) -> Vec<u8> {
    [&head(id, body.len() as u64), body].concat()
}

/// The number of variable length at the start of `data`, with its marker, and how long it is.
fn number(data: &[u8]) -> Option<(u64, usize)> {
    let length = data.first()?.leading_zeros() as usize + 1;
    let bytes = data.get(..length).filter(|bytes| bytes.len() <= 8)?;
    Some((whole(bytes), length))
}

fn whole(bytes: &[u8]) -> u64 {
    let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    bytes.iter().fold(0, add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(data: &[u8]) -> File {
        use std::io::Write;
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(data).unwrap();
        file
    }

    #[test]
    fn elements_are_read_as_they_are_written() {
        let inner = element(TAGS, b"a text\0\0");
        let data = [element(HEAD, b""), element(SEGMENT, &inner)].concat();
        let file = file(&data);
        let segment = segment(&file).unwrap();
        let found: Vec<_> = within(&file, &segment).collect();
        assert_eq!((found.len(), found[0].id), (1, TAGS));
        assert_eq!(text(&file, &found[0]).as_deref(), Some("a text"));
    }

    #[test]
    fn without_a_length_what_is_inside_comes_behind() {
        let open = [&0x1F43_B675_u32.to_be_bytes()[..], &[0xFF]].concat();
        let inside = [open, element(0xE7, &[7]), element(TAGS, b"")].concat();
        let data = [
            element(HEAD, b""),
            [&SEGMENT.to_be_bytes()[..], &[0xFF]].concat(),
            inside,
        ]
        .concat();
        let file = file(&data);
        let segment = segment(&file).unwrap();
        let found: Vec<_> = within(&file, &segment).collect();
        let ids: Vec<u32> = found.iter().map(|element| element.id).collect();
        assert_eq!(ids, [0x1F43_B675, 0xE7, TAGS]);
        assert_eq!(unsigned(&file, &found[1]), Some(7));
    }

    #[test]
    fn lengths_that_lie_reach_no_further_than_the_file() {
        let torn = file(b"\x1A\x45\xDF\xA3\x80\x18\x53\x80\x67\x90abc");
        let segment = segment(&torn).unwrap();
        assert_eq!((segment.body, segment.is_whole), (10..13, false));
        for data in [
            &b"\x1A\x45\xDF\xA3\x01\xFF\xFF\xFF\xFF\xFF\xFF\xF0"[..],
            b"\x1A\x45",
            b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            b"",
        ] {
            assert_eq!(super::segment(&file(data)), None);
        }
    }
}
