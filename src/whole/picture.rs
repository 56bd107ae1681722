//! Pictures with what networks do not see: depth and opacity.

use fast_image_resize::{FilterType, PixelType};
use image::{DynamicImage, ImageBuffer, Rgb, RgbImage};

use super::planes::scale;
use super::{Levels, Network, WholeError};

/// Samples of 8 or 16 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Samples {
    Bytes(Vec<u8>),
    Words(Vec<u16>),
}

impl Samples {
    fn like(&self, count: usize) -> Self {
        match self {
            Self::Bytes(_) => Self::Bytes(vec![0; count]),
            Self::Words(_) => Self::Words(vec![0; count]),
        }
    }

    fn level(&self, at: usize) -> f32 {
        match self {
            Self::Bytes(all) => f32::from(all[at]),
            Self::Words(all) => f32::from(all[at]) / 257.0,
        }
    }

    fn set_level(&mut self, at: usize, level: f32) {
        match self {
            Self::Bytes(all) => all[at] = level.round().clamp(0.0, 255.0) as u8,
            Self::Words(all) => all[at] = (level * 257.0).round().clamp(0.0, 65535.0) as u16,
        }
    }
}

/// A picture: red, green, blue, and opacity where there is one, of 8 or 16 bits each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    channels: usize,
    samples: Samples,
}

impl Levels for Picture {
    fn size(&self) -> [usize; 2] {
        [self.width, self.height]
    }

    fn level(&self, channel: usize, x: usize, y: usize) -> f32 {
        self.samples
            .level((y * self.width + x) * self.channels + channel)
    }
}

impl Picture {
    /// The samples of `picture`. Grey becomes coloured, floats 16 bits.
    pub fn of(picture: &DynamicImage) -> Self {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let channels = 3 + usize::from(picture.color().has_alpha());
        let color = picture.color();
        let is_deep = color.bytes_per_pixel() > color.channel_count();
        let samples = match (is_deep, channels) {
            (false, 3) => Samples::Bytes(picture.to_rgb8().into_raw()),
            (false, _) => Samples::Bytes(picture.to_rgba8().into_raw()),
            (true, 3) => Samples::Words(picture.to_rgb16().into_raw()),
            (true, _) => Samples::Words(picture.to_rgba16().into_raw()),
        };
        Self {
            width,
            height,
            channels,
            samples,
        }
    }

    /// What `network` makes of it: as deep, and as opaque where it was. `done` is called with
    /// the share, 0–1, of rows that are finished.
    pub fn through(
        &self,
        network: &mut Network,
        done: &mut dyn FnMut(f64),
    ) -> Result<Self, WholeError> {
        let size = network.output_size(self.size())?;
        let mut made = self.blank(size)?;
        network.run_rows(self, &mut |y, row| {
            made.set_row(y, row);
            done((y + 1) as f64 / size[1] as f64);
        })?;
        Ok(made)
    }

    /// As others have it, with the same samples.
    pub fn into_image(self) -> DynamicImage {
        let (width, height) = (self.width as u32, self.height as u32);
        let image = match (self.samples, self.channels) {
            (Samples::Bytes(all), 3) => {
                ImageBuffer::from_raw(width, height, all).map(DynamicImage::ImageRgb8)
            }
            (Samples::Bytes(all), _) => {
                ImageBuffer::from_raw(width, height, all).map(DynamicImage::ImageRgba8)
            }
            (Samples::Words(all), 3) => {
                ImageBuffer::from_raw(width, height, all).map(DynamicImage::ImageRgb16)
            }
            (Samples::Words(all), _) => {
                ImageBuffer::from_raw(width, height, all).map(DynamicImage::ImageRgba16)
            }
        };
        // There is one: samples are as many as its pixels need.
        image.unwrap_or_default()
    }

    /// Black and, where there is opacity, as opaque, at another size (Catmull–Rom).
    fn blank(&self, size: [usize; 2]) -> Result<Self, WholeError> {
        let [width, height] = size;
        let mut blank = Self {
            width,
            height,
            channels: self.channels,
            samples: self.samples.like(width * height * self.channels),
        };
        if self.channels == 4 {
            let count = self.width * self.height;
            let mut opacity: Vec<f32> = (0..count).map(|i| self.samples.level(4 * i + 3)).collect();
            if size != self.size() {
                let small = std::mem::replace(&mut opacity, vec![0.0; width * height]);
                let from = (bytemuck::cast_slice(&small), self.size());
                let to = (bytemuck::cast_slice_mut(&mut opacity), size);
                scale(from, to, PixelType::F32, FilterType::CatmullRom)?;
            }
            for (i, level) in opacity.into_iter().enumerate() {
                blank.samples.set_level(4 * i + 3, level);
            }
        }
        Ok(blank)
    }

    /// The picture in 8 bits, without its opacity.
    pub(super) fn rgb8(&self) -> RgbImage {
        RgbImage::from_fn(self.width as u32, self.height as u32, |x, y| {
            let level = |channel| self.level(channel, x as usize, y as usize);
            Rgb([0, 1, 2].map(|channel| level(channel).round() as u8))
        })
    }

    /// The picture, changed as `after` is from `before`, both of its size.
    pub(super) fn changed(&self, before: &RgbImage, after: &RgbImage) -> Self {
        let mut changed = self.clone();
        let pixels = before.pixels().zip(after.pixels()).enumerate();
        for (pixel, (before, after)) in pixels.filter(|(_, (before, after))| before != after) {
            for channel in 0..3 {
                let change = f32::from(after.0[channel]) - f32::from(before.0[channel]);
                let at = pixel * self.channels + channel;
                let level = self.samples.level(at) + change;
                changed.samples.set_level(at, level);
            }
        }
        changed
    }

    /// Fill a row with red, green and blue levels, 0–255.
    fn set_row(&mut self, y: usize, row: [&[f32]; 3]) {
        for (channel, levels) in row.into_iter().enumerate() {
            for (x, &level) in levels.iter().enumerate() {
                let at = (y * self.width + x) * self.channels + channel;
                self.samples.set_level(at, level);
            }
        }
    }
}
