//! One picture after the other, from its mosaics to their faces.

use image::RgbImage;

use super::sound_regions;
use super::{Blend, Mosaic, Restoration, Target, is_covered, is_excluded, is_mostly_within};
use crate::blocks::SamplingProbe;
use crate::cascade::{
    Backend, LoadError, Model, ModelMetadata, OrtBackend, RunError, SessionSettings, runtime,
};
use crate::detect::{DetectSettings, Detector, Luma, Region};
use crate::face_check::{self, Answer, FaceCheck, Question};
use crate::frame::{FrameView, FrameViewMut, Layout, Rect};
use crate::track::{Poise, Tracked};

/// Restores pictures with a model of its own, as the element `facedepixelate` does when no property
/// is set.
///
/// A restored face is a guess, not the person. Each picture is looked at on its own: in video,
/// where the faces should keep still from frame to frame, the element and [`Film`](super::Film) do
/// better.
///
/// ```no_run
/// use gstdepixelate::restore::Restorer;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut restorer = Restorer::bundled()?;
/// // The truest face rather than the sharpest.
/// restorer.blend.detail = 0.0;
/// let mut picture = image::open("pixelated.png")?.into_rgb8();
/// for region in restorer.restore_picture(&mut picture)? {
///     println!("{:?}, found with a confidence of {}", region.rect, region.score);
/// }
/// # Ok(())
/// # }
/// ```
pub struct Restorer {
    /// What counts as a mosaic.
    pub detect: DetectSettings,
    /// Least probability of a mosaic to cover a face, 0–1; 0 takes every mosaic. Without a face
    /// check, as with [`Self::new`], it is not used.
    pub face_threshold: f32,
    /// How faces go back into the picture.
    pub blend: Blend,
    /// Rectangles that are restored whatever they look like; pixels, cut to the picture.
    pub regions: Vec<Rect>,
    /// Rectangles in which what is found stays as it is, where its middle lies in one.
    pub exclude: Vec<Rect>,
    backend: Box<dyn Backend>,
    face_check: Option<FaceCheck>,
    sampling: SamplingProbe,
    poise: Poise,
    detector: Detector,
    restoration: Restoration,
    /// Luma of pictures that have no such plane.
    luma: Vec<u8>,
    is_crowded: bool,
}

impl Restorer {
    /// The bundled model on the best execution provider there is, and the face check.
    ///
    /// ONNX Runtime is looked for where `ORT_DYLIB_PATH` says, beside the program, and among the
    /// system's libraries.
    pub fn bundled() -> Result<Self, LoadError> {
        Self::open(&Model::bundled()?, &SessionSettings::default())
    }

    /// As [`Self::bundled`], with another model or elsewhere.
    pub fn open(model: &Model, settings: &SessionSettings) -> Result<Self, LoadError> {
        let runtime = runtime::load_for_program()?;
        let backend = OrtBackend::new(runtime, model, settings)?;
        Ok(Self {
            face_check: Some(FaceCheck::bundled(runtime)?),
            ..Self::new(Box::new(backend))
        })
    }

    /// A restorer that runs `backend`, and takes every mosaic for a face.
    pub fn new(backend: Box<dyn Backend>) -> Self {
        Self {
            detect: DetectSettings::default(),
            face_threshold: face_check::THRESHOLD,
            blend: Blend::default(),
            regions: Vec::new(),
            exclude: Vec::new(),
            backend,
            face_check: None,
            sampling: SamplingProbe::default(),
            poise: Poise::default(),
            detector: Detector::new(),
            restoration: Restoration::default(),
            luma: Vec::new(),
            is_crowded: false,
        }
    }

    /// Restore the mosaics of a picture where they are, and tell which; none: the picture is as it
    /// was.
    pub fn restore_picture(&mut self, picture: &mut RgbImage) -> Result<Vec<Region>, RunError> {
        let (width, height) = picture.dimensions();
        let layout = Layout::rgb(width, height);
        let mut frame = FrameViewMut::packed(&layout, picture, 3 * width as usize)
            .expect("the buffer of a picture holds its rows");
        self.restore(&mut frame)
    }

