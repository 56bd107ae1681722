//! Loading the model, and telling the bus about it.

use super::BackendSource;
use super::imp::{CAT, FaceDepixelate, Loaded};
use super::settings::ModelSettings;
use super::stats::Stats;
use super::worker::Worker;
use crate::cascade::{Backend, CascadeError};
use gst::prelude::*;
use gst::subclass::prelude::*;
use std::path::{Path, PathBuf};

/// Code of the PROGRESS messages.
const PROGRESS_CODE: &str = "loading";

impl FaceDepixelate {
    /// Take backends from `source` from now on.
    pub fn set_backend_source(&self, source: BackendSource) {
        self.settings.lock().unwrap().backend_source = Some(source);
        self.release_model();
    }

    /// READY→PAUSED: load the model, unless the one that is there was loaded with the same settings.
    pub fn prepare_model(&self) -> Result<(), gst::ErrorMessage> {
        let (settings, source) = {
            let all = self.settings.lock().unwrap();
            (all.values.model.clone(), all.backend_source.clone())
        };
        let known = {
            let worker = self.worker.lock().unwrap();
            let same = worker.as_ref().filter(|it| it.settings == settings);
            same.map(|it| it.worker.execution_provider().to_owned())
        };
        let execution_provider = match known {
            Some(execution_provider) => execution_provider,
            None => self.load_model(settings, source)?,
        };
        *self.stats.lock().unwrap() = Stats::new(execution_provider);
        Ok(())
    }

    /// Load the model; returns the execution provider that it runs on.
    fn load_model(
        &self,
        settings: ModelSettings,
        source: Option<BackendSource>,
    ) -> Result<String, gst::ErrorMessage> {
        // The former goes first: a device's memory need not hold two.
        self.release_model();
        self.post_progress(gst::ProgressType::Start, "Loading the model");
        let backend = match source {
            Some(source) => source().map_err(|error| error_message(&error)),
            None => load(&settings, self.plugin_folder().as_deref()),
        };
        let backend = backend.inspect_err(|_| {
            self.post_progress(gst::ProgressType::Error, "The model could not be loaded");
        })?;
        let worker = Worker::new(backend);
        let execution_provider = worker.execution_provider().to_owned();
        gst::info!(CAT, imp = self, "the model runs on {execution_provider}");
        *self.worker.lock().unwrap() = Some(Box::new(Loaded { settings, worker }));
        self.post_progress(gst::ProgressType::Complete, "The model is loaded");
        Ok(execution_provider)
    }

    /// READY→NULL: let the model go.
    pub fn release_model(&self) {
        let worker = self.worker.lock().unwrap().take();
        // Letting a model go may take long; the lock is free by now.
        drop(worker);
    }

    fn post_progress(&self, kind: gst::ProgressType, text: &str) {
        let obj = self.obj();
        let message = gst::message::Progress::builder(kind, PROGRESS_CODE, text)
            .src(&*obj)
            .build();
        // Fails where the element has no bus: nobody listens then.
        let _ = obj.post_message(message);
    }

    /// Where the plugin's file lies: a runtime may lie beside it.
    fn plugin_folder(&self) -> Option<PathBuf> {
        let file = self.obj().factory()?.plugin()?.filename()?;
        file.parent().map(Path::to_owned)
    }
}

fn load(
    settings: &ModelSettings,
    plugin_folder: Option<&Path>,
) -> Result<Box<dyn Backend>, gst::ErrorMessage> {
    let _ = (settings, plugin_folder);
    Err(gst::error_msg!(
        gst::LibraryError::Init,
        ["no backend is built in"]
    ))
}

fn error_message(error: &CascadeError) -> gst::ErrorMessage {
    gst::error_msg!(gst::LibraryError::Init, ["{error}"])
}
