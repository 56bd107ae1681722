//! Video encoders: elements by the names of their formats, and how each is told its quality.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use gst::prelude::*;
use gst_video::prelude::*;
use gst_video::{VideoBufferFlags, VideoFormat, VideoFormatInfo};
use serde::Serialize;

use super::AppError;
use super::elements::{chain, exists, make, pad, set};
use super::run::warn;

/// What the video is encoded with.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Encoding {
    /// Format: h264, hevc, av1, vp9, prores, ffv1 or mjpeg; or the name of any GStreamer
    /// element that encodes video, such as nvh264enc. None: what suits the container.
    pub encoder: Option<String>,
    /// Quality where the encoder has such a number: 0 best, 50 worst.
    pub crf: Option<u32>,
    /// How fast, and how well: an encoder's own name for it.
    pub preset: Option<String>,
    /// Bits per second, instead of a quality.
    pub bitrate: Option<u64>,
    /// GStreamer's name of the pixels' format, such as Y42B; None: 4:2:0 of the source's depth
    /// where players ask for it, else that of the source.
    pub format: Option<String>,
    /// More properties of the encoder, `name=value`.
    pub options: Vec<String>,
}

/// An encoder that we know more of than its name.
struct Known {
    name: &'static str,
    element: &'static str,
    /// Properties that are always set.
    fixed: &'static [(&'static str, &'static str)],
    /// Properties of constant quality, with `{}` for the number.
    quality: &'static [(&'static str, &'static str)],
    /// Property of the speed.
    preset: &'static str,
    /// Property of the rate, and how many bits per second it counts in.
    bitrate: (&'static str, u64),
    /// Whether players want 4:2:0 of it.
    subsampled: bool,
    /// Parser behind it.
    parser: Option<&'static str>,
}

/// The default quality.
const CRF: u32 = 18;

const KNOWN: [Known; 7] = [
    Known {
        name: "h264",
        element: "x264enc",
        // Forty frames ahead, as it would look, take half a gigabyte at 1920 × 1080.
        fixed: &[("rc-lookahead", "10")],
        quality: &[("pass", "qual"), ("quantizer", "{}")],
        preset: "speed-preset",
        bitrate: ("bitrate", 1000),
        subsampled: true,
        parser: Some("h264parse"),
    },
    Known {
        name: "hevc",
        element: "x265enc",
        fixed: &[("log-level", "error")],
        quality: &[("option-string", "crf={}")],
        preset: "speed-preset",
        bitrate: ("bitrate", 1000),
        subsampled: true,
        parser: Some("h265parse"),
    },
    Known {
        name: "av1",
        element: "av1enc",
        fixed: &[("row-mt", "true"), ("cpu-used", "6")],
        quality: &[("min-quantizer", "{}"), ("max-quantizer", "{}")],
        preset: "cpu-used",
        bitrate: ("target-bitrate", 1000),
        subsampled: true,
        parser: Some("av1parse"),
    },
    Known {
        name: "vp9",
        element: "vp9enc",
        fixed: &[("deadline", "1"), ("cpu-used", "4"), ("row-mt", "true")],
        // Its rate is a limit only.
        quality: &[
            ("end-usage", "cq"),
            ("cq-level", "{}"),
            ("target-bitrate", "0"),
            ("bits-per-pixel", "0.5"),
        ],
        preset: "cpu-used",
        bitrate: ("target-bitrate", 1),
        subsampled: true,
        parser: Some("vp9parse"),
    },
    Known {
        name: "prores",
        element: "avenc_prores_ks",
        fixed: &[],
        quality: &[],
        preset: "profile",
        bitrate: ("bitrate", 1),
        subsampled: false,
        parser: None,
    },
    Known {
        name: "ffv1",
        element: "avenc_ffv1",
        fixed: &[],
        quality: &[],
        preset: "",
        bitrate: ("bitrate", 1),
        subsampled: false,
        parser: None,
    },
    Known {
        name: "mjpeg",
        element: "jpegenc",
        fixed: &[("quality", "95")],
        quality: &[],
        preset: "",
        bitrate: ("", 1),
        subsampled: false,
        parser: None,
    },
];

/// Names for [`Encoding::encoder`], for messages.
pub(super) fn names() -> String {
    KNOWN.map(|known| known.name).join(", ")
}

/// An encoder that is set up, and what follows it.
pub(super) struct Encoder {
    /// The encoder.
    pub(super) element: gst::Element,
    /// The parser behind it.
    pub(super) parser: Option<gst::Element>,
    /// Whether frames are made 4:2:0 for it.
    subsampled: bool,
    format: Option<String>,
}

impl Encoding {
    /// The encoder that is asked for, or `usual`.
    pub(super) fn make(&self, usual: &str) -> Result<Encoder, AppError> {
        let name = self.encoder.as_deref().unwrap_or(usual);
        let known = KNOWN.iter().find(|known| known.name == name);
        if known.is_none() && !exists(name) {
            return Err(AppError::Unfit(format!(
                "there is no encoder {name:?}: {}, or the name of a GStreamer element",
                names()
            )));
        }
        let element = make(known.map_or(name, |known| known.element))?;
        if let Some(known) = known {
            self.set_up(known, &element)?;
        } else if self.preset.is_some() || self.bitrate.is_some() || self.crf.is_some() {
            return Err(AppError::Unfit(format!(
                "{name} is set up by --encoder-options alone"
            )));
        }
        for option in &self.options {
            let Some((property, value)) = option.split_once('=') else {
                return Err(AppError::Unfit(format!("{option:?} is no name=value")));
            };
            set(&element, property.trim(), value.trim())?;
        }
        let parser = known
            .and_then(|known| known.parser)
            .filter(|parser| exists(parser));
        Ok(Encoder {
            element,
            parser: parser.map(make).transpose()?,
            subsampled: known.is_some_and(|known| known.subsampled),
            format: self.format.clone(),
        })
    }

