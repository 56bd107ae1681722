//! Opening a model in ONNX Runtime on an execution provider.

use std::sync::Arc;

use ort::environment::Environment;
use ort::ep::cuda::ConvAlgorithmSearch;
use ort::ep::{CUDA, CoreML, DirectML, ExecutionProvider, MIGraphX, OpenVINO, TensorRT, WebGPU};
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};

use super::limits::{load_limit, within};
use super::model::ModelBytes;
use super::properties::said;
use super::provider::{automatic_threads, device_name, device_number, names};
use super::{LoadError, Model, OptimizationLevel, Provider, Runtime, SessionSettings};

/// Most threads that a session gets, whatever is asked for.
const MAX_THREADS: usize = 256;

/// CUDA if it loads, else the CPU and the reason.
pub(super) fn open_best(
    runtime: &Runtime,
    model: &Model,
    settings: &SessionSettings,
) -> Result<(Provider, Session, Option<String>), LoadError> {
    // A device that nobody could understand is an error on every machine.
    device_number(settings.device.as_deref(), Provider::Auto)?;
    let mut fallback = None;
    if runtime.providers().contains(&Provider::Cuda) {
        match open_on(runtime, model, settings, Provider::Cuda) {
            Ok(session) => return Ok((Provider::Cuda, session, None)),
            Err(error) => fallback = Some(error.to_string()),
        }
    }
    let settings = SessionSettings {
        device: None,
        ..settings.clone()
    };
    let session = open_on(runtime, model, &settings, Provider::Cpu)?;
    Ok((Provider::Cpu, session, fallback))
}

/// Open on `provider`. If the model does not open on the CPU either, that is the error.
pub(super) fn open(
    runtime: &Runtime,
    model: &Model,
    settings: &SessionSettings,
    provider: Provider,
) -> Result<Session, LoadError> {
    let error = match open_on(runtime, model, settings, provider) {
        Err(error @ LoadError::ProviderUnavailable { .. }) => error,
        other => return other,
    };
    let on_cpu = SessionSettings {
        device: None,
        ..settings.clone()
    };
    open_on(runtime, model, &on_cpu, Provider::Cpu).and(Err(error))
}

fn open_on(
    runtime: &Runtime,
    model: &Model,
    settings: &SessionSettings,
    provider: Provider,
) -> Result<Session, LoadError> {
    let available = runtime.providers();
    // Said before anything is opened.
    registration(provider, settings.device.as_deref())?;
    if !available.contains(&provider) {
        let library = runtime.library().display();
        return Err(LoadError::ProviderUnavailable {
            asked: provider.to_string(),
            reason: format!("{library} was built without it"),
            available: names(&available),
        });
    }
    let opening = Opening {
        environment: runtime.environment().clone(),
        model: model.name().to_owned(),
        bytes: Arc::clone(&model.bytes),
        settings: settings.clone(),
        provider,
        available: names(&available),
    };
    let limit = load_limit(model.bytes().len(), provider);
    within(limit, model.name(), move || opening.open())?
}

/// All that a thread needs to open a model.
struct Opening {
    environment: Environment,
    model: String,
    bytes: ModelBytes,
    settings: SessionSettings,
    provider: Provider,
    /// Names of the providers.
    available: String,
}

impl Opening {
    fn open(&self) -> Result<Session, LoadError> {
        let mut builder = configured(&self.environment, &self.settings)
            .map_err(|error| self.unreadable(&error))?;
        for register in registration(self.provider, self.settings.device.as_deref())? {
            register(&mut builder).map_err(|error| self.unavailable(&error))?;
        }
        builder
            .commit_from_memory(&self.bytes)
            .map_err(|error| match self.provider {
                Provider::Cpu => self.unreadable(&error),
                // A missing GPU shows only here.
                _ => self.unavailable(&error),
            })
    }

    fn unreadable(&self, error: &ort::Error) -> LoadError {
        LoadError::ModelUnreadable {
            model: self.model.clone(),
            reason: said(error),
        }
    }

