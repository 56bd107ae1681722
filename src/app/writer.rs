//! The writing half of a pipeline: video and what comes along, into a file.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use gst::prelude::*;

use super::attachments::Attachment;
use super::branches::{packet_queue, take_marks_off};
use super::container::{Container, Way, parser_of};
use super::elements::{chain, make, pad};
use super::partial::PartialFile;
use super::plan::Plan;
use super::range::{Window, chapters};
use super::stream::Kind;
use super::survey::Survey;
use super::timecode::FirstTimecode;
use super::{AppError, Encoding, matroska_end, matroska_tags, mp4_chapters};

/// Name of what writes, by which its errors are known.
pub(super) const SINK: &str = "output";

/// Property of MP4's muxer that has it write a timecode as QuickTime's does.
const FORCED_TIMECODE: &str = "force-create-timecode-trak";
/// Ticks per second of MP4 tracks without a frame rate, as MPEG has them.
const FINE_TICKS: u32 = 90_000;
/// Tags that tell how the input was coded.
pub(super) const OF_THE_CODING: [&str; 7] = [
    "container-format",
    "video-codec",
    "audio-codec",
    "encoder",
    "bitrate",
    "maximum-bitrate",
    "minimum-bitrate",
];

/// Muxer and file of an output. The file has its name only after [`Self::finish`].
pub struct Writer {
    pipeline: gst::Pipeline,
    container: &'static Container,
    mux: gst::Element,
    file: PartialFile,
    /// Tags of the whole file; the muxer forgets them when it is stopped.
    tags: gst::TagList,
    /// Chapters that are written when all else is.
    chapters: Option<gst::Toc>,
    /// Files that are attached when all else is written.
    attachments: Vec<Attachment>,
    /// The timecode of the first frame.
    timecode: Option<FirstTimecode>,
}

impl Writer {
    /// Put the muxer for the ending of `output`, and its file, into `pipeline`.
    pub fn new(pipeline: &gst::Pipeline, output: &Path) -> Result<Self, AppError> {
        Self::into(pipeline, Container::of(output)?, PartialFile::new(output)?)
    }

    /// The same into a file that has a name already.
    pub(super) fn into(
        pipeline: &gst::Pipeline,
        container: &'static Container,
        file: PartialFile,
    ) -> Result<Self, AppError> {
        let (mux, sink) = (make(container.mux)?, make("filesink")?);
        sink.set_property("location", file.temporary());
        sink.set_property("name", SINK);
        chain(pipeline, &[&mux, &sink])?;
        Ok(Self {
            pipeline: pipeline.clone(),
            container,
            mux,
            file,
            tags: gst::TagList::new(),
            chapters: None,
            attachments: Vec::new(),
            timecode: None,
        })
    }

    /// Write `comment` into the file's tags.
    pub fn comment(&mut self, comment: &str) {
        let tags = self.tags.make_mut();
        tags.add::<gst::tags::Comment>(&comment, gst::TagMergeMode::ReplaceAll);
        if let Some(setter) = self.mux.dynamic_cast_ref::<gst::TagSetter>() {
            setter.merge_tags(&self.tags, gst::TagMergeMode::ReplaceAll);
        }
    }

    /// Take over the tags and chapters of a film, as far as they lie in `window`, with `comment` after its own; returns what cannot
    /// be kept.
    pub(super) fn describe(
        &mut self,
        survey: &Survey,
        window: &Window,
        comment: &str,
    ) -> Option<String> {
        if self.container.is_pictures() {
            self.comment(comment);
            let left_out = || "the chapters are left out, as pictures have none".to_owned();
            return survey.chapters.as_ref().map(|_| left_out());
        }
        let own = survey.tags.get::<gst::tags::Comment>();
        let comment = match own.map(|own| own.get().to_owned()) {
            None => comment.to_owned(),
            // It was through here before.
            Some(own) if own.contains(comment) => own,
            Some(own) => format!("{own}\n{comment}"),
        };
        self.tags = survey.tags.clone();
        for of_the_coding in OF_THE_CODING {
            self.tags.make_mut().remove_generic(of_the_coding);
        }
        self.comment(&comment);
        let chapters = &chapters(survey.chapters.as_ref()?, window);
        if let Some(setter) = self.mux.dynamic_cast_ref::<gst::TocSetter>() {
            setter.set_toc(Some(chapters));
            return None;
        }
        self.chapters = self.container.has_boxes().then(|| chapters.clone());
        (self.chapters.is_none())
            .then(|| "the chapters are left out, as this container has none: .mkv has".to_owned())
    }

    /// Attach what `plan` keeps, and tell the timecode of the first frame, in a container that has
    /// it in a way of its own.
    pub(super) fn add(&mut self, plan: &Plan<'_>) {
        self.attachments = plan
            .attachments
            .iter()
            .map(|file| (*file).clone())
            .collect();
        self.timecode = plan.timecode;
        if self.timecode.is_some() && self.mux.has_property(FORCED_TIMECODE) {
            self.mux.set_property(FORCED_TIMECODE, true);
        }
    }

