//! Audio on its way from one container into another.

use super::AppError;
use super::elements::{exists, make};

/// Compressed audio that may be taken over as it is, and the element that cuts it into the muxer's
/// packets.
const CODECS: [(&str, &str); 6] = [
    ("audio/mpeg, mpegversion=(int){ 2, 4 }", "aacparse"),
    ("audio/mpeg, mpegversion=(int)1", "mpegaudioparse"),
    ("audio/x-ac3", "ac3parse"),
    ("audio/x-opus", "opusparse"),
    ("audio/x-vorbis", "vorbisparse"),
    ("audio/x-flac", "flacparse"),
];

/// What of [`CODECS`] a muxer takes, by the pads that it offers.
pub(super) fn codecs_for(mux: &gst::Element) -> Vec<(gst::Caps, &'static str)> {
    use gst::prelude::*;
    let accepts = |caps: &gst::Caps| {
        let mut templates = mux.pad_template_list().into_iter();
        templates.any(|template| template.caps().can_intersect(caps))
    };
    CODECS
        .iter()
        .filter_map(|(caps, parser)| Some((caps.parse::<gst::Caps>().ok()?, *parser)))
        .filter(|(caps, parser)| accepts(caps) && exists(parser))
        .collect()
}

/// The elements between a decoder's pad with `caps` and a muxer: a parser where the audio is taken
/// over as it is, else an encoder.
pub(super) fn branch(
    caps: &gst::Caps,
    codecs: &[(gst::Caps, &'static str)],
    encoder: &str,
) -> Result<Vec<gst::Element>, AppError> {
    let taken = codecs.iter().find(|(codec, _)| caps.is_subset(codec));
    let names = match taken {
        Some((_, parser)) => vec!["queue", *parser],
        None => vec!["queue", "audioconvert", "audioresample", encoder],
    };
    names.into_iter().map(make).collect()
}
