//! The ways of streams from the parser to the muxer.

use gst::prelude::*;

use super::AppError;
use super::elements::{chain, make, pad};

/// Bytes of packets that may wait for other streams.
const WAITING: u32 = 64 << 20;
/// Least time from one frame to the next where it has to be made up; containers tell that apart.
const SHORTEST: gst::ClockTime = gst::ClockTime::from_mseconds(4);
/// Masks of loudspeakers for sound of up to eight channels that names none, as AAC has them: front
/// left and right, centre, …
const SPEAKERS: [u64; 8] = [0x0, 0x3, 0x7, 0x107, 0x37, 0x3f, 0x13f, 0x63f];

/// A queue for packets, however far one stream is ahead of the others, or for a few frames.
pub(super) fn packet_queue() -> Result<gst::Element, AppError> {
    let queue = make("queue")?;
    queue.set_properties(&[
        ("max-size-buffers", &0u32),
        ("max-size-time", &0u64),
        ("max-size-bytes", &WAITING),
    ]);
    Ok(queue)
}

/// A decoder named `name`, whose frames or samples go to `target` once it has any; `adapt` may put
/// elements between, which come with the caps. Returns the pad for its packets.
pub(super) fn decoder(
    pipeline: &gst::Pipeline,
    name: &str,
    target: gst::Pad,
    adapt: impl Fn(&gst::CapsRef) -> Result<Option<gst::Element>, AppError> + Send + Sync + 'static,
) -> Result<gst::Pad, AppError> {
    let (queue, decoder) = (packet_queue()?, make("decodebin")?);
    decoder.set_property("name", name);
    chain(pipeline, &[&queue, &decoder])?;
    for element in [&decoder, &queue] {
        (element.sync_state_with_parent())
            .map_err(|error| AppError::element(&element.name(), error))?;
    }
    let weak = pipeline.downgrade();
    decoder.connect_pad_added(move |decoder, pad| {
        let Some(pipeline) = weak.upgrade() else {
            return;
        };
        if let Err(error) = join(&pipeline, pad, &target, &adapt) {
            super::run::fail(decoder, &error);
        }
    });
    pad(&queue, "sink")
}

fn join(
    pipeline: &gst::Pipeline,
    decoded: &gst::Pad,
    target: &gst::Pad,
    adapt: &impl Fn(&gst::CapsRef) -> Result<Option<gst::Element>, AppError>,
) -> Result<(), AppError> {
    let caps = decoded.current_caps().unwrap_or(decoded.query_caps(None));
    let adapter = adapt(&caps)?;
    let (from, to) = match &adapter {
        None => (decoded.clone(), target.clone()),
        Some(adapter) => {
            chain(pipeline, &[adapter])?;
            (adapter.sync_state_with_parent())
                .map_err(|error| AppError::element(&adapter.name(), error))?;
            let source = pad(adapter, "src")?;
            (source.link(target)).map_err(|error| AppError::element(&adapter.name(), error))?;
            (decoded.clone(), pad(adapter, "sink")?)
        }
    };
    (from.link(&to))
        .map(|_| ())
        .map_err(|error| AppError::element("decoder", format!("{caps}: {error}")))
}

/// Sound of several channels that does not say which is which is taken as the usual ones; encoders
/// refuse it otherwise.
pub(super) fn name_speakers(caps: &gst::CapsRef) -> Result<Option<gst::Element>, AppError> {
    let Some(sound) = caps.structure(0) else {
        return Ok(None);
    };
    let channels = sound.get::<i32>("channels").unwrap_or(1);
    let mask = sound
        .get::<gst::Bitmask>("channel-mask")
        .map_or(0, |mask| mask.0);
    if channels < 2 || mask != 0 {
        return Ok(None);
    }
    let Some(speakers) = SPEAKERS.get(channels as usize - 1) else {
        return Err(AppError::Unfit(format!(
            "sound of {channels} channels cannot be encoded: .mkv and .mov hold it as it is"
        )));
    };
    let setter = make("capssetter")?;
    let caps = gst::Caps::builder("audio/x-raw")
        .field("channel-mask", gst::Bitmask(*speakers))
        .build();
    setter.set_property("caps", caps);
    Ok(Some(setter))
}

