//! ONNX Runtime's log, in a debug category of its own.

use crate::cascade::runtime::{self, LogLevel};
use std::sync::{Arc, LazyLock, Once};

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "onnxruntime",
        gst::DebugColorFlags::empty(),
        Some("ONNX Runtime"),
    )
});

/// Send the runtime's messages to the category, and let the category's threshold set the runtime's
/// level: what nobody would see is not even formatted. To be called before the runtime is loaded
/// and before a session opens.
pub(super) fn connect() {
    static LOGGER: Once = Once::new();
    LOGGER.call_once(|| {
        runtime::set_logger(Arc::new(|level, category, text| {
            gst::log_with_level!(CAT, level_of(level), "{category}: {text}");
        }));
    });
    let threshold = CAT.threshold();
    runtime::set_log_level(if threshold >= gst::DebugLevel::Debug {
        LogLevel::Verbose
    } else if threshold >= gst::DebugLevel::Info {
        LogLevel::Info
    } else if threshold >= gst::DebugLevel::Warning {
        LogLevel::Warning
    } else {
        LogLevel::Error
    });
}

fn level_of(level: LogLevel) -> gst::DebugLevel {
    match level {
        LogLevel::Verbose => gst::DebugLevel::Debug,
        LogLevel::Info => gst::DebugLevel::Info,
        LogLevel::Warning => gst::DebugLevel::Warning,
        LogLevel::Error | LogLevel::Fatal => gst::DebugLevel::Error,
    }
}
