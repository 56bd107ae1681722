//! What covers faces: masks over nose and mouth, blurred patches, rectangles, whole faces.
//!
//! Places are those of faces aligned as in CelebA, whose frame of 178 × 218 pixels is stretched to
//! the picture.

use image::{Rgb, RgbImage, imageops};
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

/// CelebA's frame, pixels.
const FRAME: [f32; 2] = [178.0, 218.0];

/// Outline of a mask from the bridge of the nose to the chin.
const MASK: [[f32; 2]; 7] = [
    [50.0, 118.0],
    [88.0, 110.0],
    [126.0, 118.0],
    [120.0, 160.0],
    [104.0, 176.0],
    [72.0, 176.0],
    [56.0, 160.0],
];

/// Colours of masks and rectangles, each varied by up to [`TINT`] levels.
const COLOURS: [[u8; 3]; 6] = [
    [0, 0, 0],
    [255, 255, 255],
    [0, 200, 255],
    [60, 160, 80],
    [240, 150, 180],
    [128, 128, 128],
];
const TINT: i32 = 10;

/// How often which occlusion comes; they add up to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Occlusion {
    /// Masks over nose and mouth, of one colour.
    pub mask: f64,
    /// Blurred rectangles over the lower face.
    pub patch: f64,
    /// Rectangles over a third of the face, of one colour or noise.
    pub rectangle: f64,
    /// The whole face, blurred or of one colour.
    pub whole: f64,
}

impl Occlusion {
    /// An error for shares that are none.
    pub fn check(&self) -> anyhow::Result<()> {
        let shares = [self.mask, self.patch, self.rectangle, self.whole];
        anyhow::ensure!(
            shares.iter().all(|share| (0.0..=1.0).contains(share))
                && (shares.iter().sum::<f64>() - 1.0).abs() < 1e-6,
            "mask, patch, rectangle and whole must lie in 0 … 1 and add up to 1"
        );
        Ok(())
    }
}

/// A covered face.
pub(crate) struct Occluded {
    /// The picture with the occlusion.
    pub picture: RgbImage,
    /// Which of its pixels are covered, row by row.
    pub mask: Vec<bool>,
}

/// The covered area in CelebA's frame.
enum Shape {
    Polygon(Vec<[f32; 2]>),
    /// Left, top, right, bottom.
    Rectangle([f32; 4]),
    /// Centre and half axes.
    Ellipse([f32; 4]),
}

/// What covers it.
enum Cover {
    Color(Rgb<u8>),
    Noise,
    /// Gaussian blur; the deviation in pixels of CelebA's frame.
    Blur(f32),
}

/// Cover a face as `shares` say; randomness comes from `random` alone.
pub(crate) fn occlude(face: &RgbImage, shares: &Occlusion, random: &mut Pcg64Mcg) -> Occluded {
    let kind = random.random_range(0.0..1.0);
    let (shape, cover) = if kind < shares.mask {
        (mask(random), Cover::Color(color(random)))
    } else if kind < shares.mask + shares.patch {
        (patch(random), Cover::Blur(random.random_range(6.0..14.0)))
    } else if kind < shares.mask + shares.patch + shares.rectangle {
        let cover = match random.random_bool(0.5) {
            true => Cover::Color(color(random)),
            false => Cover::Noise,
        };
        (third(random), cover)
    } else {
        let cover = match random.random_bool(0.5) {
            true => Cover::Color(color(random)),
            false => Cover::Blur(random.random_range(10.0..18.0)),
        };
        (Shape::Ellipse([89.0, 125.0, 55.0, 75.0]), cover)
    };
    apply(face, &shape, &cover, random)
}

fn mask(random: &mut Pcg64Mcg) -> Shape {
    let (sin, cos) = random.random_range(-6.0f32..6.0).to_radians().sin_cos();
    let [cx, cy] = [88.0, 144.0];
    let place = |[x, y]: [f32; 2]| {
        let mut jitter = || random.random_range(-4.0..4.0);
        let (dx, dy) = (x - cx + jitter(), y - cy + jitter());
        [cx + dx * cos - dy * sin, cy + dx * sin + dy * cos]
    };
    Shape::Polygon(MASK.map(place).to_vec())
}

