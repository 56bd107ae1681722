//! A frame with its mosaic, and what chance does to both.

use anyhow::Context;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_pcg::Pcg64Mcg;

use super::degradation::Degradation;
use super::degrade::{self, Tone};
use super::film::Pose;
use super::scene::{self, Scene};
use crate::degrade::blur::Blur;
use crate::degrade::mosaic::{Fill, pixelate};
use crate::degrade::soft::cut_ellipse;
use crate::frame::{FrameViewMut, Lattice, Layout, Rect};
use crate::train::data::random::generator;

/// How clips are scaled.
const FILTERS: [FilterType; 3] = [
    FilterType::Bilinear,
    FilterType::CatmullRom,
    FilterType::Lanczos3,
];

/// A scene with its mosaic, and what chance did to it.
pub(super) struct Shot {
    /// Packed R′G′B′ of the frame.
    pub(super) clean: Vec<u8>,
    /// The same pixelated and degraded.
    pub(super) mosaic: Vec<u8>,
    /// Where the network may know it.
    pub(super) lattice: Option<Lattice>,
    pub(super) tone: Tone,
    /// See [`Frames::whole`].
    pub(super) whole: bool,
}

/// Where a mosaic is put in a square frame.
pub(super) struct Place<'a> {
    side: u32,
    mosaic: Rect,
    /// See [`Scene::whole`]: then the mosaic stays where it is, whatever its lattice does.
    whole: bool,
    pose: Option<Pose<'a>>,
}

impl Place<'_> {
    /// Where `scene` has it.
    pub(super) fn of(scene: &Scene) -> Self {
        Self {
            side: scene.side,
            mosaic: scene.mosaic,
            whole: scene.whole,
            pose: None,
        }
    }

    /// A lattice at random; in a film that is shifted from where it is in the middle.
    fn lattice(&self, block: f64, tiles: bool, random: &mut Pcg64Mcg) -> Lattice {
        let shift = self.pose.map(|pose| pose.shift(self.side, block));
        let back = shift.filter(|_| !self.whole).unwrap_or_default();
        let middle = Rect {
            x: self.mosaic.x - back[0],
            y: self.mosaic.y - back[1],
            ..self.mosaic
        };
        let mut lattice = match tiles {
            true => scene::tiles(block, &middle),
            false => scene::lattice(block, &middle, random),
        };
        if let Some([x, y]) = shift.filter(|_| self.pose.is_some_and(|it| it.shifts_lattice())) {
            let moved = |phase: f32, by: i32, block: f32| (phase + by as f32).rem_euclid(block);
            lattice.phase_x = moved(lattice.phase_x, x, lattice.block_width);
            lattice.phase_y = moved(lattice.phase_y, y, lattice.block_height);
        }
        lattice
    }
}

/// A square frame, packed R′G′B′, clean and with its mosaic.
pub(super) struct Frames {
    clean: Vec<u8>,
    pub(super) mosaic: Vec<u8>,
    /// None where the face is blurred.
    pub(super) lattice: Option<Lattice>,
    tone: Tone,
    /// All blocks of the mosaic's box are whole: it is no ellipse.
    whole: bool,
}

/// Puts pictures into frames, pixelates and wears them; keeps its memory.
pub(super) struct Camera {
    pub(super) degradation: Degradation,
    resizer: Resizer,
}

impl Camera {
    pub(super) fn new(degradation: &Degradation) -> Self {
        Self {
            degradation: degradation.clone(),
            resizer: Resizer::new(),
        }
    }

    /// The mosaic in its frame, with blocks of about `block` of its pixels and all that chance does to
    /// it; at `pose` of a film.
    pub(super) fn shot(
        &mut self,
        picture: &RgbImage,
        scene: &Scene,
        block: f64,
        pose: Option<Pose<'_>>,
        random: &mut Pcg64Mcg,
    ) -> anyhow::Result<Shot> {
        let frames = if random.random_bool(self.degradation.scaled) {
            self.scaled(picture, scene, block, pose, random)?
        } else {
            let place = Place {
                pose,
                ..Place::of(scene)
            };
            self.frames(picture, &place, block, random)?
        };
        let mut noise = pose.map(|pose| {
            let (seed, frame) = pose.noise();
            generator(seed, 0, frame)
        });
        let degradation = &self.degradation;
        let mosaic = degrade::degrade(
            frames.mosaic,
            scene.side,
            degradation,
            random,
            noise.as_mut(),
        )?;
        let known = !random.random_bool(self.degradation.unknown);
        Ok(Shot {
            clean: frames.clean,
            mosaic,
            lattice: frames.lattice.filter(|_| known),
            tone: frames.tone,
            whole: frames.whole,
        })
    }

    /// The picture in a frame, and the same with a mosaic of about `block` pixels in its place.
    pub(super) fn frames(
        &mut self,
        picture: &RgbImage,
        place: &Place<'_>,
        block: f64,
        random: &mut Pcg64Mcg,
    ) -> anyhow::Result<Frames> {
        let Place {
            side, mosaic, pose, ..
        } = *place;
        let mosaic = &mosaic;
        let mut clean = self.middle(picture, side)?;
        let mut tone = Tone::draw(&self.degradation, random);
        if let Some(pose) = pose {
            clean = pose.warp(&clean, side);
            tone = tone.lit(pose.light());
        }
        tone.apply(&mut clean);
        let mut pixelated = clean.clone();
        // Without a draw where none is blurred: samples of older recipes stay what they were.
        let blurred = self.degradation.blurred;
        let lattice = if blurred > 0.0 && random.random_bool(blurred) {
            pixelated = blur(pixelated, side, mosaic, block, random)?;
            None
        } else {
            let lattice = place.lattice(block, self.degradation.tiles.is_some(), random);
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
        pose: Option<Pose<'_>>,
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
        let place = Place {
            side,
            mosaic,
            whole: scene.whole,
            pose,
        };
        let made = self.frames(picture, &place, block / factor, random)?;
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
    pub(super) fn middle(&mut self, picture: &RgbImage, side: u32) -> anyhow::Result<Vec<u8>> {
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
