//! `restore::Film` and the element make the same of a film.

use super::*;
use gstdepixelate::restore::{Film, Restorer};
use image::RgbImage;

const FRAMES: u64 = 14;
const FILM: (u32, u32) = (320, 240);

/// A film with a mosaic that wanders, comes late and is cut away.
fn pictures() -> Vec<RgbImage> {
    let picture = |number: u64| {
        let mut picture = busy_picture(FILM);
        if number >= 9 {
            picture
                .iter_mut()
                .for_each(|value| *value = 255 - *value / 2);
        }
        if number != 5 && number != 2 {
            let rect = Rect::new(40 + 3 * number as i32, 64, 96, 96);
            pixelated(&mut picture, FILM, &rect);
        }
        RgbImage::from_raw(FILM.0, FILM.1, picture).unwrap()
    };
    (0..FRAMES).map(picture).collect()
}

#[test]
fn a_film_is_what_the_element_makes() {
    for (behind, ahead) in [(0, 0), (2, 0), (2, 1), (1, 3)] {
        let (element, fake) = looking(behind, ahead);
        element.set_property_from_str("inference-region", "full-frame");
        element.set_property("projection", 1f32);
        let mut h = film(&element);
        h.set_src_caps(caps_of(VideoFormat::Rgb, FILM.0, FILM.1));
        for (number, picture) in (0..).zip(pictures()) {
            let mut buffer = gst::Buffer::from_mut_slice(picture.into_raw());
            stamp(buffer.get_mut().unwrap(), number);
            h.push(buffer).unwrap();
        }
        let by_element = finish(&mut h);
        let backend = fake.source()().unwrap();
        let mut film = Film::new(Restorer::new(backend));
        let mut restored = Vec::new();
        for picture in pictures() {
            restored.extend(film.push(picture).unwrap());
        }
        restored.extend(film.finish().unwrap());
        assert_eq!(restored.len(), by_element.len());
        let mut count = 0;
        for (number, (ours, theirs)) in restored.iter().zip(&by_element).enumerate() {
            assert!(
                ours.picture.as_raw() == &bytes_of(theirs),
                "frame {number} of {behind} and {ahead}"
            );
            count += ours.regions.len();
        }
        assert!(count > 8, "{count}");
        let told = fake.told_levels();
        assert_eq!(told[..told.len() / 2], told[told.len() / 2..]);
        let known = told.iter().flatten().any(Option::is_some);
        assert_eq!(known, behind + ahead > 0);
    }
}
