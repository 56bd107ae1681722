use rand::SeedableRng;

use super::shot::Place;
use super::*;

/// As the bundled recipe has it.
fn sampler() -> Sampler {
    let recipe = include_str!("../../../../recipes/default.toml");
    let mut recipe: toml::Table = recipe.parse().unwrap();
    let degradation = recipe.remove("degradation").unwrap().try_into().unwrap();
    Sampler::of(128, 1.3, &degradation).enlarging(2)
}

fn picture() -> RgbImage {
    RgbImage::from_fn(90, 110, |x, y| {
        image::Rgb([(x * 2) as u8, (y * 2) as u8, (x + y) as u8])
    })
}

#[test]
fn randomness_comes_from_the_seed() {
    let sample = |seed| {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        sampler().sample(&picture(), &mut random).unwrap()
    };
    assert_eq!(sample(1), sample(1));
    assert_ne!(sample(1), sample(2));
}

#[test]
fn values_and_sizes_hold_for_many_seeds() {
    let mut sampler = sampler();
    for seed in 0..100 {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let sample = sampler.sample(&picture(), &mut random).unwrap();
        for (tensor, side) in [(&sample.input, 128), (&sample.target, 256)] {
            assert_eq!(tensor.len(), 3 * side * side);
            assert!(tensor.iter().all(|v| (-1.0..=1.0).contains(v)));
        }
        assert_ne!(sample.input, sample.target);
    }
}

#[test]
fn blurred_faces_have_no_lattice_and_no_steps() {
    let noise = RgbImage::from_fn(200, 200, |x, y| {
        image::Rgb([
            (x * 97 + y * 57) as u8,
            (x * y) as u8,
            (x * 31 + y * y) as u8,
        ])
    });
    let mut sampler = sampler();
    sampler.camera.degradation.blurred = 1.0;
    for seed in 0..20 {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let scene = Scene::draw(&sampler.camera.degradation, 128, 1.3, &mut random);
        let place = Place::of(&scene);
        let made = sampler
            .camera
            .frames(&noise, &place, 12.0, &mut random)
            .unwrap();
        assert_eq!(made.lattice, None);
        let steps = |frame: &[u8]| {
            let rows = scene.mosaic.y + 20..scene.mosaic.bottom() as i32 - 20;
            let columns = scene.mosaic.x + 20..scene.mosaic.right() as i32 - 20;
            let places = rows.flat_map(|y| columns.clone().map(move |x| (x, y)));
            let at = |x: i32, y: i32| frame[3 * (y as usize * scene.side as usize + x as usize)];
            let steps = places.map(|(x, y)| at(x, y).abs_diff(at(x + 1, y)));
            steps.max().unwrap_or(0)
        };
        assert!(steps(&made.mosaic) < 30, "{seed}: {}", steps(&made.mosaic));
        let sample = sampler.sample(&picture(), &mut random).unwrap();
        assert!(sample.conditioning.iter().all(|&v| v == 0.0) && sample.grid.is_none());
    }
}

#[test]
fn published_tiles_are_squares_from_the_corner() {
    let mut degradation = sampler().camera.degradation;
    (degradation.whole, degradation.unknown, degradation.scaled) = (1.0, 0.0, 0.0);
    (degradation.tiles, degradation.zoom) = (Some([6, 19]), Some(286.0 / 256.0));
    degradation.scale = [0.4023, 0.4023];
    let mut sampler = Sampler::of(256, 1.0, &degradation);
    let mut sizes = std::collections::BTreeSet::new();
    for seed in 0..300 {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let scene = Scene::draw(&degradation, 256, 1.0, &mut random);
        assert_eq!((scene.side, scene.view.side), (115, 103.0));
        let sample = sampler.sample(&picture(), &mut Pcg64Mcg::seed_from_u64(seed));
        let tile = sample.unwrap().block * 103.0 / 256.0;
        let place = Place::of(&scene);
        let made = sampler
            .camera
            .frames(&picture(), &place, tile.into(), &mut random);
        let lattice = made.unwrap().lattice.unwrap();
        assert_eq!((lattice.phase_x, lattice.phase_y), (0.0, 0.0));
        assert_eq!(
            [lattice.block_width, lattice.block_height],
            [tile.round(); 2]
        );
        sizes.insert(tile.round() as u32);
    }
    assert_eq!(sizes, (6..=19).collect());
}

#[test]
fn without_augmentation_a_picture_gives_one_crop() {
    let mut degradation = sampler().camera.degradation;
    degradation.whole = 1.0;
    degradation.zoom = Some(1.1);
    (degradation.scale, degradation.turned) = ([1.0, 1.0], 1.0);
    (degradation.gain, degradation.gamma) = ([1.0, 1.0], [1.0, 1.0]);
    let truths = |degradation: &Degradation| -> Vec<Vec<f32>> {
        let mut sampler = Sampler::of(64, 1.0, degradation);
        let truth = |seed| {
            let mut random = Pcg64Mcg::seed_from_u64(seed);
            sampler.sample(&picture(), &mut random).unwrap().target
        };
        (0..8).map(truth).collect()
    };
    let plain = truths(&degradation.clone().unaugmented());
    assert!(plain.iter().all(|truth| *truth == plain[0]));
    // Each of what is left out moves them.
    for restored in ["turned", "mirrored", "zoom"] {
        let mut changed = degradation.clone().unaugmented();
        match restored {
            "turned" => changed.turned = 1.0,
            "mirrored" => changed.mirrored = 0.5,
            _ => (changed.zoom, changed.scale) = (degradation.zoom, degradation.scale),
        }
        let changed = truths(&changed);
        assert!(
            changed.iter().any(|truth| *truth != changed[0]),
            "{restored}"
        );
    }
}

#[test]
fn the_element_would_see_the_same_numbers() {
    let picture = picture();
    let mut sampler = sampler();
    let view = Square::around(&crate::frame::Rect::new(20, 30, 44, 40), 1.3);
    let frame: Vec<u8> = image::imageops::crop_imm(&picture, 0, 0, 90, 90)
        .to_image()
        .into_raw();
    let trained = sampler.tensor(&frame, &view, 128).unwrap();
    let layout = Layout::rgb(90, 90);
    let frame = FrameView::packed(&layout, &frame, 270).unwrap();
    let mut seen = vec![0.0; trained.len()];
    Cropper::default().crop(&frame, &view, 128, &mut seen);
    crate::cascade::ValueRange::Signed.normalize(&mut seen);
    assert_eq!(trained, seen);
}
