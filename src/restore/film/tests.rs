//! A film with a backend that paints what it was told.

use super::*;
use crate::blocks::NEIGHBOUR_PLANES;
use crate::cascade::{Backend, Crops, ModelMetadata, MosaicInput, ValueRange, Window};
use crate::degrade::mosaic::{Fill, pixelate};
use crate::frame::{Lattice, Rect};

const RECT: Rect = Rect::new(48, 32, 96, 96);

/// Paints how many neighbours it was told of; 10 grey levels for each.
struct Counter(ModelMetadata);

impl Counter {
    fn boxed(window: Window) -> Box<dyn Backend> {
        Box::new(Self(ModelMetadata {
            size: 32,
            scale: 1,
            range: ValueRange::Unit,
            margin: 1.3,
            mosaic: MosaicInput::Blocks,
            blocks: (2.0, 8.0),
            trained_on: String::new(),
            license: String::new(),
            multiple: None,
            window,
        }))
    }
}

impl Backend for Counter {
    fn metadata(&self) -> &ModelMetadata {
        &self.0
    }

    fn execution_provider(&self) -> &str {
        "none"
    }

    fn takes_lattice(&self) -> bool {
        false
    }

    fn run(&mut self, crops: Crops<'_>, _: f32, out: &mut Vec<f32>) -> Result<(), RunError> {
        out.clear();
        let planes = NEIGHBOUR_PLANES * 32 * 32;
        let neighbours = crops.neighbours.chunks_exact(planes);
        let told = neighbours.filter(|planes| planes.contains(&1.0)).count();
        out.resize(crops.count * 3 * 32 * 32, told as f32 * 10.0 / 255.0);
        Ok(())
    }
}

/// A picture with a mosaic, on a ground of this level.
fn picture(ground: u8) -> RgbImage {
    let layout = Layout::rgb(192, 160);
    let mut picture = RgbImage::from_fn(192, 160, |x, y| {
        let wave = |f: f32| (x as f32 * f).sin() * (y as f32 * f * 0.8).cos();
        let level = f32::from(ground) + 40.0 * wave(0.07) + 30.0 * wave(0.23);
        image::Rgb([level as u8; 3])
    });
    let mut frame = FrameViewMut::packed(&layout, &mut picture, 3 * 192).unwrap();
    pixelate(
        &mut frame,
        &RECT,
        &Lattice::square(8, 48, 32),
        Fill::TileMean,
    );
    picture
}

/// What the middle of the mosaic is in each picture that came back.
fn middles(restored: &[Restored]) -> Vec<u8> {
    let middle = |it: &Restored| it.picture.get_pixel(96, 80).0[0];
    restored.iter().map(middle).collect()
}

fn film(window: Window) -> Film {
    let mut film = Film::new(Restorer::new(Counter::boxed(window)));
    film.restorer.blend.projection = 0.0;
    film
}

#[test]
fn pictures_come_back_when_their_neighbours_are_there() {
    let mut film = film(Window {
        behind: 2,
        ahead: 1,
        step: 1,
    });
    assert_eq!(film.delay(), 2);
    for _ in 0..2 {
        let mut restored = Vec::new();
        for number in 0..5 {
            let back = film.push(picture(100)).unwrap();
            assert_eq!(back.is_some(), number >= 2);
            restored.extend(back);
        }
        restored.extend(film.finish().unwrap());
        assert_eq!(middles(&restored), [10, 20, 30, 30, 20]);
        assert!(restored.iter().all(|it| it.regions.len() == 1));
        assert_eq!(film.finish(), Ok(vec![]));
    }
}

#[test]
fn a_cut_and_a_named_region_in_it() {
    let mut film = film(Window {
        behind: 1,
        ahead: 1,
        step: 1,
    });
    film.restorer.regions = vec![RECT];
    let mut restored = Vec::new();
    for ground in [80, 80, 180, 180, 180] {
        restored.extend(film.push(picture(ground)).unwrap());
    }
    restored.extend(film.finish().unwrap());
    assert_eq!(middles(&restored), [10, 10, 10, 20, 10]);
}

#[test]
fn pictures_without_mosaics_stay_as_they_are() {
    let mut film = film(Window::default());
    assert_eq!(film.delay(), 1);
    let blank = RgbImage::from_pixel(64, 48, image::Rgb([90; 3]));
    assert_eq!(film.push(blank.clone()), Ok(None));
    let back = film.push(RgbImage::new(0, 0)).unwrap().unwrap();
    assert_eq!((back.picture, back.regions.len()), (blank, 0));
    assert_eq!(film.finish().unwrap().len(), 1);
    film.restorer.blend.alpha = 0.0;
    film.push(picture(100)).unwrap();
    assert_eq!(film.finish().unwrap()[0].picture, picture(100));
}
