//! A film of both halves: what was read beside what was made of it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gst::prelude::*;
use image::RgbImage;
use image::imageops::{FilterType, resize};

use crate::app::{self, AppError, Encoding, Event, Film, Frame, NOTICE, Writer};

/// Width of the line between the halves, pixels.
const LINE: u32 = 2;
/// Its brightness.
const WHITE: u8 = 255;

/// Which halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halves {
    /// Both whole films, side by side.
    SideBySide,
    /// The left half of one, the right half of the other.
    Split,
}

/// A film to make of two.
///
/// ```no_run
/// use std::path::Path;
/// use std::sync::atomic::AtomicBool;
/// use std::time::Duration;
///
/// use gstdepixelate::app::{self, Film, Input};
/// use gstdepixelate::report::{Comparison, Halves};
///
/// # fn main() -> Result<(), app::AppError> {
/// app::init()?;
/// let (cancel, patience) = (AtomicBool::new(false), Duration::from_secs(30));
/// let films = ["talk.mp4", "guess.mkv"].map(|name| Input::new(Path::new(name)));
/// let comparison = Comparison {
///     before: &mut Film::open(&films[0], None, patience, &cancel)?,
///     after: &mut Film::open(&films[1], Some(1), patience, &cancel)?,
///     target: Path::new("both.mp4"),
///     halves: Halves::Split,
///     encoding: &Default::default(),
///     patience,
/// };
/// comparison.run(&cancel, &mut |frames| println!("{frames} frames"))?;
/// # Ok(())
/// # }
/// ```
pub struct Comparison<'a, 'f> {
    /// The film that is seen on the left.
    pub before: &'a mut Film<'f>,
    /// The one on the right, made of it: the frames of both have the same times.
    pub after: &'a mut Film<'f>,
    /// What to write; its ending says which container.
    pub target: &'a Path,
    /// How they stand.
    pub halves: Halves,
    /// What the film is encoded with.
    pub encoding: &'a Encoding,
    /// How long nothing may come out before that is an error.
    pub patience: Duration,
}

