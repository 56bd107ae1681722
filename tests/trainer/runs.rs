//! How the tests of trainings run them.

use std::path::Path;
use std::time::Duration;

use gstdepixelate::train::run::options::Options;
use gstdepixelate::train::run::stop::Stop;
use tch::Device;

/// A run in the folder `out`, silent and on the processor, with checkpoints only where it ends.
pub fn options(out: &Path) -> Options {
    Options {
        start_from: None,
        out: out.to_owned(),
        device: Device::Cpu,
        checkpoint_interval: Duration::from_secs(3600),
        deadline: None,
        force: false,
        stop: Stop::default(),
        progress: false,
    }
}
