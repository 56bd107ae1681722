//! A camera that slowly pans and zooms over a photograph of a face.

use anyhow::Context;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use gstdepixelate::frame::Rect;
use image::RgbImage;
use std::path::Path;

/// Size of the clip in pixels.
pub const SIZE: (u32, u32) = (1280, 720);
/// Frames per second.
pub const RATE: u32 = 25;
/// Frames of the clip.
pub const FRAMES: u32 = 4 * RATE;
/// Side of a mosaic's block in the clip.
pub const BLOCK: u32 = 24;

/// The face from hair to chin in the photograph: left, top and side.
const FACE: (f64, f64, f64) = (167.0, 68.0, 116.0);

/// The photograph, and what the camera sees of it.
pub struct Scene {
    photograph: RgbImage,
    resizer: Resizer,
}

/// A part of the photograph, in its pixels and in the clip's aspect ratio.
struct View {
    left: f64,
    top: f64,
    width: f64,
}

impl View {
    /// What the camera sees at frame `index`; it starts and stops softly.
    fn at(index: u32) -> Self {
        let time = f64::from(index) / f64::from(FRAMES - 1);
        let eased = time * time * (3.0 - 2.0 * time);
        let between = |from: f64, to: f64| from + (to - from) * eased;
        Self {
            left: between(0.0, 8.0),
            top: between(4.0, 18.0),
            width: between(512.0, 472.0),
        }
    }

    /// Pixels of the clip for a pixel of the photograph.
    fn scale(&self) -> f64 {
        f64::from(SIZE.0) / self.width
    }
}

impl Scene {
    /// Read the photograph.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let photograph = image::open(path)
            .with_context(|| format!("{} (make demo fetches it)", path.display()))?
            .into_rgb8();
        Ok(Self {
            photograph,
            resizer: Resizer::new(),
        })
    }

    /// Frame `index` as packed RGB; the view lies between the photograph's pixels.
    pub fn frame(&mut self, index: u32) -> anyhow::Result<Vec<u8>> {
        let view = View::at(index);
        let (width, height) = self.photograph.dimensions();
        let source = ImageRef::new(width, height, self.photograph.as_raw(), PixelType::U8x3)?;
        let mut frame = Image::new(SIZE.0, SIZE.1, PixelType::U8x3);
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
            .crop(
                view.left,
                view.top,
                view.width,
                f64::from(SIZE.1) / view.scale(),
            );
        self.resizer.resize(&source, &mut frame, &options)?;
        Ok(frame.into_vec())
    }
}

/// Where the face is in frame `index`: whole blocks, on even pixels so that its blocks are whole in
/// chroma as well.
pub fn face(index: u32) -> Rect {
    let view = View::at(index);
    let (left, top, side) = FACE;
    let in_clip = |at: f64, from: f64| (at + side / 2.0 - from) * view.scale();
    let blocks = (side * view.scale() / f64::from(BLOCK)).round();
    let side = blocks * f64::from(BLOCK);
    let even = |centre: f64| 2 * ((centre - side / 2.0) / 2.0).round() as i32;
    let (x, y) = (in_clip(left, view.left), in_clip(top, view.top));
    Rect::new(even(x), even(y), side as u32, side as u32)
}
