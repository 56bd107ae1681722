//! What can go wrong between two files.

use std::path::PathBuf;

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
    #[error("{path}: the name must end in .mp4, .m4v, .mov or .mkv")]
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
    /// The user stopped the work.
    #[error("stopped")]
    Cancelled,
}

impl AppError {
    /// A failure of `element`.
    pub(super) fn element(element: &str, reason: impl ToString) -> Self {
        Self::Element {
            element: element.to_owned(),
            reason: reason.to_string(),
        }
    }
}
