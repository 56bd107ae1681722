//! Something before a face: a mask over mouth and nose, sunglasses, a hand, a microphone.

use image::{Rgb, RgbImage};
use rand::RngExt;
use rand_pcg::Pcg64Mcg;

/// From and to which height something begins, how high and how wide it is: shares of the picture,
/// a square around a face whose eyes are at about 0.4 and whose mouth is at about 0.75.
struct Kind {
    top: [f64; 2],
    height: [f64; 2],
    width: [f64; 2],
}

/// Masks; glasses and strips over eyes; what is held before a face.
const KINDS: [Kind; 3] = [
    Kind {
        top: [0.46, 0.62],
        height: [0.25, 0.45],
        width: [0.35, 0.75],
    },
    Kind {
        top: [0.3, 0.42],
        height: [0.08, 0.2],
        width: [0.4, 0.8],
    },
    Kind {
        top: [0.2, 0.75],
        height: [0.08, 0.25],
        width: [0.1, 0.4],
    },
];
/// How far from the middle it is, share of the picture.
const ASIDE: f64 = 0.08;
/// Exponent of its outline: 2 is an ellipse, much more a rectangle.
const ROUNDNESS: [f64; 2] = [2.0, 12.0];
/// How much lighter and darker it is at its ends than in its middle, levels.
const SHADE: f64 = 30.0;

/// Cover a part of `picture` with something of one colour, in some light.
pub(super) fn cover(picture: &mut RgbImage, random: &mut Pcg64Mcg) {
    let kind = &KINDS[random.random_range(0..KINDS.len())];
    let mut between = |[low, high]: [f64; 2]| random.random_range(low..=high);
    let (top, height, width) = (between(kind.top), between(kind.height), between(kind.width));
    let (aside, exponent) = (between([-ASIDE, ASIDE]), between(ROUNDNESS));
    let shades = [between([-SHADE, SHADE]), between([-SHADE, SHADE])];
    let color: [f64; 3] = [(); 3].map(|()| between([0.0, 255.0]));
    let size = [picture.width(), picture.height()].map(f64::from);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let [x, y] = [f64::from(x), f64::from(y)].map(|at| at + 0.5);
        let across = (x / size[0] - 0.5 - aside) / (width / 2.0);
        let down = (y / size[1] - top - height / 2.0) / (height / 2.0);
        if across.abs().powf(exponent) + down.abs().powf(exponent) < 1.0 {
            let shade = shades[0] * across + shades[1] * down;
            *pixel = Rgb(color.map(|level| (level + shade).round() as u8));
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn a_part_is_covered_and_the_rest_stays() {
        let face = RgbImage::from_fn(64, 64, |x, y| Rgb([4 * x as u8, 4 * y as u8, 77]));
        for seed in 0..40 {
            let mut covered = face.clone();
            cover(&mut covered, &mut Pcg64Mcg::seed_from_u64(seed));
            let changed = face.pixels().zip(covered.pixels()).filter(|(a, b)| a != b);
            let share = changed.count() as f64 / 4096.0;
            assert!((0.005..0.4).contains(&share), "{seed}: {share}");
            // Forehead and hair are never behind it.
            assert!((0..64 * 64 / 6).all(|i| {
                let (x, y) = (i % 64, i / 64);
                face.get_pixel(x, y) == covered.get_pixel(x, y)
            }));
        }
    }
}
