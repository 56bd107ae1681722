//! Lattices in synthetic pictures: smooth ground, blobs, texture and noise, pixelated by the
//! block's mean.

mod clean;
mod mosaics;
mod planes;
mod turned;

use super::*;
use crate::degrade::jpeg::jpeg;

/// A luma plane that owns its memory.
struct Picture {
    data: Vec<u8>,
    width: usize,
    height: usize,
}

/// Reproducible noise, 0–255.
fn noise(state: &mut u32) -> u8 {
    *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    (*state >> 24) as u8
}

impl Picture {
    fn from_fn(width: usize, height: usize, pixel: impl Fn(usize, usize) -> f32) -> Self {
        let at = |i: usize| pixel(i % width, i / width).clamp(0.0, 255.0) as u8;
        Self {
            data: (0..width * height).map(at).collect(),
            width,
            height,
        }
    }

    /// What a camera might see: waves of all sizes, two blobs with soft edges, a little noise.
    fn natural(width: usize, height: usize) -> Self {
        let mut picture = Self::from_fn(width, height, |x, y| {
            let (x, y) = (x as f32, y as f32);
            let waves = 30.0 * (x / 61.0 + y / 83.0).sin()
                + 22.0 * (x / 17.0 - y / 23.0).cos()
                + 14.0 * (x / 7.3 + y / 5.9).sin();
            let blob = |cx: f32, cy: f32, r: f32| {
                let distance = (x - cx).hypot(y - cy) - r;
                1.0 / (1.0 + (distance / 1.5).exp())
            };
            128.0 + waves + 50.0 * blob(90.0, 80.0, 40.0) - 45.0 * blob(230.0, 150.0, 60.0)
        });
        let mut state = 7;
        for pixel in &mut picture.data {
            *pixel = pixel.saturating_add(noise(&mut state) % 5);
        }
        picture
    }

    /// Put the mean of each block over `rect`; blocks have a corner at `origin` and are cut by
    /// `rect`.
    fn pixelate(&mut self, rect: Rect, block: (usize, usize), origin: (i32, i32)) {
        let index = |at: i32, origin: i32, block: usize| (at - origin).div_euclid(block as i32);
        self.tile(rect, |x, y| {
            (index(x, origin.0, block.0), index(y, origin.1, block.1))
        });
    }

    /// Put the mean of each tile over `rect`; `tile` tells which one a pixel belongs to.
    fn tile(&mut self, rect: Rect, tile: impl Fn(i32, i32) -> (i32, i32)) {
        let inside = rect
            .clamp_to(self.width as u32, self.height as u32)
            .unwrap();
        let (xs, ys) = (
            inside.x..inside.right() as i32,
            inside.y..inside.bottom() as i32,
        );
        let mut sums = std::collections::HashMap::new();
        for pass in 0..2 {
            for y in ys.clone() {
                for x in xs.clone() {
                    let pixel = &mut self.data[y as usize * self.width + x as usize];
                    let (sum, count) = sums.entry(tile(x, y)).or_insert((0u32, 0u32));
                    if pass == 0 {
                        (*sum, *count) = (*sum + u32::from(*pixel), *count + 1);
                    } else {
                        *pixel = (*sum / *count) as u8;
                    }
                }
            }
        }
    }

    /// Pixelate the ellipse in `rect`.
    fn pixelate_ellipse(&mut self, rect: Rect, block: (usize, usize), origin: (i32, i32)) {
        let original = self.data.clone();
        self.pixelate(rect, block, origin);
        let half = (rect.width as f32 / 2.0, rect.height as f32 / 2.0);
        for (index, pixel) in self.data.iter_mut().enumerate() {
            let x = (index % self.width) as f32 + 0.5 - rect.x as f32 - half.0;
            let y = (index / self.width) as f32 + 0.5 - rect.y as f32 - half.1;
            if (x / half.0).hypot(y / half.1) > 1.0 {
                *pixel = original[index];
            }
        }
    }

    /// The picture at another size.
    fn resized(&self, width: usize, height: usize) -> Self {
        let from =
            image::GrayImage::from_raw(self.width as u32, self.height as u32, self.data.clone());
        let filter = image::imageops::FilterType::Triangle;
        let to = image::imageops::resize(&from.unwrap(), width as u32, height as u32, filter);
        Self {
            data: to.into_raw(),
            width,
            height,
        }
    }

    /// The picture after JPEG coding.
    fn jpeg(&self, quality: u8) -> Self {
        let size = (self.width as u32, self.height as u32);
        let picture = image::GrayImage::from_raw(size.0, size.1, self.data.clone()).unwrap();
        let decoded = jpeg(&picture.into(), quality).unwrap().into_luma8();
        Self {
            data: decoded.into_raw(),
            ..*self
        }
    }

    /// The picture with noise over all of it, of a standard deviation of `deviation` levels.
    fn grained(&self, deviation: f32) -> Self {
        let mut state = 3;
        let data = self.data.iter().map(|&pixel| {
            // The sum of twelve has a standard deviation of one, in units of their range.
            let sum: f32 = (0..12).map(|_| f32::from(noise(&mut state)) + 0.5).sum();
            (f32::from(pixel) + deviation * (sum / 256.0 - 6.0)).round() as u8
        });
        Self {
            data: data.collect(),
            ..*self
        }
    }

    fn luma(&self) -> Luma<'_> {
        Luma {
            data: &self.data,
            stride: self.width,
            width: self.width as u32,
            height: self.height as u32,
        }
    }

    fn find(&self) -> Vec<Region> {
        let mut regions = Vec::new();
        Detector::new().detect(&self.luma(), &DetectSettings::default(), &mut regions);
        regions
    }
}

#[track_caller]
fn assert_region(region: &Region, rect: Rect, lattice: Lattice, iou: f64) {
    assert_outlined(region, rect, lattice, Outline::Rectangle, iou);
}

#[track_caller]
fn assert_outlined(region: &Region, rect: Rect, lattice: Lattice, outline: Outline, iou: f64) {
    assert_eq!(region.lattice, Some(lattice), "{region:?} for {rect:?}");
    assert_eq!(region.outline, outline, "{region:?} for {rect:?}");
    assert!(region.rect.iou(&rect) >= iou, "{region:?} for {rect:?}");
    assert!((0.5..=1.0).contains(&region.score), "{region:?}");
}

#[track_caller]
fn assert_clean(picture: &Picture, what: &str) {
    assert_eq!(picture.find(), [], "{what}");
}
