//! Pipelines that run for long while all about them changes at random: formats, sizes, properties,
//! models, states, places in the stream. For some seconds in each run of the tests; `make soak` runs
//! it for longer. No frame is lost, and memory, threads and open files stay what they are.

#[path = "../helpers/mod.rs"]
mod helpers;
mod life;
mod process;

use std::path::Path;
use std::time::{Duration, Instant};

use life::Life;
use process::Usage;

use crate::helpers::{Tiny, init, tiny_model};

/// Streams at a time.
const STREAMS: u64 = 4;
/// A third of the time is left for everything to have happened once.
const WARM_UP: u32 = 3;
/// What memory may grow by afterwards: a share, and bytes that an allocator keeps for itself.
const MORE_MEMORY: f64 = 0.10;
const KEPT_MEMORY: f64 = 48e6;
/// Threads and files come and go with pipelines.
const MORE: f64 = 12.0;

#[test]
fn nothing_grows_and_no_frame_is_lost() {
    init();
    let seconds = std::env::var("SOAK_SECONDS").map(|text| text.parse().unwrap());
    let time = Duration::from_secs(seconds.unwrap_or(12));
    let folder = tempfile::tempdir().unwrap();
    let models = [
        ("identity.onnx", Tiny::Identity),
        ("dark.onnx", Tiny::Scaled(0.5)),
        ("broken.onnx", Tiny::Scaled(f32::NAN)),
    ]
    .map(|(name, kind)| {
        let path = folder.path().join(name);
        std::fs::write(&path, tiny_model(32, kind)).unwrap();
        path
    });
    let (start, mut usages) = (Instant::now(), Vec::new());
    let done = std::thread::scope(|scope| {
        let models: Vec<&Path> = models.iter().map(|path| path.as_path()).collect();
        let streams = [(); STREAMS as usize].map(|()| models.clone());
        let streams: Vec<_> = (1..).zip(streams).collect();
        let threads: Vec<_> = streams
            .into_iter()
            .map(|(seed, models)| {
                scope.spawn(move || {
                    let mut life = Life::new(seed, models);
                    while start.elapsed() < time {
                        life.live();
                    }
                    life.told()
                })
            })
            .collect();
        while start.elapsed() < time {
            std::thread::sleep(time / 60);
            if start.elapsed() > time / WARM_UP {
                usages.push(Usage::now());
            }
        }
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect::<Vec<_>>()
    });
    let all = done
        .iter()
        .fold([0; 3], |all, one| [0, 1, 2].map(|i| all[i] + one[i]));
    let [lives, frames, changes] = all;
    println!(
        "{lives} pipelines, {frames} frames, {changes} changes, {:?}",
        start.elapsed()
    );
    assert!(lives >= STREAMS && frames > 20 && changes > 5, "{all:?}");
    let (first, last) = (Usage::least(&usages, true), Usage::least(&usages, false));
    println!("from {first:?}\nto   {last:?}");
    assert!(
        last.memory < first.memory * (1.0 + MORE_MEMORY) + KEPT_MEMORY,
        "{first:?} {last:?}"
    );
    assert!(last.threads <= first.threads + MORE, "{first:?} {last:?}");
    assert!(last.files <= first.files + MORE, "{first:?} {last:?}");
}
