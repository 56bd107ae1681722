//! A model that runs.

use std::time::Duration;

use ort::session::{OutputSelector, Session};
use ort::value::TensorRef;

use super::brake::Brake;
use super::limits::{RUN_BYTES, compiling, make_room, run_limit};
use super::model_io::{DETAILED, LATTICE, ModelIo, NEIGHBOURS, STAGE1};
use super::open::{open, open_best};
use super::parts::{GPU_BATCHES, filled_up, padded_size, swap_red_and_blue};
use super::properties::said;
use super::{
    Backend, Crops, LoadError, Model, ModelMetadata, Pictures, Provider, RunError, Runtime,
    SessionSettings,
};
use crate::blocks::PLANES;

/// The networks in ONNX Runtime.
#[derive(Debug)]
pub struct OrtBackend {
    graph: Graph,
    provider: Provider,
    fallback: Option<String>,
    /// The sharpest faces, before they are mixed in.
    detailed: Vec<f32>,
    /// A part batch, filled up to one of [`GPU_BATCHES`].
    padded: [Vec<f32>; 3],
    /// The crops with their channels the other way round.
    bgr: Vec<f32>,
}

/// An open model with what is known of it.
#[derive(Debug)]
struct Graph {
    session: Session,
    model: String,
    metadata: ModelMetadata,
    model_io: ModelIo,
    /// Bytes of the file.
    size: usize,
    /// What runs may take beyond what the network does.
    preparing: Duration,
    run_limit: Option<Duration>,
    brake: Brake,
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
    ) -> Result<Self, LoadError> {
        let (provider, session, fallback) = match settings.provider {
            Provider::Auto => open_best(runtime, model, settings)?,
            named => (named, open(runtime, model, settings, named)?, None),
        };
        let graph = Graph {
            session,
            model: model.name().into(),
            metadata: model.metadata().clone(),
            model_io: model.model_io.clone(),
            size: model.bytes().len(),
            preparing: compiling(provider),
            run_limit: settings.run_limit,
            brake: Brake::default(),
        };
        Ok(Self {
            graph,
            provider,
            fallback,
            detailed: Vec::new(),
            padded: Default::default(),
            bgr: Vec::new(),
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
    /// memory and for the search of convolutions; what the graph cannot do shows here.
    pub fn warm_up(&mut self, largest: usize) -> Result<(), LoadError> {
        let pads = self.pads();
        let sizes = GPU_BATCHES.into_iter().filter(|&size| pads || size == 1);
        let last = GPU_BATCHES.into_iter().find(|&size| size >= largest);
        let largest_run = self.next_part(usize::MAX, [self.graph.metadata.size; 2]);
        let mut restored = Vec::new();
        for size in
            sizes.take_while(|&size| size <= largest_run[1] && last.is_none_or(|last| size <= last))
        {
            let pixelated = vec![0.0; self.input_len(size)?];
            let planes = if self.takes_lattice() { PLANES } else { 0 };
            let neighbours = self.graph.metadata.window.planes();
            let crops = Crops {
                count: size,
                lattice: &vec![0.0; pixelated.len() / 3 * planes],
                neighbours: &vec![0.0; pixelated.len() / 3 * neighbours],
                pixelated: &pixelated,
            };
            self.run(crops, 0.0, &mut restored)
                .map_err(|error| self.graph.at_start(error))?;
        }
        self.graph.preparing = Duration::ZERO;
        Ok(())
    }

    /// Whether part batches are filled up to one of [`GPU_BATCHES`].
    fn pads(&self) -> bool {
        let on_gpu = self.provider.is_gpu();
        on_gpu && !self.graph.model_io.single
    }

    /// How many of `left` crops of `sides` go into the next run, and how many it is filled up to.
    fn next_part(&self, left: usize, sides: [usize; 2]) -> [usize; 2] {
        if self.graph.model_io.single {
            return [1; 2];
        }
        let most = (RUN_BYTES / self.graph.metadata.bytes_of(sides)).max(1);
        if !self.pads() {
            return [left.min(most); 2];
        }
        let fits = GPU_BATCHES.into_iter().rev().find(|&size| size <= most);
        let keep = left.min(fits.unwrap_or(1));
        [keep, padded_size(keep)]
    }

    /// Numbers in `count` crops.
    fn input_len(&self, count: usize) -> Result<usize, RunError> {
        // One crop is at most 3·1024² numbers, see the limits of the metadata.
        let crop = 3 * self.graph.metadata.size * self.graph.metadata.size;
        count
            .checked_mul(crop)
            .ok_or_else(|| RunError::Failed(format!("a batch of {count} crops is too large")))
    }

    /// What the first network alone makes of crops, as [`Backend::run`]; a model without the output
    /// [`STAGE1`] is one network.
    pub fn run_stage1(&mut self, crops: Crops<'_>, stage1: &mut Vec<f32>) -> Result<(), RunError> {
        if !self.graph.model_io.has_stage1 {
            return self.run(crops, 0.0, stage1);
        }
        self.check_input(&crops)?;
        stage1.clear();
        let sides = [self.graph.metadata.size; 2];
        self.graph.run(crops, sides, &mut [(STAGE1, stage1)])
    }

    /// What the model makes of pictures of any size that it takes, see
    /// [`ModelMetadata::takes_side`]: `made` becomes `[count, 3, height·scale, width·scale]`, RGB
    /// in the model's range. The model is told no lattice; `detail` as for [`Backend::run`].
    pub fn run_pictures(
        &mut self,
        pictures: Pictures<'_>,
        detail: f32,
        made: &mut Vec<f32>,
    ) -> Result<(), RunError> {
        let Pictures { count, sides, data } = pictures;
        let metadata = &self.graph.metadata;
        if !sides.iter().all(|&side| metadata.takes_side(side)) {
            let [height, width] = sides;
            let name = &self.graph.model;
            return Err(RunError::Failed(format!(
                "{name} takes no pictures of {width}×{height} pixels"
            )));
        }
        let picture = sides[0].checked_mul(3 * sides[1]);
        let expected = picture.and_then(|picture| picture.checked_mul(count));
        if expected != Some(data.len()) {
            return Err(RunError::InputSize {
                count,
                found: data.len(),
                expected: expected.unwrap_or(usize::MAX),
            });
        }
        self.run_parts(Crops::new(data, count), sides, detail, made)
    }

    /// Run crops of `sides` (height, width), which have been checked, in as many parts as the graph
    /// wants.
    fn run_parts(
        &mut self,
        crops: Crops<'_>,
        sides: [usize; 2],
        detail: f32,
        faces: &mut Vec<f32>,
    ) -> Result<(), RunError> {
        faces.clear();
        let (area, scale) = (sides[0] * sides[1], self.graph.metadata.scale);
        let output = area * scale * scale;
        let bgr = self.graph.model_io.bgr;
        if bgr {
            self.bgr.clear();
            make_room(&mut self.bgr, crops.pixelated.len())?;
            self.bgr.extend_from_slice(crops.pixelated);
            swap_red_and_blue(&mut self.bgr, area);
        }
        let mut first = 0;
        while first < crops.count {
            let [keep, size] = self.next_part(crops.count - first, sides);
            let range = first..first + keep;
            let end = faces.len() + keep * 3 * output;
            let pixelated = if bgr { &self.bgr } else { crops.pixelated };
            let [filled, filled_lattice, filled_neighbours] = &mut self.padded;
            let part = Crops {
                count: size,
                pixelated: filled_up(pixelated, crops.count, range.clone(), size, filled),
                lattice: filled_up(
                    crops.lattice,
                    crops.count,
                    range.clone(),
                    size,
                    filled_lattice,
                ),
                neighbours: filled_up(
                    crops.neighbours,
                    crops.count,
                    range,
                    size,
                    filled_neighbours,
                ),
            };
            self.graph
                .run_mixed(part, sides, detail, faces, &mut self.detailed)?;
            faces.truncate(end);
            first += keep;
        }
        if bgr {
            swap_red_and_blue(faces, output);
        }
        Ok(())
    }

    fn check_input(&self, crops: &Crops<'_>) -> Result<(), RunError> {
        let expected = self.input_len(crops.count)?;
        let found = crops.pixelated.len();
        if found != expected {
            return Err(RunError::InputSize {
                count: crops.count,
                found,
                expected,
            });
        }
        let neighbours = self.graph.metadata.window.planes();
        for (told, planes) in [(crops.lattice, PLANES), (crops.neighbours, neighbours)] {
            let (found, expected) = (told.len(), expected / 3 * planes);
            if found != 0 && found != expected {
                return Err(RunError::InputSize {
                    count: crops.count,
                    found,
                    expected,
                });
            }
        }
        Ok(())
    }
}

impl Graph {
    /// Run all crops, of `sides` (height, width), and append each named output to the numbers beside
    /// it.
    fn run(
        &mut self,
        crops: Crops<'_>,
        sides: [usize; 2],
        wanted: &mut [(&str, &mut Vec<f32>)],
    ) -> Result<(), RunError> {
        let [height, width] = sides;
        let tensor = |planes: usize, numbers| {
            let shape = [crops.count, planes, height, width];
            TensorRef::from_array_view((shape, numbers)).map_err(run_error)
        };
        let mut inputs = ort::inputs![self.model_io.input.as_str() => tensor(3, crops.pixelated)?];
        if !crops.lattice.is_empty() {
            inputs.push((LATTICE.into(), tensor(PLANES, crops.lattice)?.into()));
        }
        if !crops.neighbours.is_empty() {
            let planes = self.metadata.window.planes();
            inputs.push((NEIGHBOURS.into(), tensor(planes, crops.neighbours)?.into()));
        }
        // Leaving out the other outputs saves their copies out of the device's memory.
        let selector = wanted
            .iter()
            .fold(OutputSelector::no_default(), |all, (name, _)| {
                all.with(*name)
            });
        let usual = || run_limit(self.size, crops.count * height * width) + self.preparing;
        let limit = self.run_limit.unwrap_or_else(usual);
        let running = self.brake.begin(&self.model, selector, limit)?;
        let outputs = (self.session)
            .run_with_options(inputs, running.options())
            .map_err(|error| running.error(&error))?;
        let [height, width] = sides.map(|side| side * self.metadata.scale);
        for (name, pictures) in wanted {
            let output = outputs
                .get(*name)
                .ok_or_else(|| RunError::Failed(format!("output `{name}` did not come")))?;
            let (found, numbers) = output.try_extract_tensor::<f32>().map_err(run_error)?;
            let expected = [crops.count, 3, height, width].map(|side| side as i64);
            if **found != expected {
                return Err(RunError::OutputShape {
                    model: self.model.clone(),
                    output: (*name).into(),
                    found: found.to_vec(),
                    expected: expected.to_vec(),
                });
            }
            make_room(pictures, numbers.len())?;
            pictures.extend_from_slice(numbers);
        }
        Ok(())
    }

    /// Run all crops and append the faces, mixed as `detail` says.
    fn run_mixed(
        &mut self,
        crops: Crops<'_>,
        sides: [usize; 2],
        detail: f32,
        faces: &mut Vec<f32>,
        detailed: &mut Vec<f32>,
    ) -> Result<(), RunError> {
        let truest = self.model_io.output.clone();
        if detail <= 0.0 || !self.model_io.has_detailed {
            return self.run(crops, sides, &mut [(&truest, faces)]);
        }
        if detail >= 1.0 {
            return self.run(crops, sides, &mut [(DETAILED, faces)]);
        }
        detailed.clear();
        let start = faces.len();
        let wanted = &mut [(truest.as_str(), &mut *faces), (DETAILED, detailed)];
        self.run(crops, sides, wanted)?;
        for (truest, sharpest) in faces[start..].iter_mut().zip(detailed) {
            *truest += (*sharpest - *truest) * detail;
        }
        Ok(())
    }

    /// An error of the very first run, with the file that is to blame.
    fn at_start(&self, error: RunError) -> LoadError {
        match error {
            RunError::TooLong { model, seconds } => LoadError::TooLong { model, seconds },
            RunError::Failed(reason) => LoadError::ModelUnreadable {
                model: self.model.clone(),
                reason: format!(
                    "it fails on crops of {0}×{0} pixels: {reason}",
                    self.metadata.size
                ),
            },
            other => other.into(),
        }
    }
}

impl Backend for OrtBackend {
    fn metadata(&self) -> &ModelMetadata {
        &self.graph.metadata
    }

    fn execution_provider(&self) -> &str {
        self.provider.name()
    }

    fn takes_lattice(&self) -> bool {
        self.graph.model_io.takes_lattice
    }

    /// The largest batch that a GPU is prepared for; on a CPU a batch gains nothing.
    fn preferred_batch(&self) -> usize {
        if self.pads() {
            GPU_BATCHES[GPU_BATCHES.len() - 1]
        } else {
            1
        }
    }

    fn brake(&self) -> Option<Brake> {
        Some(self.graph.brake.clone())
    }

    fn run(&mut self, crops: Crops<'_>, detail: f32, faces: &mut Vec<f32>) -> Result<(), RunError> {
        self.check_input(&crops)?;
        let sides = [self.graph.metadata.size; 2];
        self.run_parts(crops, sides, detail, faces)
    }
}

pub(super) fn run_error(error: ort::Error) -> RunError {
    RunError::Failed(said(&error))
}
