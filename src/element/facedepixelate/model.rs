//! Loading the model, and telling the bus about it.

use super::imp::{CAT, FaceDepixelate, Loaded};
use super::settings::ModelSettings;
use super::stats::Stats;
use super::worker::Worker;
use super::{BackendSource, ExecutionProvider, OptimizationLevel};
use crate::cascade::{
    self, Backend, CascadeError, Model, OrtBackend, Provider, RuntimeSearch, SessionSettings,
    runtime,
};
use crate::element::runtime_log;
use crate::face_check::FaceCheck;
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
        let loaded = match source {
            Some(source) => source().map(|backend| (backend, None)),
            None => self.load_from_file(&settings),
        };
        let (backend, face_check) = loaded.map_err(|error| {
            self.post_progress(gst::ProgressType::Error, "The model could not be loaded");
            error_message(&error)
        })?;
        let worker = Worker::new(backend, face_check);
        let execution_provider = worker.execution_provider().to_owned();
        gst::info!(CAT, imp = self, "the model runs on {execution_provider}");
        *self.worker.lock().unwrap() = Some(Box::new(Loaded { settings, worker }));
        self.post_progress(gst::ProgressType::Complete, "The model is loaded");
        Ok(execution_provider)
    }

    fn load_from_file(
        &self,
        settings: &ModelSettings,
    ) -> Result<(Box<dyn Backend>, Option<FaceCheck>), CascadeError> {
        let largest = self
            .settings
            .lock()
            .unwrap()
            .values
            .frame
            .detect
            .max_detections;
        let (backend, face_check) = load(settings, self.plugin_folder(), largest)?;
        if let Some(reason) = backend.fallback_reason() {
            gst::element_imp_warning!(
                self,
                gst::LibraryError::Init,
                ("the model runs on the CPU: {reason}")
            );
        }
        Ok((Box::new(backend), Some(face_check)))
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

    /// Where the plugin's file lies, or the program that it is linked into: a runtime may lie beside it.
    fn plugin_folder(&self) -> Option<PathBuf> {
        let plugin = self.obj().factory().and_then(|factory| factory.plugin());
        let file = plugin.and_then(|plugin| plugin.filename());
        let file = file.or_else(|| std::env::current_exe().ok())?;
        file.parent().map(Path::to_owned)
    }
}

/// Load the runtime, the model and the face check. `largest` is the largest batch to be prepared for.
fn load(
    settings: &ModelSettings,
    plugin_folder: Option<PathBuf>,
    largest: usize,
) -> Result<(OrtBackend, FaceCheck), CascadeError> {
    runtime_log::connect();
    let folders: Vec<PathBuf> = plugin_folder.into_iter().collect();
    let runtime = runtime::load(&RuntimeSearch {
        library: None,
        folders: &folders,
    })?;
    let model = match &settings.model_file {
        Some(file) => Model::open(Path::new(file))?,
        None => Model::bundled()?,
    };
    let session = SessionSettings {
        provider: settings.execution_provider.into(),
        device: settings.device.clone(),
        optimization: settings.optimization_level.into(),
        threads: settings.threads as usize,
    };
    let mut backend = OrtBackend::new(runtime, &model, &session)?;
    backend.warm_up(largest)?;
    Ok((backend, FaceCheck::bundled(runtime)?))
}

impl From<ExecutionProvider> for Provider {
    fn from(provider: ExecutionProvider) -> Self {
        match provider {
            ExecutionProvider::Auto => Self::Auto,
            ExecutionProvider::Cpu => Self::Cpu,
            ExecutionProvider::Cuda => Self::Cuda,
            ExecutionProvider::TensorRt => Self::TensorRt,
            ExecutionProvider::OpenVino => Self::OpenVino,
        }
    }
}

impl From<OptimizationLevel> for cascade::OptimizationLevel {
    fn from(level: OptimizationLevel) -> Self {
        match level {
            OptimizationLevel::DisableAll => Self::DisableAll,
            OptimizationLevel::EnableBasic => Self::EnableBasic,
            OptimizationLevel::EnableExtended => Self::EnableExtended,
            OptimizationLevel::EnableAll => Self::EnableAll,
        }
    }
}

/// The error in the domain that tells an application what to mend: the path, the file, a property, the runtime.
fn error_message(error: &CascadeError) -> gst::ErrorMessage {
    use CascadeError as E;
    match error {
        E::ModelNotFound { .. } => {
            gst::error_msg!(gst::ResourceError::NotFound, ("model-file: {error}"))
        }
        E::ModelUnreadable { .. }
        | E::ModelTooLarge { .. }
        | E::Metadata { .. }
        | E::Shape { .. }
        | E::NothingSaid { .. }
        | E::Description { .. }
        | E::OutputShape { .. } => gst::error_msg!(gst::ResourceError::OpenRead, ("{error}")),
        E::UnknownProvider { .. }
        | E::ProviderUnavailable { .. }
        | E::UnknownOptimizationLevel { .. }
        | E::Device { .. } => gst::error_msg!(gst::ResourceError::Settings, ("{error}")),
        _ => gst::error_msg!(gst::LibraryError::Init, ("{error}")),
    }
}