    /// As [`Self::restore_picture`], for a frame in any layout.
    pub fn restore(&mut self, frame: &mut FrameViewMut<'_>) -> Result<Vec<Region>, RunError> {
        let blend = self.blend;
        let mut mosaics = self.look(&frame.as_view())?;
        mosaics.retain(|mosaic| mosaic.is_face);
        let targets: Vec<Target> = mosaics.iter().map(|mosaic| mosaic.target).collect();
        self.infer(&frame.as_view(), &targets, blend.detail)?;
        self.apply(frame, &blend);
        Ok(sound_regions(&targets, self.unsound()))
    }

    /// The mosaics of a frame, those that were named first, then the best first, with the places of
    /// their faces where these are known; those too that do not seem to cover faces. None where
    /// [`Blend::alpha`] is 0.
    pub fn look(&mut self, frame: &FrameView<'_>) -> Result<Vec<Mosaic>, RunError> {
        self.is_crowded = false;
        if self.blend.alpha <= 0.0 {
            return Ok(Vec::new());
        }
        let mut mosaics = self.named(frame);
        let mut found = Vec::new();
        let luma = Luma::of(frame, &mut self.luma);
        self.detector.detect(&luma, &self.detect, &mut found);
        self.add_found(&mut mosaics, found.into_iter().map(Mosaic::found));
        self.judge(frame, &mut mosaics, false)?;
        Ok(mosaics)
    }

    /// What model is run.
    pub(super) fn metadata(&self) -> &ModelMetadata {
        self.backend.metadata()
    }

    /// As [`Self::look`], for a frame in which `tracked` was found, without what does not seem to
    /// cover a face.
    pub(super) fn look_at_tracked(
        &mut self,
        frame: &FrameView<'_>,
        tracked: &[Tracked],
    ) -> Result<Vec<Mosaic>, RunError> {
        let mut mosaics = self.named(frame);
        self.add_found(&mut mosaics, tracked.iter().map(Mosaic::tracked));
        self.judge(frame, &mut mosaics, true)?;
        Ok(mosaics)
    }

    /// See which of `mosaics` are faces, where those are, and what the colours of the blocks are;
    /// leave out the others where `only_faces`.
    fn judge(
        &mut self,
        frame: &FrameView<'_>,
        mosaics: &mut Vec<Mosaic>,
        only_faces: bool,
    ) -> Result<(), RunError> {
        if let Some(face_check) = &mut self.face_check
            && self.face_threshold > 0.0
        {
            let question = |mosaic: &Mosaic| {
                Some(Question {
                    region: mosaic.target.region,
                    id: mosaic.target.id,
                    may_go: only_faces && !mosaic.is_named,
                })
            };
            let threshold = self.face_threshold;
            let tell = |mosaic: &mut Mosaic, answer: Answer| {
                mosaic.target.face = answer.face;
                mosaic.probability = Some(answer.probability);
                // Who names a region knows what it shows.
                mosaic.is_face = mosaic.is_named || answer.probability >= threshold;
            };
            face_check.retain(frame, threshold, mosaics, question, tell)?;
        }
        for Mosaic { target, .. } in mosaics {
            let region = &target.region;
            target.around = target.id.map(|id| self.poise.square(id, &region.rect));
            if let Some(lattice) = &region.lattice
                && !region.is_turned()
            {
                let (rect, id) = (&region.rect, target.id);
                target.sampling = self.sampling.sampling(frame, rect, lattice, id);
            }
        }
        Ok(())
    }

    /// Whether the last [`Self::look`] stopped at [`DetectSettings::max_detections`], so that there
    /// may be more mosaics than it told.
    pub fn is_crowded(&self) -> bool {
        self.is_crowded
    }

