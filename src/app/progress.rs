//! What is told while a file is made.

/// How far the work is.
#[derive(Debug)]
pub enum Progress {
    /// What is done.
    At {
        /// Frames so far.
        frames: u64,
        /// Frames of the film.
        total: u64,
        /// Faces that were met so far; one that is met again after a while counts again.
        faces: u64,
    },
    /// What was looked at, before anything is made.
    Looked {
        /// Frames so far.
        frames: u64,
        /// Frames of the film.
        total: u64,
    },
    /// Something is not as it should be, but the work goes on.
    Warning(String),
}
