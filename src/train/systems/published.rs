//! Every network at its published size: in ONNX Runtime as in libtorch, or, where a pass takes too
//! long, its file beside what it declares.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tch::{Device, Tensor};

use super::cascade::networks::Architecture;
use super::cascade::stage_io::StageInputs;
use super::dcgan::networks::Dcgan;
use super::esrgan::networks::{ResidualKind, SrResNet};
use super::esrgan::rrdb::RrdbNet;
use super::pix2pix::networks::{Flavour, UNet, UNetNorm};
use super::pixelcyclegan::networks::Nested;
use super::scgan::networks::{Degrader, Restorer, SIDE};
use super::stylegan2::prior::Truncated;
use super::{dcgan, gpen, pixelcyclegan, stylegan2};
use crate::onnx::decode;
use crate::train::nn::layers::{Init, Layers};
use crate::train::nn::network::tests::check_parity_at;
use crate::train::nn::network::{Network, Port, declare, graph_of, measure};
use crate::train::recipe::RecipeText;
use crate::train::run::system::System;

/// Each network takes up to two gigabytes; tests of one program run side by side.
fn alone() -> MutexGuard<'static, ()> {
    static MEMORY: Mutex<()> = Mutex::new(());
    MEMORY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The recipe at published size.
fn published<S: System>() -> S {
    S::parse(S::DEFAULT).unwrap()
}

fn check(name: &str, network: &impl Network, side: i64) {
    println!("{name}");
    check_parity_at(network, side, &[1]);
}

/// A network of the cascade.
struct TrainStep {
    network: Architecture,
    /// Sees what the first stage made, too.
    second: bool,
}

impl Network for TrainStep {
    fn inputs(&self, side: i64) -> Vec<Port> {
        let port = |name: &str| Port {
            name: name.to_owned(),
            ..Port::picture(side)
        };
        let all = [port("pixelated"), port("stage1")];
        all.into_iter().take(1 + usize::from(self.second)).collect()
    }

    fn read<L: Layers>(&self, l: &mut L, inputs: &[L::Value]) -> L::Value {
        let seen = StageInputs {
            stage1: inputs.get(1),
            pixelated: &inputs[0],
            // The published networks know nothing of it.
            lattice: &inputs[0],
            neighbours: None,
        };
        self.network.read(l, &seen)
    }
}

#[test]
fn the_cascade_and_pix2pix() {
    let _alone = alone();
    let (width, blocks) = (64, 9);
    let generator = TrainStep {
        network: Architecture::Resnet { width, blocks },
        second: false,
    };
    check("CycleGAN", &generator, 64);
    let dcedn = TrainStep {
        network: Architecture::Dcedn { width },
        second: true,
    };
    check("DCEDN", &dcedn, 64);
    check("U-Net-256", &UNet::PUBLISHED, 256);
    let tutorial = UNet {
        norm: UNetNorm::BatchEverywhere,
        flavour: Flavour::Tutorial,
        ..UNet::PUBLISHED
    };
    check("the tutorial's U-Net", &tutorial, 256);
}

#[test]
fn srgan_and_its_successors() {
    let _alone = alone();
    for (kind, blocks) in [
        (ResidualKind::Srgan, 16),
        (ResidualKind::Plain, 16),
        (ResidualKind::Compact, 16),
        (ResidualKind::Compact, 32),
    ] {
        let network = SrResNet {
            width: 64,
            blocks,
            kind,
        };
        check(&format!("{kind:?}, {blocks}"), &network, 16);
    }
    for scale in [4, 2, 1] {
        let network = RrdbNet {
            scale,
            ..RrdbNet::PUBLISHED
        };
        check(&format!("RRDBNet, ×{scale}"), &network, 16);
    }
}

#[test]
fn scgan_and_pixelcyclegan() {
    let _alone = alone();
    check("SCGAN's restorer", &Restorer::PUBLISHED, 16);
    check("SCGAN's degrader", &Degrader { width: 1.0 }, SIDE);
    check("UNet++", &Nested::pyramid(), 64);
}

#[test]
fn generators_of_faces() {
    let _alone = alone();
    let dcgan = published::<dcgan::Recipe>().network;
    for side in [64, 32] {
        let network = Dcgan { side, ..dcgan };
        check(&format!("DCGAN, {side}"), &network, side);
    }
    let prior = published::<stylegan2::Recipe>().generator;
    check("StyleGAN2", &Truncated(&prior), prior.side());
}

/// The file of a network holds each of its parameters once, and a parameter per number that the
/// network is said to have.
fn check_stored(name: &str, network: &impl Network, side: i64) {
    println!("{name}");
    let weights = declare(network, Init::KaimingUniform, Device::Cpu);
    let (measured, output) = measure(network, side);
    assert_eq!(output, [3, side, side]);
    let trainable = weights.values().filter(|tensor| tensor.requires_grad());
    let trainable: usize = trainable.map(Tensor::numel).sum();
    assert_eq!(trainable as i64, measured.parameters);

    let onnx = graph_of(network, &weights, side, &[]).unwrap();
    let stored = decode(&onnx).unwrap().graph.unwrap().initializer;
    // Some parameters get more axes, of one entry, to fit what they are joined with.
    let sides = |dims: &[i64]| -> Vec<i64> { dims.iter().copied().filter(|&d| d != 1).collect() };
    let mut found = 0;
    for tensor in &stored {
        let Some(declared) = weights.get(&tensor.name) else {
            // A second copy would have a number behind its name.
            let copied = weights.keys().find(|name| tensor.name.starts_with(*name));
            assert_eq!(copied, None, "{}", tensor.name);
            continue;
        };
        assert_eq!(
            sides(&tensor.dims),
            sides(&declared.size()),
            "{}",
            tensor.name
        );
        let bytes = tensor.raw_data.as_ref().map_or(0, Vec::len);
        assert_eq!(bytes, 4 * declared.numel(), "{}", tensor.name);
        found += 1;
    }
    assert_eq!(found, weights.len());
}

#[test]
fn the_largest_are_stored_as_declared() {
    let _alone = alone();
    let coded = include_str!("../../../recipes/pixelcyclegan-as-coded.toml");
    let coded = pixelcyclegan::Recipe::parse(coded).unwrap().generator;
    assert!(matches!(coded, Nested::AsCoded { width: 512, .. }));
    check_stored("PixelCycleGAN as coded", &coded, 512);
    let gpen = published::<gpen::Recipe>().generator;
    check_stored("GPEN", &gpen, gpen.side());
}
