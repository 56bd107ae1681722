//! Both networks as one ONNX file, and the proof that it does what libtorch does.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use tch::{Device, Kind, Tensor};

use super::files;
use super::layers::{Forward, Parameters};
use super::networks::Seen;
use super::onnx_layers::{Node, OnnxLayers, numbers};
use super::recipe::Recipe;
use super::stage1;
use super::u_shaped::Pictures;
use crate::blocks::PLANES;
use crate::cascade::{
    Backend, Crops, DETAILED, INPUT, LATTICE, Model, ModelFacts, MosaicInput, OrtBackend, RESTORED,
    STAGE1, SessionSettings, ValueRange, runtime,
};
use crate::onnx::proto::{DataType, TensorProto};
use crate::onnx::{Dim, FEWEST_HALVES, GraphBuilder, batch_of, decode, encode};

/// Largest difference between libtorch and ONNX Runtime that passes, in units of the range −1 … 1.
pub const TOLERANCE: f32 = 1e-4;

/// How much of the fine detail the sharpest picture takes: training for texture still leaves a little too little.
const FINE_GAIN: f64 = 1.25;

/// Metadata property with the recipe of the run, a TOML text.
pub const RECIPE: &str = "depixelate.recipe";

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
    pub fn facts(&self) -> ModelFacts {
        let [low, high] = self.recipe.damage.blocks;
        ModelFacts {
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
        }
    }

    /// The ONNX file's bytes.
    pub fn to_onnx(&self) -> anyhow::Result<Vec<u8>> {
        let size = self.recipe.model.size as i64;
        let shape = batch_of(&[3, size, size]);
        let mut graph = GraphBuilder::new("depixelate");
        if self.recipe.model.half {
            graph.store_halves();
        }
        let pixelated = Node {
            name: graph.input_f32(INPUT, &shape),
            channels: 3,
        };
        let networks = &self.recipe.networks;
        let lattice = lattice_input(&mut graph, &pixelated, networks.see_lattice());
        let mut layers = OnnxLayers {
            graph: &mut graph,
            parameters: self.stage1,
            prefix: "stage1.",
        };
        let seen = Seen {
            stage1: None,
            pixelated: &pixelated,
            lattice: &lattice,
        };
        let stage1 = networks.generator.read(&mut layers, &seen);
        let made = self.stage2.map(|parameters| {
            let mut layers = OnnxLayers {
                graph: &mut graph,
                parameters,
                prefix: "stage2.",
            };
            let stage1 = Some(&stage1);
            (networks.dcedn).pictures(&mut layers, &Seen { stage1, ..seen })
        });
        write_outputs(&mut graph, self.recipe, &stage1, made);
        self.facts().write_to(&mut graph);
        graph.metadata(RECIPE, &self.recipe.to_toml()?);
        Ok(encode(&graph.finish()?))
    }

    /// What libtorch makes of mosaics: [`STAGE1`], [`RESTORED`], [`DETAILED`].
    pub fn forward(&self, pixelated: &Tensor, lattice: &Tensor) -> [Tensor; 3] {
        let networks = &self.recipe.networks;
        tch::no_grad(|| {
            let first = &networks.generator;
            let stage1 = stage1::restore(first, self.stage1, pixelated, lattice);
            let seen = Seen {
                stage1: Some(&stage1),
                pixelated,
                lattice,
            };
            let Some(weights) = self.stage2 else {
                return [0; 3].map(|_| stage1.shallow_clone());
            };
            let made = networks.dcedn.pictures(&mut Forward(weights), &seen);
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
            // Blocks of a quarter of a typical face: noise alone is no picture that a network ever saw.
            let tiles = Tensor::rand([batch, 3, size / 4, size / 4], (Kind::Float, device)) * 2 - 1;
            let pixelated = tiles.upsample_nearest2d([size, size], None, None);
            let planes = PLANES as i64;
            let random = Tensor::rand([batch, planes, size, size], (Kind::Float, device)) - 0.5;
            // What is not told counts as zeros.
            for lattice in [random.zeros_like(), random] {
                let [stage1, restored, detailed] = self.forward(&pixelated, &lattice);
                let told = session.takes_lattice() && lattice.abs().max().double_value(&[]) > 0.0;
                let (pixelated, lattice) = (numbers(&pixelated), numbers(&lattice));
                let crops = Crops {
                    count: batch as usize,
                    pixelated: &pixelated,
                    lattice: if told { &lattice } else { &[] },
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

    /// Write the ONNX file to `path` as a whole, after the proof; gives the largest difference.
    pub fn export(&self, path: &Path) -> anyhow::Result<f32> {
        let onnx = self.to_onnx()?;
        let difference = self.parity(&onnx)?;
        ensure!(
            difference <= TOLERANCE,
            "ONNX Runtime and libtorch differ by {difference:e}, more than {TOLERANCE:e}; nothing was written"
        );
        files::write(path, onnx)?;
        Ok(difference)
    }
}

/// Declare the outputs of a cascade: what its stages made, and the picture with invented detail, if there is such.
pub(super) fn write_outputs(
    graph: &mut GraphBuilder,
    recipe: &Recipe,
    stage1: &Node,
    made: Option<Pictures<Node>>,
) {
    let side = (recipe.model.size * made.as_ref().map_or(1, |_| recipe.scale())) as i64;
    let shape = batch_of(&[3, side, side]);
    let Some(made) = made else {
        graph.output_f32(STAGE1, &stage1.name, &shape);
        graph.output_f32(RESTORED, &stage1.name, &shape);
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
    graph.output_f32(STAGE1, &stage1, &shape);
    graph.output_f32(RESTORED, &restored, &shape);
    if let Some(detailed) = detailed.filter(|_| recipe.model.detailed) {
        graph.output_f32(DETAILED, &detailed, &shape);
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

/// The restored picture with the fine detail of the first stage's, where the second stage makes none of its own.
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

/// Side of the window, pixels, odd: of what the first stage invents, the sharpest picture takes what is finer than it.
/// What is coarser is truer in the second stage's. In a 128-pixel face, 17 instead of 7 cost 0.6 dB and gave no sharpness.
fn fine_window(recipe: &Recipe) -> i64 {
    (recipe.model.size as i64 / 20) | 1
}

/// The input that tells the lattice, if anyone listens; it may be left out.
pub(super) fn lattice_input(graph: &mut GraphBuilder, pixelated: &Node, heard: bool) -> Node {
    let channels = PLANES;
    if !heard {
        return Node {
            name: String::new(),
            channels,
        };
    }
    let planes = PLANES as i64;
    let open = |name: &str| Dim::from(name);
    let shape = [open("M"), Dim::from(planes), open("H"), open("W")];
    let zeros = vec![0.0; PLANES];
    let name = graph.optional_input_f32(LATTICE, &shape, &[1, planes, 1, 1], &zeros);
    Node {
        name: graph.expand_like(&name, planes, &pixelated.name, 3),
        channels,
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

/// The weights of one stage of a file that [`Cascade::export`] wrote, into `weights`, which has the names and sizes
/// that are looked for; `prefix` is `stage1.` or `stage2.`.
pub fn read_weights(file: &Path, prefix: &str, weights: &mut Parameters) -> anyhow::Result<()> {
    let missing = read_known_weights(file, prefix, weights)?;
    match missing.first() {
        Some(name) => bail!("{} has no weights {prefix}{name}", file.display()),
        None => Ok(()),
    }
}

/// As [`read_weights`], but the file's network may lack layers: gives the names of the weights that stay as they are.
/// It is an error if it has none of them, or one of another size.
pub fn read_known_weights(
    file: &Path,
    prefix: &str,
    weights: &mut Parameters,
) -> anyhow::Result<Vec<String>> {
    let shown = file.display();
    let bytes = std::fs::read(file).with_context(|| format!("{shown} can not be read"))?;
    let model = decode(&bytes).with_context(|| format!("{shown} is no ONNX model"))?;
    let stored = model.graph.unwrap_or_default().initializer;
    let (count, mut missing) = (weights.len(), Vec::new());
    for (name, tensor) in weights {
        let full = format!("{prefix}{name}");
        let Some(found) = stored.iter().find(|t| t.name == full) else {
            missing.push(name.clone());
            continue;
        };
        *tensor = as_tensor(found, &tensor.size())
            .with_context(|| format!("weights {full} of {shown}"))?
            .to_device(tensor.device());
    }
    ensure!(
        missing.len() < count,
        "{shown} has none of the weights {prefix}… that the recipe's networks have"
    );
    Ok(missing)
}

/// Round the weights that a file with 16-bit floats stores so, for libtorch to calculate with the same ones.
pub fn round_to_halves(weights: &mut Parameters) {
    for tensor in weights.values_mut() {
        if tensor.numel() >= FEWEST_HALVES {
            *tensor = tensor.to_kind(Kind::Half).to_kind(Kind::Float);
        }
    }
}

/// The numbers of `stored`, which must have the sides `size`, but for sides of 1: a file has the slopes of channels as
/// `[channels, 1, 1]`.
fn as_tensor(stored: &TensorProto, size: &[i64]) -> anyhow::Result<Tensor> {
    let without_ones = |sides: &[i64]| -> Vec<i64> {
        let longer = sides.iter().copied().filter(|&side| side != 1);
        longer.collect()
    };
    ensure!(
        without_ones(&stored.dims) == without_ones(size),
        "they are {:?}, where the recipe's networks have {size:?}",
        stored.dims
    );
    let (kind, bytes_each) = match stored.data_type() {
        DataType::Float => (Kind::Float, 4),
        DataType::Float16 => (Kind::Half, 2),
        other => bail!("they are of the type {other:?}, not floats"),
    };
    let bytes = stored.raw_data.as_deref().unwrap_or_default();
    ensure!(
        bytes.len() as i64 == bytes_each * size.iter().product::<i64>(),
        "they are cut short"
    );
    Ok(Tensor::f_from_data_size(bytes, size, kind)?.to_kind(Kind::Float))
}

/// The first stage of a file that [`Cascade::export`] wrote; it must have the size that `recipe` says.
pub fn read_stage1(file: &Path, recipe: &Recipe) -> anyhow::Result<Parameters> {
    let mut stage1 = stage1::new_generator(&recipe.networks.generator, None, Device::Cpu);
    read_weights(file, "stage1.", &mut stage1)?;
    Ok(stage1)
}
