//! Containers that are written, and what they hold.

use std::path::Path;

use gst::prelude::*;

use super::AppError;
use super::elements::{exists, make};
use super::stream::{Kind, Stream};

/// A kind of file.
#[derive(Debug)]
pub(super) struct Container {
    /// What names of such files end in.
    endings: &'static [&'static str],
    /// Element that writes it.
    pub(super) mux: &'static str,
    /// Encoder of audio that cannot be taken over.
    pub(super) audio_encoder: &'static str,
    /// Encoder of video where nobody says another.
    pub(super) video_encoder: &'static str,
    /// Marks in the text of its subtitles.
    pub(super) marks: &'static [&'static str],
}

const CONTAINERS: [Container; 6] = [
    // Lossless until the pictures are written.
    Container {
        endings: &["png", "exr"],
        mux: "matroskamux",
        audio_encoder: "",
        video_encoder: "ffv1",
        marks: &[],
    },
    Container {
        endings: &["mp4", "m4v"],
        mux: "mp4mux",
        audio_encoder: "avenc_aac",
        video_encoder: "h264",
        marks: &[],
    },
    Container {
        endings: &["mov"],
        mux: "qtmux",
        audio_encoder: "avenc_aac",
        video_encoder: "h264",
        marks: &[],
    },
    Container {
        endings: &["mkv"],
        mux: "matroskamux",
        audio_encoder: "opusenc",
        video_encoder: "h264",
        marks: &["b", "i", "u"],
    },
    Container {
        endings: &["webm"],
        mux: "webmmux",
        audio_encoder: "opusenc",
        video_encoder: "vp9",
        marks: &[],
    },
    Container {
        endings: &["ts", "m2ts", "mts"],
        mux: "mpegtsmux",
        audio_encoder: "avenc_aac",
        video_encoder: "h264",
        marks: &[],
    },
];

/// Compressed data that may be taken over as it is, and the element that cuts it into the muxer's
/// packets.
const CODECS: [(&str, &str); 14] = [
    ("audio/mpeg, mpegversion=(int){ 2, 4 }", "aacparse"),
    ("audio/mpeg, mpegversion=(int)1", "mpegaudioparse"),
    ("audio/x-ac3", "ac3parse"),
    ("audio/x-eac3", "ac3parse"),
    ("audio/x-dts", "dcaparse"),
    ("audio/x-opus", "opusparse"),
    ("audio/x-vorbis", "vorbisparse"),
    ("audio/x-flac", "flacparse"),
    ("video/x-h264", "h264parse"),
    ("video/x-h265", "h265parse"),
    ("video/x-av1", "av1parse"),
    ("video/x-vp9", "vp9parse"),
    ("video/mpeg, mpegversion=(int){ 1, 2 }", "mpegvideoparse"),
    ("image/jpeg", "jpegparse"),
];

/// Text with marks, and what takes them off or makes it of another kind of subtitles.
const MARKED: &str = "text/x-raw, format=(string)pango-markup";
const PLAIN: &str = "text/x-raw, format=(string)utf8";