    fn set_up(&self, known: &Known, element: &gst::Element) -> Result<(), AppError> {
        let unfit = |what: &str| {
            Err(AppError::Unfit(format!(
                "{} has no {what} to set",
                known.name
            )))
        };
        for (property, value) in known.fixed {
            set(element, property, value)?;
        }
        match (self.bitrate, self.crf) {
            (Some(_), _) if known.bitrate.0.is_empty() => return unfit("bit rate"),
            (Some(rate), _) => {
                let rate = (rate / known.bitrate.1).max(1);
                set(element, known.bitrate.0, &rate.to_string())?;
            }
            (None, Some(_)) if known.quality.is_empty() => return unfit("constant quality"),
            (None, crf) => {
                let crf = crf.unwrap_or(CRF).to_string();
                for (property, value) in known.quality {
                    set(element, property, &value.replace("{}", &crf))?;
                }
            }
        }
        match &self.preset {
            Some(_) if known.preset.is_empty() => unfit("preset"),
            Some(preset) => set(element, known.preset, preset),
            None => Ok(()),
        }
    }
}

impl Encoder {
    /// Put the encoder into `pipeline`; returns the pad that takes frames, and the element that
    /// packets leave.
    pub(super) fn branch(
        self,
        pipeline: &gst::Pipeline,
    ) -> Result<(gst::Pad, gst::Element), AppError> {
        let (convert, format) = (make("videoconvert")?, make("capsfilter")?);
        let mut elements = vec![make("queue")?, convert.clone(), format.clone()];
        elements.push(self.element.clone());
        elements.extend(self.parser.clone());
        chain(pipeline, &elements.iter().collect::<Vec<_>>())?;
        name_first_field(&pad(&elements[0], "src")?);
        let warned = AtomicBool::new(false);
        let weak = convert.downgrade();
        pad(&convert, "sink")?.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
            if let Some(gst::EventView::Caps(caps)) = info.event().map(|event| event.view())
                && let Ok(info) = gst_video::VideoInfo::from_caps(caps.caps())
            {
                let is_lost = info.has_alpha() && !self.takes_alpha(&info);
                if let Some(convert) = weak.upgrade().filter(|_| is_lost)
                    && !warned.swap(true, Ordering::Relaxed)
                {
                    warn(
                        &convert,
                        "the opacity of the picture is left out: --encoder ffv1 keeps it",
                    );
                }
                if let Some(caps) = self.caps(&info) {
                    format.set_property("caps", caps);
                }
            }
            gst::PadProbeReturn::Ok
        });
        let last = elements[elements.len() - 1].clone();
        Ok((pad(&elements[0], "sink")?, last))
    }

    /// What frames shall be when they reach it, of frames that are decoded as `info`; None: whatever
    /// it takes.
    pub(super) fn caps(&self, info: &gst_video::VideoInfo) -> Option<gst::Caps> {
        let format = match &self.format {
            Some(format) => format.clone(),
            None if self.subsampled => self.usual_format(info)?.to_owned(),
            None => return None,
        };
        Some(
            gst::Caps::builder("video/x-raw")
                .field("format", format)
                .build(),
        )
    }

    /// Whether the opacity of frames that are decoded as `info` is encoded.
    fn takes_alpha(&self, info: &gst_video::VideoInfo) -> bool {
        let sink = self.element.static_pad("sink");
        let takes = sink.map_or_else(gst::Caps::new_any, |sink| sink.query_caps(None));
        let given = self.caps(info).map(|caps| caps.intersect(&takes));
        let formats = given.as_ref().unwrap_or(&takes);
        let mut formats = formats.iter().flat_map(|caps| match caps.value("format") {
            Ok(value) => match (value.get::<String>(), value.get::<gst::List>()) {
                (Ok(one), _) => vec![one],
                (_, Ok(list)) => list.iter().filter_map(|one| one.get().ok()).collect(),
                _ => Vec::new(),
            },
            Err(_) => Vec::new(),
        });
        formats.any(|name| {
            let format = VideoFormat::from_string(&name);
            format != VideoFormat::Unknown && VideoFormatInfo::from_format(format).has_alpha()
        })
    }

    /// 4:2:0 of as many bits as the source has, or as the encoder takes; odd sizes have no 4:2:0.
    fn usual_format(&self, info: &gst_video::VideoInfo) -> Option<&'static str> {
        let deep = VideoFormatInfo::from_format(info.format()).depth()[0] > 8;
        let odd = info.width() % 2 == 1 || info.height() % 2 == 1;
        let wanted: &[&'static str] = match (deep, odd) {
            (false, false) => &["I420"],
            (true, false) => &["I420_10LE", "I420"],
            (false, true) => &["Y444"],
            (true, true) => &["Y444_10LE", "Y444"],
        };
        let takes = self.element.static_pad("sink")?.query_caps(None);
        let takes = |format: &&&str| {
            let caps = gst::Caps::builder("video/x-raw")
                .field("format", **format)
                .build();
            takes.can_intersect(&caps)
        };
        wanted.iter().find(takes).copied()
    }
}

