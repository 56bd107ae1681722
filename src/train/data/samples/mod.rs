//! Training samples: a face in a frame, pixelated, degraded by scaling and compression, and cut by
//! the element's own code.

mod degradation;
mod degrade;
mod film;
mod scene;
mod shot;
#[cfg(test)]
mod tests;
mod turn;

use film::{Motion, Pose};
use image::RgbImage;
use image::imageops::flip_horizontal_in_place;
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use shot::{Camera, Shot};

use crate::blocks::{LatticePlanes, NEIGHBOUR_PLANES, PLANES, Surface};
use crate::cascade::{ValueRange, Window};
use crate::frame::{Cropper, FrameView, Layout, Patch, Square, patch};
use crate::train::data::random::logarithmic;
use crate::train::nn::block_projection::Grid;

pub(crate) use degradation::Degradation;
pub(crate) use film::{Film, MOMENTS};
pub(crate) use scene::{Scene, detected};
pub(crate) use turn::{turned, turned_by};

/// Pictures that are enlarged by more than this have no detail at the truth's own size.
pub(crate) const MOST_ENLARGED: f64 = 1.2;

/// Makes samples of one recipe; one per thread, as it keeps scratch memory.
pub struct Sampler {
    size: usize,
    /// Side of the truth ÷ size.
    scale: usize,
    margin: f64,
    cropper: Cropper,
    camera: Camera,
    planes: LatticePlanes,
    observed: Patch,
}

/// A mosaic and the truth behind it: planar R′G′B′ of size × size, −1 … 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// What the network sees.
    pub input: Vec<f32>,
    /// What it is given of the lattice: planes as in [`PLANES`]; behind them those of neighbouring
    /// frames, see [`Window::planes`], if there is a window.
    pub conditioning: Vec<f32>,
    /// What it should give; its side may be a multiple.
    pub target: Vec<f32>,
    /// Whether the picture has the detail that `target` has room for.
    pub fine: bool,
    /// The blocks of the mosaic; none where the network is not told of them, or where some are not
    /// whole.
    pub grid: Option<Grid>,
    /// The same, sharpened; few systems have it.
    pub sharpened_target: Vec<f32>,
    /// Side of a block, crop pixels; 0 where there are none.
    pub block: f32,
    /// Numbers that a network should find, where it gives no picture.
    pub labels: Vec<f32>,
}

impl Sample {
    /// Planes of what it is given; a sample that has none counts as one that could be given the
    /// lattice.
    pub fn told(&self) -> usize {
        let area = self.input.len() / 3;
        match self.conditioning.len() {
            0 => PLANES,
            numbers => numbers / area.max(1),
        }
    }
}

impl Sampler {
    /// A sampler of crops of `size` pixels that are `margin` times as wide as their mosaics.
    pub fn of(size: usize, margin: f64, degradation: &Degradation) -> Self {
        Self {
            size,
            scale: 1,
            margin,
            cropper: Cropper::default(),
            camera: Camera::new(degradation),
            planes: LatticePlanes::default(),
            observed: Patch::default(),
        }
    }

    /// The same with truths of `scale` times the crop's side.
    #[must_use]
    pub fn enlarging(mut self, scale: usize) -> Self {
        self.scale = scale;
        self
    }

    /// A degraded sample of `picture`; randomness comes from `random` alone.
    pub fn sample(&mut self, picture: &RgbImage, random: &mut Pcg64Mcg) -> anyhow::Result<Sample> {
        let scene = Scene::draw(&self.camera.degradation, self.size, self.margin, random);
        let block = self.block(&scene, random);
        let posed = self.posed(picture, random);
        self.sample_of(&posed, &scene, block, random)
    }

    /// Side of the blocks at random, crop pixels.
    fn block(&self, scene: &Scene, random: &mut Pcg64Mcg) -> f64 {
        match self.camera.degradation.tiles {
            Some([low, high]) => {
                let tile = f64::from(random.random_range(low..=high));
                tile * self.size as f64 / scene.view.side
            }
            None => logarithmic(random, self.camera.degradation.blocks.map(f64::from)),
        }
    }

