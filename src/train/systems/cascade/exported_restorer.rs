//! A second stage behind a restorer of any system: it runs as its model file says, and both become
//! one file.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use tch::{Device, Kind, Tensor};

use super::export::{enlarged, largest_difference, told_input, write_outputs};
use super::recipe::Recipe;
use super::stage_io::StageInputs;
use crate::blocks::PLANES;
use crate::cascade::{
    Backend, Crops, INPUT, LATTICE, Model, ModelMetadata, MosaicInput, OrtBackend, RESTORED,
    SessionSettings, ValueRange, Window, runtime,
};
use crate::files;
use crate::onnx::{GraphBuilder, batch_of, decode, encode};
use crate::train::nn::layers::{Forward, Parameters};
use crate::train::nn::onnx_layers::{Node, OnnxLayers};
use crate::train::nn::tensors::numbers;
use crate::train::recipe::RecipeText;
use crate::train::run::model_file::{RECIPE, TOLERANCE, shape};

/// Put before the names of the restorer's values in the common file.
const PREFIX: &str = "first.";

/// A restorer in front of a second stage.
pub struct ExportedRestorer {
    model: Model,
    /// A forward pass changes nothing but scratch memory.
    session: RefCell<OrtBackend>,
}

/// What the second stage gets, `[N, C, S, S]` each, −1 … 1.
pub struct StageOutput {
    stage1: Tensor,
    pixelated: Tensor,
    lattice: Tensor,
}

impl StageOutput {
    /// As the networks take it.
    pub fn inputs(&self) -> StageInputs<'_, Tensor> {
        StageInputs {
            stage1: Some(&self.stage1),
            pixelated: &self.pixelated,
            lattice: &self.lattice,
            neighbours: None,
        }
    }
}

/// Where a run's folder keeps the restorer.
fn place(folder: &Path) -> PathBuf {
    folder.join("after.onnx")
}

impl ExportedRestorer {
    /// Put a restorer, the bytes of the file `name`, into a run's folder; another one must not be
    /// there.
    pub fn keep(name: &str, bytes: Vec<u8>, folder: &Path) -> anyhow::Result<()> {
        let place = place(folder);
        // What is no model of this program is named before anything is written.
        Model::from_bytes(name, bytes.clone())?;
        if place.exists() {
            let there = std::fs::read(&place);
            ensure!(
                there.with_context(|| format!("{} cannot be read", place.display()))? == bytes,
                "{} was started behind another model; choose another folder for --out",
                folder.display()
            );
            return Ok(());
        }
        files::write(&place, bytes)
    }

    /// The restorer in a file, see [`Self::new`].
    pub fn open(file: &Path, recipe: &Recipe) -> anyhow::Result<Self> {
        Self::new(Model::open(file)?, recipe)
    }

    /// The restorer in a run's folder, if there is one.
    pub fn kept(folder: &Path, recipe: &Recipe) -> anyhow::Result<Option<Self>> {
        let place = place(folder);
        match place.exists() {
            true => Self::open(&place, recipe).map(Some),
            false => Ok(None),
        }
    }

    /// `model` before a second stage of `recipe`.
    ///
    /// Fails where the two do not fit together.
    pub fn new(model: Model, recipe: &Recipe) -> anyhow::Result<Self> {
        let (metadata, name) = (model.metadata(), model.name());
        let side = metadata.output_size();
        ensure!(
            recipe.model.size == side,
            "{name} gives pictures of {side} pixels, the recipe has {}: --set model.size={side}",
            recipe.model.size
        );
        ensure!(
            recipe.model.margin == metadata.margin,
            "{name} has margin {0}, the recipe {1}: --set model.margin={0}",
            metadata.margin,
            recipe.model.margin
        );
        ensure!(
            metadata.scale == 1 || !(recipe.networks.dcedn.sees_lattice() || model.takes_lattice()),
            "{name} enlarges, and the lattice does not: choose a second stage that is not told it, such as \
             --set 'networks.dcedn={{kind=\"dcedn\",width=16}}'"
        );
        ensure!(
            !model.takes_lattice()
                || (metadata.range, metadata.mosaic) == (ValueRange::Signed, MosaicInput::Blocks),
            "{name} is told the lattice of mosaics that it does not see"
        );
        let runtime = runtime::load_for_program()?;
        let mut session = OrtBackend::new(runtime, &model, &SessionSettings::default())?;
        session.warm_up(1)?;
        Ok(Self {
            model,
            session: RefCell::new(session),
        })
    }

