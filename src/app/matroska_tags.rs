//! Tags of Matroska files in plain words.
//!
//! GStreamer's muxer writes text with anything but letters in it as it would stand in a launch line,
//! in quotes and with strokes before each sign. What was meant is shorter, and strings in EBML may
//! end in zeros (RFC 8794, 7.4): so it is put right in its place.

use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use gst::glib;
use gst::prelude::*;

/// Where tags are looked for: so many bytes at the start and at the end of a file.
const ENDS: u64 = 1 << 20;

/// Put the text of `tags` right in the file at `path`, in which they were just written.
pub(super) fn mend(path: &Path, tags: &gst::TagListRef) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let size = file.metadata()?.len();
    for start in [0, ENDS.max(size.saturating_sub(ENDS))] {
        let mut data = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        Read::by_ref(&mut file).take(ENDS).read_to_end(&mut data)?;
        for (_, value) in tags.iter() {
            let Some((written, meant)) = texts(&value) else {
                continue;
            };
            let found = data.windows(written.len()).position(|part| part == written);
            if let Some(at) = found {
                file.seek(SeekFrom::Start(start + at as u64))?;
                file.write_all(&meant)?;
            }
        }
    }
    Ok(())
}

/// How a text was written, and what was meant, as long as that; None where both are the same.
fn texts(value: &glib::SendValue) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut meant = value.get::<String>().ok()?.into_bytes();
    let written = value.serialize().ok()?.as_bytes().to_vec();
    (written.len() > meant.len()).then(|| {
        meant.resize(written.len(), 0);
        (written, meant)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_put_right_in_its_place() {
        gst::init().unwrap();
        let mut tags = gst::TagList::new();
        let title = "A film, “über” Nothing";
        tags.make_mut()
            .add::<gst::tags::Title>(&title, gst::TagMergeMode::Append);
        let (written, _) = texts(&title.to_send_value()).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        let whole = [&b"before"[..], &written, b"behind"].concat();
        std::fs::write(file.path(), &whole).unwrap();
        mend(file.path(), &tags).unwrap();
        let mended = std::fs::read(file.path()).unwrap();
        assert_eq!(mended.len(), whole.len());
        let text = String::from_utf8(mended).unwrap().replace('\0', "");
        assert_eq!(text, format!("before{title}behind"));
        // Once more changes nothing.
        mend(file.path(), &tags).unwrap();
    }
}
