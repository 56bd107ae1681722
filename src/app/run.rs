//! Running a pipeline to its end.

use super::AppError;
use gst::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often an idle pipeline is looked at.
pub(super) const TICK: gst::ClockTime = gst::ClockTime::from_mseconds(100);

/// Name of the application message by which a callback reports a failure.
const FAILURE: &str = "depixelate-failure";
/// Name of the one by which it tells of something that is not as it should be.
const WARNING: &str = "depixelate-warning";

/// What happens while a pipeline runs.
#[derive(Debug)]
pub enum Event {
    /// Time passed.
    Tick,
    /// Something is not as it should be, but the work goes on.
    Warning(String),
}

/// Starts the work, and tells whether it goes on.
pub(super) struct Watch<'a> {
    /// Called when the pipeline was started.
    pub(super) start: &'a dyn Fn(),
    /// What was done so far; a number that grows.
    pub(super) done: &'a dyn Fn() -> u64,
    /// The part of the pipeline that does nothing, once nothing grows.
    pub(super) stuck: &'a dyn Fn() -> String,
    /// How long nothing may grow.
    pub(super) patience: Duration,
}

/// Play `pipeline` until its end, an error, or `cancel`; stop it in any case.
pub fn run(
    pipeline: &gst::Pipeline,
    cancel: &AtomicBool,
    on_event: &mut dyn FnMut(Event),
) -> Result<(), AppError> {
    run_watched(pipeline, cancel, None, on_event)
}

/// The same, and an error where nothing happens any more.
pub(super) fn run_watched(
    pipeline: &gst::Pipeline,
    cancel: &AtomicBool,
    watch: Option<&Watch<'_>>,
    on_event: &mut dyn FnMut(Event),
) -> Result<(), AppError> {
    let result = play(pipeline, cancel, watch, on_event);
    on_event(Event::Tick);
    let stopped = pipeline.set_state(gst::State::Null);
    result?;
    let name = pipeline.name();
    stopped.map_or_else(|error| Err(AppError::element(&name, error)), |_| Ok(()))
}

/// Make [`run`] end with `error`; for callbacks on streaming threads.
pub(super) fn fail(element: &gst::Element, error: &AppError) {
    tell(element, FAILURE, &error.to_string());
}

/// Make [`run`] tell a warning; for callbacks on streaming threads.
pub(super) fn warn(element: &gst::Element, text: &str) {
    tell(element, WARNING, text);
}

fn tell(element: &gst::Element, name: &str, reason: &str) {
    let details = gst::Structure::builder(name)
        .field("reason", reason)
        .build();
    let message = gst::message::Application::builder(details).src(element);
    // A pipeline without a bus is being torn down: nobody waits for the message.
    let _ = element.post_message(message.build());
}

fn play(
    pipeline: &gst::Pipeline,
    cancel: &AtomicBool,
    watch: Option<&Watch<'_>>,
    on_event: &mut dyn FnMut(Event),
) -> Result<(), AppError> {
    let name = pipeline.name();
    let Some(bus) = pipeline.bus() else {
        return Err(AppError::element(&name, "has no bus"));
    };
    // A failure to start is also on the bus, with its reason.
    let started = pipeline.set_state(gst::State::Playing);
    if let Some(watch) = watch {
        (watch.start)();
    }
    let mut missing = Vec::new();
    let mut last = (0, Instant::now());
    loop {
        if cancel.load(Ordering::Relaxed) {
            return Err(AppError::Cancelled);
        }
        on_event(Event::Tick);
        if let Some(watch) = watch {
            let done = (watch.done)();
            if done != last.0 {
                last = (done, Instant::now());
            } else if last.1.elapsed() > watch.patience {
                return Err(AppError::Stalled {
                    element: (watch.stuck)(),
                    seconds: watch.patience.as_secs(),
                });
            }
        }
        let Some(message) = bus.timed_pop(TICK) else {
            match started {
                Ok(_) => continue,
                Err(error) => return Err(AppError::element(&name, error)),
            }
        };
        match message.view() {
            gst::MessageView::Eos(_) => return Ok(()),
            gst::MessageView::Error(error) => return Err(failure(error, &missing)),
            gst::MessageView::Warning(warning) => on_event(Event::Warning(format!(
                "{}: {}",
                source(&message),
                warning.error()
            ))),
            gst::MessageView::Element(element) => missing.extend(missing_plugin(element)),
            gst::MessageView::Application(application) => {
                if let Some(text) = told(application, WARNING) {
                    on_event(Event::Warning(text));
                }
                if let Some(reason) = told(application, FAILURE) {
                    return Err(AppError::element(&source(&message), reason));
                }
            }
            _ => {}
        }
    }
}

/// The first error that is on `bus`.
pub(super) fn failure_on(bus: &gst::Bus) -> Option<AppError> {
    let mut missing = Vec::new();
    while let Some(message) = bus.pop() {
        match message.view() {
            gst::MessageView::Error(error) => return Some(failure(error, &missing)),
            gst::MessageView::Element(element) => missing.extend(missing_plugin(element)),
            gst::MessageView::Application(application) => {
                let reason = told(application, FAILURE);
                if let Some(reason) = reason {
                    return Some(AppError::element(&source(&message), reason));
                }
            }
            _ => {}
        }
    }
    None
}

/// What [`tell`] said under this name.
fn told(message: &gst::message::Application, name: &str) -> Option<String> {
    let structure = message.structure().filter(|s| s.name() == name)?;
    Some(structure.get("reason").unwrap_or_default())
}

/// An error message as our error.
fn failure(error: &gst::message::Error, missing: &[String]) -> AppError {
    let mut reason = error.error().message().trim_end_matches('.').to_owned();
    // Behind where in the code it happened stands why, if anything does.
    let debug = error.debug();
    let why = debug.as_deref().and_then(|debug| debug.lines().nth(1));
    if let Some(why) = why.filter(|why| !why.is_empty() && !reason.contains(why)) {
        reason.push_str(&format!(" ({})", why.trim_end_matches('.')));
    }
    if !missing.is_empty() {
        let missing = missing.join(", ");
        reason.push_str(&format!(
            ": {missing} (on Debian, try gstreamer1.0-libav and gstreamer1.0-plugins-bad)"
        ));
    }
    AppError::element(&source(error), reason)
}

/// Name of the part of the pipeline that a message comes from.
fn source(message: &gst::MessageRef) -> String {
    let mut object = message.src().cloned();
    while let Some(parent) = object.as_ref().and_then(|object| object.parent()) {
        if parent.is::<gst::Pipeline>() {
            break;
        }
        object = Some(parent);
    }
    object.map_or_else(
        || "GStreamer".to_owned(),
        |object| object.name().to_string(),
    )
}

/// What a decoder that was not found is for.
fn missing_plugin(message: &gst::message::Element) -> Option<String> {
    let structure = message.structure().filter(|s| s.name() == "missing-plugin");
    structure?.get("name").ok()
}
