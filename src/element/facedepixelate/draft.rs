//! What is done for a picture, a frame or a field of one, while it is in work.

use super::found::Found;
use super::settings::FrameSettings;
use crate::cascade::{Batcher, Client, ModelMetadata, RunError, Ticket, Wake};
use crate::frame::{Field, FrameView, FrameViewMut, Parity, Patch, patch};
use crate::restore::{Restoration, Target};

/// Width of the borders that `display` draws, pixels.
const BORDER: u32 = 2;
/// R′, G′, B′ of those borders.
const BORDER_COLOUR: [f32; 3] = [255.0, 210.0, 0.0];

/// The regions of a picture on their way; keeps its memory for other pictures.
#[derive(Default)]
pub(super) struct Draft {
    pub restoration: Restoration,
    /// What is restored.
    pub found: Vec<Found>,
    /// The same for the restorer.
    targets: Vec<Target>,
    /// The field of the frame that is the picture; None: the frame itself is.
    parity: Option<Parity>,
    field: Field,
    /// For what is drawn into regions.
    patch: Patch,
    mask: Vec<f32>,
}

impl Draft {
    /// Take up a whole frame, or a field of it.
    pub(super) fn take(&mut self, frame: &FrameView<'_>, parity: Option<Parity>) {
        self.found.clear();
        self.parity = parity;
        if let Some(parity) = parity {
            self.field.take(frame, parity);
        }
    }

    /// The picture in `frame`.
    pub(super) fn picture<'a>(&'a self, frame: &FrameView<'a>) -> FrameView<'a> {
        match self.parity {
            None => *frame,
            Some(_) => self.field.view(frame.layout()),
        }
    }

    /// Cut what was found in `frame` out of it, for this model. False: there is nothing to run.
    pub(super) fn extract(
        &mut self,
        frame: &FrameView<'_>,
        model: &Batcher,
    ) -> Result<bool, RunError> {
        self.targets.clear();
        self.targets.extend(self.found.iter().map(Target::from));
        let mut restoration = std::mem::take(&mut self.restoration);
        let (picture, metadata) = (self.picture(frame), model.metadata());
        let has_work =
            restoration.extract(&picture, &self.targets, metadata, model.takes_lattice());
        self.restoration = restoration;
        has_work
    }

    /// Hand what was cut out to the model; `wake` is called when that is done.
    pub(super) fn submit(
        &mut self,
        settings: &FrameSettings,
        model: &Batcher,
        wake: &Wake,
        client: &Client,
    ) -> Ticket {
        let mut batch = std::mem::take(&mut self.restoration.batch);
        batch.detail = settings.blend.detail;
        model.submit(batch, settings.batch_timeout, wake, client)
    }

    /// Forget the regions for which the model's answer is no number; returns how many those are.
    pub(super) fn judge(&mut self, metadata: &ModelMetadata) -> usize {
        let unsound = self.restoration.judge(metadata);
        let mut indices = 0..;
        self.found.retain(|_| {
            let index = indices.next();
            !index.is_some_and(|index| unsound.contains(&index))
        });
        unsound.len()
    }

    /// Write what the model made into `frame`.
    pub(super) fn write(
        &mut self,
        frame: &mut FrameViewMut<'_>,
        metadata: &ModelMetadata,
        settings: &FrameSettings,
    ) {
        let Some(parity) = self.parity else {
            return self.paint(frame, metadata, settings);
        };
        let layout = *frame.layout();
        let mut field = std::mem::take(&mut self.field);
        self.paint(&mut field.view_mut(&layout), metadata, settings);
        for Found { region, .. } in &self.found {
            field.put_back(frame, parity, region.rect);
        }
        self.field = field;
    }

    fn paint(
        &mut self,
        picture: &mut FrameViewMut<'_>,
        metadata: &ModelMetadata,
        settings: &FrameSettings,
    ) {
        self.restoration.apply(picture, metadata, &settings.blend);
        for Found { region, .. } in &self.found {
            let (patch, mask) = (&mut self.patch, &mut self.mask);
            if settings.display {
                patch::outline(picture, &region.rect, BORDER, BORDER_COLOUR, patch, mask);
            }
            if settings.watermark {
                patch::label(picture, &region.rect, patch, mask);
            }
        }
    }
}
