//! A model that sees a picture from edge to edge, without a mosaic in it.

use anyhow::{Context, ensure};
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::{Rgb, RgbImage};

use crate::cascade::{Backend, Crops, Model, OrtBackend, SessionSettings, runtime};

/// A square picture in planar R′G′B′, 0–255, not rounded.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Planes {
    /// Pixels of a side.
    pub side: usize,
    /// 3 · `side`² numbers.
    pub data: Vec<f32>,
}

impl Planes {
    /// The numbers of a square picture.
    pub(super) fn of(picture: &RgbImage) -> Self {
        let channel = |c: usize| picture.pixels().map(move |pixel| f32::from(pixel.0[c]));
        Self {
            side: picture.width() as usize,
            data: (0..3).flat_map(channel).collect(),
        }
    }

    /// Rounded to bytes.
    pub(super) fn picture(&self) -> RgbImage {
        let area = self.side * self.side;
        RgbImage::from_fn(self.side as u32, self.side as u32, |x, y| {
            let at = y as usize * self.side + x as usize;
            Rgb([0, 1, 2].map(|c| self.data[c * area + at].round().clamp(0.0, 255.0) as u8))
        })
    }

    /// At another size: by the mean of what a pixel covers where the picture shrinks, else by
    /// Catmull–Rom.
    pub(super) fn at(&self, side: usize) -> anyhow::Result<Self> {
        match side < self.side {
            true => self.scaled(side, FilterType::Box),
            false => self.scaled(side, FilterType::CatmullRom),
        }
    }

    fn scaled(&self, side: usize, filter: FilterType) -> anyhow::Result<Self> {
        let from = self.side;
        ensure!(self.data.len() == 3 * from * from, "a picture is no square");
        if from == side {
            return Ok(self.clone());
        }
        let mut data = vec![0.0; 3 * side * side];
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
        let mut resizer = Resizer::new();
        for (source, target) in self
            .data
            .chunks_exact(from * from)
            .zip(data.chunks_exact_mut(side * side))
        {
            let [from, to] = [from as u32, side as u32];
            let source = ImageRef::new(from, from, bytemuck::cast_slice(source), PixelType::F32)?;
            let target = bytemuck::cast_slice_mut(target);
            let mut target = Image::from_slice_u8(to, to, target, PixelType::F32)?;
            resizer
                .resize(&source, &mut target, &options)
                .context("a picture cannot be scaled")?;
        }
        Ok(Self { side, data })
    }

    /// ‖a − b‖ of two pictures of the same size.
    pub(super) fn distance(&self, other: &Self) -> f64 {
        let pairs = self.data.iter().zip(&other.data);
        pairs
            .map(|(a, b)| f64::from(a - b).powi(2))
            .sum::<f64>()
            .sqrt()
    }
}

/// Runs a model on whole pictures. It is told no lattice, and its output is not corrected.
pub(super) struct Whole {
    backend: OrtBackend,
}

impl Whole {
    /// Runs `model`, on the best execution provider there is.
    pub(super) fn new(model: &Model) -> anyhow::Result<Self> {
        let runtime = runtime::load_for_program()?;
        let mut backend = OrtBackend::new(runtime, model, &SessionSettings::default())?;
        backend.warm_up(1)?;
        Ok(Self { backend })
    }

    /// What the model makes of a picture, which is scaled to its size as the element does it
    /// (triangle filter), at `side` × `side` pixels.
    pub(super) fn run(&mut self, picture: &Planes, side: usize) -> anyhow::Result<Planes> {
        let metadata = self.backend.metadata().clone();
        let mut crop = picture.scaled(metadata.size, FilterType::Bilinear)?.data;
        metadata.range.normalize(&mut crop);
        let mut data = Vec::new();
        self.backend.run(Crops::new(&crop, 1), 0.0, &mut data)?;
        metadata.range.denormalise(&mut data);
        let made = Planes {
            side: metadata.output_size(),
            data,
        };
        let mut made = made.at(side)?;
        for value in &mut made.data {
            *value = value.clamp(0.0, 255.0);
        }
        Ok(made)
    }
}
