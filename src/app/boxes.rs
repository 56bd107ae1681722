//! The boxes of MP4 and QuickTime files, as ISO/IEC 14496-12 has them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

/// Largest index of a file that is read, bytes.
const MOST_INDEX: u64 = 256 << 20;
/// Most boxes of a file, or in one box.
const MOST_BOXES: usize = 4096;

/// The box of a file that describes its tracks.
#[derive(Debug)]
pub(super) struct Index {
    /// Where it begins in the file.
    pub(super) start: u64,
    /// Where its boxes begin in the file.
    pub(super) body: u64,
    /// Its boxes.
    pub(super) data: Vec<u8>,
    /// Whether a box may be put behind the end of the file.
    pub(super) can_follow: bool,
}

/// A box of a file that is in no other one.
#[derive(Debug)]
struct Outer {
    name: [u8; 4],
    /// Where it begins, its body begins, and it ends in the file.
    start: u64,
    body: u64,
    end: u64,
    /// Whether it lasts until the end of the file, however long that is.
    is_open: bool,
}

/// The boxes of a file, until the first that is torn.
fn outer(file: &mut File) -> io::Result<Vec<Outer>> {
    let (mut found, mut start) = (Vec::new(), 0);
    let end = file.metadata()?.len();
    while found.len() < MOST_BOXES {
        let mut head = [0; 16];
        file.seek(SeekFrom::Start(start))?;
        if file.read(&mut head)? < 16 {
            break;
        }
        let (short, long) = (word(&head, 0).unwrap_or(0), head.last_chunk::<8>());
        let (size, body) = match short {
            0 => (end - start, 8),
            1 => (long.map_or(0, |long| u64::from_be_bytes(*long)), 16),
            size => (size.into(), 8),
        };
        if size < body || size > end - start {
            break;
        }
        found.push(Outer {
            name: [head[4], head[5], head[6], head[7]],
            start,
            body: start + body,
            end: start + size,
            is_open: short == 0,
        });
        start += size;
    }
    Ok(found)
}

/// The box of a file that describes its tracks; None where there is none.
pub(super) fn index(file: &mut File) -> io::Result<Option<Index>> {
    let outer = outer(file)?;
    let Some(found) = outer.iter().find(|found| &found.name == b"moov") else {
        return Ok(None);
    };
    if found.end - found.start > MOST_INDEX {
        return Ok(None);
    }
    let mut data = vec![0; (found.end - found.body) as usize];
    file.seek(SeekFrom::Start(found.body))?;
    file.read_exact(&mut data)?;
    Ok(Some(Index {
        start: found.start,
        body: found.body,
        data,
        can_follow: outer.iter().all(|outer| !outer.is_open),
    }))
}

/// The boxes in `data`: their names, and where their bodies are.
pub(super) fn boxes(data: &[u8]) -> impl Iterator<Item = ([u8; 4], Range<usize>)> + '_ {
    let mut offset = 0;
    let next = move || {
        let size = word(data, offset)? as usize;
        let name = *data.get(offset + 4..)?.first_chunk::<4>()?;
        let body = offset + 8..offset.checked_add(size)?;
        offset = body.end;
        (size >= 8 && body.end <= data.len()).then_some((name, body))
    };
    std::iter::from_fn(next).take(MOST_BOXES)
}

/// Where the body of the box lies that is found in `outer` along these names, one in the other.
pub(super) fn find(data: &[u8], outer: &Range<usize>, names: &[&[u8; 4]]) -> Option<Range<usize>> {
    names.iter().try_fold(outer.clone(), |outer, name| {
        let (_, body) = boxes(data.get(outer.clone())?).find(|(found, _)| found == *name)?;
        Some(outer.start + body.start..outer.start + body.end)
    })
}

/// A track as an index describes it.
#[derive(Clone, Debug)]
pub(super) struct Track {
    /// Its number.
    pub(super) number: u32,
    /// What it is for: `vide`, `soun`, `tmcd`, …
    pub(super) handler: [u8; 4],
    /// Where its boxes are in the index.
    pub(super) body: Range<usize>,
}

/// The tracks in the index `data`, but for those that are torn.
pub(super) fn tracks(data: &[u8]) -> impl Iterator<Item = Track> + '_ {
    let tracks = boxes(data).filter(|(name, _)| name == b"trak");
    tracks.filter_map(|(_, body)| {
        let header = &data[find(data, &body, &[b"tkhd"])?];
        let number = word(header, if *header.first()? == 0 { 12 } else { 20 })?;
        let handler = &data[find(data, &body, &[b"mdia", b"hdlr"])?];
        let handler = *handler.get(8..)?.first_chunk()?;
        Some(Track {
            number,
            handler,
            body,
        })
    })
}

/// The 32-bit number at `at`.
pub(super) fn word(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*data.get(at..)?.first_chunk()?))
}

/// The 64-bit number at `at`.
pub(super) fn double(data: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(*data.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_end_where_their_sizes_lie() {
        assert_eq!(boxes(b"\0\0\0\x0cabcd1234\0\0\0\x09efgh").count(), 1);
        assert_eq!(boxes(b"\0\0\0\x01abcd").count(), 0);
        assert_eq!(boxes(b"\xff\xff\xff\xffabcd").count(), 0);
        assert_eq!(boxes(b"\0\0").count(), 0);
    }
}
