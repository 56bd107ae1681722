//! Training samples: a face in a frame, pixelated, degraded by scaling and compression, and cut by
//! the element's own code.

mod degradation;
mod degrade;
mod scene;
#[cfg(test)]
mod tests;
mod turn;

use anyhow::Context;
use degrade::Tone;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;
use image::imageops::flip_horizontal_in_place;
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_pcg::Pcg64Mcg;

use crate::blocks::{LatticePlanes, PLANES, Surface};
use crate::cascade::ValueRange;
use crate::degrade::blur::Blur;
use crate::degrade::mosaic::{Fill, pixelate};
use crate::degrade::soft::cut_ellipse;
use crate::frame::{Cropper, FrameView, FrameViewMut, Lattice, Layout, Patch, Rect, Square, patch};
use crate::train::data::random::logarithmic;
use crate::train::nn::block_projection::Grid;

pub(crate) use degradation::Degradation;
pub(crate) use scene::{Scene, detected};
pub(crate) use turn::{turned, turned_by};

/// Pictures that are enlarged by more than this have no detail at the truth's own size.
pub(crate) const MOST_ENLARGED: f64 = 1.2;

/// How clips are scaled.
const FILTERS: [FilterType; 3] = [
    FilterType::Bilinear,
    FilterType::CatmullRom,
    FilterType::Lanczos3,
];

/// Makes samples of one recipe; one per thread, as it keeps scratch memory.
pub struct Sampler {
    size: usize,
    /// Side of the truth ÷ size.
    scale: usize,
    margin: f64,
    degradation: Degradation,
    cropper: Cropper,
    resizer: Resizer,
    planes: LatticePlanes,
    observed: Patch,
    surface: Surface,
}

/// A mosaic and the truth behind it: planar R′G′B′ of size × size, −1 … 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// What the network sees.
    pub input: Vec<f32>,
    /// What it is given of the lattice: planes as in [`PLANES`].
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

/// A square frame, packed R′G′B′, clean and with its mosaic.
struct Frames {
    clean: Vec<u8>,
    mosaic: Vec<u8>,
    /// None where the face is blurred.
    lattice: Option<Lattice>,
    tone: Tone,
    /// All blocks of the mosaic's box are whole: it is no ellipse.
    whole: bool,
}

