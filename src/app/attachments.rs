//! Files that are attached to a film: the fonts of its subtitles, its cover. Matroska holds any,
//! others a cover at most.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::container::Container;
use super::ebml::{ATTACHMENTS, Element, MOST, element, head, segment, text, within};

/// What an attachment has, in Matroska.
const FILE: u32 = 0x61A7;
const NAME: u32 = 0x466E;
const MEDIA_TYPE: u32 = 0x4660;
const DATA: u32 = 0x465C;
const UID: u32 = 0x46AE;

/// Most attachments that are named in a message.
const NAMED: usize = 5;

/// A file that is attached to a film.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// Its name; one of ours where a cover has none.
    pub name: String,
    /// What kind of file it is, such as `image/jpeg`.
    pub media_type: String,
    /// How many bytes it has.
    pub size: u64,
    content: Content,
}

/// What of an attachment is written.
#[derive(Clone, Debug)]
enum Content {
    /// An element of this Matroska file, as it is.
    Within(PathBuf, Range<u64>),
    /// The bytes of a cover.
    Cover(gst::Buffer),
}

/// Those of the film at `path`, which has these tags.
pub(super) fn of(path: &Path, tags: &gst::TagListRef) -> Vec<Attachment> {
    let matroska = File::open(path).ok().and_then(|file| {
        let segment = segment(&file)?;
        Some((file, segment))
    });
    match matroska {
        Some((file, segment)) => {
            let lists = within(&file, &segment).filter(|element| element.id == ATTACHMENTS);
            let files = lists.flat_map(|list| within(&file, &list).take(MOST).collect::<Vec<_>>());
            let files = files.filter(|element| element.id == FILE && element.is_whole);
            files
                .filter_map(|found| attached(path, &file, &found))
                .collect()
        }
        None => covers(tags).collect(),
    }
}

/// The attachment in `element` of the file at `path`.
fn attached(path: &Path, file: &File, element: &Element) -> Option<Attachment> {
    let parts: Vec<Element> = within(file, element).take(MOST).collect();
    let find = |id: u32| parts.iter().find(|part| part.id == id);
    let data = &find(DATA)?.body;
    Some(Attachment {
        name: find(NAME)
            .and_then(|name| text(file, name))
            .unwrap_or_default(),
        media_type: find(MEDIA_TYPE)
            .and_then(|kind| text(file, kind))
            .unwrap_or_default(),
        size: data.end - data.start,
        content: Content::Within(path.to_owned(), element.start..element.body.end),
    })
}

/// The covers that are among the tags.
fn covers(tags: &gst::TagListRef) -> impl Iterator<Item = Attachment> + '_ {
    tags.iter_tag::<gst::tags::Image>().filter_map(|image| {
        let image = image.get();
        let buffer = image.buffer_owned()?;
        let media_type = image.caps()?.structure(0)?.name().to_string();
        let ending = media_type
            .trim_start_matches("image/")
            .replace("jpeg", "jpg");
        Some(Attachment {
            name: format!("cover.{ending}"),
            media_type,
            size: buffer.size() as u64,
            content: Content::Cover(buffer),
        })
    })
}

/// Which of a film's attachments `container` holds, and a message about those that it does not.
/// `tags` are those of the film.
pub(super) fn kept<'a>(
    all: &'a [Attachment],
    tags: &gst::TagListRef,
    container: &Container,
) -> (Vec<&'a Attachment>, Option<String>) {
    // The muxer of MP4 takes the first cover from the tags.
    let cover = covers(tags).next().filter(|_| container.has_boxes());
    let cover = all.iter().position(|file| {
        let is_cover = |cover: &Attachment| {
            let kinds = ["image/jpeg", "image/png"];
            cover.size == file.size && kinds.contains(&cover.media_type.as_str())
        };
        cover.as_ref().is_some_and(is_cover)
    });
    let is_kept = |number: usize| container.has_attachments() || cover == Some(number);
    let (kept, lost): (Vec<_>, Vec<_>) = all
        .iter()
        .enumerate()
        .partition(|(number, _)| is_kept(*number));
    let lost: Vec<&Attachment> = lost.into_iter().map(|(_, file)| file).collect();
    let message = (!lost.is_empty()).then(|| {
        let names: Vec<&str> = lost.iter().map(|file| file.name.as_str()).collect();
        let more = if names.len() > NAMED { ", …" } else { "" };
        let (count, is) = match lost.len() {
            1 => ("1 attachment".to_owned(), "is"),
            count => (format!("{count} attachments"), "are"),
        };
        format!(
            "{count} ({}{more}) {is} left out, as this container cannot hold {}: .mkv can",
            names[..names.len().min(NAMED)].join(", "),
            if lost.len() == 1 { "it" } else { "them" },
        )
    });
    (kept.into_iter().map(|(_, file)| file).collect(), message)
}

/// Write `all` as an element of Matroska where `output` stands.
pub(super) fn write(all: &[Attachment], mut output: &File) -> io::Result<()> {
    let start = output.stream_position()?;
    output.write_all(&head(ATTACHMENTS, 0))?;
    let body = output.stream_position()?;
    for (number, attachment) in (1_u64..).zip(all) {
        match &attachment.content {
            Content::Within(path, part) => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(part.start))?;
                let length = part.end - part.start;
                let copied = io::copy(&mut file.take(length), &mut output)?;
                if copied < length {
                    return Err(io::Error::other(format!(
                        "{}: it became shorter",
                        path.display()
                    )));
                }
            }
            Content::Cover(buffer) => {
                let data = buffer.map_readable().map_err(io::Error::other)?;
                let parts = [
                    element(NAME, attachment.name.as_bytes()),
                    element(MEDIA_TYPE, attachment.media_type.as_bytes()),
                    element(UID, &number.to_be_bytes()),
                    element(DATA, &data),
                ];
                output.write_all(&element(FILE, &parts.concat()))?;
            }
        }
    }
    let end = output.stream_position()?;
    output.seek(SeekFrom::Start(start))?;
    output.write_all(&head(ATTACHMENTS, end - body))?;
    output.seek(SeekFrom::Start(end))?;
    Ok(())
}
