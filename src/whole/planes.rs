//! Pictures as numbers, and what scales them.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::{Rgb, RgbImage};

use super::WholeError;

/// A picture whose levels can be read.
pub trait Levels {
    /// Width and height, pixels.
    fn size(&self) -> [usize; 2];

    /// R′, G′ or B′ (`channel` 0, 1, 2) of a pixel in the picture, 0–255.
    fn level(&self, channel: usize, x: usize, y: usize) -> f32;
}

impl Levels for RgbImage {
    fn size(&self) -> [usize; 2] {
        [self.width() as usize, self.height() as usize]
    }

    fn level(&self, channel: usize, x: usize, y: usize) -> f32 {
        f32::from(self.get_pixel(x as u32, y as u32).0[channel])
    }
}

/// A picture in planar R′G′B′, 0–255, not rounded.
#[derive(Clone, Debug, PartialEq)]
pub struct Planes {
    /// Pixels.
    pub width: usize,
    /// Pixels.
    pub height: usize,
    /// Red row by row, then green, then blue.
    pub data: Vec<f32>,
}

impl Levels for Planes {
    fn size(&self) -> [usize; 2] {
        [self.width, self.height]
    }

    fn level(&self, channel: usize, x: usize, y: usize) -> f32 {
        self.data[(channel * self.height + y) * self.width + x]
    }
}

impl Planes {
    /// The numbers of a picture, cut out of what it goes on to by mirroring, at `width` × `height`
    /// pixels.
    pub fn mirrored(picture: &impl Levels, [width, height]: [usize; 2]) -> Self {
        let size = picture.size();
        let mut data = Vec::with_capacity(3 * width * height);
        for channel in 0..3 {
            for y in 0..height {
                let y = mirrored(y, size[1]);
                data.extend((0..width).map(|x| picture.level(channel, mirrored(x, size[0]), y)));
            }
        }
        Self {
            width,
            height,
            data,
        }
    }

    /// The numbers of a picture.
    pub fn of(picture: &impl Levels) -> Self {
        Self::mirrored(picture, picture.size())
    }

    /// Rounded to bytes.
    pub fn picture(&self) -> RgbImage {
        let byte = |value: f32| value.round().clamp(0.0, 255.0) as u8;
        RgbImage::from_fn(self.width as u32, self.height as u32, |x, y| {
            Rgb([0, 1, 2].map(|c| byte(self.level(c, x as usize, y as usize))))
        })
    }

    /// Its upper left part.
    pub fn corner(&self, size: [usize; 2]) -> Self {
        Self::mirrored(self, size)
    }

    /// At another size: by the mean of what a pixel covers where the picture shrinks, else by
    /// Catmull–Rom.
    pub fn at(&self, size: [usize; 2]) -> Result<Self, WholeError> {
        let shrinks = size[0] * size[1] < self.width * self.height;
        let filter = match shrinks {
            true => FilterType::Box,
            false => FilterType::CatmullRom,
        };
        self.scaled(size, filter)
    }

    /// At another size, by the triangle filter, as the element scales its crops.
    pub fn seen(&self, size: [usize; 2]) -> Result<Self, WholeError> {
        self.scaled(size, FilterType::Bilinear)
    }

    fn scaled(&self, size: [usize; 2], filter: FilterType) -> Result<Self, WholeError> {
        if self.size() == size {
            return Ok(self.clone());
        }
        let [width, height] = size;
        let mut data = vec![0.0; 3 * width * height];
        let planes = self.data.chunks_exact((self.width * self.height).max(1));
        for (from, to) in planes.zip(data.chunks_exact_mut((width * height).max(1))) {
            let (from, to) = (bytemuck::cast_slice(from), bytemuck::cast_slice_mut(to));
            scale((from, self.size()), (to, size), PixelType::F32, filter)?;
        }
        Ok(Self {
            width,
            height,
            data,
        })
    }

    /// ‖a − b‖ of two pictures of the same size.
    pub fn distance(&self, other: &Self) -> f64 {
        let pairs = self.data.iter().zip(&other.data);
        let squares = pairs.map(|(a, b)| f64::from(a - b).powi(2));
        squares.sum::<f64>().sqrt()
    }
}

/// Fill one plane with what another shows; both with their width and height.
pub(super) fn scale(
    (from, [width, height]): (&[u8], [usize; 2]),
    (to, [wide, high]): (&mut [u8], [usize; 2]),
    kind: PixelType,
    filter: FilterType,
) -> Result<(), WholeError> {
    let failed = |error: String| WholeError::Scaling(error);
    let from = ImageRef::new(width as u32, height as u32, from, kind)
        .map_err(|error| failed(error.to_string()))?;
    let mut to = Image::from_slice_u8(wide as u32, high as u32, to, kind)
        .map_err(|error| failed(error.to_string()))?;
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
    let resized = Resizer::new().resize(&from, &mut to, &options);
    resized.map_err(|error| failed(error.to_string()))
}

/// Where the mirrored picture of `length` pixels, which is not 0, has the pixel `at`: the edge
/// pixel itself comes once.
pub(super) fn mirrored(at: usize, length: usize) -> usize {
    let period = 2 * length - 2;
    match at.checked_rem(period) {
        Some(place) => place.min(period - place),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_go_on_mirrored() {
        let places = |length| -> Vec<usize> { (0..8).map(|at| mirrored(at, length)).collect() };
        assert_eq!(places(4), [0, 1, 2, 3, 2, 1, 0, 1]);
        assert_eq!(places(2), [0, 1, 0, 1, 0, 1, 0, 1]);
        assert_eq!(places(1), [0; 8]);
    }

    #[test]
    fn a_smaller_picture_has_the_means() {
        let picture = RgbImage::from_fn(4, 2, |x, y| Rgb([(10 * x + 40 * y) as u8, 7, 200]));
        let planes = Planes::of(&picture);
        assert_eq!(planes.picture(), picture);
        let small = planes.at([2, 1]).unwrap();
        assert_eq!(small.data[..2], [25.0, 45.0]);
        assert_eq!(small.picture().get_pixel(1, 0).0, [45, 7, 200]);
    }
}
