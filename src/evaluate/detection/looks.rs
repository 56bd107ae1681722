//! How faces may look: skin, light, cameras, heads that tilt, things before a face.

use image::imageops::{crop_imm, thumbnail};
use image::{Rgb, RgbImage};
use rand::RngExt;
use rand_distr::{Distribution, Normal};
use rand_pcg::Pcg64Mcg;

use crate::degrade::cast::ColorCast;
use crate::metrics::lab::lab;
use crate::train::data::samples::turned;

/// What happens to a scene.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Look {
    /// Nothing.
    Plain,
    /// The colours change.
    Cast(ColorCast),
    /// Levels times the first number, then ÷ 255 to the power of the second.
    Tone(f32, f32),
    /// The face is turned by up to so many degrees either way.
    Turned(f32),
    /// A part of the face, from and to these shares of its picture's height, is behind something of
    /// one colour: a mask, sunglasses, a hand.
    Hidden(f64, f64),
    /// Night vision: one colour, dark, noisy.
    Night,
    /// Noise over the finished picture, of a standard deviation in grey levels.
    Grain(f32),
}

/// A group of mosaics.
pub(crate) struct Group {
    /// Its name in the table.
    pub name: &'static str,
    /// How it looks.
    pub look: Look,
    /// Faces of such skin alone: individual typology angles, degrees.
    pub skin: Option<[f64; 2]>,
    /// Whether other things than faces may look so, too.
    pub is_of_any: bool,
}

const fn any(name: &'static str, look: Look) -> Group {
    Group {
        name,
        look,
        skin: None,
        is_of_any: true,
    }
}

const fn face(name: &'static str, look: Look) -> Group {
    Group {
        name,
        look,
        skin: None,
        is_of_any: false,
    }
}

const fn skin(name: &'static str, range: [f64; 2]) -> Group {
    Group {
        name,
        look: Look::Plain,
        skin: Some(range),
        is_of_any: false,
    }
}

/// All groups. The limits of skin are those of Chardon et al. (1991), the three lightest of six
/// kinds and the two darkest taken together; light counts as skin, so a face in the dark is dark.
pub(crate) const GROUPS: [Group; 19] = [
    any("as they are", Look::Plain),
    skin("light skin", [41.0, 91.0]),
    skin("medium skin", [10.0, 41.0]),
    skin("dark skin", [-91.0, 10.0]),
    any("grey", Look::Cast(ColorCast::Saturation(0.0))),
    any("pale", Look::Cast(ColorCast::Saturation(0.4))),
    any("green light", Look::Cast(ColorCast::Light([0.6, 1.1, 0.6]))),
    any("blue light", Look::Cast(ColorCast::Light([0.5, 0.75, 1.3]))),
    any("red light", Look::Cast(ColorCast::Light([1.3, 0.5, 0.45]))),
    any(
        "sepia",
        Look::Cast(ColorCast::Monochrome([1.0, 0.85, 0.65])),
    ),
    any("night vision", Look::Night),
    face("under-exposed", Look::Tone(0.35, 1.2)),
    face("over-exposed", Look::Tone(1.5, 0.7)),
    face("low contrast", Look::Tone(0.6, 0.5)),
    face("turned by up to 30°", Look::Turned(30.0)),
    face("mask over mouth and nose", Look::Hidden(0.54, 0.9)),
    face("sunglasses", Look::Hidden(0.38, 0.48)),
    face("hand or microphone", Look::Hidden(0.6, 0.75)),
    any("grain of σ = 6 over all", Look::Grain(6.0)),
];

impl Look {
    /// What happens to the face.
    pub(crate) fn pose(&self, mut face: RgbImage, random: &mut Pcg64Mcg) -> RgbImage {
        match *self {
            Self::Turned(most) => turned(&face, most, random),
            Self::Hidden(from, to) => {
                let color = [(); 3].map(|()| random.random_range(0..=255));
                let (width, height) = face.dimensions();
                let at = |share: f64| (share * f64::from(height)) as u32;
                for y in at(from)..at(to) {
                    for x in width / 4..width * 3 / 4 {
                        face.put_pixel(x, y, Rgb(color));
                    }
                }
                face
            }
            _ => face,
        }
    }

