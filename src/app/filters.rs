//! Elements that frames go through.

use std::sync::{Mutex, PoisonError};

use gst::prelude::*;

use super::AppError;

/// Makes a [`Filters`]' elements.
type Make<'a> = dyn Fn() -> Result<gst::Element, AppError> + Send + Sync + 'a;

/// Elements that frames go through, raw video in and out. They are kept when they are not needed,
/// so that a model is loaded once, however many films and parts of films go through it.
pub struct Filters<'a> {
    make: Box<Make<'a>>,
    idle: Mutex<Vec<gst::Element>>,
}

impl<'a> Filters<'a> {
    /// Elements that `make` makes, all alike.
    pub fn new(make: impl Fn() -> Result<gst::Element, AppError> + Send + Sync + 'a) -> Self {
        Self {
            make: Box::new(make),
            idle: Mutex::default(),
        }
    }

    /// One that is not in use, if there is any: as long as it is kept, so is its model.
    pub fn one(&self) -> Option<gst::Element> {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
    }

    /// One that is in no pipeline.
    pub(super) fn take(&self) -> Result<gst::Element, AppError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        idle.map_or_else(|| (self.make)(), Ok)
    }

    /// Keep one, whose pipeline was stopped, for the next time. Its pads must have no probes.
    pub(super) fn give_back(&self, element: gst::Element) {
        if let Some(pipeline) = element.parent().and_downcast::<gst::Bin>() {
            // Refused only if it is not in there.
            let _ = pipeline.remove(&element);
        }
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(element);
    }
}

/// Whether the filter is to tell of faces alone, if it can.
pub(super) fn look_only(filter: &gst::Element, is_so: bool) {
    if filter.has_property("look-only") {
        filter.set_property("look-only", is_so);
    }
}
