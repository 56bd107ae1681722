//! The first look at a frame: its regions, one draft for each picture that has some.

use super::begun::WorkError;
use super::draft::Draft;
use super::fields::Fields;
use super::find::Finder;
use super::queue::Frame;
use super::settings::FrameSettings;
use crate::cascade::RunError;
use crate::face_check::FaceCheck;
use crate::frame::{Field, FrameView, Parity};

/// What looks at a picture.
pub(super) type Look<'a> = &'a mut dyn FnMut(&FrameView<'_>);

/// What takes a draft whose regions are known, with its frame.
type Take<'a> = &'a mut dyn FnMut(Draft, &FrameView<'_>);

/// Looks at frames; keeps its memory.
#[derive(Default)]
pub(super) struct Looker {
    finder: Finder,
    fields: Fields,
    face_check: Option<FaceCheck>,
    /// Identities of the regions of the last frame.
    shown: Vec<Option<u32>>,
}

impl Looker {
    /// Without a face check every mosaic counts as a face; of regions there are `most` in a frame,
    /// whoever names them.
    pub(super) fn new(face_check: Option<FaceCheck>, most: usize) -> Self {
        Self {
            finder: Finder::new(most),
            face_check,
            ..Self::default()
        }
    }

    /// What the last [`Self::look`] found; of a frame with two fields, in the second one.
    pub(super) fn finder(&self) -> &Finder {
        &self.finder
    }

    /// Whether the regions of the frame before the last one were others.
    pub(super) fn has_news(&mut self) -> bool {
        let now = self.finder.found().iter().map(|found| found.id);
        let news = !now.clone().eq(self.shown.iter().copied());
        if news {
            self.shown.clear();
            self.shown.extend(now);
        }
        news
    }

    /// Find the regions of `frame`; `take` gets the drafts in the order in which they are to be
    /// written. `ahead` gives the frame that comes next, if it is there; `spare` are drafts to be
    /// used again.
    pub(super) fn look(
        &mut self,
        frame: &Frame,
        settings: &FrameSettings,
        ahead: impl FnOnce() -> Option<Frame>,
        spare: &mut Vec<Draft>,
        take: Take<'_>,
    ) -> Result<(), WorkError> {
        if !self.finder.prepare(&frame.buffer, settings) {
            return Ok(());
        }
        let ahead = |look: Look<'_>| show_next(ahead(), look);
        frame.layout.read(&frame.buffer, |picture| {
            match frame.layout.first_field(&frame.buffer) {
                None => self.look_at_frame(&picture, settings, ahead, spare, take),
                Some(first) => self.look_at_fields(&picture, first, settings, ahead, spare, take),
            }
        })??;
        Ok(())
    }

    fn look_at_frame(
        &mut self,
        frame: &FrameView<'_>,
        settings: &FrameSettings,
        ahead: impl FnOnce(Look<'_>),
        spare: &mut Vec<Draft>,
        take: Take<'_>,
    ) -> Result<(), RunError> {
        self.look_at(frame, settings, ahead)?;
        let mut draft = spare.pop().unwrap_or_default();
        draft.take(frame, None);
        draft.found.extend_from_slice(self.finder.found());
        take(draft, frame);
        Ok(())
    }

    /// The same for two fields, of which `first` was there first.
    fn look_at_fields(
        &mut self,
        frame: &FrameView<'_>,
        first: Parity,
        settings: &FrameSettings,
        ahead: impl FnOnce(Look<'_>),
        spare: &mut Vec<Draft>,
        take: Take<'_>,
    ) -> Result<(), RunError> {
        let [mut one, mut other, mut whole] =
            [Some(first), Some(first.other()), None].map(|parity| {
                let mut draft = spare.pop().unwrap_or_default();
                draft.take(frame, parity);
                draft
            });
        self.look_at(&one.picture(frame), settings, |look| {
            look(&other.picture(frame));
        })?;
        one.found.extend_from_slice(self.finder.found());
        self.look_at(&other.picture(frame), settings, ahead)?;
        other.found.extend_from_slice(self.finder.found());
        (self.fields).join(frame, &mut one.found, &mut other.found, &mut whole.found);
        // In this order they are written: fields hold what was around them before.
        for draft in [one, other, whole] {
            take(draft, frame);
        }
        Ok(())
    }

    /// Find the regions of a picture, the faces among them, and what their blocks are.
    fn look_at(
        &mut self,
        picture: &FrameView<'_>,
        settings: &FrameSettings,
        ahead: impl FnOnce(Look<'_>),
    ) -> Result<(), RunError> {
        let finder = &mut self.finder;
        finder.find(picture, settings, ahead);
        if let Some(face_check) = &mut self.face_check
            && settings.face_threshold > 0.0
        {
            finder.keep_faces(picture, face_check, settings.face_threshold)?;
        }
        finder.tell_more(picture);
        Ok(())
    }
}

/// Show `look` the picture that comes next: a frame, or the first one of its fields.
fn show_next(next: Option<Frame>, look: Look<'_>) {
    let is_cut = |next: &Frame| next.buffer.flags().contains(gst::BufferFlags::DISCONT);
    let Some(next) = next.filter(|next| !is_cut(next)) else {
        return;
    };
    // One that cannot be read tells nothing; it is warned of when its turn comes.
    let _ = (next.layout).read(&next.buffer, |frame| {
        match next.layout.first_field(&next.buffer) {
            None => look(&frame),
            Some(first) => {
                let mut field = Field::default();
                field.take(&frame, first);
                look(&field.view(frame.layout()));
            }
        }
    });
}
