//! A model opened by ONNX Runtime.

use std::ops::Range;

use ort::ep::cuda::ConvAlgorithmSearch;
use ort::ep::{CUDA, ExecutionProvider, OpenVINO, TensorRT};
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{OutputSelector, RunOptions, Session};
use ort::value::TensorRef;

use super::model::{DETAILED, INPUT, LATTICE, RESTORED, STAGE1};
use super::provider::{automatic_threads, device_name, device_number, names};
use super::{
    Backend, CascadeError, Crops, Model, ModelFacts, OptimizationLevel, Provider, Runtime,
    SessionSettings,
};
use crate::blocks::PLANES;

/// Batch sizes on a GPU. For each new input shape, cuDNN is searched for its fastest convolutions
/// anew, which takes longer than many runs; so there are few shapes.
const GPU_BATCHES: [usize; 6] = [1, 2, 4, 8, 16, 32];

/// Most threads that a session gets, whatever is asked for.
const MAX_THREADS: usize = 256;

/// The networks in ONNX Runtime.
#[derive(Debug)]
pub struct OrtBackend {
    session: Session,
    facts: ModelFacts,
    provider: Provider,
    fallback: Option<String>,
    takes_lattice: bool,
    has_detailed: bool,
    /// The sharpest faces, before they are mixed in.
    detailed: Vec<f32>,
    /// A part batch, filled up to one of [`GPU_BATCHES`].
    padded: [Vec<f32>; 2],
}

impl OrtBackend {
    /// Open `model` as `settings` say.
    ///
    /// A named provider that does not load is an error; `auto` then takes the CPU and
    /// [`Self::fallback_reason`] says why.
    pub fn new(
        runtime: &Runtime,
        model: &Model,
        settings: &SessionSettings,
    ) -> Result<Self, CascadeError> {
        let (provider, session, fallback) = match settings.provider {
            Provider::Auto => open_best(runtime, model, settings)?,
            named => (named, open(runtime, model, settings, named)?, None),
        };
        Ok(Self {
            session,
            facts: model.facts().clone(),
            provider,
            fallback,
            takes_lattice: model.takes_lattice(),
            has_detailed: model.has_detailed(),
            detailed: Vec::new(),
            padded: Default::default(),
        })
    }

    /// The execution provider in use; never `Auto`.
    pub fn provider(&self) -> Provider {
        self.provider
    }

    /// Why `auto` took the CPU although ONNX Runtime knows a GPU.
    pub fn fallback_reason(&self) -> Option<&str> {
        self.fallback.as_deref()
    }

    /// Run every batch size up to `largest` crops once, so that the first frame does not wait for
    /// memory and for the search of convolutions.
    pub fn warm_up(&mut self, largest: usize) -> Result<(), CascadeError> {
        let pads = self.pads();
        let sizes = GPU_BATCHES.into_iter().filter(|&size| pads || size == 1);
        let last = GPU_BATCHES.into_iter().find(|&size| size >= largest);
        let mut restored = Vec::new();
        for size in sizes.take_while(|&size| last.is_none_or(|last| size <= last)) {
            let pixelated = vec![0.0; self.input_len(size)?];
            let planes = if self.takes_lattice { PLANES } else { 0 };
            let crops = Crops {
                count: size,
                lattice: &vec![0.0; pixelated.len() / 3 * planes],
                pixelated: &pixelated,
            };
            self.run(crops, 0.0, &mut restored)?;
        }
        Ok(())
    }

    /// Whether part batches are filled up to one of [`GPU_BATCHES`].
    fn pads(&self) -> bool {
        matches!(self.provider, Provider::Cuda | Provider::TensorRt)
    }

    /// Numbers in `count` crops.
    fn input_len(&self, count: usize) -> Result<usize, CascadeError> {
        // One crop is at most 3·1024² numbers, see the limits of the metadata.
        let crop = 3 * self.facts.size * self.facts.size;
        count
            .checked_mul(crop)
            .ok_or_else(|| CascadeError::Run(format!("a batch of {count} crops is too large")))
    }

    /// What the first network alone makes of crops: `[count, 3, size, size]` in the model's range.
    pub fn run_stage1(
        &mut self,
        crops: Crops<'_>,
        stage1: &mut Vec<f32>,
    ) -> Result<(), CascadeError> {
        self.check_input(&crops)?;
        stage1.clear();
        let side = self.facts.size;
        run_batch(
            &mut self.session,
            &self.facts,
            side,
            crops,
            &mut [(STAGE1, stage1)],
        )
    }

