//! How a program comes to its end: by Ctrl-C, or with a status that says what went wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;

use crate::app::AppError;
use crate::files;

/// What a shell expects of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// The exit status for what went wrong.
pub(super) fn exit_status(error: &anyhow::Error) -> u8 {
    error.downcast_ref().map_or(1, AppError::exit_status)
}

/// What Ctrl-C sets, or SIGTERM. A second one ends the program at once: what it waits for, a model
/// for example, may never come to its end.
pub(super) fn cancelled_by_signal() -> anyhow::Result<Arc<AtomicBool>> {
    let cancel = Arc::new(AtomicBool::new(false));
    let on_signal = Arc::clone(&cancel);
    ctrlc::set_handler(move || {
        if on_signal.swap(true, Ordering::Relaxed) {
            files::remove_unfinished();
            // Not by way of what runs at a program's end: threads are still at work.
            signal_hook::low_level::exit(INTERRUPTED);
        }
    })
    .context("Ctrl-C cannot be caught")?;
    Ok(cancel)
}
