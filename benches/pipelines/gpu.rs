//! What a GPU does: runs of the networks beside restoration of as many regions, and clips from
//! decoder to restored frame.

use super::run::{Case, Model};
use gstdepixelate::blocks::PLANES;
use gstdepixelate::cascade::{
    Backend, Crops, Model as ModelFile, OrtBackend, Provider, SessionSettings, runtime,
};
use gstdepixelate::detect::{Outline, Region};
use gstdepixelate::frame::{FrameView, FrameViewMut, Lattice, Layout, Rect};
use gstdepixelate::restore::{Blend, Restorer, Target};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Regions at a time.
const BATCHES: [usize; 6] = [1, 2, 4, 8, 16, 32];
/// Runs of which the median is told.
const RUNS: usize = 30;
const FRAME: (u32, u32) = (3840, 2160);

/// Cases of clips: one face a frame, as large as they come.
pub fn cases() -> Vec<Case> {
    let case = |(width, height)| Case {
        width,
        height,
        depth: 8,
        regions: 1,
        model: Model::Cuda,
        streams: 1,
        shared: true,
    };
    [(1920, 1080), (3840, 2160)].map(case).to_vec()
}

/// The table of batches.
pub fn batches() -> anyhow::Result<String> {
    let runtime = runtime::load_for_program()?;
    let settings = SessionSettings {
        provider: Provider::Cuda,
        ..SessionSettings::default()
    };
    let open = || OrtBackend::new(runtime, &ModelFile::bundled()?, &settings);
    let (mut networks, mut restorer) = (open()?, Restorer::new(Box::new(open()?)));
    let area = networks.metadata().size * networks.metadata().size;
    let mut text = String::from(
        "CUDA, 2160p RGB frame; medians:\n\n\
         | regions | networks alone, ms | all of restoration, ms | share of the networks |\n\
         |---|---|---|---|\n",
    );
    for count in BATCHES {
        let (pixelated, lattice) = (
            vec![0.1; count * 3 * area],
            vec![0.1; count * PLANES * area],
        );
        let mut faces = Vec::new();
        let alone = median(|| {
            let crops = Crops {
                count,
                pixelated: &pixelated,
                lattice: &lattice,
                neighbours: &[],
            };
            networks.run(crops, Blend::default().detail, &mut faces)?;
            Ok(())
        })?;
        let (layout, stride) = (Layout::rgb(FRAME.0, FRAME.1), 3 * FRAME.0 as usize);
        let mut data = vec![90; stride * FRAME.1 as usize];
        let targets: Vec<Target> = (0..count as u32).map(target).collect();
        let all = median(|| {
            let view = FrameView::packed(&layout, &data, stride)?;
            restorer.infer(&view, &targets, Blend::default().detail)?;
            let mut frame = FrameViewMut::packed(&layout, &mut data, stride)?;
            restorer.apply(&mut frame, &Blend::default());
            Ok(())
        })?;
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| {count} | {:.2} | {:.2} | {:.2} |",
            1000.0 * alone.as_secs_f64(),
            1000.0 * all.as_secs_f64(),
            alone.as_secs_f64() / all.as_secs_f64()
        );
    }
    Ok(text + "\n")
}

/// Region number `i`.
fn target(i: u32) -> Target {
    let (x, y) = ((10 + i % 12 * 310) as i32, (10 + i / 12 * 310) as i32);
    let region = Region {
        rect: Rect::new(x, y, 300, 300),
        lattice: Some(Lattice::square(25, x, y)),
        outline: Outline::Rectangle,
        turn: 0.0,
        score: 1.0,
    };
    region.into()
}

fn median(mut work: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    // The first runs find memory and the fastest convolutions.
    for _ in 0..3 {
        work()?;
    }
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        work()?;
        times.push(start.elapsed());
    }
    times.sort();
    Ok(times[RUNS / 2])
}
