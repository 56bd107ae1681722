//! How a program comes to its end: by Ctrl-C, or with a status that says what went wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;

use crate::app::AppError;

/// The exit status for what went wrong.
pub(super) fn exit_status(error: &anyhow::Error) -> u8 {
    error.downcast_ref().map_or(1, AppError::exit_status)
}

/// What Ctrl-C sets.
pub(super) fn cancelled_by_signal() -> anyhow::Result<Arc<AtomicBool>> {
    let cancel = Arc::new(AtomicBool::new(false));
    let on_signal = Arc::clone(&cancel);
    ctrlc::set_handler(move || on_signal.store(true, Ordering::Relaxed))
        .context("Ctrl-C cannot be caught")?;
    Ok(cancel)
}