/// How a stream comes into a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Packet by packet, through these elements.
    Copied(Vec<&'static str>),
    /// The same, with the marks taken off the text.
    Unmarked(Vec<&'static str>),
    /// Decoded and encoded anew.
    Encoded,
}

impl Way {
    /// Whether it is encoded anew.
    pub(super) fn is_encoded(&self) -> bool {
        *self == Self::Encoded
    }
}

impl Container {
    /// That of `path`, by its ending.
    pub(super) fn of(path: &Path) -> Result<&'static Self, AppError> {
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        let ending = ending.to_lowercase();
        let found = CONTAINERS
            .iter()
            .find(|container| container.endings.contains(&ending.as_str()));
        found.ok_or_else(|| AppError::Container {
            path: path.to_owned(),
        })
    }

    /// Whether it is no container: each frame becomes a file.
    pub(super) fn is_pictures(&self) -> bool {
        self.audio_encoder.is_empty()
    }

    /// Whether its files are those of ISO/IEC 14496-12, MP4 and QuickTime.
    pub(super) fn has_boxes(&self) -> bool {
        ["mp4mux", "qtmux"].contains(&self.mux)
    }

    /// Whether it is Matroska, or WebM, which is a part of that.
    pub(super) fn is_matroska(&self) -> bool {
        ["mkv", "webm"].contains(&self.endings[0])
    }

    /// Whether it says of any video that it is interlaced.
    pub(super) fn has_fields(&self) -> bool {
        self.is_matroska() || self.mux == "qtmux"
    }

    /// Whether it holds files that are attached, whatever they are.
    pub(super) fn has_attachments(&self) -> bool {
        self.endings.contains(&"mkv")
    }

    /// Whether it tells the timecode of the first frame.
    pub(super) fn has_timecode(&self) -> bool {
        self.has_boxes() || self.is_matroska()
    }

    /// Video as it takes it.
    pub(super) fn video(&self) -> Result<gst::Caps, AppError> {
        let templates = make(self.mux)?.pad_template_list();
        let mut takes = gst::Caps::new_empty();
        for template in &templates {
            let is_video = ["video", "sink"]
                .iter()
                .any(|n| template.name_template().starts_with(n));
            if template.direction() == gst::PadDirection::Sink && is_video {
                takes.merge(template.caps().clone());
            }
        }
        Ok(takes)
    }

    /// How `stream` comes into it; None where it cannot be held.
    pub(super) fn way(&self, stream: &Stream) -> Result<Option<Way>, AppError> {
        // Muxers that take what is unknown forget what it was.
        let is_held = |_: &&gst::Caps| !self.is_pictures() && !stream.is_unknown();
        let Some(caps) = stream.first_caps().filter(is_held) else {
            return Ok(None);
        };
        let mux = make(self.mux)?;
        let takes = |caps: &gst::Caps| {
            let mut templates = mux.pad_template_list().into_iter();
            templates.any(|template| template.caps().can_intersect(caps))
        };
        let parsed = codec_of(caps).filter(|(codec, _)| takes(codec));
        if let Some((_, parser)) = parsed {
            return Ok(Some(Way::Copied(vec![parser])));
        }
        let is = |text: &str| text.parse::<gst::Caps>().ok();
        let plain = is(PLAIN).is_some_and(|plain| takes(&plain));
        let marked = is(MARKED).is_some_and(|marked| caps.is_subset(&marked));
        let name = caps.structure(0).map_or("", |caps| caps.name());
        Ok(match stream.kind {
            _ if takes(caps) => Some(Way::Copied(Vec::new())),
            Kind::Subtitles if plain && marked => Some(Way::Unmarked(Vec::new())),
            Kind::Subtitles
                if plain && ["application/x-ssa", "application/x-ass"].contains(&name) =>
            {
                Some(Way::Unmarked(vec!["ssaparse"]))
            }
            Kind::Audio => Some(Way::Encoded),
            _ => None,
        })
    }

    /// Endings of containers that hold `stream`, for messages.
    pub(super) fn others_for(stream: &Stream) -> Option<String> {
        let holds = |container: &&Container| {
            exists(container.mux) && container.way(stream).is_ok_and(|way| way.is_some())
        };
        let endings: Vec<String> = CONTAINERS
            .iter()
            .filter(holds)
            .map(|container| format!(".{}", container.endings[0]))
            .collect();
        (!endings.is_empty()).then(|| endings.join(", "))
    }
}

/// The codec of compressed data that may be taken over as it is, and its parser.
fn codec_of(caps: &gst::Caps) -> Option<(gst::Caps, &'static str)> {
    let codecs = CODECS.iter().filter_map(|(codec, parser)| {
        let codec = codec.parse::<gst::Caps>().ok()?;
        Some((codec, *parser))
    });
    let mut fit = codecs.filter(|(codec, parser)| caps.is_subset(codec) && exists(parser));
    fit.next()
}

/// The element that cuts compressed data into packets.
pub(super) fn parser_of(caps: &gst::Caps) -> Option<&'static str> {
    codec_of(caps).map(|(_, parser)| parser)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_all_endings() {
        let endings = CONTAINERS.iter().flat_map(|container| container.endings);
        for ending in endings {
            let named = super::super::error::ENDINGS.split([',', ' ']);
            assert!(
                named.into_iter().any(|named| named == format!(".{ending}")),
                "{ending}"
            );
        }
    }
}
