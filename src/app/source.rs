//! What reads a file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use gst::prelude::*;
use sha2::{Digest, Sha256};

use super::AppError;
use super::branches::put_in_order;
use super::edit_list::EditLists;
use super::elements::{chain, make};
use super::stream::Stream;

/// Name of what reads, by which its errors are known.
pub(super) const INPUT: &str = "input";

/// Bytes at either end of a file that tell it apart from others.
const END: u64 = 1 << 20;

/// A file to read, and how.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    /// Edit lists that are followed here, instead of by GStreamer.
    edit_lists: Option<EditLists>,
}

impl Source {
    /// The file at `path`, as GStreamer reads it.
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            edit_lists: None,
        }
    }

    /// The same file with its edit lists followed here; None where it has none.
    pub(super) fn edited(&self) -> Option<Self> {
        Some(Self {
            path: self.path.clone(),
            edit_lists: Some(EditLists::of(&self.path)?),
        })
    }

    /// Whether it may be read from the middle: not where its edit lists are followed here.
    pub(super) fn can_seek(&self) -> bool {
        self.edit_lists.is_none()
    }

    /// A number that another film hardly has, of its size, its ends and the times of its packets.
    pub(super) fn identity(&self, stream: &Stream) -> io::Result<String> {
        let mut file = File::open(&self.path)?;
        let size = file.metadata()?.len();
        let mut sum = Sha256::new();
        sum.update(size.to_le_bytes());
        sum.update(stream.id.as_bytes());
        for start in [0, size.saturating_sub(END)] {
            let mut end = Vec::new();
            file.seek(SeekFrom::Start(start))?;
            (&mut file).take(END).read_to_end(&mut end)?;
            sum.update(end);
        }
        for packet in &stream.index {
            sum.update(packet.time.unwrap_or_default().to_le_bytes());
        }
        let sum = sum.finalize();
        Ok(sum.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Where the file is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Put what reads the file and takes it apart into `pipeline`; `on_stream` gets the parser and
    /// a pad of each stream. It waits for [`Opened::start`].
    pub(super) fn open(
        &self,
        pipeline: &gst::Pipeline,
        on_stream: impl Fn(&gst::Element, &gst::Pad) + Send + Sync + 'static,
    ) -> Result<Opened, AppError> {
        let source = match &self.edit_lists {
            None => {
                let source = make("filesrc")?;
                source.set_property("location", &self.path);
                source
            }
            Some(lists) => {
                let source = lists.reader(&self.path);
                source.map_err(|error| AppError::element(INPUT, error))?
            }
        };
        let parser = make("parsebin")?;
        parser.set_property("name", INPUT);
        chain(pipeline, &[&source, &parser])?;
        let lists = self.edit_lists.clone();
        parser.connect_pad_added(move |parser, pad| {
            if let Some(lists) = &lists {
                lists.follow(pad);
            }
            if has_plain_samples(pad) {
                // QuickTime's reader gives all packets of some the time of the first one.
                put_in_order(pad);
            }
            on_stream(parser, pad);
        });
        Ok(Opened::new(source, parser))
    }
}

/// Whether sound comes out of `pad` that is not compressed.
fn has_plain_samples(pad: &gst::Pad) -> bool {
    let caps = pad.current_caps().unwrap_or(pad.query_caps(None));
    let caps = caps.structure(0);
    caps.is_some_and(|caps| caps.name() == "audio/x-raw")
}

/// What reads a file and takes it apart. What its streams shall go to is not linked to it yet, and
/// a pipeline starts parts that are not linked in any order: so it is started last, as data that
/// came before the others are ready would be lost.
#[derive(Debug)]
pub(super) struct Opened {
    source: gst::Element,
    /// The element that has a pad for each stream.
    pub(super) parser: gst::Element,
}

impl Opened {
    /// The two of them, in a pipeline that is not started yet.
    pub(super) fn new(source: gst::Element, parser: gst::Element) -> Self {
        for element in [&source, &parser] {
            element.set_locked_state(true);
        }
        Self { source, parser }
    }

    /// Start to read, in a pipeline that was started.
    pub(super) fn start(&self) {
        for element in [&self.parser, &self.source] {
            element.set_locked_state(false);
            // Why it cannot start is on the bus.
            let _ = element.sync_state_with_parent();
        }
    }
}
