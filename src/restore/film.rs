//! The pictures of a film, restored one after the other, with those around each.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use image::RgbImage;

use super::sound_regions;
use super::{Moments, Mosaic, Restoration, Restorer, Target};
use crate::cascade::RunError;
use crate::detect::{Luma, Region};
use crate::frame::{FrameView, FrameViewMut, Layout};
use crate::track::{CutDetector, MosaicTracker};

/// Restores the pictures of a film, as the element `facedepixelate` does: mosaics are followed from
/// picture to picture, and a model that looks at several is told of those around each.
///
/// A restored face is a guess, not the person. Each picture comes back when [`Self::delay`] more
/// have come, the last ones at the end.
///
/// ```no_run
/// use gstdepixelate::restore::{Film, Restorer};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut film = Film::new(Restorer::bundled()?);
/// let mut restored = Vec::new();
/// for number in 0..100 {
///     let picture = image::open(format!("{number:04}.png"))?.into_rgb8();
///     restored.extend(film.push(picture)?);
/// }
/// restored.extend(film.finish()?);
/// for (number, shot) in restored.iter().enumerate() {
///     shot.picture.save(format!("restored-{number:04}.png"))?;
/// }
/// # Ok(())
/// # }
/// ```
pub struct Film {
    /// What restores them.
    pub restorer: Restorer,
    tracker: MosaicTracker,
    cut: CutDetector,
    moments: Moments,
    /// The last picture that came: it is looked at when the next one is there.
    last: Option<RgbImage>,
    /// Those that were looked at and wait for others.
    waiting: VecDeque<Waiting>,
    /// Memory for the next ones.
    spare: Vec<Restoration>,
    /// Luma of a picture, and of the next one.
    luma: [Vec<u8>; 2],
}

/// A picture of a film, restored.
#[derive(Clone, Debug, PartialEq)]
pub struct Restored {
    /// The picture.
    pub picture: RgbImage,
    /// What was restored in it; none: it is as it was.
    pub regions: Vec<Region>,
}

/// A picture whose crops wait to be told of others.
struct Waiting {
    picture: RgbImage,
    targets: Vec<Target>,
    restoration: Restoration,
    /// Its number among the moments.
    number: u64,
}

impl Film {
    /// With this restorer, which may be set as usual.
    pub fn new(restorer: Restorer) -> Self {
        Self {
            moments: Moments::new(restorer.metadata().window),
            restorer,
            tracker: MosaicTracker::new(),
            cut: CutDetector::default(),
            last: None,
            waiting: VecDeque::new(),
            spare: Vec::new(),
            luma: Default::default(),
        }
    }

    /// How many pictures have to come after one until that is restored: those that the model looks
    /// at, and one that shows whether what is new in the last of them is a mosaic.
    pub fn delay(&self) -> usize {
        self.restorer.metadata().window.frames_ahead() + 1
    }

    /// The next picture. Gives the one that can be restored now, if there is one; where the model
    /// fails in that, it is lost, and the film goes on.
    pub fn push(&mut self, picture: RgbImage) -> Result<Option<Restored>, RunError> {
        if let Some(last) = self.last.take() {
            let looked = self.look(last, Some(&picture));
            self.last = Some(picture);
            looked?;
        } else {
            self.last = Some(picture);
        }
        let ahead = self.restorer.metadata().window.frames_ahead() as u64;
        let awaited = self.waiting.front().map(|oldest| oldest.number + ahead);
        match awaited.is_some_and(|awaited| self.moments.last() >= Some(awaited)) {
            true => self.restore_oldest(),
            false => Ok(None),
        }
    }

    /// The end of the film: gives the pictures that are left. What is pushed then is another film.
    pub fn finish(&mut self) -> Result<Vec<Restored>, RunError> {
        let mut rest = Vec::new();
        if let Some(last) = self.last.take() {
            self.look(last, None)?;
        }
        while let Some(restored) = self.restore_oldest()? {
            rest.push(restored);
        }
        self.tracker.reset();
        self.cut.reset();
        self.moments.begin_anew();
        Ok(rest)
    }

    /// Find the mosaics of `picture` and cut them out, given the one that comes `next`.
    fn look(&mut self, picture: RgbImage, next: Option<&RgbImage>) -> Result<(), RunError> {
        let layout = layout_of(&picture);
        let frame = view(&layout, &picture);
        let mosaics = self.follow(&frame, next)?;
        let targets: Vec<Target> = mosaics.iter().map(|mosaic| mosaic.target).collect();
        let mut restoration = self.spare.pop().unwrap_or_default();
        let number = match self.restorer.extract(&mut restoration, &frame, &targets)? {
            true => restoration.leave_to(&mut self.moments),
            false => self.moments.pass(),
        };
        self.waiting.push_back(Waiting {
            picture,
            targets,
            restoration,
            number,
        });
        Ok(())
    }

    /// The mosaics of `frame`, with identities.
    fn follow(
        &mut self,
        frame: &FrameView<'_>,
        next: Option<&RgbImage>,
    ) -> Result<Vec<Mosaic>, RunError> {
        if self.restorer.blend.alpha <= 0.0 {
            // Who is looked for again later may have moved on.
            self.tracker.reset();
            return Ok(Vec::new());
        }
        let [luma, next_luma] = &mut self.luma;
        let luma = Luma::of(frame, luma);
        if self.cut.is_cut(&luma) {
            self.moments.begin_anew();
        }
        let settings = &self.restorer.detect;
        self.tracker.next(&luma, settings, 1);
        if let Some(next) = next.filter(|_| self.tracker.is_in_doubt()) {
            let layout = layout_of(next);
            let next = Luma::of(&view(&layout, next), next_luma);
            self.tracker.look_ahead(&next, settings);
        }
        self.restorer.look_at_tracked(frame, self.tracker.regions())
    }

    /// Restore the picture that has waited longest.
    fn restore_oldest(&mut self) -> Result<Option<Restored>, RunError> {
        let Some(mut oldest) = self.waiting.pop_front() else {
            return Ok(None);
        };
        let restoration = &mut oldest.restoration;
        let metadata = self.restorer.metadata();
        let told =
            restoration.tell_neighbours(&self.moments, oldest.number, metadata.window, metadata);
        let (layout, blend) = (layout_of(&oldest.picture), self.restorer.blend);
        let result = told.and_then(|()| self.restorer.run(restoration, blend.detail));
        let mut unsound = Vec::new();
        if result.is_ok() {
            let stride = 3 * layout.width as usize;
            let mut frame = FrameViewMut::packed(&layout, &mut oldest.picture, stride)
                .expect("the buffer of a picture holds its rows");
            restoration.apply(&mut frame, self.restorer.metadata(), &blend);
            unsound.extend_from_slice(restoration.unsound());
        }
        self.spare.push(oldest.restoration);
        result?;
        Ok(Some(Restored {
            picture: oldest.picture,
            regions: sound_regions(&oldest.targets, &unsound),
        }))
    }
}

fn layout_of(picture: &RgbImage) -> Layout {
    let (width, height) = picture.dimensions();
    Layout::rgb(width, height)
}

fn view<'a>(layout: &'a Layout, picture: &'a RgbImage) -> FrameView<'a> {
    FrameView::packed(layout, picture, 3 * layout.width as usize)
        .expect("the buffer of a picture holds its rows")
}
