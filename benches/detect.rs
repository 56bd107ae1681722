//! Time of the detector on a clean 1920 × 1080 luma plane, beside that of copying the plane.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gstdepixelate::detect::{DetectSettings, Detector, Luma};

const WIDTH: usize = 1920;
const HEIGHT: usize = 1080;

/// What a camera might see: waves of all sizes, blobs with soft edges, and a little noise. No
/// lattice.
fn picture() -> Vec<u8> {
    let mut state = 7u32;
    let pixel = |index: usize| {
        let (x, y) = ((index % WIDTH) as f32, (index / WIDTH) as f32);
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let waves = 30.0 * (x / 61.0 + y / 83.0).sin()
            + 22.0 * (x / 17.0 - y / 23.0).cos()
            + 14.0 * (x / 7.3 + y / 5.9).sin();
        let blob = |cx: f32, cy: f32, r: f32| {
            let distance = (x - cx).hypot(y - cy) - r;
            1.0 / (1.0 + (distance / 1.5).exp())
        };
        let things = 50.0 * blob(540.0, 480.0, 240.0) - 45.0 * blob(1380.0, 600.0, 300.0);
        (126.0 + waves + things + (state >> 30) as f32) as u8
    };
    (0..WIDTH * HEIGHT).map(pixel).collect()
}

fn detect(c: &mut Criterion) {
    let plane = picture();
    let luma = Luma {
        data: &plane,
        stride: WIDTH,
        width: WIDTH as u32,
        height: HEIGHT as u32,
    };
    let mut group = c.benchmark_group("clean 1080p luma");
    group.throughput(Throughput::Bytes(plane.len() as u64));
    let mut copy = vec![0; plane.len()];
    group.bench_function("memcpy", |b| {
        b.iter(|| black_box(&mut copy[..]).copy_from_slice(black_box(&plane)));
    });
    let mut detector = Detector::new();
    let mut regions = Vec::new();
    group.bench_function("detect", |b| {
        b.iter(|| {
            detector.detect(black_box(&luma), &DetectSettings::default(), &mut regions);
            black_box(&regions);
        });
    });
    assert!(regions.is_empty(), "the plane is clean: {regions:?}");
    group.finish();
}

criterion_group!(benches, detect);
criterion_main!(benches);
