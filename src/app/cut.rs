//! Where a film is cut into parts that are made one by one.

use std::ops::Range;
use std::time::Duration;

use super::stream::{Packet, Stream};

/// Frames before and after a frame that a model may look at, see [`crate::cascade::Window`].
const NEIGHBOURS: usize = 8;
/// Frames before a part that its filter sees: as many as it takes until that has settled to what it
/// would do if it had seen all. The edges of a region go by 25 frames and its square by 58 of those,
/// and the first frame that the part's own look at has settled, too.
const LEAD_IN: usize = 84 + NEIGHBOURS;
/// Frames behind a part that its filter sees: it may look ahead, from the last frame that the part's
/// own look at as well.
const LEAD_OUT: usize = 4 + NEIGHBOURS;

/// A part of a film. Times are running times in nanoseconds; packets and frames are counted from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Packets that are decoded for it, in the order of the file; to the end where that is open.
    pub(super) packets: Range<usize>,
    /// Times of the frames that its filter sees.
    pub(super) seen: Range<i64>,
    /// Times of the frames that belong to it.
    pub(super) kept: Range<i64>,
    /// Whether its packets are taken as they are: nothing is restored in it.
    pub(super) copied: bool,
}

impl Part {
    /// All of a film.
    pub(super) fn all() -> Self {
        Self {
            packets: 0..usize::MAX,
            seen: i64::MIN..i64::MAX,
            kept: i64::MIN..i64::MAX,
            copied: false,
        }
    }
}

/// The parts of a film, each of this length at least; one where it cannot be cut, as its times are
/// not in order.
pub(super) fn parts(stream: &Stream, length: Duration) -> Vec<Part> {
    let length = i64::try_from(length.as_nanos()).unwrap_or(i64::MAX);
    let order = Order::of(stream);
    order.map_or_else(|| vec![Part::all()], |order| order.parts(length))
}

/// The parts of a film of which all is copied that has no frame between two of the times in `faces`,
/// but for what belongs together with it, and that none of the times in `cuts` goes through; None
/// where it cannot be cut.
pub(super) fn parts_around(
    faces: &[(i64, i64)],
    cuts: &[i64],
    stream: &Stream,
    length: Duration,
) -> Option<Vec<Part>> {
    let length = i64::try_from(length.as_nanos()).unwrap_or(i64::MAX);
    let order = Order::of(stream)?;
    let keys = order.closed_keys();
    let mut parts: Vec<Part> = Vec::new();
    let ends = keys
        .iter()
        .skip(1)
        .copied()
        .chain([(order.packets.len(), i64::MAX)]);
    for (&(first, start), (behind, end)) in keys.iter().zip(ends) {
        let is_in = |&(before, behind): &(i64, i64)| {
            let first = order
                .shown
                .partition_point(|time| *time <= before.max(start - 1));
            order
                .shown
                .get(first)
                .is_some_and(|time| *time < behind.min(end))
        };
        let is_cut = |cut: &i64| start < *cut && *cut < end;
        let copied = !faces.iter().any(is_in) && !cuts.iter().any(is_cut);
        let last = parts.last_mut();
        let last = last.filter(|last| {
            last.copied == copied
                && !cuts.contains(&start)
                && (copied || start - last.kept.start < length)
        });
        match last {
            Some(last) => (last.packets.end, last.kept.end) = (behind, end),
            None => parts.push(Part {
                packets: first..behind,
                seen: start..end,
                kept: start..end,
                copied,
            }),
        }
    }
    if let Some(first) = parts.first_mut() {
        first.kept.start = i64::MIN;
    }
    for part in parts.iter_mut().filter(|part| !part.copied) {
        *part = order.part(part.kept.clone());
    }
    Some(parts)
}

/// The packets of a stream that can be cut: each has its own time.
struct Order<'a> {
    packets: &'a [Packet],
    /// Times of all frames, as they are shown.
    shown: Vec<i64>,
}

impl<'a> Order<'a> {
    fn of(stream: &'a Stream) -> Option<Self> {
        let packets = stream.index.as_slice();
        let mut shown = packets
            .iter()
            .map(|packet| packet.time)
            .collect::<Option<Vec<_>>>()?;
        shown.sort_unstable();
        let is_fit = stream.segments == 1
            && packets.first().is_some_and(|first| first.is_key)
            && shown.windows(2).all(|two| two[0] < two[1]);
        is_fit.then_some(Self { packets, shown })
    }

