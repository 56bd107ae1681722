//! The writing half of a pipeline: video and what comes along, into a file.

use std::path::{Path, PathBuf};

use gst::prelude::*;

use super::branches::{packet_queue, take_marks_off};
use super::container::{Container, Way};
use super::elements::{chain, make, pad};
use super::encoder::Encoder;
use super::partial::PartialFile;
use super::survey::{Kind, Survey};
use super::{AppError, Encoding};

/// Name of what writes, by which its errors are known.
pub(super) const SINK: &str = "output";

/// Muxer and file of an output. The file has its name only after [`Self::finish`].
pub struct Writer {
    pipeline: gst::Pipeline,
    container: &'static Container,
    mux: gst::Element,
    file: PartialFile,
}

impl Writer {
    /// Put the muxer for the ending of `output`, and its file, into `pipeline`.
    pub fn new(pipeline: &gst::Pipeline, output: &Path) -> Result<Self, AppError> {
        let container = Container::of(output)?;
        let file = PartialFile::new(output)?;
        let (mux, sink) = (make(container.mux)?, make("filesink")?);
        sink.set_property("location", file.temporary());
        sink.set_property("name", SINK);
        chain(pipeline, &[&mux, &sink])?;
        Ok(Self {
            pipeline: pipeline.clone(),
            container,
            mux,
            file,
        })
    }

    /// Write `comment` into the file's tags.
    pub fn comment(&self, comment: &str) {
        if let Some(tags) = self.mux.dynamic_cast_ref::<gst::TagSetter>() {
            tags.add_tag::<gst::tags::Comment>(&comment, gst::TagMergeMode::Replace);
        }
    }

    /// Take over the tags and chapters of a file, with `comment` after its own; returns what cannot
    /// be kept.
    pub(super) fn describe(&self, survey: &Survey, comment: &str) -> Option<String> {
        let own = survey.tags.get::<gst::tags::Comment>();
        let own = own
            .map(|own| own.get().to_owned())
            .filter(|own| !own.contains(comment));
        self.comment(&own.map_or(comment.to_owned(), |own| format!("{own}\n{comment}")));
        if let Some(tags) = self.mux.dynamic_cast_ref::<gst::TagSetter>() {
            let mut kept = survey.tags.clone();
            for of_the_coding in [
                "comment",
                "container-format",
                "video-codec",
                "audio-codec",
                "encoder",
                "bitrate",
                "maximum-bitrate",
                "minimum-bitrate",
            ] {
                kept.make_mut().remove_generic(of_the_coding);
            }
            tags.merge_tags(&kept, gst::TagMergeMode::Keep);
        }
        let chapters = survey.chapters.as_ref()?;
        match self.mux.dynamic_cast_ref::<gst::TocSetter>() {
            Some(setter) => {
                setter.set_toc(Some(chapters));
                None
            }
            None => Some("the chapters are left out, as this container has none: .mkv has".into()),
        }
    }

    /// Add an encoder; returns the pad that takes its frames, and the one that its packets leave by.
    pub(super) fn video(&self, encoder: Encoder) -> Result<(gst::Pad, gst::Pad), AppError> {
        let (convert, format) = (make("videoconvert")?, make("capsfilter")?);
        let mut elements = vec![make("queue")?, convert.clone(), format.clone()];
        elements.push(encoder.element.clone());
        elements.extend(encoder.parser.clone());
        elements.push(packet_queue()?);
        pad(&convert, "sink")?.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
            if let Some(gst::EventView::Caps(caps)) = info.event().map(|event| event.view())
                && let Ok(info) = gst_video::VideoInfo::from_caps(caps.caps())
                && let Some(caps) = encoder.caps(&info)
            {
                format.set_property("caps", caps);
            }
            gst::PadProbeReturn::Ok
        });
        let last = pad(&elements[elements.len() - 1], "src")?;
        Ok((self.join(&elements, Kind::Video)?, last))
    }

    /// The same with an encoder that is not set up yet; returns the pad that takes its frames.
    pub fn encoded_video(&self, encoding: &Encoding) -> Result<gst::Pad, AppError> {
        let encoder = encoding.make(self.container.video_encoder)?;
        Ok(self.video(encoder)?.0)
    }

    /// Add an encoder of sound; returns the pad that takes its samples.
    pub(super) fn encoded_audio(&self) -> Result<gst::Pad, AppError> {
        let names = [
            "queue",
            "audioconvert",
            "audioresample",
            self.container.audio_encoder,
        ];
        let mut elements = names.into_iter().map(make).collect::<Result<Vec<_>, _>>()?;
        elements.push(packet_queue()?);
        self.join(&elements, Kind::Audio)
    }

    /// Add a branch for packets of this kind that come along; returns the pad that takes them.
    pub(super) fn copied(&self, kind: Kind, way: &Way) -> Result<gst::Pad, AppError> {
        let (Way::Copied(parsers) | Way::Unmarked(parsers)) = way else {
            return self.encoded_audio();
        };
        let mut elements = vec![packet_queue()?];
        for parser in parsers {
            elements.push(make(parser)?);
        }
        if let Way::Unmarked(_) = way {
            elements.push(make("identity")?);
            take_marks_off(&pad(&elements[elements.len() - 1], "sink")?);
        }
        self.join(&elements, kind)
    }

    /// Put `elements` between a decoder or parser and a pad of the muxer for this kind of stream.
    fn join(&self, elements: &[gst::Element], kind: Kind) -> Result<gst::Pad, AppError> {
        let elements: Vec<_> = elements.iter().collect();
        chain(&self.pipeline, &elements)?;
        let (first, last) = (elements[0], elements[elements.len() - 1]);
        // By its name: a queue could be linked to any.
        let wanted = match kind {
            Kind::Video => "video",
            Kind::Audio => "audio",
            Kind::Subtitles | Kind::Other => "subtitle",
        };
        let templates = self.mux.pad_template_list();
        let of_kind = |template: &&gst::PadTemplate| {
            let name = template.name_template();
            template.direction() == gst::PadDirection::Sink
                && (name.starts_with(wanted) || name.starts_with("sink"))
        };
        let sink = (templates.iter().find(of_kind))
            .and_then(|template| self.mux.request_pad_simple(template.name_template()))
            .ok_or_else(|| AppError::element(&self.mux.name(), format!("takes no {kind}")))?;
        (pad(last, "src")?.link(&sink))
            .map_err(|error| AppError::element(&self.mux.name(), error))?;
        for element in &elements {
            (element.sync_state_with_parent())
                .map_err(|error| AppError::element(&element.name(), error))?;
        }
        pad(first, "sink")
    }

    /// Where the file is until it is finished.
    pub(super) fn temporary(&self) -> &Path {
        self.file.temporary()
    }

    /// Give the file its name; to be called when the pipeline has ended and is stopped.
    pub fn finish(&self) -> Result<(), AppError> {
        self.file.finish()
    }

    /// Give the file a name that says that it is not as it should be; returns that name.
    pub(super) fn keep_unverified(&self) -> Result<PathBuf, AppError> {
        self.file.keep_unverified()
    }
}
