//! Packets without which all others can be decoded.

use gst::prelude::*;

/// Let no packet pass `pad` that no others need, where packets of these caps tell.
pub(super) fn skip_others(pad: &gst::Pad, caps: &[gst::Caps]) {
    let [caps] = caps else {
        return;
    };
    if let Some(units) = Units::of(caps) {
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            let data = info.buffer().and_then(|buffer| buffer.map_readable().ok());
            match data.is_none_or(|data| units.is_reference(&data)) {
                true => gst::PadProbeReturn::Ok,
                // `Drop` would have GStreamer free it a second time.
                false => gst::PadProbeReturn::Handled,
            }
        });
    }
}

/// How the units of a packet of H.264 follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Units {
    /// Each behind its length, of so many bytes.
    Lengths(usize),
    /// Each behind a code that stands nowhere else.
    StartCodes,
}

impl Units {
    /// Those of packets of these caps; None where they are of another codec.
    fn of(caps: &gst::CapsRef) -> Option<Self> {
        let caps = caps
            .structure(0)
            .filter(|caps| caps.name() == "video/x-h264")?;
        let Ok(record) = caps.get::<gst::Buffer>("codec_data") else {
            return Some(Self::StartCodes);
        };
        let record = record.map_readable().ok()?;
        // ISO/IEC 14496-15, 5.3.3.1: lengthSizeMinusOne.
        Some(Self::Lengths(usize::from(record.get(4)? & 3) + 1))
    }

    /// Whether other packets may refer to `packet`.
    fn is_reference(self, packet: &[u8]) -> bool {
        // Slices have the types 1 to 5; all of a picture are referred to or none is (Rec. ITU-T
        // H.264, 7.4.1).
        let mut headers = Headers {
            units: self,
            rest: packet,
        };
        headers
            .find(|header| (1..=5).contains(&(header & 0x1f)))
            .is_none_or(|header| header & 0x60 != 0)
    }
}

/// The first byte of each unit.
struct Headers<'a> {
    units: Units,
    rest: &'a [u8],
}

impl Iterator for Headers<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        match self.units {
            Units::Lengths(bytes) => {
                let (length, rest) = self.rest.split_at_checked(bytes)?;
                let length = length
                    .iter()
                    .fold(0, |all, byte| all << 8 | usize::from(*byte));
                self.rest = rest.get(length..).unwrap_or_default();
                // One without a byte has no type.
                rest.get(..length.min(1))
                    .map(|first| first.first().copied().unwrap_or(0))
            }
            Units::StartCodes => {
                let code = self.rest.windows(3).position(|bytes| bytes == [0, 0, 1])?;
                self.rest = &self.rest[code + 3..];
                self.rest.first().copied()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_tell_whether_they_are_referred_to() {
        // A delimiter, and a slice.
        let with = |slice: u8| {
            let lengths = [0, 0, 0, 2, 9, 0x10, 0, 0, 0, 3, slice, 1, 2];
            let codes = [0, 0, 0, 1, 9, 0x10, 0, 0, 1, slice, 1, 2];
            (
                Units::Lengths(4).is_reference(&lengths),
                Units::StartCodes.is_reference(&codes),
            )
        };
        assert_eq!(with(0x65), (true, true));
        assert_eq!(with(0x41), (true, true));
        assert_eq!(with(0x01), (false, false));
        // What has no slice, or makes no sense, is kept.
        for units in [Units::Lengths(4), Units::Lengths(2), Units::StartCodes] {
            for packet in [&[][..], &[0], &[255; 9], &[0, 0, 1]] {
                assert!(units.is_reference(packet), "{units:?} {packet:?}");
            }
        }
    }
}
