//! What restoration costs around the networks: frames of 1920 × 1080 with mosaics of 300 × 300, and the bundled model.
//!
//! - `networks`: ONNX Runtime alone on as many crops as the frame has mosaics, nothing else;
//! - `all of it`: crops, planes of the lattice, networks, projection, paste;
//! - the same around a model that does nothing.
//!
//! Without ONNX Runtime it says so and measures the last.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use gstdepixelate::blocks::PLANES;
use gstdepixelate::cascade::{
    Backend, CascadeError, Crops, Model, ModelFacts, OrtBackend, SessionSettings, runtime,
};
use gstdepixelate::degrade::mosaic::{Fill, pixelate};
use gstdepixelate::detect::{Outline, Region};
use gstdepixelate::frame::{FrameView, FrameViewMut, Lattice, Layout, Rect};
use gstdepixelate::restore::{Blend, Restorer, Target};

const WIDTH: u32 = 1920;
const HEIGHT: u32 = 1080;
const SIDE: u32 = 300;
const BLOCK: u32 = 25;
const COUNTS: [usize; 3] = [1, 4, 16];

/// Gives its input back at once.
struct Nothing(ModelFacts);

impl Backend for Nothing {
    fn facts(&self) -> &ModelFacts {
        &self.0
    }

    fn execution_provider(&self) -> &str {
        "none"
    }

    fn takes_lattice(&self) -> bool {
        true
    }

    fn run(&mut self, crops: Crops<'_>, _: f32, faces: &mut Vec<f32>) -> Result<(), CascadeError> {
        faces.clear();
        faces.extend_from_slice(crops.pixelated);
        Ok(())
    }
}

/// Mosaics in a grid, which may overlap: their number is what counts.
fn regions(count: usize) -> Vec<Region> {
    let at = |i: usize| (20 + (i % 6) as i32 * 310, 20 + (i / 6) as i32 * 330);
    let region = |(x, y)| Region {
        rect: Rect::new(x, y, SIDE, SIDE),
        lattice: Some(Lattice::square(BLOCK, x, y)),
        outline: Outline::Rectangle,
        score: 1.0,
    };
    (0..count).map(at).map(region).collect()
}

/// Colours that change from place to place, with the mosaics in them.
fn picture(regions: &[Region]) -> Vec<u8> {
    let pixel = |i: u32| {
        let (x, y) = ((i % WIDTH) as f32, (i / WIDTH) as f32);
        [17.0, 29.0, 43.0].map(|f| (128.0 + 90.0 * (x / f + y / (f + 9.0)).sin()) as u8)
    };
    let mut data: Vec<u8> = (0..WIDTH * HEIGHT).flat_map(pixel).collect();
    let layout = Layout::rgb(WIDTH, HEIGHT);
    for region in regions {
        let frame = FrameViewMut::packed(&layout, &mut data, 3 * WIDTH as usize);
        if let (Ok(mut frame), Some(lattice)) = (frame, &region.lattice) {
            pixelate(&mut frame, &region.rect, lattice, Fill::TileMean);
        }
    }
    data
}

fn restore(restorer: &mut Restorer, data: &mut [u8], regions: &[Region]) {
    let layout = Layout::rgb(WIDTH, HEIGHT);
    let stride = 3 * WIDTH as usize;
    let blend = Blend::default();
    let view = FrameView::packed(&layout, data, stride).expect("the frame fits");
    let targets: Vec<Target> = regions.iter().map(|&region| region.into()).collect();
    restorer
        .infer(&view, &targets, blend.detail)
        .expect("the model runs");
    let mut frame = FrameViewMut::packed(&layout, data, stride).expect("the frame fits");
    restorer.apply(&mut frame, &blend);
}

fn bundled() -> Option<OrtBackend> {
    let open = || -> Result<OrtBackend, CascadeError> {
        let runtime = runtime::load_for_program()?;
        OrtBackend::new(runtime, &Model::bundled()?, &SessionSettings::default())
    };
    open()
        .inspect_err(|error| eprintln!("no networks: {error}"))
        .ok()
}

fn benches(c: &mut Criterion) {
    let facts = Model::bundled().expect("the bundled model is sound");
    let facts = facts.facts().clone();
    let area = facts.size * facts.size;
    let mut group = c.benchmark_group("1080p");
    group.sample_size(20);
    for count in COUNTS {
        let regions = regions(count);
        let mut data = picture(&regions);
        let mut around = Restorer::new(Box::new(Nothing(facts.clone())));
        group.bench_with_input(BenchmarkId::new("around it", count), &count, |b, _| {
            b.iter(|| restore(&mut around, &mut data, &regions));
        });
        let (Some(mut networks), Some(backend)) = (bundled(), bundled()) else {
            continue;
        };
        let pixelated = vec![0.1; count * 3 * area];
        let lattice = vec![0.1; count * PLANES * area];
        let mut faces = Vec::new();
        let detail = Blend::default().detail;
        group.bench_with_input(BenchmarkId::new("networks", count), &count, |b, &count| {
            b.iter(|| {
                let crops = Crops {
                    count,
                    pixelated: &pixelated,
                    lattice: &lattice,
                };
                networks.run(crops, detail, &mut faces)
            });
        });
        let mut all = Restorer::new(Box::new(backend));
        group.bench_with_input(BenchmarkId::new("all of it", count), &count, |b, _| {
            b.iter(|| restore(&mut all, &mut data, &regions));
        });
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
