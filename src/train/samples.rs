//! Training samples: a face in a frame, pixelated, recompressed, and cut by the element's own code.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, Resizer};
use image::codecs::jpeg::JpegEncoder;
use image::{ImageReader, RgbImage};
use rand::RngExt;
use rand_distr::{Distribution, Normal};
use rand_pcg::Pcg64Mcg;

use super::recipe::{Damage, Recipe};
use crate::blocks::{LatticePlanes, PLANES};
use crate::cascade::ValueRange;
use crate::degrade::mosaic::{Fill, pixelate};
use crate::frame::{Cropper, FrameView, FrameViewMut, Lattice, Layout, Patch, Rect, Square, patch};

/// Makes samples of one recipe; one per thread, as it keeps scratch memory.
pub struct Sampler {
    size: usize,
    margin: f64,
    damage: Damage,
    cropper: Cropper,
    resizer: Resizer,
    planes: LatticePlanes,
    observed: Patch,
}

/// A mosaic and the truth behind it: planar R′G′B′ of size × size, −1 … 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// What the network sees.
    pub pixelated: Vec<f32>,
    /// What it is told of the lattice: planes as in [`PLANES`].
    pub lattice: Vec<f32>,
    /// What it should give.
    pub clean: Vec<f32>,
    /// Side of a block, crop pixels.
    pub block: f32,
}

/// Where the mosaic lies and what of the frame the network sees, in pixels of a frame of `side` × `side`.
struct Scene {
    side: u32,
    mosaic: Rect,
    /// The mosaic's box as it is detected.
    seen: Rect,
    view: Square,
}

impl Sampler {
    /// A sampler of `recipe`.
    pub fn new(recipe: &Recipe) -> Self {
        Self {
            size: recipe.model.size,
            margin: recipe.model.margin,
            damage: recipe.damage.clone(),
            cropper: Cropper::default(),
            resizer: Resizer::new(),
            planes: LatticePlanes::default(),
            observed: Patch::default(),
        }
    }

    /// A damaged sample of `picture`; chance comes from `random` alone.
    pub fn sample(&mut self, picture: &RgbImage, random: &mut Pcg64Mcg) -> anyhow::Result<Sample> {
        let scene = self.scene(random);
        let mut frame = self.frame(picture, scene.side, random)?;
        let clean = self.tensor(&frame, &scene.view)?;
        let block = logarithmic(random, self.damage.blocks.map(f64::from));
        let in_frame = block * scene.view.side / self.size as f64;
        let lattice = self.lattice(in_frame, &scene.mosaic, random);
        let blur = random.random_bool(self.damage.tile_blur);
        let fill = if blur { Fill::TileBlur } else { Fill::TileMean };
        let layout = Layout::rgb(scene.side, scene.side);
        let stride = scene.side as usize * 3;
        let mut view = FrameViewMut::packed(&layout, &mut frame, stride)?;
        pixelate(&mut view, &scene.mosaic, &lattice, fill);
        add_noise(
            &mut frame,
            random.random_range(0.0..=self.damage.noise),
            random,
        );
        if random.random_bool(self.damage.recompress) {
            let [worst, best] = self.damage.quality;
            frame = recompress(frame, scene.side, random.random_range(worst..=best))?;
        }
        let known = !random.random_bool(self.damage.unknown);
        let lattice = self.planes(&frame, &scene, known.then_some(&lattice))?;
        let pixelated = self.tensor(&frame, &scene.view)?;
        Ok(Sample {
            pixelated,
            lattice,
            clean,
            block: block as f32,
        })
    }