impl Sampler {
    /// A sampler of crops of `size` pixels that are `margin` times as wide as their mosaics.
    pub fn of(size: usize, margin: f64, degradation: &Degradation) -> Self {
        Self {
            size,
            scale: 1,
            margin,
            degradation: degradation.clone(),
            cropper: Cropper::default(),
            resizer: Resizer::new(),
            planes: LatticePlanes::default(),
            observed: Patch::default(),
            surface: Surface::default(),
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
        let scene = Scene::draw(&self.degradation, self.size, self.margin, random);
        let block = match self.degradation.tiles {
            Some([low, high]) => {
                let tile = f64::from(random.random_range(low..=high));
                tile * self.size as f64 / scene.view.side
            }
            None => logarithmic(random, self.degradation.blocks.map(f64::from)),
        };
        let posed = self.posed(picture, random);
        self.sample_of(&posed, &scene, block, random)
    }

    /// The picture of `scene`, as it stands, degraded with blocks of `block` crop pixels.
    pub fn sample_of(
        &mut self,
        picture: &RgbImage,
        scene: &Scene,
        block: f64,
        random: &mut Pcg64Mcg,
    ) -> anyhow::Result<Sample> {
        let in_frame = block * scene.view.side / self.size as f64;
        let frames = if random.random_bool(self.degradation.scaled) {
            self.scaled(picture, scene, in_frame, random)?
        } else {
            self.frames(picture, scene.side, &scene.mosaic, in_frame, random)?
        };
        let mosaic = degrade::degrade(frames.mosaic, scene.side, &self.degradation, random)?;
        let known = !random.random_bool(self.degradation.unknown);
        let lattice = frames.lattice.as_ref().filter(|_| known);
        let grid = lattice.filter(|_| frames.whole);
        let (clean, fine) = self.truth(picture, scene, &frames.clean, &frames.tone)?;
        Ok(Sample {
            grid: grid.map(|lattice| Grid::of(lattice, &scene.mosaic, &scene.view)),
            conditioning: self.planes(&mosaic, scene, lattice)?,
            input: self.tensor(&mosaic, &scene.view, self.size)?,
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
        clean: &[u8],
        tone: &Tone,
    ) -> anyhow::Result<(Vec<f32>, bool)> {
        if self.scale == 1 {
            return Ok((self.tensor(clean, &scene.view, self.size)?, true));
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
        let mut frame = self.middle(picture, side)?;
        tone.apply(&mut frame);
        let enlargement = f64::from(side) / f64::from(picture.width().min(picture.height()));
        Ok((
            self.tensor(&frame, &view, out)?,
            enlargement <= MOST_ENLARGED,
        ))
    }

    /// The picture, perhaps with a tilted head, perhaps mirrored.
    pub fn posed(&self, picture: &RgbImage, random: &mut Pcg64Mcg) -> RgbImage {
        let mut posed = match random.random_bool(self.degradation.turned) {
            true => turned(picture, self.degradation.turn, random),
            false => picture.clone(),
        };
        if random.random_bool(self.degradation.mirrored) {
            flip_horizontal_in_place(&mut posed);
        }
        posed
    }

    /// The picture in a frame of `side`, and the same with a mosaic of about `block` pixels in the
    /// box `mosaic`.
    fn frames(
        &mut self,
        picture: &RgbImage,
        side: u32,
        mosaic: &Rect,
        block: f64,
        random: &mut Pcg64Mcg,
    ) -> anyhow::Result<Frames> {
        let mut clean = self.middle(picture, side)?;
        let tone = Tone::draw(&self.degradation, random);
        tone.apply(&mut clean);
        let mut pixelated = clean.clone();
        // Without a draw where none is blurred: samples of older recipes stay what they were.
        let blurred = self.degradation.blurred;
        let lattice = if blurred > 0.0 && random.random_bool(blurred) {
            pixelated = blur(pixelated, side, mosaic, block, random)?;
            None
        } else {
            let lattice = match self.degradation.tiles {
                Some(_) => scene::tiles(block, mosaic),
                None => scene::lattice(block, mosaic, random),
            };
            let blur = random.random_bool(self.degradation.tile_blur);
            let fill = if blur { Fill::TileBlur } else { Fill::TileMean };
            let layout = Layout::rgb(side, side);
            let mut view = FrameViewMut::packed(&layout, &mut pixelated, side as usize * 3)?;
            pixelate(&mut view, mosaic, &lattice, fill);
            Some(lattice)
        };
        let ellipse = random.random_bool(self.degradation.ellipse);
        if ellipse {
            let soft = random.random_range(0.0..=self.degradation.soft);
            cut_ellipse(&mut pixelated, &clean, side as usize, mosaic, soft);
        }
        Ok(Frames {
            clean,
            mosaic: pixelated,
            lattice,
            tone,
            whole: !ellipse,
        })
    }

    /// As [`Self::frames`], but pixelated at another size and scaled: a lattice in fractions of a
    /// pixel.
    fn scaled(
        &mut self,
        picture: &RgbImage,
        scene: &Scene,
        block: f64,
        random: &mut Pcg64Mcg,
    ) -> anyhow::Result<Frames> {
        let [low, high] = self.degradation.scaling;
        let factor = random.random_range(low..=high);
        let side = ((f64::from(scene.side) / factor).round() as u32).max(16);
        let factor = f64::from(scene.side) / f64::from(side);
        let there = |at: i64| (at as f64 / factor).round() as u32;
        let (left, right) = (there(scene.mosaic.x.into()), there(scene.mosaic.right()));
        let (top, bottom) = (there(scene.mosaic.y.into()), there(scene.mosaic.bottom()));
        let (width, height) = ((right - left).max(1), (bottom - top).max(1));
        let mosaic = Rect::new(left as i32, top as i32, width, height);
        let made = self.frames(picture, side, &mosaic, block / factor, random)?;
        let filter = *FILTERS.choose(random).unwrap_or(&FILTERS[0]);
        let scale = |value: f32| (f64::from(value) * factor) as f32;
        Ok(Frames {
            clean: self.resize(&made.clean, side, scene.side, filter)?,
            mosaic: self.resize(&made.mosaic, side, scene.side, filter)?,
            tone: made.tone,
            whole: made.whole,
            lattice: made.lattice.map(|lattice| Lattice {
                block_width: scale(lattice.block_width),
                block_height: scale(lattice.block_height),
                phase_x: scale(lattice.phase_x),
                phase_y: scale(lattice.phase_y),
            }),
        })
    }

    /// The picture's middle square, or all of it where it is squashed, as packed RGB of `side` ×
    /// `side`.
    fn middle(&mut self, picture: &RgbImage, side: u32) -> anyhow::Result<Vec<u8>> {
        let (width, height) = picture.dimensions();
        let edge = f64::from(width.min(height));
        let left = (f64::from(width) - edge) / 2.0;
        let top = (f64::from(height) - edge) / 2.0;
        let mut frame = vec![0; 3 * side as usize * side as usize];
        let source = ImageRef::new(width, height, picture.as_raw(), PixelType::U8x3)?;
        let mut target = Image::from_slice_u8(side, side, &mut frame, PixelType::U8x3)?;
        let options = match self.degradation.squashed {
            true => ResizeOptions::new(),
            false => ResizeOptions::new().crop(left, top, edge, edge),
        };
        self.resizer.resize(&source, &mut target, &options)?;
        Ok(frame)
    }

    /// A square frame in another size.
    fn resize(
        &mut self,
        frame: &[u8],
        side: u32,
        to: u32,
        filter: FilterType,
    ) -> anyhow::Result<Vec<u8>> {
        let mut resized = vec![0; 3 * to as usize * to as usize];
        let source = ImageRef::new(side, side, frame, PixelType::U8x3)?;
        let mut target = Image::from_slice_u8(to, to, &mut resized, PixelType::U8x3)?;
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
        self.resizer.resize(&source, &mut target, &options)?;
        Ok(resized)
    }

    /// What the element would tell the network of this scene's lattice, if it is known.
    fn planes(
        &mut self,
        frame: &[u8],
        scene: &Scene,
        lattice: Option<&Lattice>,
    ) -> anyhow::Result<Vec<f32>> {
        let area = self.size * self.size;
        let mut planes = vec![0.0; PLANES * area];
        let Some(lattice) = lattice else {
            return Ok(planes);
        };
        let layout = Layout::rgb(scene.side, scene.side);
        let frame = FrameView::packed(&layout, frame, scene.side as usize * 3)?;
        let mut crop = vec![0.0; 3 * area];
        self.cropper.crop(&frame, &scene.view, self.size, &mut crop);
        patch::read(&frame, scene.seen, &mut self.observed);
        let unit = ValueRange::Signed.unit();
        self.surface.read(&self.observed, lattice);
        self.planes
            .draw(&self.surface, &scene.view, &crop, unit, &mut planes);
        Ok(planes)
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

/// A square frame, packed R′G′B′ of `side` × `side`, whose box `rect` is blurred as much as blocks
/// of `block` pixels hide.
fn blur(
    frame: Vec<u8>,
    side: u32,
    rect: &Rect,
    block: f64,
    random: &mut Pcg64Mcg,
) -> anyhow::Result<Vec<u8>> {
    let deviation = block / 2.0;
    let blur = match random.random_bool(0.5) {
        true => Blur::Gaussian(deviation as f32),
        // The standard deviation of a mean over a width w is w / √12.
        false => Blur::Box((deviation * 3f64.sqrt()).round().max(1.0) as u32),
    };
    let mut picture = RgbImage::from_raw(side, side, frame).context("the frame is too small")?;
    if let Some(rect) = rect.clamp_to(side, side) {
        blur.apply(&mut picture, &rect);
    }
    Ok(picture.into_raw())
}
