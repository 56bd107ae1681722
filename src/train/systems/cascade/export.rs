//! Both networks as one ONNX file, and the proof that it does what libtorch does.

use std::path::Path;

use anyhow::ensure;
use tch::{Device, Kind, Tensor};

use super::recipe::Recipe;
use super::stage_io::{Pictures, StageInputs, Told};
use super::stage1;
use crate::blocks::PLANES;
use crate::cascade::{
    Backend, Crops, DETAILED, INPUT, LATTICE, Model, ModelMetadata, MosaicInput, NEIGHBOURS,
    OrtBackend, RESTORED, STAGE1, SessionSettings, ValueRange, runtime,
};
use crate::onnx::{Dim, GraphBuilder, encode};
use crate::train::data::loader::Inputs;
use crate::train::nn::exported::read_weights;
use crate::train::nn::layers::{Forward, Parameters};
use crate::train::nn::onnx_layers::{Node, OnnxLayers};
use crate::train::nn::tensors::numbers;
use crate::train::recipe::RecipeText;
use crate::train::run::model_file::{RECIPE, TOLERANCE, shape};

/// How much of the fine detail the sharpest picture takes: training for texture still leaves a
/// little too little.
const FINE_GAIN: f64 = 1.25;

/// The weights of a cascade.
pub struct Cascade<'a> {
    /// What they were made with.
    pub recipe: &'a Recipe,
    /// Mosaic → face.
    pub stage1: &'a Parameters,
    /// Colour correction; without it the first stage's picture is the restored one.
    pub stage2: Option<&'a Parameters>,
}

