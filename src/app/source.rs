//! What reads a file.

use std::fs::File;
use std::path::{Path, PathBuf};

use gst::prelude::*;

use super::AppError;
use super::boxes::index;
use super::edit_list::EditLists;
use super::elements::{chain, make};
use super::reindexed::Reindexed;
use super::sample_tables::widened;

/// Name of what reads, by which its errors are known.
pub(super) const INPUT: &str = "input";

/// A file to read, and how.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    /// What is read instead of its own index.
    reindexed: Option<Reindexed>,
    /// Edit lists that are followed here, instead of by GStreamer.
    edit_lists: Option<EditLists>,
}

impl Source {
    /// The file at `path`, as GStreamer reads it.
    pub(super) fn new(path: &Path) -> Self {
        // One that cannot be read is the reader's to tell.
        let index = (File::open(path).ok()).and_then(|mut file| index(&mut file).ok()?);
        let reindexed = index.and_then(|index| {
            let data = widened(&index.data)?;
            Reindexed::new(&index, data)
        });
        Self {
            path: path.to_owned(),
            reindexed,
            edit_lists: None,
        }
    }

    /// The same file with its edit lists followed here; None where it has none.
    pub(super) fn edited(&self) -> Option<Self> {
        let index = index(&mut File::open(&self.path).ok()?).ok()??;
        let mut data = index.data.clone();
        let lists = EditLists::hide(&mut data)?;
        let data = widened(&data).unwrap_or(data);
        Some(Self {
            path: self.path.clone(),
            reindexed: Some(Reindexed::new(&index, data)?),
            edit_lists: Some(lists),
        })
    }

    /// Whether it may be read from the middle: not where its edit lists are followed here.
    pub(super) fn can_seek(&self) -> bool {
        self.edit_lists.is_none()
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
        let source = match &self.reindexed {
            None => {
                let source = make("filesrc")?;
                source.set_property("location", &self.path);
                source
            }
            Some(reindexed) => {
                let source = reindexed.reader(&self.path);
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
            on_stream(parser, pad);
        });
        Ok(Opened::new(source, parser))
    }
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
