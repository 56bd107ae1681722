//! What becomes of each stream of a file.

use super::AppError;
use super::attachments::{self, Attachment};
use super::container::{Container, Way};
use super::range::Window;
use super::stream::{Kind, Stream};
use super::survey::Survey;
use super::timecode::FirstTimecode;

/// What becomes of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Decoded, restored and encoded.
    Restored,
    /// Taken along.
    Along(Way),
    /// Left out.
    LeftOut,
}

/// What becomes of a file.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// Each stream, in the order of the output; the restored one first.
    pub(super) uses: Vec<(&'a Stream, Use)>,
    /// The timecode of the first frame that is written.
    pub(super) timecode: Option<FirstTimecode>,
    /// Files that stay attached.
    pub(super) attachments: Vec<&'a Attachment>,
    /// What is lost, and what to do about it.
    pub(super) losses: Vec<String>,
}

impl<'a> Plan<'a> {
    /// The stream that is restored.
    pub(super) fn restored(&self) -> &'a Stream {
        // It stands first, see above.
        self.uses[0].0
    }

    /// For what lies in `window` of a file with these streams, into `container`; video track number
    /// `track`, counted from 1, is restored, or that which a player would show.
    pub(super) fn new(
        survey: &'a Survey,
        container: &Container,
        window: &Window,
        track: Option<usize>,
    ) -> Result<Option<Self>, AppError> {
        let Some(restored) = choose(survey, track)? else {
            return Ok(None);
        };
        let (mut uses, mut losses) = (vec![(restored, Use::Restored)], Vec::new());
        for (stream, name) in named(survey) {
            if stream.id == restored.id {
                continue;
            }
            let is_there = stream.is_still()
                || window.count(stream.index.iter().map(|packet| packet.time)) > 0;
            let way = match stream.packets {
                0 => None,
                _ if !is_there => None,
                _ => container.way(stream)?,
            };
            losses.extend(match &way {
                Some(_) => None,
                None if stream.packets == 0 => Some(format!("{name} has no data: it is left out")),
                None if !is_there => {
                    Some(format!("{name} has nothing in that time: it is left out"))
                }
                None => Some(match Container::others_for(stream) {
                    Some(others) => format!(
                        "{name} is left out, as this container cannot hold it: {others} can"
                    ),
                    None => format!("{name} is left out: no container that is written can hold it"),
                }),
            });
            uses.push((stream, way.map_or(Use::LeftOut, Use::Along)));
        }
        let (attachments, lost) = attachments::kept(&survey.attachments, &survey.tags, container);
        losses.extend(lost);
        losses.extend(survey.unseen.iter().cloned());
        let timecode = timecode(restored, window);
        losses.extend(timecode.filter(|_| !container.has_timecode()).map(|timecode| {
            format!(
                "the timecode of the first frame, {timecode}, is left out, as this container has none: .mov, .mp4, .mkv have"
            )
        }));
        Ok(Some(Self {
            uses,
            timecode: timecode.filter(|_| container.has_timecode()),
            attachments,
            losses,
        }))
    }
}

/// The timecode of the first frame of `stream` in `window`.
fn timecode(stream: &Stream, window: &Window) -> Option<FirstTimecode> {
    let times = || stream.index.iter().filter_map(|packet| packet.time);
    let first = times().filter(|time| *time >= 0).min()?;
    let written = times().filter(|time| window.count([Some(*time)].into_iter()) > 0);
    let written = written.filter(|time| *time >= first).min()?;
    Some(stream.timecode?.later(first.abs_diff(written)))
}

/// The streams with names for messages, such as “audio track 2”.
fn named(survey: &Survey) -> impl Iterator<Item = (&Stream, String)> {
    let mut counts = [0; 4];
    survey.streams.iter().map(move |stream| {
        let count = &mut counts[stream.kind as usize];
        *count += 1;
        let language = stream.tags.get::<gst::tags::LanguageCode>();
        let language = language.map(|language| format!(" ({})", language.get()));
        let mut name = format!(
            "{} track {count}{}",
            stream.kind,
            language.unwrap_or_default()
        );
        if stream.kind == Kind::Other {
            name.push_str(&format!(" (of the kind {})", stream.format()));
        }
        (stream, name)
    })
}

/// The video to restore: by its number, or as players choose: no single picture beside a film, the
/// default one before others, the largest of those.
fn choose(survey: &Survey, track: Option<usize>) -> Result<Option<&Stream>, AppError> {
    let videos = || {
        let videos = survey.streams.iter();
        videos.filter(|stream| stream.kind == Kind::Video && stream.packets > 0)
    };
    if let Some(track) = track {
        let found = track.checked_sub(1).and_then(|index| videos().nth(index));
        return found.map(Some).ok_or_else(|| {
            AppError::Unfit(format!(
                "there is no video track {track}: {} in all",
                videos().count()
            ))
        });
    }
    let area = |stream: &Stream| {
        stream
            .size()
            .map_or(0, |(width, height)| i64::from(width) * i64::from(height))
    };
    // Of equals the first: `max_by_key` takes the last.
    let videos: Vec<&Stream> = videos().collect();
    Ok(videos
        .into_iter()
        .rev()
        .max_by_key(|stream| (!stream.is_still(), stream.is_default, area(stream))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn video(id: &str, size: (i32, i32), packets: u64, is_default: bool) -> Stream {
        let caps = gst::Caps::builder("video/x-h264")
            .field("width", size.0)
            .field("height", size.1)
            .build();
        Stream {
            caps: vec![caps],
            kind: Kind::Video,
            packets,
            is_default,
            ..Stream::new(id.to_owned())
        }
    }

    #[test]
    fn the_film_is_chosen_and_not_its_cover() {
        gst::init().unwrap();
        let survey = |streams| Survey {
            streams,
            ..Survey::default()
        };
        let chosen = |survey: &Survey| choose(survey, None).unwrap().map(|s| s.id.clone());
        let cover = || video("cover", (2000, 2000), 1, true);
        let (small, large) = (
            |d| video("small", (64, 64), 9, d),
            |d| video("large", (128, 64), 9, d),
        );
        for (streams, expected) in [
            (vec![cover(), small(false)], Some("small")),
            (vec![small(false), large(false)], Some("large")),
            (vec![small(true), large(false)], Some("small")),
            (vec![large(true), small(true)], Some("large")),
            (vec![cover()], Some("cover")),
            (vec![], None),
        ] {
            assert_eq!(chosen(&survey(streams)).as_deref(), expected);
        }
        let survey = survey(vec![large(true), small(false)]);
        assert_eq!(choose(&survey, Some(2)).unwrap().unwrap().id, "small");
        assert!(choose(&survey, Some(3)).is_err() && choose(&survey, Some(0)).is_err());
    }
}