/// Colours of which only the range is known are taken whole for unknown by everything behind, and
/// the range is lost: they get the matrix that players assume, by the picture's height.
pub(super) fn name_colors(caps: &gst::CapsRef) -> Result<Option<gst::Element>, AppError> {
    let picture = caps.structure(0);
    let get = |name: &str| picture.and_then(|picture| picture.get::<String>(name).ok());
    let Some(colors) = get("colorimetry") else {
        return Ok(None);
    };
    let parts: Vec<&str> = colors.split(':').collect();
    let &[range @ ("1" | "2"), "0", transfer, primaries] = parts.as_slice() else {
        return Ok(None);
    };
    let height = picture.and_then(|picture| picture.get::<i32>("height").ok());
    let matrix = if height.is_some_and(|height| height > 576) {
        3
    } else {
        4
    };
    let setter = make("capssetter")?;
    let caps = gst::Caps::builder("video/x-raw")
        .field(
            "colorimetry",
            format!("{range}:{matrix}:{transfer}:{primaries}"),
        )
        .build();
    setter.set_property("caps", caps);
    Ok(Some(setter))
}

/// Move a frame or samples that come with the time of the one before, or an earlier one, behind that, and
/// those that follow until there is room again: where streams were cut and joined, decoders give
/// such, and containers refuse them.
pub(super) fn put_in_order(pad: &gst::Pad) {
    let state = std::sync::Mutex::new((None::<gst::ClockTime>, false));
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let (Some(buffer), Ok(mut state)) = (info.buffer_mut(), state.lock()) {
            let (last, moving) = *state;
            let next = last.map(|last| last + buffer.duration().unwrap_or(SHORTEST).max(SHORTEST));
            let next = next.unwrap_or_default();
            let time = buffer.pts().unwrap_or(next);
            let moving = time < next && (moving || last.is_some_and(|last| time <= last));
            let time = if moving { next } else { time };
            // Most frames are as they should be, and are not touched.
            if buffer.pts() != Some(time) {
                buffer.make_mut().set_pts(time);
            }
            *state = (Some(time), moving);
        }
        gst::PadProbeReturn::Ok
    });
}

/// Make plain text out of text with Pango's marks, in what leaves by `pad`; of these `kept` stay.
pub(super) fn take_marks_off(pad: &gst::Pad, kept: &'static [&'static str]) {
    pad.add_probe(gst::PadProbeType::BUFFER, |_, info| {
        if let Some(gst::PadProbeData::Buffer(buffer)) = &mut info.data {
            let text = buffer.map_readable().map(|text| {
                let end = text
                    .iter()
                    .position(|&byte| byte == 0)
                    .unwrap_or(text.len());
                unmarked(&String::from_utf8_lossy(&text[..end]), kept)
            });
            if let Ok(text) = text {
                let mut plain = gst::Buffer::from_slice(text.into_bytes());
                let whole = gst::BufferCopyFlags::TIMESTAMPS | gst::BufferCopyFlags::FLAGS;
                let copied = (plain.get_mut()).map(|plain| buffer.copy_into(plain, whole, ..));
                if copied.is_some_and(|copied| copied.is_ok()) {
                    *buffer = plain;
                }
            }
        }
        gst::PadProbeReturn::Ok
    });
}

/// `text` without the marks of Pango, but for those whose names are in `kept`.
fn unmarked(text: &str, kept: &[&str]) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        plain.push_str(&rest[..start]);
        let (mark, behind) = match rest[start..].find('>') {
            Some(end) => rest[start..].split_at(end + 1),
            None => (&rest[start..], ""),
        };
        let name = mark.trim_start_matches(['<', '/']).trim_end_matches('>');
        if kept.contains(&name) {
            plain.push_str(mark);
        }
        rest = behind;
    }
    plain.push_str(rest);
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&#39;", "'"),
    ];
    for (entity, sign) in entities {
        plain = plain.replace(entity, sign);
    }
    plain.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    #[test]
    fn marks_are_taken_off() {
        for (marked, plain) in [
            ("<i>Hello</i> &amp; good <b>bye</b>", "Hello & good bye"),
            ("a &lt; b", "a < b"),
            ("torn <span", "torn "),
            ("&amp;lt;", "&lt;"),
            ("", ""),
        ] {
            assert_eq!(super::unmarked(marked, &[]), plain);
        }
        let marked = "<i>Hello</i> <span size='1'>there</span>";
        assert_eq!(super::unmarked(marked, &["i"]), "<i>Hello</i> there");
    }
}
