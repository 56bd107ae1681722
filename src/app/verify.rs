//! A file that was made, compared with what it was made from.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::AppError;
use super::attachments::Attachment;
use super::container::Way;
use super::plan::{Plan, Use};
use super::source::Source;
use super::stream::{Kind, Stream};
use super::survey::{Decode, Survey};

/// By how much a track may be shorter than before: some frames of sound, as encoders and
/// containers round.
const LENGTHS: gst::ClockTime = gst::ClockTime::from_mseconds(150);

/// Packets by which a track may differ: one at either end that an edit list cuts in two.
const AT_THE_ENDS: u64 = 2;

/// What was written.
pub(super) struct Written {
    /// Frames of the restored track.
    pub(super) frames: u64,
    /// Those of its packets that were not copied.
    pub(super) made: Vec<Range<usize>>,
    /// Packets of streams of which not all came along, by the id of the stream.
    pub(super) along: HashMap<String, u64>,
}

/// What of the file at `path` is not as `plan` says, with both figures; None where all is.
pub(super) fn verify(
    path: &Path,
    plan: &Plan<'_>,
    written: &Written,
    patience: Duration,
    cancel: &AtomicBool,
) -> Result<Option<String>, AppError> {
    if written.frames == 0 {
        return Ok(Some("no frame of the video was decoded".to_owned()));
    }
    let decode = Decode::Packets(written.made.clone());
    let made = match Survey::read(&Source::new(path), &decode, patience, cancel) {
        Err(AppError::Cancelled) => return Err(AppError::Cancelled),
        // The work is not thrown away.
        Err(error) => return Ok(Some(format!("it cannot be read again: {error}"))),
        Ok(made) => made,
    };
    if let Some(complaint) = made.complaints.first() {
        return Ok(Some(format!("it cannot be read again: {complaint}")));
    }
    Ok(difference(&made, plan, written))
}

fn difference(made: &Survey, plan: &Plan<'_>, written: &Written) -> Option<String> {
    let sizes = |files: &[&Attachment]| files.iter().map(|file| file.size).collect::<Vec<_>>();
    let (before, after) = (
        &plan.attachments,
        made.attachments.iter().collect::<Vec<_>>(),
    );
    if sizes(before) != sizes(&after) {
        return Some(format!(
            "attachments of {:?} bytes were to be written, there are such of {:?}",
            sizes(before),
            sizes(&after)
        ));
    }
    let found = made.streams.iter().find_map(|stream| stream.timecode);
    // Where the video has another rate than the timecode, none is found in a tag.
    let texts = found
        .zip(plan.timecode)
        .map(|pair| (pair.0.to_string(), pair.1.to_string()));
    if let Some((found, planned)) = texts
        && found != planned
    {
        return Some(format!("its timecode was to be {planned}, and is {found}"));
    }
    for kind in [Kind::Video, Kind::Audio, Kind::Subtitles, Kind::Other] {
        let planned = plan
            .uses
            .iter()
            .filter(|(stream, becomes)| stream.kind == kind && *becomes != Use::LeftOut);
        let there = || made.streams.iter().filter(|stream| stream.kind == kind);
        if planned.clone().count() != there().count() {
            return Some(format!(
                "{} {kind} tracks were to be written, there are {}",
                planned.count(),
                there().count()
            ));
        }
        let pairs = planned.zip(there()).zip(1..);
        for (((before, becomes), after), number) in pairs {
            if let Some(reason) = track(before, becomes, after, written) {
                return Some(format!("{kind} track {number}: {reason}"));
            }
        }
    }
    None
}

fn track(before: &Stream, becomes: &Use, after: &Stream, written: &Written) -> Option<String> {
    let frames = written.frames;
    let ends = written
        .made
        .iter()
        .map(|made| made.end.min(frames as usize));
    let decoded: usize = ends
        .zip(&written.made)
        .map(|(end, made)| end.saturating_sub(made.start))
        .sum();
    let part = written.along.get(&before.id).copied();
    let packets = part.unwrap_or(before.packets);
    match becomes {
        Use::Restored
            if after.all_packets != frames
                || after.decoded.abs_diff(decoded as u64) > AT_THE_ENDS =>
        {
            Some(format!(
                "{frames} frames were read, {} written, and of {decoded} that were made {} can be decoded",
                after.all_packets, after.decoded
            ))
        }
        Use::Along(Way::Copied(_) | Way::Unmarked(_))
            if after.all_packets.abs_diff(packets) > AT_THE_ENDS =>
        {
            Some(format!(
                "{packets} packets were read, {} written",
                after.all_packets
            ))
        }
        // Not where it is longer: packets of plain samples may have no durations.
        Use::Along(Way::Encoded)
            if part.is_none() && before.duration() > after.duration() + LENGTHS =>
        {
            Some(format!(
                "it lasted {:.2}, and lasts {:.2} now",
                before.duration(),
                after.duration()
            ))
        }
        _ => None,
    }
}
