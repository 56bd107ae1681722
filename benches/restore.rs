//! What restoration costs around the networks: frames of 1920 × 1080 with mosaics of 300 × 300, and
//! the bundled model.
//!
//! - `networks`: ONNX Runtime alone on as many crops as the frame has mosaics, nothing else;
//! - `all of it`: crops, planes of the lattice, networks, projection, paste;
//! - the same around a model that does nothing;
//! - single kernels, with the pixels of the mosaic that they take in a second.
//!
//! Without ONNX Runtime it says so and measures the last.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gstdepixelate::blocks::{PLANES, Projector};
use gstdepixelate::cascade::{
    Backend, Crops, LoadError, Model, ModelMetadata, OrtBackend, RunError, SessionSettings, runtime,
};
use gstdepixelate::degrade::mosaic::{Fill, pixelate};
use gstdepixelate::detect::{Outline, Region};
use gstdepixelate::frame::{
    Cropper, FrameView, FrameViewMut, Lattice, Layout, Matrix, Patch, Plane, PlaneMut, Range, Rect,
    Square, patch,
};
use gstdepixelate::restore::{Blend, Restorer, Target};

const WIDTH: u32 = 1920;
const HEIGHT: u32 = 1080;
const SIDE: u32 = 300;
const BLOCK: u32 = 25;
const COUNTS: [usize; 3] = [1, 4, 16];

/// Returns as many numbers as a face has, at once.
struct Nothing(ModelMetadata);

impl Backend for Nothing {
    fn metadata(&self) -> &ModelMetadata {
        &self.0
    }

    fn execution_provider(&self) -> &str {
        "none"
    }

    fn takes_lattice(&self) -> bool {
        true
    }

    fn run(&mut self, crops: Crops<'_>, _: f32, faces: &mut Vec<f32>) -> Result<(), RunError> {
        faces.clear();
        // As large as the model's pictures, which may be larger than its input.
        let larger = self.0.scale * self.0.scale;
        faces.resize(larger * crops.pixelated.len(), 100.0);
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
        turn: 0.0,
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
    let open = || -> Result<OrtBackend, LoadError> {
        let runtime = runtime::load_for_program()?;
        OrtBackend::new(runtime, &Model::bundled()?, &SessionSettings::default())
    };
    open()
        .inspect_err(|error| eprintln!("no networks: {error}"))
        .ok()
}

fn benches(c: &mut Criterion) {
    let metadata = Model::bundled().expect("the bundled model is sound");
    let metadata = metadata.metadata().clone();
    let area = metadata.size * metadata.size;
    let mut group = c.benchmark_group("1080p");
    group.sample_size(20);
    for count in COUNTS {
        let regions = regions(count);
        let mosaics = picture(&regions);
        // Each run finds the mosaics, not the faces of the run before.
        let fresh = || mosaics.clone();
        let mut around = Restorer::new(Box::new(Nothing(metadata.clone())));
        group.bench_with_input(BenchmarkId::new("around it", count), &count, |b, _| {
            let run = |data: &mut Vec<u8>| restore(&mut around, data, &regions);
            b.iter_batched_ref(fresh, run, BatchSize::LargeInput);
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
                    neighbours: &[],
                };
                networks.run(crops, detail, &mut faces)
            });
        });
        let mut all = Restorer::new(Box::new(backend));
        group.bench_with_input(BenchmarkId::new("all of it", count), &count, |b, _| {
            let run = |data: &mut Vec<u8>| restore(&mut all, data, &regions);
            b.iter_batched_ref(fresh, run, BatchSize::LargeInput);
        });
    }
    group.finish();
}

/// Reading, scaling, projecting and writing one mosaic, in two formats.
fn kernels(c: &mut Criterion) {
    let rect = Rect::new(20, 20, SIDE, SIDE);
    let lattice = Lattice::square(BLOCK, rect.x, rect.y);
    let square = Square::around(&rect, 1.3);
    let formats = [
        ("RGB", Layout::rgb(WIDTH, HEIGHT)),
        (
            "I420",
            Layout::i420(WIDTH, HEIGHT, Matrix::Bt709, Range::Limited),
        ),
    ];
    let mut group = c.benchmark_group("kernels, 300 × 300");
    group.throughput(Throughput::Elements(rect.area()));
    group.sample_size(40);
    for (name, layout) in formats {
        let size = |i| layout.component_size(i);
        let mut planes: [Vec<u8>; 3] = match name {
            "RGB" => [vec![90; 3 * (WIDTH * HEIGHT) as usize], vec![], vec![]],
            _ => [0, 1, 2].map(|i| vec![90; size(i).0 * size(i).1]),
        };
        let strides = match name {
            "RGB" => [3 * WIDTH as usize, 0, 0],
            _ => [0, 1, 2].map(|i| size(i).0),
        };
        let mut patch = Patch::default();
        let mask = vec![0.7; rect.area() as usize];
        group.bench_function(BenchmarkId::new("read", name), |b| {
            let view = [0, 1, 2].map(|i| Plane {
                data: &planes[i],
                stride: strides[i],
            });
            let view = FrameView::new(&layout, view).expect("the frame fits");
            b.iter(|| patch::read(&view, rect, &mut patch));
        });
        group.bench_function(BenchmarkId::new("write", name), |b| {
            let [y, u, v] = &mut planes;
            let mut data = [y, u, v].into_iter();
            let view = [0, 1, 2].map(|i| PlaneMut {
                data: data.next().expect("three planes"),
                stride: strides[i],
            });
            let mut view = FrameViewMut::new(&layout, view).expect("the frame fits");
            b.iter(|| patch::write(&mut view, &patch, &mask));
        });
    }
    let data = vec![90; 3 * (WIDTH * HEIGHT) as usize];
    let layout = Layout::rgb(WIDTH, HEIGHT);
    let view = FrameView::packed(&layout, &data, 3 * WIDTH as usize).expect("the frame fits");
    let mut cropper = Cropper::default();
    let mut tensor = vec![0.0; 3 * 128 * 128];
    group.bench_function("crop to 128 × 128", |b| {
        b.iter(|| cropper.crop(&view, &square, 128, &mut tensor));
    });
    let mut restored = Patch::default();
    group.bench_function("uncrop", |b| {
        b.iter(|| cropper.uncrop(&tensor, 128, &square, rect, &mut restored));
    });
    let mut observed = Patch::default();
    patch::read(&view, rect, &mut observed);
    let mut projector = Projector::default();
    group.bench_function("project", |b| {
        b.iter(|| {
            // Far from what was observed, so that there is something to do.
            restored.plane_mut(0).fill(40.0);
            restored.plane_mut(1).fill(140.0);
            restored.plane_mut(2).fill(240.0);
            projector.project(&mut restored, &observed, &lattice, 1.0);
        });
    });
    group.finish();
}

criterion_group!(all, benches, kernels);
criterion_main!(all);