    /// The regions that were named.
    fn named(&mut self, frame: &FrameView<'_>) -> Vec<Mosaic> {
        if self.regions.is_empty() {
            return Vec::new();
        }
        let luma = Luma::of(frame, &mut self.luma);
        let detector = &mut self.detector;
        let rects = self.regions.iter();
        let rects = rects.filter_map(|rect| rect.clamp_to(luma.width, luma.height));
        let rects = rects.take(self.backend.metadata().most_regions());
        let named = rects.map(|rect| {
            let mut named = Mosaic::named(rect);
            let region = &mut named.target.region;
            let lattice = detector.lattice_of(&luma, region);
            region.lattice = lattice.map(|(lattice, _)| lattice);
            named
        });
        named.collect()
    }

    /// Most regions of a picture that are looked for.
    fn most(&self) -> usize {
        let room = self.backend.metadata().most_regions();
        self.detect.max_detections.min(room)
    }

    /// Add what was found beside the regions that were named.
    fn add_found(
        &mut self,
        mosaics: &mut Vec<Mosaic>,
        found: impl ExactSizeIterator<Item = Mosaic>,
    ) {
        let most = self.most();
        let is_full = found.len() >= most;
        let named = mosaics.iter().map(|mosaic| mosaic.region().rect);
        let named: Vec<Rect> = named.collect();
        let mut found: Vec<Mosaic> = found.collect();
        found.retain(|mosaic| {
            let (rect, named) = (&mosaic.region().rect, named.iter().copied());
            !is_covered(named.clone(), rect, self.detect.iou_threshold)
                && !is_mostly_within(named, rect)
                && !is_excluded(&self.exclude, rect)
        });
        let room = most.saturating_sub(mosaics.len());
        self.is_crowded = is_full || found.len() > room;
        found.truncate(room);
        mosaics.append(&mut found);
    }

    /// The first half of [`Self::restore`], for a caller that knows the mosaics: crop the regions
    /// of `targets` out of `frame` and run them as one batch. The results stay inside until
    /// [`Self::apply`].
    pub fn infer(
        &mut self,
        frame: &FrameView<'_>,
        targets: &[Target],
        detail: f32,
    ) -> Result<(), RunError> {
        let mut restoration = std::mem::take(&mut self.restoration);
        let result = match self.extract(&mut restoration, frame, targets) {
            Ok(true) => self.run(&mut restoration, detail),
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        self.restoration = restoration;
        result
    }

    /// See [`Restoration::extract`].
    pub(super) fn extract(
        &self,
        restoration: &mut Restoration,
        frame: &FrameView<'_>,
        targets: &[Target],
    ) -> Result<bool, RunError> {
        let takes_lattice = self.backend.takes_lattice();
        restoration.extract(frame, targets, self.backend.metadata(), takes_lattice)
    }

    /// Run the crops of `restoration`, if there are some.
    pub(super) fn run(
        &mut self,
        restoration: &mut Restoration,
        detail: f32,
    ) -> Result<(), RunError> {
        let batch = &mut restoration.batch;
        if batch.count == 0 {
            return Ok(());
        }
        let mut faces = std::mem::take(&mut batch.faces);
        let crops = batch.crops(0..batch.count);
        let result = self.backend.run(crops, detail, &mut faces);
        batch.faces = faces;
        match result {
            Ok(()) => {
                restoration.judge(self.backend.metadata());
            }
            Err(_) => restoration.count = 0,
        }
        result
    }

    /// Which of the targets of the last [`Self::infer`] stay as they are, as the model's answer is no
    /// number.
    pub fn unsound(&self) -> &[usize] {
        self.restoration.unsound()
    }

    /// Write the results of the last [`Self::infer`] into the same frame, see
    /// [`Restoration::apply`].
    pub fn apply(&mut self, frame: &mut FrameViewMut<'_>, blend: &Blend) {
        self.restoration
            .apply(frame, self.backend.metadata(), blend);
    }
}