impl Cascade<'_> {
    /// What the model file says about itself.
    pub fn metadata(&self) -> ModelMetadata {
        let [low, high] = self.recipe.degradation.blocks;
        ModelMetadata {
            size: self.recipe.model.size,
            scale: if self.stage2.is_some() {
                self.recipe.scale()
            } else {
                1
            },
            range: ValueRange::Signed,
            margin: self.recipe.model.margin,
            mosaic: MosaicInput::Blocks,
            blocks: (low, high),
            trained_on: self.recipe.model.trained_on.clone(),
            license: self.recipe.model.license.clone(),
            multiple: self.multiple(),
            window: self.recipe.networks.window(),
        }
    }

    /// Of which number the sides of pictures must be multiples, where they are open: networks that
    /// are told a lattice are for mosaics in crops of one size.
    fn multiple(&self) -> Option<usize> {
        let networks = &self.recipe.networks;
        let second = self.stage2.map(|_| networks.dcedn.side_multiple());
        let multiple = networks.generator.side_multiple().max(second.unwrap_or(1));
        (!networks.see_lattice()).then_some(multiple)
    }

    /// The ONNX file's bytes.
    pub fn to_onnx(&self) -> anyhow::Result<Vec<u8>> {
        let metadata = self.metadata();
        let mut graph = GraphBuilder::new("depixelate");
        if self.recipe.model.half {
            graph.store_halves();
        }
        let pixelated = Node {
            name: graph.input_f32(INPUT, &shape(&metadata, 1)),
            channels: 3,
        };
        let networks = &self.recipe.networks;
        let planes = if networks.see_lattice() { PLANES } else { 0 };
        let lattice = told_input(&mut graph, &pixelated, LATTICE, planes);
        let neighbours = told_input(&mut graph, &pixelated, NEIGHBOURS, metadata.window.planes());
        let mut layers = OnnxLayers {
            graph: &mut graph,
            parameters: self.stage1,
            prefix: "stage1.",
        };
        let inputs = StageInputs {
            stage1: None,
            pixelated: &pixelated,
            lattice: &lattice,
            neighbours: Some(&neighbours),
        };
        let stage1 = networks.generator.read(&mut layers, &inputs);
        let made = self.stage2.map(|parameters| {
            let mut layers = OnnxLayers {
                graph: &mut graph,
                parameters,
                prefix: "stage2.",
            };
            let stage1 = Some(&stage1);
            (networks.dcedn).pictures(&mut layers, &StageInputs { stage1, ..inputs })
        });
        let shape = shape(&metadata, metadata.scale);
        write_outputs(&mut graph, self.recipe, &stage1, made, &shape);
        metadata.write_to(&mut graph);
        graph.metadata(RECIPE, &self.recipe.to_metadata()?);
        Ok(encode(&graph.finish()?))
    }

    /// What libtorch makes of mosaics: [`STAGE1`], [`RESTORED`], [`DETAILED`]. `told` is what is
    /// known beside them, as in a batch.
    pub fn forward(&self, pixelated: &Tensor, told: &Tensor) -> [Tensor; 3] {
        let networks = &self.recipe.networks;
        tch::no_grad(|| {
            let first = &networks.generator;
            let inputs = Inputs {
                input: pixelated,
                conditioning: told,
            };
            let stage1 = stage1::restore(first, self.stage1, &inputs);
            let told = Told::of(told);
            let inputs = StageInputs {
                stage1: Some(&stage1),
                pixelated,
                lattice: &told.lattice,
                neighbours: told.neighbours.as_ref(),
            };
            let Some(weights) = self.stage2 else {
                return [0; 3].map(|_| stage1.shallow_clone());
            };
            let made = networks.dcedn.pictures(&mut Forward(weights), &inputs);
            let detailed = match made.detailed {
                Some(detailed) => detailed,
                None => sharpened(self.recipe, &stage1, &made.restored),
            };
            let stage1 = enlarged(&stage1, self.recipe.scale() as i64);
            [stage1, made.restored, detailed]
        })
    }

    /// Largest difference between libtorch and ONNX Runtime on random mosaics at batch 1 and 3.
    pub fn parity(&self, onnx: &[u8]) -> anyhow::Result<f32> {
        let runtime = runtime::load_for_program()?;
        let model = Model::from_bytes("the exported cascade", onnx.to_vec())?;
        let mut session = OrtBackend::new(runtime, &model, &SessionSettings::default())?;
        let size = self.recipe.model.size as i64;
        let device = self
            .stage1
            .values()
            .next()
            .map_or(Device::Cpu, Tensor::device);
        let mut worst = 0f32;
        for batch in [1, 3] {
            // Blocks of a quarter of a typical face: noise alone is no picture that a network ever
            // saw.
            let tiles = Tensor::rand([batch, 3, size / 4, size / 4], (Kind::Float, device)) * 2 - 1;
            let pixelated = tiles.upsample_nearest2d([size, size], None, None);
            let planes = (PLANES + model.metadata().window.planes()) as i64;
            let random = Tensor::rand([batch, planes, size, size], (Kind::Float, device)) - 0.5;
            // What is not told counts as zeros.
            for told in [random.zeros_like(), random] {
                let [stage1, restored, detailed] = self.forward(&pixelated, &told);
                let is_told = told.abs().max().double_value(&[]) > 0.0;
                let Told {
                    lattice,
                    neighbours,
                } = Told::of(&told);
                let lattice = Some(lattice).filter(|_| session.takes_lattice() && is_told);
                let neighbours = neighbours.filter(|_| is_told);
                let [lattice, neighbours] = [lattice, neighbours]
                    .map(|planes| planes.map_or_else(Vec::new, |it| numbers(&it)));
                let pixelated = numbers(&pixelated);
                let crops = Crops {
                    count: batch as usize,
                    pixelated: &pixelated,
                    lattice: &lattice,
                    neighbours: &neighbours,
                };
                let mut output = Vec::new();
                session.run_stage1(crops, &mut output)?;
                worst = worst.max(largest_difference(&numbers(&stage1), &output));
                session.run(crops, 0.0, &mut output)?;
                worst = worst.max(largest_difference(&numbers(&restored), &output));
                if model.has_detailed() {
                    session.run(crops, 1.0, &mut output)?;
                    worst = worst.max(largest_difference(&numbers(&detailed), &output));
                    session.run(crops, 0.25, &mut output)?;
                    let mixed = restored.lerp(&detailed, 0.25);
                    worst = worst.max(largest_difference(&numbers(&mixed), &output));
                }
            }
        }
        Ok(worst)
    }

    /// The ONNX file's bytes, after the proof.
    pub fn proven(&self) -> anyhow::Result<Vec<u8>> {
        let onnx = self.to_onnx()?;
        let difference = self.parity(&onnx)?;
        ensure!(
            difference <= TOLERANCE,
            "ONNX Runtime and libtorch differ by {difference:e}, more than {TOLERANCE:e}; nothing was written"
        );
        Ok(onnx)
    }
}

