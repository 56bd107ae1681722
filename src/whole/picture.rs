//! Pictures in files, with what networks do not see: depth, opacity, what their colours mean.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use anyhow::ensure;
use fast_image_resize::{FilterType, PixelType};
use image::{DynamicImage, ImageDecoder, ImageReader, Rgb, RgbImage};

use super::planes::scale;
use super::{Levels, MAX_SIDE, Network, WholeError};

/// Largest file that is read, bytes.
const MAX_FILE: u64 = 256 << 20;
/// Most bytes that a picture takes in memory.
const MAX_BYTES: u64 = 2 << 30;
/// What is written into each picture.
const NOTICE: &str = "Made by a neural network: what the original did not show is a guess.";

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
    profile: Option<Vec<u8>>,
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
    /// Read a file, upright as its camera was held. Grey pictures become coloured ones, floats
    /// 16 bits.
    ///
    /// Fails for what is no JPEG, PNG, WebP or GIF, and for more pixels than memory should hold.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        // Opening a named pipe would wait for its writer.
        ensure!(metadata.is_file(), "it is no file");
        let length = metadata.len();
        ensure!(
            length <= MAX_FILE,
            "{length} bytes are more than {MAX_FILE}"
        );
        let mut bytes = Vec::new();
        File::open(path)?.take(MAX_FILE).read_to_end(&mut bytes)?;
        let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
        let mut decoder = reader.into_decoder()?;
        let (width, height) = decoder.dimensions();
        let longest = width.max(height) as usize;
        ensure!(
            longest <= MAX_SIDE && decoder.total_bytes() <= MAX_BYTES,
            "{width}×{height} pixels are too many: at most {MAX_SIDE} on a side, and {} MiB",
            MAX_BYTES >> 20
        );
        ensure!(width > 0 && height > 0, "it has no pixels");
        let (profile, turn) = (decoder.icc_profile()?, decoder.orientation()?);
        let mut picture = DynamicImage::from_decoder(decoder)?;
        picture.apply_orientation(turn);
        Ok(Self {
            profile,
            ..Self::of(picture)
        })
    }

    fn of(picture: DynamicImage) -> Self {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let channels = 3 + usize::from(picture.color().has_alpha());
        let color = picture.color();
        let is_deep = color.bytes_per_pixel() > color.channel_count();
        let samples = match (is_deep, channels) {
            (false, 3) => Samples::Bytes(picture.into_rgb8().into_raw()),
            (false, _) => Samples::Bytes(picture.into_rgba8().into_raw()),
            (true, 3) => Samples::Words(picture.into_rgb16().into_raw()),
            (true, _) => Samples::Words(picture.into_rgba16().into_raw()),
        };
        Self {
            width,
            height,
            channels,
            samples,
            profile: None,
        }
    }

    /// What `network` makes of it: as deep, as opaque where it was, with the same colour profile.
    /// `done` is called with the share, 0–1, of rows that are finished.
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

    /// The bytes of a PNG file, with a comment that says what it is.
    pub fn png(&self) -> anyhow::Result<Vec<u8>> {
        let mut info = png::Info::with_size(self.width as u32, self.height as u32);
        info.icc_profile = self.profile.clone().map(Into::into);
        info.color_type = match self.channels {
            3 => png::ColorType::Rgb,
            _ => png::ColorType::Rgba,
        };
        info.bit_depth = match self.samples {
            Samples::Bytes(_) => png::BitDepth::Eight,
            Samples::Words(_) => png::BitDepth::Sixteen,
        };
        let mut file = Vec::new();
        let mut encoder = png::Encoder::with_info(&mut file, info)?;
        encoder.add_text_chunk("Comment".to_owned(), NOTICE.to_owned())?;
        let mut writer = encoder.write_header()?;
        match &self.samples {
            Samples::Bytes(bytes) => writer.write_image_data(bytes)?,
            Samples::Words(words) => {
                let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
                writer.write_image_data(&bytes)?;
            }
        }
        writer.finish()?;
        Ok(file)
    }

    /// Black and, where there is opacity, as opaque, at another size (Catmull–Rom).
    fn blank(&self, size: [usize; 2]) -> Result<Self, WholeError> {
        let [width, height] = size;
        let mut blank = Self {
            width,
            height,
            channels: self.channels,
            samples: self.samples.like(width * height * self.channels),
            profile: self.profile.clone(),
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
