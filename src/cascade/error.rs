//! What can go wrong between a model file and a restored face: [`LoadError`] until the model is
//! ready, [`RunError`] from then on.
//!
//! Each message says what was wrong and what to do.

use std::fmt;
use std::path::PathBuf;

/// One place where ONNX Runtime was looked for, and what was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// A path, or a name given to the system's loader.
    pub place: PathBuf,
    /// Why it is not what we need.
    pub reason: String,
}

/// Why a model is not ready to run: ONNX Runtime, the file, or where it should run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LoadError {
    /// No place had a usable ONNX Runtime.
    #[error(
        "ONNX Runtime {needed} or later was not found: {}. Install it, or set ORT_DYLIB_PATH to the path of its shared library",
        Places(tried)
    )]
    RuntimeNotFound {
        /// Where we looked, in this order.
        tried: Vec<Attempt>,
        /// Lowest version that will do.
        needed: String,
    },
    /// The ONNX Runtime that was found is too old.
    #[error(
        "ONNX Runtime {found} in {} is too old: install version {needed} or later, or set ORT_DYLIB_PATH to the path of such a library",
        path.display()
    )]
    RuntimeTooOld {
        /// The library.
        path: PathBuf,
        /// Its version.
        found: String,
        /// Lowest version that will do.
        needed: String,
    },
    /// ONNX Runtime was found, but does not start.
    #[error("ONNX Runtime in {} does not start: {reason}; reinstall it", path.display())]
    RuntimeInit {
        /// The library.
        path: PathBuf,
        /// What it said.
        reason: String,
    },
    /// There is no model file at the path.
    #[error("model file {} not found: check the path", path.display())]
    ModelNotFound {
        /// The path.
        path: PathBuf,
    },
    /// The model file cannot be read, or holds no model that we or ONNX Runtime understand.
    #[error("cannot read model {model}: {reason}")]
    ModelUnreadable {
        /// The file, or the name of the bundled model.
        model: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The model file is larger than any sensible model.
    #[error(
        "model {model} is larger than {limit} bytes, the most that is read: use a smaller model"
    )]
    ModelTooLarge {
        /// The file.
        model: String,
        /// The limit.
        limit: u64,
    },
    /// A metadata property of the model is missing or wrong.
    #[error(
        "model {model}: metadata property `{key}` is {found}, expected {expected}: export the model again with depixelate-train"
    )]
    Metadata {
        /// The file, or the name of the bundled model.
        model: String,
        /// The property.
        key: &'static str,
        /// Its value, shortened.
        found: String,
        /// What would be right.
        expected: String,
    },
    /// An input or output of the model is missing or of the wrong type or shape.
    #[error("model {model}: {value} is {found}, expected {expected}: {advice}")]
    Shape {
        /// The file, or the name of the bundled model.
        model: String,
        /// Which input or output.
        value: String,
        /// Its type and shape.
        found: String,
        /// What would be right.
        expected: String,
        /// What to do.
        advice: String,
    },
    /// The model says nothing about itself, and nothing is said about it.
    #[error(
        "model {model} does not say what it takes and gives: export it with depixelate-train, or say so in {} (see docs/models.md)",
        description.display()
    )]
    NothingSaid {
        /// The file.
        model: String,
        /// The file where it could be said.
        description: PathBuf,
    },
    /// The file that describes a model is wrong.
    #[error("model description {file}: {reason}")]
    Description {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The execution provider exists, but not on this machine.
    #[error(
        "execution provider `{asked}` is unavailable ({reason}): use one of {available}, or install an ONNX Runtime that has it"
    )]
    ProviderUnavailable {
        /// The provider.
        asked: String,
        /// Why not.
        reason: String,
        /// Those that the loaded ONNX Runtime has.
        available: String,
    },
    /// The device cannot be understood by the execution provider.
    #[error("device `{device}` is wrong for execution provider `{provider}`: expected {expected}")]
    Device {
        /// The value.
        device: String,
        /// Who reads it.
        provider: String,
        /// What would be right.
        expected: String,
    },
    /// The first run, which only tries the model out, did not give what the model declares.
    #[error(transparent)]
    FirstRun(#[from] RunError),
    /// It took too long to open the model.
    #[error(
        "model {model} was not opened within {seconds} s: the file may be meant to do harm; use another model"
    )]
    TooLong {
        /// The file, or the name of the bundled model.
        model: String,
        /// How long it had.
        seconds: u64,
    },
    /// The operating system gave no thread to run the model on.
    #[error("no thread for the model: {0}; end other programs, or raise the limit of threads")]
    Thread(String),
}

/// Why a model that is loaded made no faces.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RunError {
    /// The caller's batch does not have the size that it says.
    #[error("a batch of {count} crops has {found} numbers, expected {expected}")]
    InputSize {
        /// Crops in the batch.
        count: usize,
        /// Numbers given.
        found: usize,
        /// Numbers wanted.
        expected: usize,
    },
    /// The model made something else than it declared.
    #[error(
        "model {model}: output `{output}` has shape {found:?}, expected {expected:?}: the file, or what is said about it, is wrong"
    )]
    OutputShape {
        /// The file, or the name of the bundled model.
        model: String,
        /// Which output.
        output: String,
        /// Shape made.
        found: Vec<i64>,
        /// Shape wanted.
        expected: Vec<i64>,
    },
    /// The run panicked.
    #[error("restoration panicked, this is a bug: {0}")]
    Panic(String),
    /// An earlier run panicked.
    #[error("the model is gone after an earlier failure: load it again")]
    Broken,
    /// The run was ended by whoever wanted it, as nobody waits for it any more.
    #[error("the run was stopped")]
    Stopped,
    /// The run took too long, and was ended.
    #[error(
        "model {model} was not done with a run after {seconds} s, which was ended: the file may be meant to do harm, or this machine is too slow for it; use another model"
    )]
    TooLong {
        /// The file, or the name of the bundled model.
        model: String,
        /// How long it had.
        seconds: u64,
    },
    /// There is no memory for the run.
    #[error(
        "there is no memory for a run of the model ({megabytes} MB more were wanted): restore fewer regions at a time (max-detections), or use a smaller model"
    )]
    Memory {
        /// What was wanted.
        megabytes: usize,
    },
    /// ONNX Runtime refused or failed.
    #[error("the model could not be run: {0}")]
    Failed(String),
}

/// `a (reason), b (reason)`
struct Places<'a>(&'a [Attempt]);

impl fmt::Display for Places<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, attempt) in self.0.iter().enumerate() {
            let comma = if index == 0 { "looked for " } else { ", " };
            write!(f, "{comma}{} ({})", attempt.place.display(), attempt.reason)?;
        }
        Ok(())
    }
}