    fn unavailable(&self, error: &ort::Error) -> LoadError {
        LoadError::ProviderUnavailable {
            asked: self.provider.to_string(),
            reason: said(error),
            available: self.available.clone(),
        }
    }
}

fn configured(
    environment: &Environment,
    settings: &SessionSettings,
) -> ort::Result<SessionBuilder> {
    let threads = match settings.threads {
        0 => automatic_threads(),
        threads => threads.min(MAX_THREADS),
    };
    let level = match settings.optimization {
        OptimizationLevel::DisableAll => GraphOptimizationLevel::Disable,
        OptimizationLevel::EnableBasic => GraphOptimizationLevel::Level1,
        OptimizationLevel::EnableExtended => GraphOptimizationLevel::Level2,
        OptimizationLevel::EnableAll => GraphOptimizationLevel::All,
    };
    Ok(SessionBuilder::new(environment)?
        .with_optimization_level(level)?
        .with_intra_threads(threads)?
        // Waiting threads that spin take the decoder's and the encoder's time.
        .with_intra_op_spinning(false)?
        .with_inter_op_spinning(false)?)
}

type Registration = Box<dyn Fn(&mut SessionBuilder) -> ort::Result<()>>;

/// What to call for a provider, the preferred one first; fails if the device cannot be meant for
/// it.
fn registration(provider: Provider, device: Option<&str>) -> Result<Vec<Registration>, LoadError> {
    if matches!(provider, Provider::Auto | Provider::Cpu | Provider::CoreMl)
        && let Some(device) = device
    {
        return Err(LoadError::Device {
            device: device.into(),
            provider: provider.to_string(),
            expected: "none".into(),
        });
    }
    if provider == Provider::OpenVino {
        let mut openvino = OpenVINO::default();
        if let Some(name) = device_name(device)? {
            openvino = openvino.with_device_type(name);
        }
        return Ok(vec![register(openvino)]);
    }
    let number = device_number(device, provider)?;
    let first = number.unwrap_or_default();
    Ok(match provider {
        Provider::Auto | Provider::Cpu | Provider::OpenVino => vec![],
        Provider::Cuda => vec![cuda(number)],
        Provider::TensorRt => vec![register(tensorrt(first)), cuda(number)],
        Provider::MiGraphX => vec![register(MIGraphX::default().with_device_id(first))],
        Provider::CoreMl => vec![register(CoreML::default())],
        Provider::DirectMl => {
            let directml = DirectML::default();
            // Without a number the provider looks for a GPU itself.
            let directml = match number {
                Some(number) => directml.with_device_id(number),
                None => directml,
            };
            vec![Box::new(move |builder| {
                // What DirectML asks for.
                *builder = builder.clone().with_memory_pattern(false)?;
                directml.register(builder)
            })]
        }
        Provider::WebGpu => vec![register(WebGPU::default().with_device_id(first))],
    })
}

fn register(provider: impl ExecutionProvider + 'static) -> Registration {
    Box::new(move |builder| provider.register(builder))
}

/// TensorRT builds an engine for a model, which takes minutes; it is kept in the user's cache.
fn tensorrt(device: i32) -> TensorRT {
    let tensorrt = TensorRT::default().with_device_id(device);
    let Some(cache) = dirs::cache_dir().map(|cache| cache.join("depixelate/tensorrt")) else {
        return tensorrt;
    };
    if std::fs::create_dir_all(&cache).is_err() {
        return tensorrt;
    }
    let folder = cache.display();
    tensorrt
        .with_engine_cache(true)
        .with_engine_cache_path(&folder)
        .with_timing_cache(true)
        .with_timing_cache_path(&folder)
}

fn cuda(device: Option<i32>) -> Registration {
    let mut cuda = CUDA::default().with_conv_algorithm_search(ConvAlgorithmSearch::Exhaustive);
    if let Some(device) = device {
        cuda = cuda.with_device_id(device);
    }
    Box::new(move |builder| cuda.register(builder))
}