    /// A length of the crop's pixels in those of the scene's frame.
    fn in_frame(&self, length: f64, scene: &Scene) -> f64 {
        length * scene.view.side / self.size as f64
    }

    /// The picture of `scene`, as it stands, degraded with blocks of `block` crop pixels.
    pub fn sample_of(
        &mut self,
        picture: &RgbImage,
        scene: &Scene,
        block: f64,
        random: &mut Pcg64Mcg,
    ) -> anyhow::Result<Sample> {
        let shot = self
            .camera
            .shot(picture, scene, self.in_frame(block, scene), None, random)?;
        self.sample_of_shot(picture, scene, &shot, (block, None))
    }

    /// [`MOMENTS`] frames, one after the other, of a degraded film made of `picture`, with what is
    /// known of their neighbours in `window` behind the planes of their lattices.
    pub fn film(
        &mut self,
        picture: &RgbImage,
        film: &Film,
        window: Window,
        random: &mut Pcg64Mcg,
    ) -> anyhow::Result<Vec<Sample>> {
        let scene = Scene::draw(&self.camera.degradation, self.size, self.margin, random);
        let block = self.block(&scene, random);
        let posed = self.posed(picture, random);
        let crop = scene.view.side / f64::from(scene.side);
        let before = window.frames_behind();
        let count = before + MOMENTS + window.frames_ahead();
        let motion = Motion::draw(film, count, crop, random);
        let known = film::known(film, window.behind, window.neighbours(), random);
        let (mut samples, mut surfaces) = (Vec::new(), Vec::new());
        for (frame, pose) in motion.poses().enumerate() {
            let is_seen = |own: usize| {
                frame == own
                    || (window.offsets()).any(|it| own.checked_add_signed(it) == Some(frame))
            };
            if !(before..before + MOMENTS).any(is_seen) {
                surfaces.push(None);
                continue;
            }
            let in_frame = self.in_frame(block, &scene);
            let scene = scene.shifted(pose.shift(scene.side, in_frame));
            // All frames with the same chance.
            let chance = &mut random.clone();
            let shot = (self.camera).shot(&posed, &scene, in_frame, Some(pose), chance)?;
            surfaces.push(self.surface_of(&shot, &scene)?);
            if (before..before + MOMENTS).contains(&frame) {
                samples.push(self.sample_of_shot(&posed, &scene, &shot, (block, Some(pose)))?);
            }
        }
        for (sample, own) in samples.iter_mut().zip(before..) {
            let neighbours = window.offsets().zip(&known);
            for (offset, known) in neighbours {
                let there = surfaces[own.saturating_add_signed(offset)].as_ref();
                let pair = surfaces[own].as_ref().zip(there.filter(|_| *known));
                self.add_neighbour(pair, &scene.view, sample);
            }
        }
        Ok(samples)
    }

