//! Loading ONNX Runtime while the program runs.
//!
//! There is one ONNX Runtime and one environment per process; providers and threads are chosen per
//! session.

use std::env;
use std::error::Error as _;
use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use once_cell::sync::OnceCell;
use ort::environment::Environment;
use ort::ep::{CUDA, CoreML, DirectML, ExecutionProvider, MIGraphX, OpenVINO, TensorRT, WebGPU};

use super::library::located;
use super::panic::panic_text;
use super::places::{folders_around, libraries_in};
use super::{Attempt, LoadError, Provider};

pub use ort::logging::LogLevel;

/// Environment variable with the path of ONNX Runtime's library.
pub const LIBRARY_VARIABLE: &str = "ORT_DYLIB_PATH";

/// Takes ONNX Runtime's messages: level, category, text. Called from any of its threads.
pub type Logger = dyn Fn(LogLevel, &str, &str) + Send + Sync;

static RUNTIME: OnceCell<Runtime> = OnceCell::new();
static LOGGER: RwLock<Option<Arc<Logger>>> = RwLock::new(None);
static LOG_LEVEL: AtomicU8 = AtomicU8::new(LogLevel::Warning as u8);

/// Where to look for ONNX Runtime.
#[derive(Clone, Copy, Debug, Default)]
pub struct RuntimeSearch<'a> {
    /// The library itself. If given, nothing else is tried.
    pub library: Option<&'a Path>,
    /// Folders in which the library may lie, such as the plugin's own.
    pub folders: &'a [PathBuf],
}

/// The loaded ONNX Runtime.
#[derive(Debug)]
pub struct Runtime {
    library: PathBuf,
    environment: Environment,
}

impl Runtime {
    /// Where it was loaded from: a path, or a name that the system's loader knew.
    pub fn library(&self) -> &Path {
        &self.library
    }

    /// The execution providers that it was built with, the CPU last. A GPU or a driver may still be
    /// missing.
    pub fn providers(&self) -> Vec<Provider> {
        let candidates = [
            (Provider::TensorRt, TensorRT::is_available()),
            (Provider::Cuda, CUDA::is_available()),
            (Provider::OpenVino, OpenVINO::is_available()),
            (Provider::MiGraphX, MIGraphX::is_available()),
            (Provider::CoreMl, CoreML::is_available()),
            (Provider::DirectMl, DirectML::is_available()),
            (Provider::WebGpu, WebGPU::is_available()),
            (Provider::Cpu, Ok(true)),
        ];
        let there = |(provider, there): (_, ort::Result<bool>)| there.ok()?.then_some(provider);
        candidates.into_iter().filter_map(there).collect()
    }

    pub(super) fn environment(&self) -> &Environment {
        &self.environment
    }
}

/// The process's ONNX Runtime, loaded by the first call that finds one; later calls ignore
/// `search`.
///
/// Looks at [`RuntimeSearch::library`], the environment variable [`LIBRARY_VARIABLE`],
/// [`RuntimeSearch::folders`] and the system's libraries, in this order. A path given by one of the
/// first two was chosen by somebody: if it is wrong, that is an error and nothing else is tried.
/// After an error, a later call tries again.
pub fn load(search: &RuntimeSearch<'_>) -> Result<&'static Runtime, LoadError> {
    RUNTIME.get_or_try_init(|| first_usable(candidates(search, env::var_os(LIBRARY_VARIABLE))))
}

/// Send ONNX Runtime's messages to `logger`. Without one they are dropped.
pub fn set_logger(logger: Arc<Logger>) {
    *LOGGER.write().unwrap_or_else(PoisonError::into_inner) = Some(logger);
}

/// Let only messages of `level` and above through; at first `Warning`. Sessions keep the level that
/// they were opened with.
pub fn set_log_level(level: LogLevel) {
    LOG_LEVEL.store(level as u8, Ordering::Relaxed);
    if let Some(runtime) = RUNTIME.get() {
        runtime.environment.set_log_level(level);
    }
}

fn log_level() -> LogLevel {
    use LogLevel::*;
    let stored = LOG_LEVEL.load(Ordering::Relaxed);
    [Verbose, Info, Warning, Error, Fatal]
        .into_iter()
        .find(|&level| level as u8 == stored)
        .unwrap_or(Warning)
}

/// As [`load`], for a program that may have the library beside itself, or in its package.
pub fn load_for_program() -> Result<&'static Runtime, LoadError> {
    load_beside(env::current_exe().ok())
}

/// As [`load`], for code in these files: the library may lie beside one, or in its package.
pub fn load_beside(
    files: impl IntoIterator<Item = PathBuf>,
) -> Result<&'static Runtime, LoadError> {
    let files = files.into_iter();
    let folders: Vec<_> = files.flat_map(|file| folders_around(&file)).collect();
    load(&RuntimeSearch {
        library: None,
        folders: &folders,
    })
}

