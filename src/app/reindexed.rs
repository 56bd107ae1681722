//! An MP4 or QuickTime file that is read with another index than its own: GStreamer's reader does
//! not understand some as it should.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex};

use gst::prelude::*;

use super::boxes::Index;

/// Most bytes that are read at once.
const PIECE: u32 = 1 << 24;

/// What is read of a file instead of its own bytes.
#[derive(Clone, Debug)]
pub(super) struct Reindexed {
    /// Bytes in the file, and where.
    patch: (u64, Vec<u8>),
    /// Bytes behind its end.
    tail: Vec<u8>,
}

impl Reindexed {
    /// A file whose index reads `data` instead; one of another size goes behind the end of the file,
    /// so that all that the index points at stays in its place. None where nothing may be there.
    pub(super) fn new(index: &Index, data: Vec<u8>) -> Option<Self> {
        if data.len() == index.data.len() {
            return Some(Self {
                patch: (index.body, data),
                tail: Vec::new(),
            });
        }
        let size = u32::try_from(data.len() + 8).ok()?.to_be_bytes();
        index.can_follow.then(|| Self {
            patch: (index.start + 4, b"free".to_vec()),
            tail: [&size, &b"moov"[..], &data].concat(),
        })
    }

    /// An element that reads the file at `path` so.
    pub(super) fn reader(&self, path: &Path) -> io::Result<gst::Element> {
        let file = File::open(path)?;
        let size = file.metadata()?.len() + self.tail.len() as u64;
        let state = Arc::new(Mutex::new((file, 0)));
        let (reindexed, for_seek) = (self.clone(), Arc::clone(&state));
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
                    let data = reindexed.read(&mut state.0, offset, length.min(PIECE))?;
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

    /// Up to `length` bytes from `offset` on, none behind the end.
    fn read(&self, file: &mut File, offset: u64, length: u32) -> io::Result<Vec<u8>> {
        let mut data = Vec::with_capacity(length as usize);
        file.seek(SeekFrom::Start(offset))?;
        file.take(length.into()).read_to_end(&mut data)?;
        let end = file.metadata()?.len();
        if offset + data.len() as u64 >= end {
            let behind = (offset + data.len() as u64 - end) as usize;
            let more = self.tail.get(behind..).unwrap_or_default();
            data.extend(more.iter().take(length as usize - data.len()));
        }
        let (start, patch) = &self.patch;
        let from = (*start).max(offset);
        let to = (start + patch.len() as u64).min(offset + data.len() as u64);
        if from < to {
            let there = (from - offset) as usize..(to - offset) as usize;
            data[there].copy_from_slice(&patch[(from - start) as usize..(to - start) as usize]);
        }
        Ok(data)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn another_index_is_read_in_pieces_of_any_size() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"\0\0\0\x0cmoovabcdmdat").unwrap();
        let index = |can_follow| Index {
            start: 0,
            body: 8,
            data: b"abcd".to_vec(),
            can_follow,
        };
        let mut all = |with: &[u8], piece: u32| {
            let reindexed = Reindexed::new(&index(true), with.to_vec()).unwrap();
            let mut all = Vec::new();
            loop {
                let data = reindexed.read(&mut file, all.len() as u64, piece).unwrap();
                if data.is_empty() {
                    return all;
                }
                all.extend(data);
            }
        };
        for piece in [1, 3, 7, 100] {
            assert_eq!(all(b"efgh", piece), b"\0\0\0\x0cmoovefghmdat");
            let moved = b"\0\0\0\x0cfreeabcdmdat\0\0\0\x0dmoovefghi";
            assert_eq!(all(b"efghi", piece), moved);
        }
        assert!(Reindexed::new(&index(false), b"efghi".to_vec()).is_none());
    }
}