    /// What a network is shown of a shot with blocks of `block` crop pixels, perhaps at a pose of a film,
    /// and what it should make of it.
    fn sample_of_shot(
        &mut self,
        picture: &RgbImage,
        scene: &Scene,
        shot: &Shot,
        (block, pose): (f64, Option<Pose<'_>>),
    ) -> anyhow::Result<Sample> {
        let lattice = shot.lattice.as_ref();
        let grid = lattice.filter(|_| shot.whole);
        let (clean, fine) = self.truth(picture, scene, shot, pose)?;
        Ok(Sample {
            grid: grid.map(|lattice| Grid::of(lattice, &scene.mosaic, &scene.view)),
            conditioning: self.planes(shot, scene)?,
            input: self.tensor(&shot.mosaic, &scene.view, self.size)?,
            target: clean,
            fine,
            sharpened_target: Vec::new(),
            block: block as f32,
            labels: Vec::new(),
        })
    }

    /// The truth behind a mosaic, and whether the picture has its detail. Larger than the crop it
    /// is cut out of a larger frame: the frame of the mosaic may be too small to hold it.
    fn truth(
        &mut self,
        picture: &RgbImage,
        scene: &Scene,
        shot: &Shot,
        pose: Option<Pose<'_>>,
    ) -> anyhow::Result<(Vec<f32>, bool)> {
        if self.scale == 1 {
            return Ok((self.tensor(&shot.clean, &scene.view, self.size)?, true));
        }
        let out = self.size * self.scale;
        let side = f64::from(scene.side) * out as f64 / scene.view.side;
        let side = (side.round() as u32).max(16);
        let factor = f64::from(side) / f64::from(scene.side);
        let view = Square {
            x: scene.view.x * factor,
            y: scene.view.y * factor,
            side: scene.view.side * factor,
        };
        let mut frame = self.camera.middle(picture, side)?;
        if let Some(pose) = pose {
            frame = pose.warp(&frame, side);
        }
        shot.tone.apply(&mut frame);
        let enlargement = f64::from(side) / f64::from(picture.width().min(picture.height()));
        Ok((
            self.tensor(&frame, &view, out)?,
            enlargement <= MOST_ENLARGED,
        ))
    }

    /// The picture, perhaps with a tilted head, perhaps mirrored.
    pub fn posed(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> RgbImage {
        let mut posed = match random.random_bool(self.camera.degradation.turned) {
            true => turned(picture, self.camera.degradation.turn, random),
            false => picture.clone(),
        };
        if random.random_bool(self.camera.degradation.mirrored) {
            flip_horizontal_in_place(&mut posed);
        }
        posed
    }

    /// What the element would tell the network of this scene's lattice, if it is known.
    fn planes(&mut self, shot: &Shot, scene: &Scene) -> anyhow::Result<Vec<f32>> {
        let area = self.size * self.size;
        let mut planes = vec![0.0; PLANES * area];
        let Some(surface) = self.surface_of(shot, scene)? else {
            return Ok(planes);
        };
        let layout = Layout::rgb(scene.side, scene.side);
        let frame = FrameView::packed(&layout, &shot.mosaic, scene.side as usize * 3)?;
        let mut crop = vec![0.0; 3 * area];
        self.cropper.crop(&frame, &scene.view, self.size, &mut crop);
        let unit = ValueRange::Signed.unit();
        self.planes
            .draw(&surface, &scene.view, &crop, unit, &mut planes);
        Ok(planes)
    }

    /// The mosaic as a surface, if its lattice is known.
    fn surface_of(&mut self, shot: &Shot, scene: &Scene) -> anyhow::Result<Option<Surface>> {
        let Some(lattice) = &shot.lattice else {
            return Ok(None);
        };
        let layout = Layout::rgb(scene.side, scene.side);
        let frame = FrameView::packed(&layout, &shot.mosaic, scene.side as usize * 3)?;
        patch::read(&frame, scene.seen, &mut self.observed);
        Ok(Some(Surface::of(&self.observed, lattice)))
    }

    /// Append what is known of a neighbouring frame, as the element would tell it: the mosaics of the
    /// sample's own frame and of that one.
    fn add_neighbour(
        &mut self,
        pair: Option<(&Surface, &Surface)>,
        view: &Square,
        sample: &mut Sample,
    ) {
        let area = self.size * self.size;
        let begin = sample.conditioning.len();
        sample
            .conditioning
            .resize(begin + NEIGHBOUR_PLANES * area, 0.0);
        let planes = &mut sample.conditioning[begin..];
        if let Some((own, there)) = pair {
            self.planes.draw_neighbour(own, there, view, planes);
            let (colors, others) = planes.split_at_mut(3 * area);
            let told = &others[3 * area..];
            for plane in colors.chunks_exact_mut(area) {
                let inside = plane.iter_mut().zip(told).filter(|(_, told)| **told > 0.0);
                inside.for_each(|(value, _)| *value = *value / ValueRange::Signed.unit() - 1.0);
            }
        }
    }

    /// What the element would feed a network of crops of `size` pixels for this view.
    fn tensor(&mut self, frame: &[u8], view: &Square, size: usize) -> anyhow::Result<Vec<f32>> {
        let side = (frame.len() / 3).isqrt();
        let layout = Layout::rgb(side as u32, side as u32);
        let frame = FrameView::packed(&layout, frame, side * 3)?;
        let mut tensor = vec![0.0; 3 * size * size];
        self.cropper.crop(&frame, view, size, &mut tensor);
        ValueRange::Signed.normalize(&mut tensor);
        Ok(tensor)
    }
}