    /// Numbers of the packets that a part may begin with: all that come before it in the file are
    /// shown before it, but for pictures that need both.
    fn keys(&self) -> impl Iterator<Item = (usize, i64)> + '_ {
        let mut latest = i64::MIN;
        let keys = self
            .packets
            .iter()
            .enumerate()
            .filter(|(_, packet)| packet.is_key);
        keys.filter_map(move |(number, packet)| {
            let time = packet.time.filter(|time| *time > latest)?;
            latest = time;
            Some((number, time))
        })
    }

    /// Those of them that nothing behind needs what is before: packets and times are both cut in
    /// two there. The first packet is always one.
    fn closed_keys(&self) -> Vec<(usize, i64)> {
        let mut keys: Vec<_> = self.keys().collect();
        let mut least = i64::MAX;
        let times = self.packets.iter().enumerate().rev();
        let mut behind: Vec<i64> = times
            .map(|(_, packet)| {
                let before = least;
                least = least.min(packet.time.unwrap_or(i64::MIN));
                before
            })
            .collect();
        behind.reverse();
        keys.retain(|&(number, time)| number == 0 || behind[number] > time);
        keys
    }

    fn parts(&self, length: i64) -> Vec<Part> {
        let last = self.shown.last().copied().unwrap_or(0);
        let mut cuts = Vec::new();
        for (_, time) in self.keys() {
            let before = *cuts.last().unwrap_or(&self.shown[0]);
            // The last part is not left with a rest.
            if time - before >= length && last - time >= length / 2 {
                cuts.push(time);
            }
        }
        let mut starts = vec![i64::MIN];
        starts.extend(&cuts);
        cuts.push(i64::MAX);
        let ends = starts.into_iter().zip(cuts);
        ends.map(|(start, end)| self.part(start..end)).collect()
    }

    /// What has to be decoded and seen for the frames at these times.
    fn part(&self, kept: Range<i64>) -> Part {
        let place = |time: i64| self.shown.partition_point(|shown| *shown < time);
        let open = |time: i64, open: i64, there: i64| if time == open { open } else { there };
        let first = place(kept.start).saturating_sub(LEAD_IN);
        let behind = place(kept.end).saturating_add(LEAD_OUT);
        let start = open(kept.start, i64::MIN, self.shown[first]);
        let end = self.shown.get(behind).copied().unwrap_or(i64::MAX);
        let key = self.keys().take_while(|(_, time)| *time <= start).last();
        let until = self
            .packets
            .iter()
            .rposition(|packet| packet.time.is_some_and(|t| t < end));
        Part {
            packets: key.map_or(0, |(number, _)| number)..match end {
                i64::MAX => usize::MAX,
                _ => until.map_or(usize::MAX, |until| until + 1),
            },
            seen: start..end,
            kept,
            copied: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_secs(30);

    /// A stream of ten frames a second with a key frame in each second, whose frames are in the
    /// file as I P B B P B B …
    fn stream(seconds: i64) -> Stream {
        gst::init().unwrap();
        let mut stream = Stream::new("1".to_owned());
        stream.segments = 1;
        for second in 0..seconds {
            for place in [0, 3, 1, 2, 6, 4, 5, 9, 7, 8] {
                stream.index.push(Packet {
                    time: Some((10 * second + place) * 100_000_000),
                    is_key: place == 0,
                });
            }
        }
        stream
    }

    #[test]
    fn parts_are_cut_at_key_frames_and_seen_from_before() {
        let stream = stream(100);
        let parts = parts(&stream, LENGTH);
        let second = 1_000_000_000;
        let kept: Vec<_> = parts.iter().map(|part| part.kept.clone()).collect();
        let (first, last) = (i64::MIN..30 * second, 60 * second..i64::MAX);
        assert_eq!(kept, [first, 30 * second..60 * second, last]);
        assert_eq!(parts[1].seen, 208 * second / 10..612 * second / 10);
        // Until the frame before 61.2 s, before which 61.3 comes in the file.
        assert_eq!(parts[1].packets, 200..613);
        assert_eq!(
            (parts[0].packets.start, parts[2].packets.end),
            (0, usize::MAX)
        );
        assert_eq!(parts[0].seen.start, i64::MIN);
    }

    #[test]
    fn what_has_no_order_is_not_cut() {
        let mut twice = stream(100);
        twice.index[500].time = twice.index[501].time;
        let mut unknown = stream(100);
        unknown.index[3].time = None;
        let mut pieces = stream(100);
        pieces.segments = 2;
        for stream in [twice, unknown, pieces, Stream::new("1".to_owned())] {
            assert_eq!(parts(&stream, LENGTH), [Part::all()]);
        }
        assert_eq!(parts(&stream(44), LENGTH).len(), 1);
        assert_eq!(parts(&stream(46), LENGTH).len(), 2);
    }

    #[test]
    fn what_has_no_face_is_copied() {
        let (mut stream, second) = (stream(60), 1_000_000_000);
        // The picture after the key frame at 20 s is shown before it: nothing can begin there.
        stream.index[202].time = Some(20 * second - 50_000_000);
        let face = (19 * second, 195 * second / 10);
        let parts = parts_around(&[face], &[], &stream, LENGTH).unwrap();
        let told: Vec<_> = parts
            .iter()
            .map(|part| (part.copied, part.kept.clone()))
            .collect();
        let [start, end] = [19, 21].map(|time| time * second);
        let expected = [
            (true, i64::MIN..start),
            (false, start..end),
            (true, end..i64::MAX),
        ];
        assert_eq!(told, expected);
        assert_eq!(parts[0].packets, 0..190);
        assert_eq!(parts[2].packets, 210..600);
        assert_eq!(parts[1].seen.start, 98 * second / 10);
        // A face behind the last frame of a second, and not in it.
        let edge = (309 * second / 10, 311 * second / 10);
        let parts = parts_around(&[edge], &[], &stream, LENGTH).unwrap();
        assert_eq!(parts[1].kept, 31 * second..32 * second);
        let all = parts_around(&[(-1, 60 * second)], &[], &stream, LENGTH).unwrap();
        assert_eq!(
            all.iter().map(|part| part.copied).collect::<Vec<_>>(),
            [false, false]
        );
        let none = parts_around(&[], &[], &stream, LENGTH).unwrap();
        assert_eq!((none.len(), none[0].copied), (1, true));
        let cut = parts_around(&[], &[30 * second, 405 * second / 10], &stream, LENGTH).unwrap();
        let told: Vec<_> = cut
            .iter()
            .map(|part| (part.copied, part.kept.start))
            .collect();
        assert_eq!(
            told,
            [
                (true, i64::MIN),
                (true, 30 * second),
                (false, 40 * second),
                (true, 41 * second)
            ]
        );
    }
}
