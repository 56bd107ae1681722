//! The writing half of a pipeline: H.264 and audio into a file.

use super::elements::{chain, make, pad, set};
use super::partial::PartialFile;
use super::{AppError, audio};
use gst::prelude::*;
use std::path::Path;

/// What x264 can encode for players: 4:2:0 where the size allows it, 4:4:4 for odd sizes.
const VIDEO_CAPS: &str = "video/x-raw, format=(string)I420, width=(int)[ 2, 16384, 2 ], height=(int)[ 2, 16384, 2 ]; \
     video/x-raw, format=(string)Y444";

/// Muxer and file of an output. The file has its name only after [`Self::finish`].
pub struct Writer {
    pipeline: gst::Pipeline,
    mux: gst::Element,
    audio_encoder: &'static str,
    audio_codecs: Vec<(gst::Caps, &'static str)>,
    file: PartialFile,
}

impl Writer {
    /// Put the muxer for the ending of `output`, and its file, into `pipeline`; `comment` becomes a
    /// tag of the file.
    pub fn new(pipeline: &gst::Pipeline, output: &Path, comment: &str) -> Result<Self, AppError> {
        let extension = output.extension().unwrap_or_default().to_string_lossy();
        let (mux, audio_encoder) = match extension.to_lowercase().as_str() {
            "mp4" | "m4v" | "mov" => ("mp4mux", "avenc_aac"),
            "mkv" => ("matroskamux", "opusenc"),
            _ => {
                return Err(AppError::Container {
                    path: output.to_owned(),
                });
            }
        };
        let file = PartialFile::new(output)?;
        let (mux, sink) = (make(mux)?, make("filesink")?);
        sink.set_property("location", file.temporary());
        chain(pipeline, &[&mux, &sink])?;
        if let Some(tags) = mux.dynamic_cast_ref::<gst::TagSetter>() {
            tags.add_tag::<gst::tags::Comment>(&comment, gst::TagMergeMode::Replace);
        }
        Ok(Self {
            pipeline: pipeline.clone(),
            audio_codecs: audio::codecs_for(&mux),
            audio_encoder,
            mux,
            file,
        })
    }

    /// Add an H.264 encoder of constant quality `crf` (0 best, 50 worst), and return the pad that
    /// takes its frames.
    pub fn video(&self, crf: u32) -> Result<gst::Pad, AppError> {
        let names = ["queue", "videoconvert", "capsfilter", "x264enc", "queue"];
        let elements = names.into_iter().map(make).collect::<Result<Vec<_>, _>>()?;
        set(&elements[2], "caps", VIDEO_CAPS)?;
        set(&elements[3], "pass", "qual")?;
        set(&elements[3], "quantizer", &crf.to_string())?;
        self.join(&elements)
    }

    /// Compressed audio that need not be decoded, as the container takes it.
    pub fn audio_caps(&self) -> impl Iterator<Item = &gst::Caps> {
        self.audio_codecs.iter().map(|(caps, _)| caps)
    }

    /// Add a branch for audio with `caps`, and return the pad that takes it.
    pub fn audio(&self, caps: &gst::Caps) -> Result<gst::Pad, AppError> {
        self.join(&audio::branch(
            caps,
            &self.audio_codecs,
            self.audio_encoder,
        )?)
    }

    fn join(&self, elements: &[gst::Element]) -> Result<gst::Pad, AppError> {
        let elements: Vec<_> = elements.iter().collect();
        chain(&self.pipeline, &elements)?;
        let (first, last) = (elements[0], elements[elements.len() - 1]);
        (last.link(&self.mux)).map_err(|error| AppError::element(&self.mux.name(), error))?;
        for element in &elements {
            (element.sync_state_with_parent())
                .map_err(|error| AppError::element(&element.name(), error))?;
        }
        pad(first, "sink")
    }

    /// Give the file its name; to be called when the pipeline has ended and is stopped.
    pub fn finish(&self) -> Result<(), AppError> {
        self.file.finish()
    }
}
