//! Networks of the cascade: weights that go from one to another, and what ONNX Runtime makes of
//! them.

use super::cascade_recipes::{make_faces, small_published, small_recipe, train};
use super::runs::options;
use gstdepixelate::train::nn::exported::{read_known_weights, read_weights, round_to_halves};
use gstdepixelate::train::nn::layers::{Declare, Forward, Init, Parameters};
use gstdepixelate::train::run::options::Outcome;
use gstdepixelate::train::systems::cascade::Recipe;
use gstdepixelate::train::systems::cascade::export::Cascade;
use gstdepixelate::train::systems::cascade::networks::Architecture;
use gstdepixelate::train::systems::cascade::stage_io::StageInputs;
use gstdepixelate::train::systems::cascade::u_shaped::{Neighbours, UShaped};
use tch::{Device, Kind, Tensor};

#[test]
fn a_deeper_network_starts_from_a_shallower_one() {
    let folder = tempfile::tempdir().unwrap();
    let (faces, out) = (folder.path().join("faces"), folder.path().join("first"));
    std::fs::create_dir(&faces).unwrap();
    make_faces(&faces, 20);
    let mut recipe = small_recipe(2, 2);
    recipe.model.half = true;
    assert_eq!(train(&recipe, &faces, options(&out)), Outcome::Finished);
    let model = out.join("cascade.onnx");

    let shallow = random_weights(&recipe.networks.generator, false);
    let (widths, blocks) = (vec![8, 8], vec![1, 2]);
    let deep = Architecture::UShaped(UShaped {
        widths,
        blocks,
        fine: None,
        neighbours: Some(NEIGHBOURS),
    });
    let mut grown = Declare::parameters(Init::KaimingUniform, Device::Cpu, |l| {
        deep.read(l, &no_pictures(false));
    });
    let mut read = shallow;
    read_weights(&model, "stage1.", &mut read).unwrap();
    let missing = read_known_weights(&model, "stage1.", &mut grown).unwrap();
    let (of_neighbours, others): (Vec<_>, Vec<_>) =
        (missing.iter()).partition(|name| name.starts_with("neighbours."));
    assert_eq!((of_neighbours.len(), others.len()), (2, 4), "{missing:?}");
    assert!(others.iter().all(|name| name.starts_with("level1.down1")));
    // What was added is silent at first.
    let pixelated = Tensor::rand([1, 3, 32, 32], (Kind::Float, Device::Cpu)) * 2 - 1;
    let lattice = Tensor::zeros([1, 6, 32, 32], (Kind::Float, Device::Cpu));
    let neighbours = Tensor::rand([1, 21, 32, 32], (Kind::Float, Device::Cpu));
    let seen = StageInputs {
        stage1: None,
        pixelated: &pixelated,
        lattice: &lattice,
        neighbours: Some(&neighbours),
    };
    let before = (recipe.networks.generator).read(&mut Forward(&read), &seen);
    let after = deep.read(&mut Forward(&grown), &seen);
    assert_eq!(before, after);

    let error = read_known_weights(&model, "stage3.", &mut grown).unwrap_err();
    assert!(error.to_string().contains("none of the weights"), "{error}");
}

/// Three neighbouring frames.
const NEIGHBOURS: Neighbours = Neighbours {
    behind: 2,
    ahead: 1,
    step: 2,
};

#[test]
fn the_onnx_file_does_what_libtorch_does() {
    let mut wide = small_recipe(1, 1);
    let (widths, blocks) = (vec![16, 16], vec![1, 1]);
    wide.networks.generator = Architecture::UShaped(UShaped {
        widths,
        blocks,
        fine: None,
        neighbours: None,
    });
    wide.model.half = true;
    for recipe in [small_recipe(1, 1), small_published(1, 1), wide] {
        check_parity(&recipe);
    }
}

#[test]
fn what_is_told_of_neighbours_is_heard_in_both() {
    let mut recipe = small_recipe(1, 1);
    let networks = &mut recipe.networks;
    for network in [&mut networks.generator, &mut networks.dcedn] {
        let Architecture::UShaped(network) = network else {
            panic!("{network:?}");
        };
        network.neighbours = Some(NEIGHBOURS);
    }
    assert_eq!(recipe.networks.window(), NEIGHBOURS.window());
    check_parity(&recipe);
}

/// Weights large enough that the output is no grey: a difference would show.
fn random_weights(network: &Architecture, second: bool) -> Parameters {
    let init = if second {
        Init::KaimingUniform
    } else {
        Init::Normal(0.1)
    };
    let seen = no_pictures(second);
    let mut weights = Declare::parameters(init, Device::Cpu, |l| network.read(l, &seen));
    // Those that are silent at first, too.
    for weight in weights.values_mut().filter(|w| w.dim() == 4) {
        if weight.count_nonzero(None).int64_value(&[]) == 0 {
            *weight = weight.randn_like() * 0.1;
        }
    }
    weights
}

/// For a reading without pictures.
fn no_pictures(second: bool) -> StageInputs<'static, ()> {
    StageInputs {
        stage1: second.then_some(&()),
        pixelated: &(),
        lattice: &(),
        neighbours: Some(&()),
    }
}

fn check_parity(recipe: &Recipe) {
    tch::manual_seed(3);
    let mut stage1 = random_weights(&recipe.networks.generator, false);
    let mut stage2 = random_weights(&recipe.networks.dcedn, true);
    if recipe.model.half {
        round_to_halves(&mut stage1);
        round_to_halves(&mut stage2);
    }
    let cascade = Cascade {
        recipe,
        stage1: &stage1,
        stage2: Some(&stage2),
    };
    let options = (tch::Kind::Float, Device::Cpu);
    let pixelated = Tensor::rand([1, 3, 32, 32], options) * 2 - 1;
    let planes = 6 + recipe.networks.window().planes() as i64;
    let lattice = Tensor::zeros([1, planes, 32, 32], options);
    for output in cascade.forward(&pixelated, &lattice) {
        assert!(output.std(true).double_value(&[]) > 0.01);
    }
    let difference = cascade.parity(&cascade.to_onnx().unwrap()).unwrap();
    assert!(difference <= 1e-4, "{difference}");
    // The check sees a wrong file.
    let other = random_weights(&recipe.networks.generator, false);
    let wrong = Cascade {
        stage1: &other,
        ..cascade
    };
    assert!(wrong.parity(&cascade.to_onnx().unwrap()).unwrap() > 1e-3);
}
