//! Files in, files out: what the program `depixelate` and the demonstration share.
//!
//! A file goes through [`Transcode`]: decoded by whatever GStreamer has, sent through one element,
//! encoded as H.264 into MP4 or Matroska; audio comes along. [`restorer`] makes the element that
//! restores faces, [`Report`] reads its counters. The elements of this crate are registered by
//! [`init`], so that no plugin path needs to be set.

mod animation;
mod attachments;
mod boxes;
mod branches;
mod container;
mod counters;
pub mod cues;
mod cut;
mod ebml;
mod edit_list;
mod elements;
mod encoder;
mod error;
pub mod farm;
mod feed;
mod film;
mod filters;
mod finish;
mod folder;
mod input;
mod join;
mod look;
mod lossless;
mod marks;
mod matroska_end;
mod matroska_tags;
mod mp4_chapters;
mod numbered;
mod part;
mod partial;
mod picture;
mod pictures;
mod plan;
mod programs;
mod progress;
mod range;
mod reader;
mod record;
mod references;
mod reindexed;
mod restorer;
mod run;
mod sample_tables;
mod samples;
mod smart;
mod source;
mod stream;
mod survey;
mod timecode;
mod transcode;
mod unseen;
mod verify;
mod work;
mod workers;
mod writer;

pub use attachments::Attachment;
pub use encoder::Encoding;
pub use error::AppError;
pub use film::Film;
pub use filters::Filters;
pub use input::{Input, STANDARD};
pub use look::Looked;
pub use picture::Frame;
pub use progress::Progress;
pub use record::{FaceBox, RestoredFace};
pub use restorer::{Report, RestoreOptions, restorer};
pub use run::{Event, run};
pub use stream::{Kind, Stream};
pub use survey::Survey;
pub use transcode::Transcode;
pub use work::Outcome;
pub use writer::Writer;

/// What is written into every restored file.
pub const NOTICE: &str =
    "Faces restored by depixelate; a restored face is a guess, not the person.";

/// Start GStreamer and register the elements of this crate; once, however often it is called.
pub fn init() -> Result<(), AppError> {
    static STARTED: once_cell::sync::OnceCell<()> = once_cell::sync::OnceCell::new();
    let start = || {
        gst::init().map_err(|error| AppError::Start(error.to_string()))?;
        // Registered again, the plugin would replace itself below its elements.
        crate::plugin_register_static().map_err(|error| AppError::Start(error.to_string()))
    };
    STARTED.get_or_try_init(start).copied()
}