    fn check_input(&self, crops: &Crops<'_>) -> Result<(), CascadeError> {
        let expected = self.input_len(crops.count)?;
        let lattice = expected / 3 * PLANES;
        let found = crops.pixelated.len();
        if found != expected {
            return Err(CascadeError::InputSize {
                count: crops.count,
                found,
                expected,
            });
        }
        let found = crops.lattice.len();
        if found != 0 && found != lattice {
            return Err(CascadeError::InputSize {
                count: crops.count,
                found,
                expected: lattice,
            });
        }
        Ok(())
    }
}

/// Run all crops of a batch and append each named output, pictures of `side`, to the numbers beside it.
fn run_batch(
    session: &mut Session,
    facts: &ModelFacts,
    side: usize,
    crops: Crops<'_>,
    wanted: &mut [(&str, &mut Vec<f32>)],
) -> Result<(), CascadeError> {
    let tensor = |planes: usize, numbers| {
        let shape = [crops.count, planes, facts.size, facts.size];
        TensorRef::from_array_view((shape, numbers)).map_err(run_error)
    };
    let mut inputs = ort::inputs![INPUT => tensor(3, crops.pixelated)?];
    if !crops.lattice.is_empty() {
        inputs.push((LATTICE.into(), tensor(PLANES, crops.lattice)?.into()));
    }
    // Leaving out the other outputs saves their copies out of the device's memory. The options cannot be
    // kept from run to run: they may not move to another thread, and a backend may.
    let selector = wanted
        .iter()
        .fold(OutputSelector::no_default(), |all, (name, _)| {
            all.with(*name)
        });
    let options = RunOptions::new().map_err(run_error)?.with_outputs(selector);
    let outputs = session
        .run_with_options(inputs, &options)
        .map_err(run_error)?;
    for (name, pictures) in wanted {
        let output = outputs
            .get(*name)
            .ok_or_else(|| CascadeError::Run(format!("output `{name}` did not come")))?;
        let (found, numbers) = output.try_extract_tensor::<f32>().map_err(run_error)?;
        let expected = [crops.count, 3, side, side].map(|side| side as i64);
        if **found != expected {
            return Err(CascadeError::OutputShape {
                found: found.to_vec(),
                expected: expected.to_vec(),
            });
        }
        pictures.extend_from_slice(numbers);
    }
    Ok(())
}

/// Run all crops of a batch and append the faces, mixed as `detail` says.
fn run_mixed(
    session: &mut Session,
    facts: &ModelFacts,
    crops: Crops<'_>,
    detail: f32,
    faces: &mut Vec<f32>,
    detailed: &mut Vec<f32>,
) -> Result<(), CascadeError> {
    let side = facts.output_size();
    if detail <= 0.0 {
        return run_batch(session, facts, side, crops, &mut [(RESTORED, faces)]);
    }
    if detail >= 1.0 {
        return run_batch(session, facts, side, crops, &mut [(DETAILED, faces)]);
    }
    detailed.clear();
    let start = faces.len();
    let wanted = &mut [(RESTORED, &mut *faces), (DETAILED, &mut *detailed)];
    run_batch(session, facts, side, crops, wanted)?;
    for (truest, sharpest) in faces[start..].iter_mut().zip(detailed) {
        *truest += (*sharpest - *truest) * detail;
    }
    Ok(())
}

impl Backend for OrtBackend {
    fn facts(&self) -> &ModelFacts {
        &self.facts
    }

    fn execution_provider(&self) -> &str {
        self.provider.name()
    }

    fn takes_lattice(&self) -> bool {
        self.takes_lattice
    }

    /// The largest batch that a GPU is prepared for; on a CPU a batch gains nothing.
    fn preferred_batch(&self) -> usize {
        if self.pads() {
            GPU_BATCHES[GPU_BATCHES.len() - 1]
        } else {
            1
        }
    }

    fn run(
        &mut self,
        crops: Crops<'_>,
        detail: f32,
        faces: &mut Vec<f32>,
    ) -> Result<(), CascadeError> {
        self.check_input(&crops)?;
        faces.clear();
        if crops.count == 0 {
            return Ok(());
        }
        let detail = if self.has_detailed { detail } else { 0.0 };
        let pads = self.pads();
        let (session, facts, detailed) = (&mut self.session, &self.facts, &mut self.detailed);
        if !pads {
            return run_mixed(session, facts, crops, detail, faces, detailed);
        }
        let picture = 3 * facts.output_size() * facts.output_size();
        let most = GPU_BATCHES[GPU_BATCHES.len() - 1];
        for first in (0..crops.count).step_by(most) {
            let keep = most.min(crops.count - first);
            let range = first..first + keep;
            let size = padded_size(keep);
            let end = faces.len() + keep * picture;
            let [pixelated, lattice] = &mut self.padded;
            let part = Crops {
                count: size,
                pixelated: filled_up(crops.pixelated, crops.count, range.clone(), size, pixelated),
                lattice: filled_up(crops.lattice, crops.count, range, size, lattice),
            };
            run_mixed(session, facts, part, detail, faces, detailed)?;
            faces.truncate(end);
        }
        Ok(())
    }
}

