//! Chapters of MP4 files, which GStreamer neither reads nor writes: Nero's `chpl` in the user data,
//! as FFmpeg, VLC and mpv know it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::boxes::{Index, boxes, double, index};

/// Ticks of its times, nanoseconds.
const TICK: u64 = 100;
/// Most chapters, and most bytes in a title: both are counted in a byte.
const MOST: usize = 255;
/// Most bytes behind the index: descriptions, not media.
const MOST_BEHIND: u64 = 1 << 20;
/// Bytes before the first chapter: version, flags, four of no meaning, and the number of chapters.
const HEAD: usize = 9;

/// The chapters of the file at `path`, which lasts until `end`; None where it has none.
pub(super) fn read(path: &Path, end: gst::ClockTime) -> Option<gst::Toc> {
    let index = index(&mut File::open(path).ok()?).ok()??;
    let (_, user) = boxes(&index.data).find(|(name, _)| name == b"udta")?;
    let user = &index.data[user];
    let (_, list) = boxes(user).find(|(name, _)| name == b"chpl")?;
    let list = &user[list];
    let count = (*list.get(HEAD - 1)?).into();
    let mut rest = list.get(HEAD..)?;
    let mut chapters = Vec::new();
    for _ in 0..count {
        let start = double(rest, 0)?.checked_mul(TICK)?;
        let length = usize::from(*rest.get(8)?);
        let title = String::from_utf8_lossy(rest.get(9..9 + length)?).into_owned();
        chapters.push((start, title));
        rest = rest.get(9 + length..)?;
    }
    let ends = chapters.iter().skip(1).map(|(start, _)| *start);
    let ends: Vec<u64> = ends.chain([end.nseconds()]).collect();
    let mut toc = gst::Toc::new(gst::TocScope::Global);
    let mut edition = gst::TocEntry::new(gst::TocEntryType::Edition, "edition");
    for (number, ((start, title), end)) in chapters.iter().zip(ends).enumerate() {
        let mut chapter = gst::TocEntry::new(gst::TocEntryType::Chapter, &number.to_string());
        let of_chapter = chapter.make_mut();
        of_chapter.set_start_stop_times(start.cast_signed(), end.cast_signed());
        let mut tags = gst::TagList::new();
        tags.make_mut()
            .add::<gst::tags::Title>(&title.as_str(), gst::TagMergeMode::Append);
        of_chapter.set_tags(tags);
        edition.make_mut().append_sub_entry(chapter);
    }
    toc.make_mut().append_entry(edition);
    (count > 0).then_some(toc)
}

/// Write chapters into the file at `path`, whose index is behind its media.
pub(super) fn write(path: &Path, chapters: &gst::Toc) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let size = file.metadata()?.len();
    let end = |index: &Index| index.body + index.data.len() as u64;
    let index = index(&mut file)?.filter(|index| size - end(index) <= MOST_BEHIND);
    let Some(index) = index else {
        return Err(io::Error::other(
            "the chapters cannot be written: its index is not near its end",
        ));
    };
    let list = boxed(b"chpl", &list(chapters));
    // Into the user data where they are the end of the index, else into ones of their own.
    let last = boxes(&index.data)
        .last()
        .filter(|(name, _)| name == b"udta");
    let (added, grown) = match last {
        Some((_, user)) => (list, Some(index.body + user.start as u64 - 8)),
        None => (boxed(b"udta", &list), None),
    };
    let mut behind = Vec::new();
    file.seek(SeekFrom::Start(end(&index)))?;
    file.read_to_end(&mut behind)?;
    file.seek(SeekFrom::Start(end(&index)))?;
    file.write_all(&added)?;
    file.write_all(&behind)?;
    for start in grown.into_iter().chain([index.start]) {
        grow(&mut file, start, added.len() as u64)?;
    }
    Ok(())
}

/// The body of a `chpl`.
fn list(chapters: &gst::Toc) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in chapters.entries() {
        collect(&entry, &mut all);
    }
    all.truncate(MOST);
    let mut list = vec![1, 0, 0, 0, 0, 0, 0, 0, all.len() as u8];
    for (start, title) in all {
        let mut length = title.len().min(MOST);
        while !title.is_char_boundary(length) {
            length -= 1;
        }
        list.extend((start / TICK).to_be_bytes());
        list.push(length as u8);
        list.extend(&title.as_bytes()[..length]);
    }
    list
}

/// Chapters in `entry`, as their starts in nanoseconds and their titles.
fn collect(entry: &gst::TocEntry, chapters: &mut Vec<(u64, String)>) {
    if entry.entry_type() == gst::TocEntryType::Chapter
        && let Some((start, _)) = entry.start_stop_times()
    {
        let title = entry.tags().and_then(|tags| {
            let title = tags.get::<gst::tags::Title>()?;
            Some(title.get().to_owned())
        });
        chapters.push((start.max(0).cast_unsigned(), title.unwrap_or_default()));
    }
    for sub_entry in entry.sub_entries() {
        collect(&sub_entry, chapters);
    }
}

fn boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = (body.len() + 8) as u32;
    [&size.to_be_bytes()[..], name, body].concat()
}

/// Make the size of the box at `start` larger by `more`.
fn grow(file: &mut File, start: u64, more: u64) -> io::Result<()> {
    let mut size = [0; 4];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut size)?;
    let grown = u64::from(u32::from_be_bytes(size)) + more;
    let grown = u32::try_from(grown).map_err(io::Error::other)?;
    file.seek(SeekFrom::Start(start))?;
    file.write_all(&grown.to_be_bytes())
}
