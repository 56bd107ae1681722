//! Loading the model, and telling the bus about it.

use super::choices::{ExecutionProvider, OptimizationLevel};
use super::imp::{BackendSource, CAT, Imp, Loaded};
use super::settings::ModelSettings;
use super::sharing::{ModelError, shared};
use super::stats::Stats;
use super::worker::Worker;
use crate::cascade::{
    self, Batcher, Client, LoadError, Model, OrtBackend, Provider, RunError, Runtime,
    SessionSettings, Wake,
};
use crate::element::runtime_log;
use crate::face_check::FaceCheck;
use gst::prelude::*;
use gst::subclass::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Code of the PROGRESS messages.
const PROGRESS_CODE: &str = "loading";

impl Imp {
    /// Take backends from `source` from now on.
    pub fn set_backend_source(&self, source: BackendSource) {
        self.settings.lock().unwrap().backend_source = Some(source);
        self.release_model();
    }

    /// READY→PAUSED: load the model, unless the one that is there was loaded with the same
    /// settings.
    pub fn prepare_model(&self) -> Result<(), gst::ErrorMessage> {
        let (settings, source) = {
            let all = self.settings.lock().unwrap();
            (all.values.model.clone(), all.backend_source.clone())
        };
        let known = {
            let worker = self.worker.lock().unwrap();
            let same = worker.as_ref().filter(|it| it.settings == settings);
            let sound = same.filter(|it| it.worker.is_sound());
            sound.map(|it| it.worker.batcher().execution_provider().to_owned())
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
        let text = match settings.execution_provider {
            ExecutionProvider::TensorRt => {
                "Loading the model; TensorRT may build an engine for minutes, and keeps it for the next time"
            }
            _ => "Loading the model",
        };
        self.post_progress(gst::ProgressType::Start, text);
        let loaded = self.shared_model(&settings, source);
        let (batcher, face_check) = loaded.map_err(|error| {
            self.post_progress(gst::ProgressType::Error, "The model could not be loaded");
            error_message(&error)
        })?;
        let execution_provider = batcher.execution_provider().to_owned();
        let queue = Arc::downgrade(&self.queue);
        let wake: Wake = Arc::new(move || {
            if let Some(queue) = queue.upgrade() {
                queue.wake();
            }
        });
        let client = Client::default();
        *self.runs.lock().unwrap() = Some((Arc::clone(&batcher), client.clone()));
        let worker = Worker::new(batcher, client, wake, face_check);
        gst::info!(CAT, imp = self, "the model runs on {execution_provider}");
        *self.worker.lock().unwrap() = Some(Box::new(Loaded { settings, worker }));
        self.post_progress(gst::ProgressType::Complete, "The model is loaded");
        Ok(execution_provider)
    }

    /// The model, shared with other elements where it may be; and the face check.
    fn shared_model(
        &self,
        settings: &ModelSettings,
        source: Option<BackendSource>,
    ) -> Result<(Arc<Batcher>, Option<FaceCheck>), ModelError> {
        let (name, size) = (self.obj().name(), settings.batch_size as usize);
        if let Some(source) = source {
            let open = || Batcher::new(source()?, size);
            let batcher = match settings.model_instance_id {
                Some(_) => shared(&name, settings, open)?,
                None => Arc::new(open()?),
            };
            return Ok((batcher, None));
        }
        let runtime = runtime(self.plugin_file())?;
        let batcher = shared(&name, settings, || {
            Batcher::new(Box::new(self.open(runtime, settings)?), size)
        })?;
        Ok((batcher, Some(FaceCheck::bundled(runtime)?)))
    }

    /// Load the model, and prepare it for the largest batch that may come.
    fn open(&self, runtime: &Runtime, settings: &ModelSettings) -> Result<OrtBackend, LoadError> {
        let model = match &settings.model_file {
            Some(file) => Model::open(Path::new(file))?,
            None => Model::bundled()?,
        };
        let session = SessionSettings {
            provider: settings.execution_provider.into(),
            device: settings.device.clone(),
            optimization: settings.optimization_level.into(),
            threads: settings.threads as usize,
            run_limit: None,
        };
        let mut backend = OrtBackend::new(runtime, &model, &session)?;
        let largest = {
            let all = self.settings.lock().unwrap();
            match settings.batch_size as usize {
                0 => all.values.frame.detect.max_detections,
                size => size,
            }
        };
        backend.warm_up(largest)?;
        if let Some(reason) = backend.fallback_reason() {
            gst::element_imp_warning!(
                self,
                gst::LibraryError::Init,
                ("the model runs on the CPU: {reason}")
            );
        }
        Ok(backend)
    }

    /// READY→NULL: let the model go.
    pub fn release_model(&self) {
        self.runs.lock().unwrap().take();
        let worker = self.worker.lock().unwrap().take();
        // Letting a model go may take long; the lock is free by now.
        drop(worker);
    }

    /// What goes on in the model for this element ends, and its frames come back without: the task
    /// waits for none.
    pub fn stop_runs(&self) {
        let runs = self.runs.lock().unwrap().clone();
        if let Some((batcher, client)) = runs {
            batcher.stop(&client);
        }
    }

    /// After [`Self::stop_runs`].
    pub fn start_runs(&self) {
        if let Some((_, client)) = &*self.runs.lock().unwrap() {
            client.start();
        }
    }

    fn post_progress(&self, kind: gst::ProgressType, text: &str) {
        let obj = self.obj();
        let message = gst::message::Progress::builder(kind, PROGRESS_CODE, text)
            .src(&*obj)
            .build();
        // Fails where the element has no bus: nobody listens then.
        let _ = obj.post_message(message);
    }

    /// The plugin's file, or the program that it is linked into: a runtime may lie beside it.
    fn plugin_file(&self) -> Option<PathBuf> {
        let plugin = self.obj().factory().and_then(|factory| factory.plugin());
        let file = plugin.and_then(|plugin| plugin.filename());
        file.or_else(|| std::env::current_exe().ok())
    }
}

/// Load the runtime; one beside the plugin, or in its package, will do.
fn runtime(plugin_file: Option<PathBuf>) -> Result<&'static Runtime, LoadError> {
    runtime_log::connect();
    cascade::runtime::load_beside(plugin_file)
}