    fn metadata(&self) -> &ModelMetadata {
        self.model.metadata()
    }

    /// What the restorer makes of crops as training has them, `[N, C, S, S]`, where S is the side
    /// of its output.
    pub fn run(&self, pixelated: &Tensor, lattice: &Tensor) -> anyhow::Result<StageOutput> {
        let metadata = self.metadata();
        let (mut crop, mut lattice) = (pixelated.shallow_clone(), lattice.shallow_clone());
        if metadata.mosaic == MosaicInput::Smooth {
            // The first planes are what the element adds where it shows a smooth surface, and then
            // nothing is left of them.
            crop = pixelated + lattice.narrow(1, 0, 3);
            let others = lattice.narrow(1, 3, PLANES as i64 - 3);
            lattice = Tensor::cat(&[lattice.narrow(1, 0, 3).zeros_like(), others], 1);
        }
        let scale = metadata.scale as i64;
        if scale > 1 {
            crop = crop.avg_pool2d([scale; 2], [scale; 2], [0; 2], false, true, None);
        }
        let stage1 = self.stage1(&crop, &lattice)?;
        let pixelated = match scale {
            1 => crop,
            _ => {
                let side = metadata.output_size() as i64;
                crop.upsample_bilinear2d([side; 2], false, None, None)
            }
        };
        Ok(StageOutput {
            stage1,
            pixelated,
            lattice,
        })
    }

    /// The restorer itself, on crops of its own size; both ends −1 … 1.
    fn stage1(&self, crop: &Tensor, lattice: &Tensor) -> anyhow::Result<Tensor> {
        let metadata = self.metadata();
        let count = crop.size()[0];
        let mut fed = numbers(&crop.to_kind(Kind::Float));
        if metadata.range == ValueRange::Unit {
            fed.iter_mut().for_each(|v| *v = (*v + 1.0) / 2.0);
        }
        let told = match self.model.takes_lattice() {
            true => numbers(&lattice.to_kind(Kind::Float)),
            false => Vec::new(),
        };
        let crops = Crops {
            count: count as usize,
            pixelated: &fed,
            lattice: &told,
            neighbours: &[],
        };
        let mut made = Vec::new();
        self.session.borrow_mut().run(crops, 0.0, &mut made)?;
        if metadata.range == ValueRange::Unit {
            made.iter_mut().for_each(|v| *v = *v * 2.0 - 1.0);
        }
        let side = metadata.output_size() as i64;
        let made = Tensor::from_slice(&made).view([count, 3, side, side]);
        Ok(made.to_device(crop.device()).to_kind(crop.kind()))
    }

    /// The facts of both stages together.
    fn common_metadata(&self, recipe: &Recipe) -> ModelMetadata {
        let [low, high] = recipe.degradation.blocks;
        let scale = self.metadata().scale as f32;
        ModelMetadata {
            scale: self.metadata().scale * recipe.scale(),
            range: ValueRange::Signed,
            blocks: (low / scale, high / scale),
            trained_on: recipe.model.trained_on.clone(),
            license: recipe.model.license.clone(),
            // Nobody has looked whether both stages take the same sizes.
            multiple: None,
            window: Window::default(),
            ..self.metadata().clone()
        }
    }

    /// Both stages as one ONNX file.
    pub fn to_onnx(&self, recipe: &Recipe, dcedn: &Parameters) -> anyhow::Result<Vec<u8>> {
        let metadata = self.metadata();
        let side = metadata.size as i64;
        let mut graph = GraphBuilder::new("depixelate");
        if recipe.model.half {
            graph.store_halves();
        }
        let pixelated = Node {
            name: graph.input_f32(INPUT, &batch_of(&[3, side, side])),
            channels: 3,
        };
        let heard = self.model.takes_lattice() || recipe.networks.dcedn.sees_lattice();
        let planes = if heard { PLANES } else { 0 };
        let lattice = told_input(&mut graph, &pixelated, LATTICE, planes);
        let unit = metadata.range == ValueRange::Unit;
        let fed = match unit {
            true => scaled(&mut graph, &pixelated.name, 0.5, 0.5),
            false => pixelated.name.clone(),
        };
        let inner = decode(self.model.bytes())?.graph.unwrap_or_default();
        let bound = [(INPUT, fed.as_str()), (LATTICE, lattice.name.as_str())];
        let renamed = graph.splice(inner, PREFIX, &bound);
        let made = renamed(RESTORED);
        let stage1 = Node {
            name: match unit {
                true => scaled(&mut graph, &made, 2.0, -1.0),
                false => made,
            },
            channels: 3,
        };
        let pixelated = match metadata.scale {
            1 => pixelated,
            scale => Node {
                name: graph.enlarge_bilinear(&pixelated.name, scale as i64, false),
                channels: 3,
            },
        };
        let inputs = StageInputs {
            stage1: Some(&stage1),
            pixelated: &pixelated,
            lattice: &lattice,
            neighbours: None,
        };
        let mut layers = OnnxLayers {
            graph: &mut graph,
            parameters: dcedn,
            prefix: "stage2.",
        };
        let made = recipe.networks.dcedn.pictures(&mut layers, &inputs);
        let common = self.common_metadata(recipe);
        let shape = shape(&common, common.scale);
        write_outputs(&mut graph, recipe, &stage1, Some(made), &shape);
        common.write_to(&mut graph);
        graph.metadata(RECIPE, &recipe.to_metadata()?);
        Ok(encode(&graph.finish()?))
    }

