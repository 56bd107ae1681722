//! What is done to a face before it is restored.

use std::fmt;

use image::RgbImage;
use image::imageops::crop_imm;
use serde::Serialize;

use crate::degrade::mosaic::{Fill, pixelate};
use crate::frame::{FrameViewMut, Lattice, Layout, Rect};

/// Block sizes of [`Case::all`], pixels.
pub const BLOCKS: [u32; 6] = [4, 6, 8, 12, 16, 19];
/// Width of the face ÷ side of the picture, and so the side of a mosaic over the face alone.
pub const FACE_SHARE: f64 = 0.6;

/// How much of the picture is a mosaic.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "setting", rename_all = "kebab-case")]
pub enum Setting {
    /// All of it.
    Whole,
    /// Its middle.
    Inner {
        /// Side of the mosaic ÷ side of the picture, 0–1.
        share: f64,
    },
}

impl Setting {
    /// The face alone.
    pub const FACE: Self = Self::Inner { share: FACE_SHARE };
}

/// One kind of mosaic.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Case {
    /// Where it lies.
    #[serde(flatten)]
    pub setting: Setting,
    /// Side of its square blocks, pixels of the picture.
    pub block: u32,
    /// What its blocks are filled with.
    #[serde(with = "FillName")]
    pub fill: Fill,
}

#[derive(Serialize)]
#[serde(remote = "Fill", rename_all = "kebab-case")]
enum FillName {
    TileMean,
    TileBlur,
}

impl Case {
    /// The whole picture and `inner`, each with every fill and block size.
    pub fn all(inner: Setting) -> Vec<Self> {
        let mut cases = Vec::new();
        for setting in [Setting::Whole, inner] {
            for fill in [Fill::TileMean, Fill::TileBlur] {
                cases.extend(BLOCKS.map(|block| Self {
                    setting,
                    block,
                    fill,
                }));
            }
        }
        cases
    }

    /// Pixelate a picture.
    pub fn apply(&self, face: &RgbImage) -> anyhow::Result<Pixelated> {
        let (width, height) = face.dimensions();
        let rect = match self.setting {
            Setting::Whole => Rect::new(0, 0, width, height),
            Setting::Inner { share } => {
                let part = |side: u32| (f64::from(side) * share).round() as u32;
                let (w, h) = (part(width), part(height));
                Rect::new((width - w) as i32 / 2, (height - h) as i32 / 2, w, h)
            }
        };
        let lattice = Lattice::square(self.block, rect.x, rect.y);
        let mut picture = face.clone();
        let layout = Layout::rgb(width, height);
        let mut frame = FrameViewMut::packed(&layout, &mut picture, 3 * width as usize)?;
        pixelate(&mut frame, &rect, &lattice, self.fill);
        Ok(Pixelated {
            picture,
            rect,
            lattice,
            block: self.block,
            fill: self.fill,
        })
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fill = match self.fill {
            Fill::TileMean => "mean",
            Fill::TileBlur => "blur",
        };
        match self.setting {
            Setting::Whole => f.write_str("whole crop")?,
            Setting::Inner { share } => write!(f, "inner {} %", (share * 1000.0).round() / 10.0)?,
        }
        write!(f, ", blocks of {}, tile {fill}", self.block)
    }
}

/// A picture with a mosaic in it.
pub struct Pixelated {
    /// All of it.
    pub picture: RgbImage,
    /// The mosaic's box.
    pub rect: Rect,
    /// Its grid.
    pub lattice: Lattice,
    /// Side of a block, pixels.
    pub block: u32,
    /// What the blocks are filled with.
    pub fill: Fill,
}

impl Pixelated {
    /// The part of a picture of the same size that lies inside the mosaic's box.
    pub fn inside(&self, picture: &RgbImage) -> RgbImage {
        let rect = &self.rect;
        let (x, y) = (rect.x as u32, rect.y as u32);
        crop_imm(picture, x, y, rect.width, rect.height).to_image()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;
    use std::iter::repeat;

    #[test]
    fn cases_have_names_and_keys() {
        let case = Case {
            setting: Setting::Inner { share: 0.75 },
            block: 8,
            fill: Fill::TileMean,
        };
        assert_eq!(case.to_string(), "inner 75 %, blocks of 8, tile mean");
        let keys = serde_json::json!(
            {"setting": "inner", "share": 0.75, "block": 8, "fill": "tile-mean"}
        );
        assert_eq!(serde_json::to_value(case).unwrap(), keys);
        let whole = Case {
            setting: Setting::Whole,
            ..case
        };
        assert_eq!(whole.to_string(), "whole crop, blocks of 8, tile mean");
        assert_eq!(serde_json::to_value(whole).unwrap()["setting"], "whole");
    }

    #[test]
    fn outside_the_inner_part_nothing_changes() {
        let face = RgbImage::from_fn(128, 128, |x, y| Rgb([x as u8, y as u8, (x ^ y) as u8]));
        let settings = [(Setting::FACE, 77), (Setting::Inner { share: 0.75 }, 96)];
        let cases = settings.map(|(inner, side)| Case::all(inner).into_iter().zip(repeat(side)));
        for (case, inner) in cases.into_iter().flatten() {
            let mosaic = case.apply(&face).unwrap();
            let rect = mosaic.rect;
            let side = match case.setting {
                Setting::Whole => 128,
                Setting::Inner { .. } => inner,
            };
            assert_eq!((rect.width, rect.height), (side, side), "{case}");
            assert_ne!(
                mosaic.inside(&mosaic.picture),
                mosaic.inside(&face),
                "{case}"
            );
            for (x, y, pixel) in mosaic.picture.enumerate_pixels() {
                let inside =
                    |at: u32, first: i32| (first..first + side as i32).contains(&(at as i32));
                if !(inside(x, rect.x) && inside(y, rect.y)) {
                    assert_eq!(pixel, face.get_pixel(x, y), "{case}: {x}, {y}");
                }
            }
        }
    }
}