    fn scene(&self, random: &mut Pcg64Mcg) -> Scene {
        let view_side = self.size as f64 * logarithmic(random, self.damage.scale);
        if random.random_bool(self.damage.whole) {
            let side = view_side * random.random_range(1.0..=self.damage.jitter);
            let side = (side.round() as u32).max(16);
            let view_side = (view_side.round() as u32).clamp(16, side);
            let mut offset = || random.random_range(0..=side - view_side) as i32;
            let mosaic = Rect::new(offset(), offset(), view_side, view_side);
            let view = Square::around(&mosaic, 1.0);
            let seen = mosaic;
            return Scene {
                side,
                mosaic,
                seen,
                view,
            };
        }
        let longer = (view_side / self.margin).round().max(8.0);
        let [low, high] = self.damage.inner;
        let side = (longer / random.random_range(low..=high)).round();
        let shorter = longer * random.random_range(0.7..=1.0);
        let (width, height) = if random.random_bool(0.5) {
            (longer, shorter)
        } else {
            (shorter, longer)
        };
        // Faces are near the middle of their pictures; boxes of strangers are never exact.
        let mut corner = |length: f64| {
            let shift = random.random_range(-0.12..=0.12) * side;
            ((side - length) / 2.0 + shift)
                .round()
                .clamp(0.0, side - length) as i32
        };
        let mosaic = Rect::new(corner(width), corner(height), width as u32, height as u32);
        let seen = self.detected(&mosaic, random);
        let side = side as u32;
        // It holds a pixel: its middle lies in the frame.
        let seen = seen.clamp_to(side, side).unwrap_or(mosaic);
        Scene {
            side,
            mosaic,
            seen,
            view: Square::around(&seen, self.margin).inside(&seen, side, side),
        }
    }

    /// `mosaic` as a detector may see it: each edge off by up to 3 % of the side.
    fn detected(&self, mosaic: &Rect, random: &mut Pcg64Mcg) -> Rect {
        let slack = (f64::from(mosaic.width.min(mosaic.height)) * 0.03).ceil() as i32;
        let mut off = || random.random_range(-slack..=slack);
        let (left, top, right, bottom) = (off(), off(), off(), off());
        Rect::new(
            mosaic.x + left,
            mosaic.y + top,
            mosaic.width.saturating_add_signed(right - left).max(8),
            mosaic.height.saturating_add_signed(bottom - top).max(8),
        )
    }

    /// Mostly square blocks, at the box's corner or anywhere.
    fn lattice(&self, block: f64, mosaic: &Rect, random: &mut Pcg64Mcg) -> Lattice {
        let width = block.round().max(2.0);
        let aspect = random.random_range(0.8..=1.25);
        let height = if random.random_bool(0.15) {
            (block * aspect).round().max(2.0)
        } else {
            width
        };
        let (x, y) = if random.random_bool(0.5) {
            (f64::from(mosaic.x), f64::from(mosaic.y))
        } else {
            (
                random.random_range(0.0..width).floor(),
                random.random_range(0.0..height).floor(),
            )
        };
        Lattice {
            block_width: width as f32,
            block_height: height as f32,
            phase_x: x.rem_euclid(width) as f32,
            phase_y: y.rem_euclid(height) as f32,
        }
    }

    /// The picture's middle square, half of the time mirrored, as packed RGB of `side` × `side`.
    fn frame(
        &mut self,
        picture: &RgbImage,
        side: u32,
        random: &mut Pcg64Mcg,
    ) -> anyhow::Result<Vec<u8>> {
        let (width, height) = picture.dimensions();
        let edge = f64::from(width.min(height));
        let left = (f64::from(width) - edge) / 2.0;
        let top = (f64::from(height) - edge) / 2.0;
        let mut frame = vec![0; 3 * side as usize * side as usize];
        let source = ImageRef::new(width, height, picture.as_raw(), PixelType::U8x3)?;
        let mut target = Image::from_slice_u8(side, side, &mut frame, PixelType::U8x3)?;
        let options = fast_image_resize::ResizeOptions::new().crop(left, top, edge, edge);
        self.resizer.resize(&source, &mut target, &options)?;
        if random.random_bool(0.5) {
            mirror(&mut frame, side as usize);
        }
        Ok(frame)
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
        let (view, observed) = (&scene.view, &self.observed);
        self.planes
            .draw(observed, lattice, view, &crop, unit, &mut planes);
        Ok(planes)
    }

