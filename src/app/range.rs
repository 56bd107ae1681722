//! The part of a film that is written.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gst::prelude::*;

use super::AppError;
use super::cut::Part;
use super::stream::{Kind, running, running_time};

/// From when until when, nanoseconds of running time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window(Range<i64>);

impl Window {
    /// From one time of a film to another; its start and its end where they are None.
    pub(super) fn new(
        from: Option<gst::ClockTime>,
        to: Option<gst::ClockTime>,
    ) -> Result<Self, AppError> {
        let number = |time: gst::ClockTime| i64::try_from(time.nseconds()).unwrap_or(i64::MAX);
        let window = from.map_or(i64::MIN, number)..to.map_or(i64::MAX, number);
        match window.is_empty() {
            true => Err(AppError::Unfit(
                "--to has to be later than --from".to_owned(),
            )),
            false => Ok(Self(window)),
        }
    }

    /// Whether it is all of a film.
    pub(super) fn is_all(&self) -> bool {
        self.0 == (i64::MIN..i64::MAX)
    }

    /// When what is written begins.
    pub(super) fn start(&self) -> i64 {
        self.0.start.max(0)
    }

    /// How many frames of these times are in it.
    pub(super) fn count(&self, times: impl Iterator<Item = Option<i64>>) -> u64 {
        let inside = times.filter(|time| time.is_none_or(|time| self.0.contains(&time)));
        inside.count() as u64
    }

    /// Its ends that are not those of the film.
    pub(super) fn ends(&self) -> Vec<i64> {
        let mut ends = vec![self.0.start, self.0.end];
        ends.retain(|end| *end != i64::MIN && *end != i64::MAX);
        ends
    }

    /// Those of `parts` that lie in it, or what of them does.
    pub(super) fn cut(&self, parts: Vec<Part>) -> Vec<Part> {
        let inside = parts.into_iter().map(|mut part| {
            let (start, end) = (
                part.kept.start.max(self.0.start),
                part.kept.end.min(self.0.end),
            );
            part.kept = start..end;
            part
        });
        inside.filter(|part| !part.kept.is_empty()).collect()
    }

    /// Let only packets in it pass `pad`, which has those of a stream that comes along, and move it
    /// to the start; returns how many pass.
    pub(super) fn limit(&self, pad: &gst::Pad) -> Arc<AtomicU64> {
        let passed = Arc::new(AtomicU64::new(0));
        let (counted, window) = (Arc::clone(&passed), self.0.clone());
        pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
            let is_inside = info
                .buffer_mut()
                .is_none_or(|buffer| is_inside(pad, buffer, &window));
            counted.fetch_add(u64::from(is_inside), Ordering::Relaxed);
            match is_inside {
                true => gst::PadProbeReturn::Ok,
                // `Drop` would have GStreamer free it a second time.
                false => gst::PadProbeReturn::Handled,
            }
        });
        pad.set_offset(-self.start());
        passed
    }
}

/// Whether a packet lies in the window; words that were there before are to be read from its start.
fn is_inside(pad: &gst::Pad, buffer: &mut gst::Buffer, window: &Range<i64>) -> bool {
    let segment = pad.sticky_event::<gst::event::Segment>(0);
    let times = segment
        .as_ref()
        .and_then(|segment| segment.segment().downcast_ref());
    let Some((times, start)) = times.and_then(|times| Some((times, running_time(times, buffer)?)))
    else {
        return true;
    };
    if window.contains(&start) {
        return true;
    }
    let Some((begin, duration)) = buffer.pts().zip(buffer.duration()) else {
        return false;
    };
    let end = running(times, Some(begin.saturating_add(duration)));
    let is_there = start < window.start && end.is_some_and(|end| end > window.start);
    if !is_there || Kind::of_pad(pad) != Kind::Subtitles {
        return false;
    }
    let cut = gst::ClockTime::from_nseconds(window.start.abs_diff(start));
    let packet = buffer.make_mut();
    packet.set_pts(begin + cut);
    packet.set_duration(duration.saturating_sub(cut));
    true
}

/// The chapters of a film, as far as they lie in the window.
pub(super) fn chapters(toc: &gst::Toc, window: &Window) -> gst::Toc {
    let mut cut = gst::Toc::new(toc.scope());
    for entry in toc.entries() {
        let mut edition = gst::TocEntry::new(entry.entry_type(), entry.uid());
        for chapter in entry.sub_entries() {
            let Some((start, stop)) = chapter.start_stop_times() else {
                continue;
            };
            let (from, to) = (start.max(window.0.start), stop.min(window.0.end));
            if from < to {
                let mut inside = gst::TocEntry::new(chapter.entry_type(), chapter.uid());
                let times = (from - window.start(), to - window.start());
                if let Some(inside) = inside.get_mut() {
                    inside.set_start_stop_times(times.0, times.1);
                    if let Some(tags) = chapter.tags() {
                        inside.set_tags(tags);
                    }
                }
                if let Some(edition) = edition.get_mut() {
                    edition.append_sub_entry(inside);
                }
            }
        }
        if let Some(cut) = cut.get_mut() {
            cut.append_entry(edition);
        }
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_cut_to_the_window() {
        let second = gst::ClockTime::from_seconds;
        assert!(Window::new(Some(second(3)), Some(second(3))).is_err());
        let window = Window::new(Some(second(3)), None).unwrap();
        let part = |kept: Range<i64>| Part {
            kept,
            ..Part::all()
        };
        let nine = 9_000_000_000;
        let parts = vec![part(i64::MIN..2), part(2..nine), part(nine..i64::MAX)];
        let cut: Vec<_> = window
            .cut(parts)
            .into_iter()
            .map(|part| part.kept)
            .collect();
        assert_eq!(cut, [3_000_000_000..nine, nine..i64::MAX]);
        assert_eq!(window.count([Some(1), Some(nine), None].into_iter()), 2);
        assert!(Window::new(None, None).unwrap().is_all());
    }
}
