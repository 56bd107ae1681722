//! What can go wrong between two files.

use std::path::PathBuf;

/// Endings of what can be written.
pub(super) const ENDINGS: &str =
    ".mp4, .m4v, .mov, .mkv, .webm, .ts, .m2ts or .mts, or in .png or .exr for pictures";

/// Why a file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// GStreamer or this crate's plugin did not start.
    #[error("GStreamer did not start: {0}")]
    Start(String),
    /// There is no such input, or it is no file.
    #[error("{path}: there is no such file")]
    NoInput {
        /// The path that was given.
        path: PathBuf,
    },
    /// The input cannot be decoded.
    #[error("{path}: {reason}")]
    Input {
        /// The path that was given.
        path: PathBuf,
        /// What GStreamer says.
        reason: String,
    },
    /// The input has no video stream.
    #[error("{path}: there is no video in this file")]
    NoVideo {
        /// The path that was given.
        path: PathBuf,
    },
    /// The output's name ends in nothing that we write.
    #[error("{path}: the name must end in {ENDINGS}")]
    Container {
        /// The path that was given.
        path: PathBuf,
    },
    /// The output would replace the input.
    #[error("{path}: input and output are the same file")]
    SameFile {
        /// The path that was given.
        path: PathBuf,
    },
    /// The output cannot be written.
    #[error("{path}: {reason}")]
    Output {
        /// The path that was given.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// GStreamer lacks an element.
    #[error("GStreamer has no element {element:?}; on Debian it is in the package {package}")]
    MissingElement {
        /// Name of the element.
        element: String,
        /// The Debian package.
        package: &'static str,
    },
    /// An element refuses a property's value.
    #[error("{value:?} is no {property} of {element}")]
    Property {
        /// Name of the element.
        element: String,
        /// Name of the property.
        property: String,
        /// What was given.
        value: String,
    },
    /// Elements cannot be linked or started, or one failed.
    #[error("{element}: {reason}")]
    Element {
        /// Name of the element.
        element: String,
        /// What it says.
        reason: String,
    },
    /// Nothing happened for too long.
    #[error("{element}: nothing came out for {seconds} s (--patience SECONDS waits longer)")]
    Stalled {
        /// Name of the element.
        element: String,
        /// How long.
        seconds: u64,
    },
    /// The file that was written is not what it should be.
    #[error("{path}: {reason}; it was kept as {kept}")]
    Verification {
        /// The path that was given.
        path: PathBuf,
        /// What is wrong, with both figures.
        reason: String,
        /// Where the file is.
        kept: PathBuf,
    },
    /// There is a file of this name already.
    #[error("{path}: there is such a file already (--overwrite replaces it)")]
    Exists {
        /// The path that was given.
        path: PathBuf,
    },
    /// Parts of another job are there.
    #[error(
        "{path}: the parts in it are of other work, as these are different: {differences}; \
         --restart throws them away"
    )]
    OtherWork {
        /// The folder of parts.
        path: PathBuf,
        /// What is different.
        differences: String,
    },
    /// Another process makes the same file.
    #[error("{path}: another process is at work in it")]
    Busy {
        /// The folder of parts.
        path: PathBuf,
    },
    /// No plan was made for this file.
    #[error(
        "{path}: there is no plan here; depixelate plan makes one, on a disk that all machines share"
    )]
    NoPlan {
        /// The folder of parts.
        path: PathBuf,
    },
    /// A plan is of something else than what is here now.
    #[error(
        "{path}: the plan is of other work: {differences}; --restart with depixelate plan makes it anew"
    )]
    StalePlan {
        /// The folder of parts.
        path: PathBuf,
        /// What is different, with both values.
        differences: String,
    },
    /// Parts of a plan are missing.
    #[error("{path}: these segments are missing: {numbers}; depixelate segment makes them")]
    Missing {
        /// The folder of parts.
        path: PathBuf,
        /// Their numbers.
        numbers: String,
    },
    /// A stream that was asked for is not there, or the container cannot hold what is needed.
    #[error("{0}")]
    Unfit(String),
    /// The user stopped the work.
    #[error("stopped")]
    Cancelled,
}

impl AppError {
    /// The exit status of a program that ends with this error, as docs/files.md lists them.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Start(_) | Self::Property { .. } | Self::Element { .. } => 1,
            Self::Container { .. }
            | Self::SameFile { .. }
            | Self::OtherWork { .. }
            | Self::Busy { .. }
            | Self::NoPlan { .. }
            | Self::StalePlan { .. }
            | Self::Missing { .. }
            | Self::Unfit(_) => 2,
            Self::NoInput { .. } | Self::Input { .. } | Self::NoVideo { .. } => 3,
            Self::Output { .. } | Self::Exists { .. } => 5,
            Self::MissingElement { .. } => 6,
            Self::Verification { .. } => 7,
            Self::Stalled { .. } => 8,
            // What a shell expects of a program that Ctrl-C ended.
            Self::Cancelled => 130,
        }
    }

    /// A temporary file or folder that cannot be made or written.
    pub(crate) fn temporary(reason: std::io::Error) -> Self {
        Self::Output {
            path: std::env::temp_dir(),
            reason,
        }
    }

    /// A failure of `element`.
    pub(super) fn element(element: &str, reason: impl ToString) -> Self {
        Self::Element {
            element: element.to_owned(),
            reason: reason.to_string(),
        }
    }
}