    /// What the element would feed the network for this view.
    fn tensor(&mut self, frame: &[u8], view: &Square) -> anyhow::Result<Vec<f32>> {
        let side = (frame.len() / 3).isqrt();
        let layout = Layout::rgb(side as u32, side as u32);
        let frame = FrameView::packed(&layout, frame, side * 3)?;
        let mut tensor = vec![0.0; 3 * self.size * self.size];
        self.cropper.crop(&frame, view, self.size, &mut tensor);
        ValueRange::Signed.normalise(&mut tensor);
        Ok(tensor)
    }
}

/// Uniform on a logarithmic scale.
fn logarithmic(random: &mut Pcg64Mcg, [low, high]: [f64; 2]) -> f64 {
    random.random_range(low.ln()..=high.ln()).exp()
}

fn mirror(frame: &mut [u8], side: usize) {
    for row in frame.chunks_exact_mut(3 * side) {
        for x in 0..side / 2 {
            for c in 0..3 {
                row.swap(3 * x + c, 3 * (side - 1 - x) + c);
            }
        }
    }
}

fn add_noise(frame: &mut [u8], deviation: f32, random: &mut Pcg64Mcg) {
    // Less than a third of a level is lost in rounding.
    let Ok(noise) = Normal::new(0.0f32, deviation.max(0.0)) else {
        return;
    };
    if deviation < 0.3 {
        return;
    }
    for byte in frame {
        *byte = (f32::from(*byte) + noise.sample(random))
            .round()
            .clamp(0.0, 255.0) as u8;
    }
}

fn recompress(frame: Vec<u8>, side: u32, quality: u8) -> anyhow::Result<Vec<u8>> {
    let mut jpeg = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut jpeg, quality);
    encoder.encode(&frame, side, side, image::ExtendedColorType::Rgb8)?;
    let reader = ImageReader::with_format(std::io::Cursor::new(jpeg), image::ImageFormat::Jpeg);
    Ok(reader.decode()?.into_rgb8().into_raw())
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn recipe() -> Recipe {
        Recipe::parse(include_str!("../../recipes/default.toml")).unwrap()
    }

    fn picture() -> RgbImage {
        RgbImage::from_fn(90, 110, |x, y| {
            image::Rgb([(x * 2) as u8, (y * 2) as u8, (x + y) as u8])
        })
    }

    #[test]
    fn chance_comes_from_the_seed() {
        let sample = |seed| {
            let mut random = Pcg64Mcg::seed_from_u64(seed);
            Sampler::new(&recipe())
                .sample(&picture(), &mut random)
                .unwrap()
        };
        assert_eq!(sample(1), sample(1));
        assert_ne!(sample(1), sample(2));
    }

    #[test]
    fn values_and_sizes_hold_for_many_seeds() {
        let mut sampler = Sampler::new(&recipe());
        for seed in 0..100 {
            let mut random = Pcg64Mcg::seed_from_u64(seed);
            let sample = sampler.sample(&picture(), &mut random).unwrap();
            for tensor in [&sample.pixelated, &sample.clean] {
                assert_eq!(tensor.len(), 3 * 128 * 128);
                assert!(tensor.iter().all(|v| (-1.0..=1.0).contains(v)));
            }
            assert_ne!(sample.pixelated, sample.clean);
        }
    }

    #[test]
    fn the_element_would_see_the_same_numbers() {
        let picture = picture();
        let mut sampler = Sampler::new(&recipe());
        let view = Square::around(&Rect::new(20, 30, 44, 40), 1.3);
        let frame: Vec<u8> = image::imageops::crop_imm(&picture, 0, 0, 90, 90)
            .to_image()
            .into_raw();
        let trained = sampler.tensor(&frame, &view).unwrap();
        let layout = Layout::rgb(90, 90);
        let frame = FrameView::packed(&layout, &frame, 270).unwrap();
        let mut seen = vec![0.0; trained.len()];
        Cropper::default().crop(&frame, &view, 128, &mut seen);
        crate::cascade::ValueRange::Signed.normalise(&mut seen);
        assert_eq!(trained, seen);
    }
}