fn patch(random: &mut Pcg64Mcg) -> Shape {
    let (width, height) = (
        random.random_range(60.0..90.0),
        random.random_range(50.0..80.0),
    );
    let [x, y] = [88.0, 144.0].map(|c: f32| c + random.random_range(-4.0..4.0));
    let (dx, dy): (f32, f32) = (width / 2.0, height / 2.0);
    Shape::Rectangle([x - dx, y - dy, x + dx, y + dy])
}

/// Brow and eyes, nose, or mouth and chin.
fn third(random: &mut Pcg64Mcg) -> Shape {
    let thirds = [[60.0, 125.0], [100.0, 150.0], [135.0, 195.0]];
    let [top, bottom] = thirds[random.random_range(0..thirds.len())];
    Shape::Rectangle([35.0, top, 143.0, bottom])
}

fn color(random: &mut Pcg64Mcg) -> Rgb<u8> {
    let base = COLOURS.choose(random).copied().unwrap_or_default();
    Rgb(base.map(|level| {
        let varied = i32::from(level) + random.random_range(-TINT..=TINT);
        varied.clamp(0, 255) as u8
    }))
}

impl Shape {
    fn holds(&self, x: f32, y: f32) -> bool {
        match self {
            Self::Rectangle([left, top, right, bottom]) => {
                (*left..*right).contains(&x) && (*top..*bottom).contains(&y)
            }
            Self::Ellipse([cx, cy, rx, ry]) => {
                ((x - cx) / rx).powi(2) + ((y - cy) / ry).powi(2) < 1.0
            }
            Self::Polygon(corners) => {
                let edges = corners.iter().zip(corners.iter().cycle().skip(1));
                let crossed = edges.filter(|([x0, y0], [x1, y1])| {
                    (*y0 > y) != (*y1 > y) && x < x0 + (y - y0) / (y1 - y0) * (x1 - x0)
                });
                crossed.count() % 2 == 1
            }
        }
    }
}

fn apply(face: &RgbImage, shape: &Shape, cover: &Cover, random: &mut Pcg64Mcg) -> Occluded {
    let (width, height) = face.dimensions();
    let scale = [FRAME[0] / width as f32, FRAME[1] / height as f32];
    let blurred = match cover {
        Cover::Blur(deviation) => Some(imageops::blur(face, deviation / scale[0])),
        Cover::Color(_) | Cover::Noise => None,
    };
    let mut picture = face.clone();
    let mut mask = Vec::with_capacity((width * height) as usize);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let covered = shape.holds((x as f32 + 0.5) * scale[0], (y as f32 + 0.5) * scale[1]);
        mask.push(covered);
        if !covered {
            continue;
        }
        *pixel = match (cover, &blurred) {
            (Cover::Color(color), _) => *color,
            (_, Some(blurred)) => *blurred.get_pixel(x, y),
            _ => Rgb(random.random()),
        };
    }
    Occluded { picture, mask }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    const EVEN: Occlusion = Occlusion {
        mask: 0.25,
        patch: 0.25,
        rectangle: 0.25,
        whole: 0.25,
    };

    fn face() -> RgbImage {
        RgbImage::from_fn(64, 64, |x, y| {
            Rgb([4 * x as u8, 4 * y as u8, (x * y) as u8])
        })
    }

    #[test]
    fn only_the_covered_pixels_change() {
        let face = face();
        for seed in 0..60 {
            let occluded = occlude(&face, &EVEN, &mut Pcg64Mcg::seed_from_u64(seed));
            let share = occluded.mask.iter().filter(|&&covered| covered).count() as f64 / 4096.0;
            assert!((0.05..0.4).contains(&share), "{share}");
            let pairs = face.pixels().zip(occluded.picture.pixels());
            let mut changed = 0;
            for ((before, after), &covered) in pairs.zip(&occluded.mask) {
                assert!(covered || before == after);
                changed += usize::from(before != after);
            }
            assert!(changed as f64 > 0.8 * share * 4096.0, "{changed}");
        }
    }

    #[test]
    fn randomness_comes_from_the_generator_alone() {
        let face = face();
        let make = |seed| occlude(&face, &EVEN, &mut Pcg64Mcg::seed_from_u64(seed)).picture;
        assert_eq!(make(3), make(3));
        assert_ne!(make(3), make(4));
    }

    #[test]
    fn shares_that_are_none_are_refused() {
        assert!(EVEN.check().is_ok());
        let error = Occlusion { mask: 0.5, ..EVEN }.check().unwrap_err();
        assert!(error.to_string().contains("add up to 1"), "{error}");
    }
}
