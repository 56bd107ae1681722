//! How long a model may take, and how much memory.
//!
//! A model comes from strangers. What an honest one needs is in proportion to its file and its
//! pictures; what is far above that is refused, with its name.

use std::sync::mpsc;
use std::time::Duration;

use super::{LoadError, Provider, RunError};

/// What any run, and any load, may take: an operating system may be busy with something else.
const LEAST: Duration = Duration::from_secs(15);
/// What no run may take on top.
const MOST: Duration = Duration::from_secs(600);
/// Multiplications per second of the slowest machine that is reckoned with.
const SLOWEST: f64 = 1e9;
/// Bytes of a model per second that are read and prepared there.
const SLOWEST_LOAD: f64 = 4e6;
/// TensorRT may build an engine for many minutes.
const COMPILING: Duration = Duration::from_secs(1800);

/// Most bytes of the crops of one run and what is made of them, if there is more than one of them.
pub(super) const RUN_BYTES: usize = 256 << 20;
/// Most bytes of the crops of one frame and what is made of them.
pub const FRAME_BYTES: usize = 1 << 30;

/// How long a run over so many pixels may take, of a model whose file has so many bytes: as if each
/// of these was a weight of a convolution at full size.
pub(super) fn run_limit(model_bytes: usize, pixels: usize) -> Duration {
    let work = model_bytes as f64 * pixels as f64;
    LEAST + MOST.min(Duration::from_secs_f64(work / SLOWEST))
}

/// How long it may take to open a model whose file has so many bytes.
pub(super) fn load_limit(model_bytes: usize, provider: Provider) -> Duration {
    LEAST + Duration::from_secs_f64(model_bytes as f64 / SLOWEST_LOAD) + compiling(provider)
}

/// What a provider may take on top to compile a network for its device.
pub(super) fn compiling(provider: Provider) -> Duration {
    match provider {
        Provider::Cpu => Duration::ZERO,
        _ => COMPILING,
    }
}

/// What `load` gives on a thread of its own, if it does so within `limit`. If not, nobody can end it:
/// the thread is left to itself. `model` stands for what is loaded in errors.
pub(super) fn within<T: Send + 'static>(
    limit: Duration,
    model: &str,
    load: impl FnOnce() -> T + Send + 'static,
) -> Result<T, LoadError> {
    let (sender, receiver) = mpsc::sync_channel(1);
    std::thread::Builder::new()
        .name("loader".to_owned())
        .spawn(move || {
            // Nobody may wait for it any more.
            let _ = sender.send(load());
        })
        .map_err(|error| LoadError::Thread(error.to_string()))?;
    receiver.recv_timeout(limit).map_err(|error| match error {
        mpsc::RecvTimeoutError::Timeout => LoadError::TooLong {
            model: model.to_owned(),
            seconds: limit.as_secs(),
        },
        mpsc::RecvTimeoutError::Disconnected => LoadError::ModelUnreadable {
            model: model.to_owned(),
            reason: "the loader panicked".to_owned(),
        },
    })
}

/// Make room in `numbers` for `more`, or say that there is none.
pub fn make_room(numbers: &mut Vec<f32>, more: usize) -> Result<(), RunError> {
    let bytes = more.saturating_mul(size_of::<f32>());
    (numbers.try_reserve(more)).map_err(|_| RunError::Memory {
        megabytes: bytes >> 20,
    })
}