    /// Take the packets of the restored video from `entry`. Where they are of `several` encoders,
    /// what decoders have to know of each is put between the packets.
    pub(super) fn packets(
        &self,
        entry: &gst_app::AppSrc,
        caps: &gst::Caps,
        several: bool,
    ) -> Result<(), AppError> {
        let entry = entry.upcast_ref();
        let parser = parser_of(caps).filter(|_| several);
        let Some(parser) = parser.map(make).transpose()? else {
            return self.restored(entry);
        };
        if parser.has_property("config-interval") {
            // Before each key frame.
            parser.set_property("config-interval", -1i32);
        }
        let (form, mut caps) = (make("capsfilter")?, self.container.video()?);
        for caps in caps.make_mut().iter_mut() {
            let within = match caps.name().as_str() {
                "video/x-h264" => "avc3",
                "video/x-h265" => "hev1",
                _ => continue,
            };
            if caps.get::<String>("stream-format").ok().as_deref() != Some("byte-stream") {
                caps.set("stream-format", within);
            }
        }
        form.set_property("caps", caps);
        chain(&self.pipeline, &[&parser, &form])?;
        (entry.link(&parser)).map_err(|error| AppError::element(&entry.name(), error))?;
        // All is told between the packets. Matroska refuses other caps, and in MP4 they would count
        // from one packet too early on.
        let first = AtomicBool::new(true);
        pad(&form, "src")?.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
            let is_caps = info
                .event()
                .is_some_and(|event| event.type_() == gst::EventType::Caps);
            match is_caps && !first.swap(false, Ordering::Relaxed) {
                true => gst::PadProbeReturn::Handled,
                false => gst::PadProbeReturn::Ok,
            }
        });
        self.restored(&form)
    }

    /// Link what the packets of the restored video leave to the muxer. The timecode comes with the
    /// first of them.
    fn restored(&self, last: &gst::Element) -> Result<(), AppError> {
        self.link(last, Kind::Video)?;
        let timecode = self.timecode.filter(|_| self.container.has_boxes());
        let Some(timecode) = timecode.and_then(|timecode| timecode.for_packets()) else {
            return Ok(());
        };
        pad(last, "src")?.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            if let Some(packet) = info.buffer_mut() {
                gst_video::VideoTimeCodeMeta::add(packet.make_mut(), &timecode);
            }
            gst::PadProbeReturn::Remove
        });
        Ok(())
    }

    /// Add a video encoder; returns the pad that takes its frames.
    pub fn encoded_video(&self, encoding: &Encoding) -> Result<gst::Pad, AppError> {
        let encoder = encoding.make(self.container.video_encoder)?;
        let (frames, last) = encoder.branch(&self.pipeline)?;
        let queue = packet_queue()?;
        chain(&self.pipeline, &[&queue])?;
        (last.link(&queue)).map_err(|error| AppError::element(&last.name(), error))?;
        self.link(&queue, Kind::Video)?;
        Ok(frames)
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
            let setter = make("capssetter")?;
            let plain = gst::Caps::builder("text/x-raw").field("format", "utf8");
            setter.set_property("caps", plain.build());
            setter.set_property("replace", true);
            take_marks_off(&pad(&setter, "src")?, self.container.marks);
            elements.push(setter);
        }
        self.join(&elements, kind)
    }

    /// Put `elements` between a decoder or parser and a pad of the muxer for this kind of stream.
    fn join(&self, elements: &[gst::Element], kind: Kind) -> Result<gst::Pad, AppError> {
        let elements: Vec<_> = elements.iter().collect();
        chain(&self.pipeline, &elements)?;
        self.link(elements[elements.len() - 1], kind)?;
        for element in &elements {
            (element.sync_state_with_parent())
                .map_err(|error| AppError::element(&element.name(), error))?;
        }
        pad(elements[0], "sink")
    }

    /// Link `last` to a pad of the muxer for this kind of stream.
    fn link(&self, last: &gst::Element, kind: Kind) -> Result<(), AppError> {
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
        if kind == Kind::Video && sink.has_property("trak-timescale") {
            sink.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, fine_ticks);
        }
        (pad(last, "src")?.link(&sink))
            .map(|_| ())
            .map_err(|error| AppError::element(&self.mux.name(), error))
    }

    /// Put right what the muxer wrote in a way of its own; to be called when the pipeline has ended.
    pub(super) fn mend(&self) -> Result<(), AppError> {
        let path = self.temporary();
        let mended = match (&self.chapters, self.container.mux) {
            (_, "matroskamux" | "webmmux") => matroska_tags::mend(path, &self.tags)
                .and_then(|()| matroska_end::write(path, &self.attachments, self.timecode)),
            (Some(chapters), _) => mp4_chapters::write(path, chapters),
            _ => Ok(()),
        };
        mended.map_err(|error| AppError::element(SINK, error))
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

/// Give the pad of a muxer fine ticks for times of frames at no certain rate.
fn fine_ticks(pad: &gst::Pad, info: &mut gst::PadProbeInfo<'_>) -> gst::PadProbeReturn {
    if let Some(gst::EventView::Caps(caps)) = info.event().map(|event| event.view()) {
        let rate = caps
            .caps()
            .structure(0)
            .map(|caps| caps.get::<gst::Fraction>("framerate"));
        if !matches!(rate, Some(Ok(rate)) if rate.numer() > 0) {
            pad.set_property("trak-timescale", FINE_TICKS);
        }
    }
    gst::PadProbeReturn::Ok
}