/// Name in the caps of what leaves by `frames` which field is first, as the first frame itself tells:
/// some readers leave it out there, and encoders and muxers look nowhere else, the first time only.
/// So caps without it, and what has to come behind caps, wait for that frame.
fn name_first_field(frames: &gst::Pad) {
    let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
    let waiting = Mutex::new(Vec::<gst::Event>::new());
    frames.add_probe(kinds, move |pad, info| {
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(event) = info.event() {
            let waits = match event.view() {
                gst::EventView::Caps(caps) => lacks_first_field(caps.caps()),
                gst::EventView::Segment(_) | gst::EventView::Tag(_) => !waiting.is_empty(),
                _ => false,
            };
            if waits {
                waiting.push(event.to_owned());
                return gst::PadProbeReturn::Handled;
            }
        } else if let Some(frame) = info.buffer() {
            // They pass here once more.
            let events = std::mem::take(&mut *waiting);
            drop(waiting);
            let is_top = frame.video_flags().contains(VideoBufferFlags::TFF);
            for event in events {
                // Refused only while the pipeline is being stopped.
                pad.push_event(with_first_field(event, is_top));
            }
        }
        gst::PadProbeReturn::Ok
    });
}

/// The same event; where it is one of caps, with the upper field or the lower one as the first.
fn with_first_field(event: gst::Event, is_top: bool) -> gst::Event {
    let gst::EventView::Caps(caps) = event.view() else {
        return event;
    };
    let first = if is_top {
        "top-field-first"
    } else {
        "bottom-field-first"
    };
    let mut caps = caps.caps_owned();
    caps.make_mut().set("field-order", first);
    gst::event::Caps::new(&caps)
}

/// Whether caps have interlaced frames and do not say which field is first.
fn lacks_first_field(caps: &gst::CapsRef) -> bool {
    gst_video::VideoInfo::from_caps(caps).is_ok_and(|info| {
        info.interlace_mode() == gst_video::VideoInterlaceMode::Interleaved
            && info.field_order() == gst_video::VideoFieldOrder::Unknown
    })
}
