//! What of a film can be copied, so that only what changes is encoded.

use super::container::{Container, Way};
use super::stream::Stream;
use super::{AppError, Encoding};

/// Codecs whose packets are put together from several encoders: names in caps, and of encoders.
const CODECS: [(&str, &str); 3] = [
    ("video/x-h264", "h264"),
    ("video/x-h265", "hevc"),
    ("video/x-vp9", "vp9"),
];

/// Pixels of video by its chroma format and bits, as GStreamer calls them.
const FORMATS: [((&str, u32), &str); 6] = [
    (("4:2:0", 8), "I420"),
    (("4:2:0", 10), "I420_10LE"),
    (("4:2:2", 8), "Y42B"),
    (("4:2:2", 10), "I422_10LE"),
    (("4:4:4", 8), "Y444"),
    (("4:4:4", 10), "Y444_10LE"),
];

/// How parts of `stream` are encoded that stand between copied ones: as the stream is. The error
/// says why nothing can be copied.
pub(super) fn encoding(
    stream: &Stream,
    asked: &Encoding,
    container: &Container,
    deinterlace: bool,
) -> Result<Result<Encoding, String>, AppError> {
    let Some(caps) = stream.first_caps() else {
        return Ok(Err("nothing is known of its video".to_owned()));
    };
    let is_held = matches!(container.way(stream)?, Some(Way::Copied(_)));
    let text = |name: &str| {
        let caps = caps.structure(0)?;
        caps.get::<String>(name).ok()
    };
    let name = caps.structure(0).map_or("", |caps| caps.name().as_str());
    let codec = CODECS
        .iter()
        .find(|(caps, _)| *caps == name)
        .map(|(_, codec)| *codec);
    let Some(codec) = codec.filter(|_| is_held) else {
        return Ok(Err(format!(
            "its video is {name}, which is not encoded here for this container"
        )));
    };
    let turned = stream.tags.get::<gst::tags::ImageOrientation>();
    let progressive = text("interlace-mode").is_none_or(|mode| mode == "progressive");
    let reason = match () {
        () if asked.encoder.as_deref().is_some_and(|asked| asked != codec) => {
            format!("its video is {codec}, and another encoder was asked for")
        }
        () if stream.caps.len() > 1 => "its picture changes its size".to_owned(),
        () if turned.is_some_and(|turned| turned.get() != "rotate-0") => {
            "its picture lies on its side".to_owned()
        }
        () if deinterlace || !progressive => "its video is interlaced".to_owned(),
        () => String::new(),
    };
    if !reason.is_empty() {
        return Ok(Err(reason));
    }
    let bits = caps
        .structure(0)
        .and_then(|caps| caps.get::<u32>("bit-depth-luma").ok());
    let pixels = text("chroma-format").zip(bits);
    let known = FORMATS.iter().find(|((chroma, depth), _)| {
        pixels
            .as_ref()
            .is_some_and(|(c, d)| c == chroma && d == depth)
    });
    Ok(Ok(Encoding {
        encoder: Some(codec.to_owned()),
        format: asked
            .format
            .clone()
            .or(known.map(|(_, format)| (*format).to_owned())),
        ..asked.clone()
    }))
}