/// Declare the outputs of a cascade, of `shape`: what its stages made, and the picture with invented
/// detail, if there is such.
pub(super) fn write_outputs(
    graph: &mut GraphBuilder,
    recipe: &Recipe,
    stage1: &Node,
    made: Option<Pictures<Node>>,
    shape: &[Dim],
) {
    let Some(made) = made else {
        graph.output_f32(STAGE1, &stage1.name, shape);
        graph.output_f32(RESTORED, &stage1.name, shape);
        return;
    };
    let restored = made.restored.name;
    let detailed = match made.detailed {
        Some(detailed) => Some(detailed.name),
        None => {
            (recipe.model.detailed).then(|| write_sharpened(graph, recipe, &stage1.name, &restored))
        }
    };
    let stage1 = match recipe.scale() {
        1 => stage1.name.clone(),
        scale => graph.enlarge_bilinear(&stage1.name, scale as i64, false),
    };
    graph.output_f32(STAGE1, &stage1, shape);
    graph.output_f32(RESTORED, &restored, shape);
    if let Some(detailed) = detailed.filter(|_| recipe.model.detailed) {
        graph.output_f32(DETAILED, &detailed, shape);
    }
}

/// Pictures as the file's output [`STAGE1`] has them: as large as the others.
pub(super) fn enlarged(pictures: &Tensor, scale: i64) -> Tensor {
    let side = pictures.size()[3] * scale;
    match scale {
        1 => pictures.shallow_clone(),
        _ => pictures.upsample_bilinear2d([side; 2], false, None, None),
    }
}

/// The restored picture with the fine detail of the first stage's, where the second stage makes
/// none of its own.
fn sharpened(recipe: &Recipe, stage1: &Tensor, restored: &Tensor) -> Tensor {
    let side = fine_window(recipe);
    let invented = stage1 - restored;
    let coarse = invented.avg_pool2d([side; 2], [1; 2], [side / 2; 2], false, false, None);
    (restored + (invented - coarse) * FINE_GAIN).clamp(-1.0, 1.0)
}

/// The same in a graph.
fn write_sharpened(
    graph: &mut GraphBuilder,
    recipe: &Recipe,
    stage1: &str,
    restored: &str,
) -> String {
    let invented = graph.sub(stage1, restored);
    let coarse = graph.mean_around(&invented, fine_window(recipe));
    let fine = graph.sub(&invented, &coarse);
    let fine = graph.scale(&fine, FINE_GAIN as f32);
    let detailed = graph.add(restored, &fine);
    graph.clip(&detailed, -1.0, 1.0)
}

/// Side of the window, pixels, odd: of what the first stage invents, the sharpest picture takes
/// what is finer than it. What is coarser is truer in the second stage's. In a 128-pixel face, 17
/// instead of 7 cost 0.6 dB and gave no sharpness.
fn fine_window(recipe: &Recipe) -> i64 {
    (recipe.model.size as i64 / 20) | 1
}

/// The input `name` of so many planes beside the mosaic; it may be left out. None where nobody
/// listens: 0 planes.
pub(super) fn told_input(
    graph: &mut GraphBuilder,
    pixelated: &Node,
    name: &str,
    planes: usize,
) -> Node {
    if planes == 0 {
        return Node {
            name: String::new(),
            channels: PLANES,
        };
    }
    let (zeros, channels) = (vec![0.0; planes], planes as i64);
    let open = |axis: &str| Dim::from(format!("{name}_{axis}").as_str());
    let shape = [open("M"), Dim::from(channels), open("H"), open("W")];
    let input = graph.optional_input_f32(name, &shape, &[1, channels, 1, 1], &zeros);
    let one = graph.first_channels(&pixelated.name, 1);
    Node {
        name: graph.expand_like(&input, channels, &one, 1),
        channels: planes,
    }
}

pub(super) fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    if a.len() != b.len() {
        return f32::INFINITY;
    }
    // A difference that is no number must not pass as none.
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |worst, d| {
            if d.is_nan() {
                f32::INFINITY
            } else {
                worst.max(d)
            }
        })
}

/// The first stage of a file that [`Cascade::proven`] gave; it must have the size that `recipe`
/// says.
pub fn read_stage1(file: &Path, recipe: &Recipe) -> anyhow::Result<Parameters> {
    let mut stage1 = stage1::new_generator(&recipe.networks.generator, None, Device::Cpu);
    read_weights(file, "stage1.", &mut stage1)?;
    Ok(stage1)
}