    /// Largest difference between the common file in ONNX Runtime and the two stages one after the
    /// other, the second in libtorch, on random crops at batch 1 and 3.
    pub fn parity(&self, recipe: &Recipe, dcedn: &Parameters, onnx: &[u8]) -> anyhow::Result<f32> {
        let model = Model::from_bytes("the exported cascade", onnx.to_vec())?;
        let runtime = runtime::load_for_program()?;
        let mut session = OrtBackend::new(runtime, &model, &SessionSettings::default())?;
        let (side, out) = (model.metadata().size as i64, recipe.model.size as i64);
        let mut worst = 0f32;
        for batch in [1, 3] {
            let options = (Kind::Float, Device::Cpu);
            let tiles = Tensor::rand([batch, 3, side / 4, side / 4], options) * 2 - 1;
            let crop = tiles.upsample_nearest2d([side; 2], None, None);
            // The file's own input: as large as the first stage wants it, with nothing left to be
            // made smooth.
            let large = crop.upsample_nearest2d([out; 2], None, None);
            let lattice = Tensor::rand([batch, PLANES as i64, out, out], options) - 0.5;
            let first = lattice.narrow(1, 0, 3).zeros_like();
            let lattice = Tensor::cat(&[first, lattice.narrow(1, 3, PLANES as i64 - 3)], 1);
            let made = self.run(&large, &lattice)?;
            let pictures = tch::no_grad(|| {
                let network = &recipe.networks.dcedn;
                network.pictures(&mut Forward(dcedn), &made.inputs())
            });
            let stage1 = enlarged(&made.stage1, recipe.scale() as i64);
            let told = match session.takes_lattice() {
                true => numbers(&lattice),
                false => Vec::new(),
            };
            let (count, crop) = (batch as usize, numbers(&crop));
            let crops = Crops {
                count,
                pixelated: &crop,
                lattice: &told,
                neighbours: &[],
            };
            let mut found = Vec::new();
            session.run_stage1(crops, &mut found)?;
            worst = worst.max(largest_difference(&numbers(&stage1), &found));
            session.run(crops, 0.0, &mut found)?;
            let restored = numbers(&pictures.restored);
            worst = worst.max(largest_difference(&restored, &found));
            if let Some(detailed) = &pictures.detailed {
                session.run(crops, 1.0, &mut found)?;
                worst = worst.max(largest_difference(&numbers(detailed), &found));
            }
        }
        Ok(worst)
    }

    /// Both stages as one ONNX file, after the proof.
    pub fn proven(&self, recipe: &Recipe, dcedn: &Parameters) -> anyhow::Result<Vec<u8>> {
        let onnx = self.to_onnx(recipe, dcedn)?;
        let difference = self.parity(recipe, dcedn, &onnx)?;
        ensure!(
            difference <= TOLERANCE,
            "the common file and its two stages differ by {difference:e}, more than {TOLERANCE:e}; nothing was written"
        );
        Ok(onnx)
    }
}

/// x · `factor` + `offset`
fn scaled(graph: &mut GraphBuilder, x: &str, factor: f32, offset: f32) -> String {
    let x = graph.scale(x, factor);
    let offset = graph.initializer_f32("offset", &[1], &[offset]);
    graph.add(&x, &offset)
}

#[cfg(test)]
mod tests;