impl Comparison<'_, '_> {
    /// Make the film: as many frames as that on the left has, at the same times, without sound. The
    /// file has its name only when it is complete. `on_frames` gets the number of frames so far.
    pub fn run(self, cancel: &AtomicBool, on_frames: &mut dyn FnMut(u64)) -> Result<(), AppError> {
        self.check_target()?;
        let pipeline = gst::Pipeline::with_name("compare");
        let mut writer = Writer::new(&pipeline, self.target)?;
        writer.comment(NOTICE);
        let entry = gst_app::AppSrc::builder()
            .name("frames")
            .format(gst::Format::Time)
            .block(true)
            .build();
        let failed = |error: &dyn ToString| AppError::Element {
            element: "frames".to_owned(),
            reason: error.to_string(),
        };
        pipeline.add(&entry).map_err(|error| failed(&error))?;
        let frames = entry.static_pad("src").ok_or_else(|| failed(&"no pad"))?;
        (frames.link(&writer.encoded_video(self.encoding)?)).map_err(|error| failed(&error))?;

        let (stop, count, patience) = (AtomicBool::new(false), AtomicU64::new(0), self.patience);
        let (played, fed) = std::thread::scope(|scope| {
            let feeding = scope.spawn(|| {
                let fed = self.feed(&entry, &count);
                match fed {
                    // Refused only while the pipeline is being stopped.
                    Ok(()) => _ = entry.end_of_stream(),
                    Err(_) => stop.store(true, Ordering::Relaxed),
                }
                fed
            });
            let mut watch = Watch::new(patience);
            let played = app::run(&pipeline, &stop, &mut |event| {
                if let Event::Tick = event {
                    let count = count.load(Ordering::Relaxed);
                    on_frames(count);
                    if cancel.load(Ordering::Relaxed) || watch.is_stuck(count) {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
            });
            let fed = feeding
                .join()
                .unwrap_or_else(|_| Err(failed(&"the reader failed")));
            (watch.result(played), fed)
        });
        // What could not be read is nearer to the reason; that it was stopped is none.
        match fed {
            Err(error) if !matches!(error, AppError::Cancelled) => return Err(error),
            fed => played.and(fed)?,
        }
        writer.finish()
    }

    fn check_target(&self) -> Result<(), AppError> {
        let same = |path: &Path| path.canonicalize().ok();
        let target = same(self.target);
        let films = [self.before.path(), self.after.path()];
        match target.is_some() && films.map(same).contains(&target) {
            true => Err(AppError::SameFile {
                path: self.target.to_owned(),
            }),
            false => Ok(()),
        }
    }

    /// Push all frames.
    fn feed(self, entry: &gst_app::AppSrc, count: &AtomicU64) -> Result<(), AppError> {
        self.before.rewind();
        self.after.rewind();
        let (mut right, mut coming) = (None, self.after.next_frame()?);
        while let Some(left) = self.before.next_frame()? {
            while let Some(next) = coming.take_if(|it| it.time <= left.time + Film::ROUNDING) {
                (right, coming) = (Some(next), self.after.next_frame()?);
            }
            // Before its first frame that is what a player shows.
            let shown = right.as_ref().or(coming.as_ref());
            let Some(shown) = shown else {
                return Err(AppError::Unfit(format!(
                    "{}: no frame of it can be decoded",
                    self.after.path().display()
                )));
            };
            let both = self.halves.compose(&left.picture, &shown.picture);
            if count.fetch_add(1, Ordering::Relaxed) == 0 {
                entry.set_caps(caps(&left, &both).as_ref());
            }
            // Refused only while the pipeline is being stopped.
            if entry.push_buffer(buffer(&left, both)).is_err() {
                return Err(AppError::Cancelled);
            }
        }
        Ok(())
    }
}

impl Halves {
    /// Both pictures in one, with a line between; its sides are even.
    fn compose(self, left: &RgbImage, right: &RgbImage) -> RgbImage {
        let (width, height) = left.dimensions();
        let scaled;
        let right = match right.dimensions() == left.dimensions() {
            true => right,
            false => {
                scaled = resize(right, width, height, FilterType::Triangle);
                &scaled
            }
        };
        let (middle, whole) = match self {
            Self::SideBySide => (width, 2 * width + LINE),
            Self::Split => (width.saturating_sub(LINE) / 2, width),
        };
        let behind = middle + LINE;
        let skipped = match self {
            Self::SideBySide => 0,
            Self::Split => behind.min(width),
        };
        let [row, left_end, right_start, skipped] =
            [width, middle, behind, skipped].map(|pixels| 3 * pixels as usize);
        let mut both = RgbImage::new(whole.next_multiple_of(2), height.next_multiple_of(2));
        let wide = 3 * both.width() as usize;
        let rows = left.chunks_exact(row).zip(right.chunks_exact(row));
        for (both, (left, right)) in both.chunks_exact_mut(wide).zip(rows) {
            both[..left_end].copy_from_slice(&left[..left_end]);
            both[left_end..right_start].fill(WHITE);
            let right = &right[skipped..];
            both[right_start..][..right.len()].copy_from_slice(right);
        }
        both
    }
}

/// Tells when nothing grows any more.
struct Watch {
    patience: Duration,
    last: (u64, Instant),
    stuck: bool,
}

impl Watch {
    fn new(patience: Duration) -> Self {
        let last = (0, Instant::now());
        Self {
            patience,
            last,
            stuck: false,
        }
    }

    /// Whether `count` has been the same for too long.
    fn is_stuck(&mut self, count: u64) -> bool {
        if count != self.last.0 {
            self.last = (count, Instant::now());
        }
        self.stuck |= self.last.1.elapsed() > self.patience;
        self.stuck
    }

    /// That of a run which this may have stopped.
    fn result(self, played: Result<(), AppError>) -> Result<(), AppError> {
        match played {
            Err(AppError::Cancelled) if self.stuck => Err(AppError::Stalled {
                element: "the encoder".to_owned(),
                seconds: self.patience.as_secs(),
            }),
            played => played,
        }
    }
}

/// What the pictures are, with the frame rate and the shape of pixels of `frame`.
fn caps(frame: &Frame, both: &RgbImage) -> Option<gst::Caps> {
    let rgb = gst_video::VideoFormat::Rgb;
    let info = gst_video::VideoInfo::builder(rgb, both.width(), both.height());
    let info = info.fps(frame.info.fps()).par(frame.info.par()).build();
    info.ok()?.to_caps().ok()
}

/// A picture at the time of `frame`, rows padded as GStreamer wants them.
fn buffer(frame: &Frame, both: RgbImage) -> gst::Buffer {
    let row = 3 * both.width() as usize;
    let padding = row.next_multiple_of(4) - row;
    let data = match padding {
        0 => both.into_raw(),
        _ => {
            let rows = both.as_raw().chunks(row);
            let padded = rows.flat_map(|row| row.iter().copied().chain((0..padding).map(|_| 0)));
            padded.collect()
        }
    };
    let mut buffer = gst::Buffer::from_mut_slice(data);
    if let Some(buffer) = buffer.get_mut() {
        buffer.set_pts(gst::ClockTime::from_nseconds(frame.time));
        buffer.set_duration(frame.length.map(gst::ClockTime::from_nseconds));
    }
    buffer
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn halves_stand_beside_a_line_in_even_sizes() {
        let one = RgbImage::from_pixel(33, 21, Rgb([1; 3]));
        for two in [(33, 21), (40, 30)] {
            let two = RgbImage::from_pixel(two.0, two.1, Rgb([2; 3]));
            let both = Halves::SideBySide.compose(&one, &two);
            assert_eq!(both.dimensions(), (68, 22));
            let at = |x| both.get_pixel(x, 20).0[0];
            assert_eq!(
                [at(32), at(33), at(34), at(35), at(67)],
                [1, WHITE, WHITE, 2, 2]
            );
            let both = Halves::Split.compose(&one, &two);
            assert_eq!(both.dimensions(), (34, 22));
            let at = |x| both.get_pixel(x, 0).0[0];
            assert_eq!(
                [at(14), at(15), at(16), at(17), at(32)],
                [1, WHITE, WHITE, 2, 2]
            );
        }
    }

    #[test]
    fn the_smallest_pictures_do_no_harm() {
        for size in [(1, 1), (2, 1), (3, 5)] {
            let one = RgbImage::new(size.0, size.1);
            for halves in [Halves::SideBySide, Halves::Split] {
                let both = halves.compose(&one, &one);
                assert!(both.width() % 2 == 0 && both.height() % 2 == 0);
            }
        }
    }
}