impl From<ExecutionProvider> for Provider {
    fn from(provider: ExecutionProvider) -> Self {
        match provider {
            ExecutionProvider::Auto => Self::Auto,
            ExecutionProvider::Cpu => Self::Cpu,
            ExecutionProvider::Cuda => Self::Cuda,
            ExecutionProvider::TensorRt => Self::TensorRt,
            ExecutionProvider::OpenVino => Self::OpenVino,
            ExecutionProvider::MiGraphX => Self::MiGraphX,
            ExecutionProvider::CoreMl => Self::CoreMl,
            ExecutionProvider::DirectMl => Self::DirectMl,
            ExecutionProvider::WebGpu => Self::WebGpu,
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

/// The error in the domain that tells an application what to mend: the path, the file, a property,
/// the runtime. A property is named where it is to blame.
fn error_message(error: &ModelError) -> gst::ErrorMessage {
    use LoadError as E;
    let error = match error {
        ModelError::Load(error) => error,
        ModelError::SharedDifferently { .. } => {
            return gst::error_msg!(gst::ResourceError::Settings, ("{error}"));
        }
    };
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
        | E::TooLong { .. }
        | E::FirstRun(RunError::TooLong { .. })
        | E::FirstRun(RunError::OutputShape { .. }) => {
            gst::error_msg!(gst::ResourceError::OpenRead, ("{error}"))
        }
        E::ProviderUnavailable { .. } => {
            gst::error_msg!(
                gst::ResourceError::Settings,
                ("execution-provider: {error}")
            )
        }
        E::Device { .. } => gst::error_msg!(gst::ResourceError::Settings, ("device: {error}")),
        E::RuntimeNotFound { .. }
        | E::RuntimeTooOld { .. }
        | E::RuntimeInit { .. }
        | E::FirstRun(_)
        | E::Thread(_) => gst::error_msg!(gst::LibraryError::Init, ("{error}")),
    }
}