/// The crops `part` of `count` in `numbers`, filled up with zeros to `size` crops. Copied only where they must.
fn filled_up<'a>(
    numbers: &'a [f32],
    count: usize,
    part: Range<usize>,
    size: usize,
    padded: &'a mut Vec<f32>,
) -> &'a [f32] {
    let crop = numbers.len() / count;
    let numbers = &numbers[part.start * crop..part.end * crop];
    if part.len() == size {
        return numbers;
    }
    padded.clear();
    padded.extend_from_slice(numbers);
    padded.resize(size * crop, 0.0);
    padded
}

/// Smallest of [`GPU_BATCHES`] that holds `count` crops.
fn padded_size(count: usize) -> usize {
    GPU_BATCHES
        .into_iter()
        .find(|&size| size >= count)
        .unwrap_or(count)
}

/// CUDA if it loads, else the CPU and the reason.
fn open_best(
    runtime: &Runtime,
    model: &Model,
    settings: &SessionSettings,
) -> Result<(Provider, Session, Option<String>), CascadeError> {
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
fn open(
    runtime: &Runtime,
    model: &Model,
    settings: &SessionSettings,
    provider: Provider,
) -> Result<Session, CascadeError> {
    let error = match open_on(runtime, model, settings, provider) {
        Err(error @ CascadeError::ProviderUnavailable { .. }) => error,
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
) -> Result<Session, CascadeError> {
    let available = runtime.providers();
    let unavailable = |reason: String| CascadeError::ProviderUnavailable {
        asked: provider.to_string(),
        reason,
        available: names(&available),
    };
    let registration = registration(provider, settings.device.as_deref())?;
    if !available.contains(&provider) {
        let library = runtime.library().display();
        return Err(unavailable(format!("{library} was built without it")));
    }
    let mut builder = configured(runtime, settings).map_err(|error| unreadable(model, &error))?;
    for register in registration {
        register(&mut builder).map_err(|error| unavailable(error.to_string()))?;
    }
    builder
        .commit_from_memory(model.bytes())
        .map_err(|error| match provider {
            Provider::Cpu => unreadable(model, &error),
            // A missing GPU shows only here.
            _ => unavailable(error.to_string()),
        })
}

fn configured(runtime: &Runtime, settings: &SessionSettings) -> ort::Result<SessionBuilder> {
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
    Ok(SessionBuilder::new(runtime.environment())?
        .with_optimization_level(level)?
        .with_intra_threads(threads)?
        // Waiting threads that spin take the decoder's and the encoder's time.
        .with_intra_op_spinning(false)?
        .with_inter_op_spinning(false)?)
}

type Registration = Box<dyn Fn(&mut SessionBuilder) -> ort::Result<()>>;

/// What to call for a provider, the preferred one first; fails if the device cannot be meant for it.
fn registration(
    provider: Provider,
    device: Option<&str>,
) -> Result<Vec<Registration>, CascadeError> {
    match provider {
        Provider::Auto | Provider::Cpu => match device {
            None => Ok(vec![]),
            Some(device) => Err(CascadeError::Device {
                device: device.into(),
                provider: provider.to_string(),
                expected: "none".into(),
            }),
        },
        Provider::Cuda => Ok(vec![cuda(device_number(device, provider)?)]),
        Provider::TensorRt => {
            let number = device_number(device, provider)?;
            let mut tensorrt = TensorRT::default();
            if let Some(number) = number {
                tensorrt = tensorrt.with_device_id(number);
            }
            Ok(vec![
                Box::new(move |builder| tensorrt.register(builder)),
                cuda(number),
            ])
        }
        Provider::OpenVino => {
            let mut openvino = OpenVINO::default();
            if let Some(name) = device_name(device)? {
                openvino = openvino.with_device_type(name);
            }
            Ok(vec![Box::new(move |builder| openvino.register(builder))])
        }
    }
}

fn cuda(device: Option<i32>) -> Registration {
    let mut cuda = CUDA::default().with_conv_algorithm_search(ConvAlgorithmSearch::Exhaustive);
    if let Some(device) = device {
        cuda = cuda.with_device_id(device);
    }
    Box::new(move |builder| cuda.register(builder))
}

fn unreadable(model: &Model, error: &ort::Error) -> CascadeError {
    CascadeError::ModelUnreadable {
        model: model.name().into(),
        reason: error.to_string(),
    }
}

pub(super) fn run_error(error: ort::Error) -> CascadeError {
    CascadeError::Run(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpu_batches_are_filled_up() {
        let sizes = [1, 2, 3, 5, 8, 9, 17, 32].map(padded_size);
        assert_eq!(sizes, [1, 2, 4, 8, 8, 16, 32, 32]);
    }
}