/// Lowest ONNX Runtime that has the API we use, e.g. `1.17`.
pub fn needed_version() -> String {
    format!("1.{}", ort::MINOR_VERSION)
}

/// Paths, and plain names for the system's loader, in the order of trying.
fn candidates(search: &RuntimeSearch<'_>, variable: Option<OsString>) -> Vec<PathBuf> {
    if let Some(library) = search.library {
        return vec![library.into()];
    }
    if let Some(library) = variable.filter(|value| !value.is_empty()) {
        return vec![library.into()];
    }
    let (prefix, suffix) = (env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    let name = format!("{prefix}onnxruntime{suffix}");
    let beside = search.folders.iter();
    let mut places: Vec<_> = beside.flat_map(|f| libraries_in(f, &name)).collect();
    // Distributions keep the name without a version in their development package.
    let versioned = cfg!(target_os = "linux").then(|| format!("{name}.1").into());
    places.push(name.into());
    places.extend(versioned);
    places
}

fn first_usable(places: Vec<PathBuf>) -> Result<Runtime, LoadError> {
    let mut tried = Vec::new();
    let mut too_old = None;
    for place in places {
        match open(&place) {
            Ok(runtime) => return Ok(runtime),
            Err(LoadError::RuntimeNotFound { tried: more, .. }) => tried.extend(more),
            Err(error @ LoadError::RuntimeTooOld { .. }) => {
                too_old.get_or_insert(error);
            }
            // The library is loaded for good: no other can take its place.
            Err(error) => return Err(error),
        }
    }
    Err(too_old.unwrap_or_else(|| LoadError::RuntimeNotFound {
        tried,
        needed: needed_version(),
    }))
}

fn open(place: &Path) -> Result<Runtime, LoadError> {
    let not_found = |reason: String| LoadError::RuntimeNotFound {
        tried: vec![Attempt {
            place: place.into(),
            reason,
        }],
        needed: needed_version(),
    };
    let library = located(place).map_err(not_found)?;
    // The crate asserts what a healthy library always grants; a sick one must not end the process.
    let loaded = panic::catch_unwind(|| ort::init_from(&library))
        .map_err(|panic| not_found(panic_text(panic.as_ref()).to_owned()))?;
    let builder = loaded.map_err(|error| match error {
        ort::LoadDynamicError::BadVersion { version_str, path } => LoadError::RuntimeTooOld {
            path,
            found: version_str,
            needed: needed_version(),
        },
        // What the system's loader said is the error's source.
        ort::LoadDynamicError::Dlopen { error, .. } => not_found(
            error
                .source()
                .map_or_else(|| error.to_string(), |said| said.to_string()),
        ),
        ort::LoadDynamicError::MissingApi { .. } => {
            not_found("another library: it has no OrtGetApiBase".into())
        }
        error => not_found(error.to_string()),
    })?;
    let init = |reason| LoadError::RuntimeInit {
        path: library.clone(),
        reason,
    };
    let build = move || {
        builder
            .with_name(env!("CARGO_PKG_NAME"))
            .with_telemetry(false)
            .with_logger(Arc::new(forward))
            .build()
    };
    let environment = panic::catch_unwind(AssertUnwindSafe(build))
        .map_err(|panic| init(panic_text(panic.as_ref()).to_owned()))?
        .map_err(|error| init(error.to_string()))?;
    environment.set_log_level(log_level());
    Ok(Runtime {
        library,
        environment,
    })
}

/// Called by ONNX Runtime. A panic must not reach its C++ code.
fn forward(level: LogLevel, category: &str, _id: &str, _location: &str, message: &str) {
    if level < log_level() {
        return;
    }
    let logger = LOGGER
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    if let Some(logger) = logger {
        let _ = panic::catch_unwind(AssertUnwindSafe(|| logger(level, category, message)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_the_search() {
        let folders = [PathBuf::from("/plugins")];
        let explicit = RuntimeSearch {
            library: Some(Path::new("/a/lib.so")),
            folders: &folders,
        };
        let places = candidates(&explicit, Some("/b/lib.so".into()));
        assert_eq!(places, [PathBuf::from("/a/lib.so")]);

        let search = RuntimeSearch {
            library: None,
            folders: &folders,
        };
        let places = candidates(&search, Some("/b/lib.so".into()));
        assert_eq!(places, [PathBuf::from("/b/lib.so")]);

        let places = candidates(&search, Some("".into()));
        assert_eq!(places, candidates(&search, None));
        #[cfg(target_os = "linux")]
        assert_eq!(
            places,
            [
                "/plugins/libonnxruntime.so",
                "libonnxruntime.so",
                "libonnxruntime.so.1"
            ]
            .map(PathBuf::from)
        );
    }
}