    /// What happens to the scene before it is pixelated.
    pub(crate) fn color(&self, scene: &mut RgbImage, random: &mut Pcg64Mcg) {
        match *self {
            Self::Cast(cast) => cast.apply(scene),
            Self::Tone(gain, gamma) => tone(scene, gain, gamma),
            Self::Night => {
                tone(scene, 0.6, 1.2);
                ColorCast::Monochrome([0.25, 1.0, 0.35]).apply(scene);
                add_noise(scene, 12.0, random);
            }
            _ => (),
        }
    }

    /// What happens to the scene after it is pixelated.
    pub(crate) fn spoil(&self, scene: &mut RgbImage, random: &mut Pcg64Mcg) {
        if let Self::Grain(deviation) = *self {
            add_noise(scene, deviation, random);
        }
    }
}

fn tone(scene: &mut RgbImage, gain: f32, gamma: f32) {
    for level in scene.iter_mut() {
        let share = (f32::from(*level) * gain / 255.0).min(1.0);
        *level = (share.powf(gamma) * 255.0).round() as u8;
    }
}

/// Gaussian noise of a standard deviation in grey levels, the same for all channels.
pub(crate) fn add_noise(scene: &mut RgbImage, deviation: f32, random: &mut Pcg64Mcg) {
    let Ok(normal) = Normal::new(0.0, deviation) else {
        return;
    };
    for pixel in scene.pixels_mut() {
        let noise: f32 = normal.sample(random);
        pixel.0 = pixel
            .0
            .map(|level| (f32::from(level) + noise).round() as u8);
    }
}

/// The individual typology angle of the middle of a face, degrees: the higher, the lighter its skin
/// (Chardon et al., 1991). Between cheeks and nose, of what is neither darkest nor brightest.
pub(crate) fn of_skin(face: &RgbImage) -> f64 {
    let (width, height) = face.dimensions();
    let share = |length: u32, percent: u32| length * percent / 100;
    let cheeks = crop_imm(
        face,
        share(width, 36),
        share(height, 45),
        share(width, 28).max(1),
        share(height, 17).max(1),
    );
    let small = thumbnail(&cheeks.to_image(), 16, 10);
    let mut colors: Vec<_> = (small.pixels())
        .map(|pixel| lab(pixel.0.map(f64::from)))
        .collect();
    colors.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let typical = &colors[colors.len() / 4..colors.len() * 3 / 4];
    let mean = |i: usize| typical.iter().map(|lab| lab[i]).sum::<f64>() / typical.len() as f64;
    let (lightness, yellow) = (mean(0), mean(2));
    (lightness - 50.0).atan2(yellow).to_degrees()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skin_is_told_by_lightness_and_yellow() {
        let of = |rgb| of_skin(&RgbImage::from_pixel(64, 64, Rgb(rgb)));
        // L* 82.4 and b* 19.9; L* 30.9 and b* 20.7.
        assert!(
            (of([240, 200, 168]) - 58.4).abs() < 1.5,
            "{}",
            of([240, 200, 168])
        );
        assert!(of([100, 65, 40]) < -30.0, "{}", of([100, 65, 40]));
    }

    #[test]
    fn what_hides_a_face_hides_that_part_alone() {
        use rand::SeedableRng;
        let face = RgbImage::from_pixel(100, 100, Rgb([9, 8, 7]));
        let mut random = Pcg64Mcg::seed_from_u64(1);
        let hidden = Look::Hidden(0.4, 0.5).pose(face.clone(), &mut random);
        assert_ne!(hidden.get_pixel(50, 45), face.get_pixel(50, 45));
        for (x, y) in [(50, 39), (50, 50), (24, 45), (75, 45)] {
            assert_eq!(hidden.get_pixel(x, y), face.get_pixel(x, y));
        }
    }
}
