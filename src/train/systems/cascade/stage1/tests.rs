use super::*;
use crate::train::optim::trained::tests::check_parts;
use crate::train::recipe::RecipeText;

/// The unpaired stage as published, but small.
#[test]
fn a_step_may_have_parts() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/recipes/published.toml");
    let changes = [
        "model.size=32",
        "degradation.blocks=[2.0, 8.0]",
        "networks.generator={kind='resnet',width=4,blocks=1}",
        "networks.reverse={kind='resnet',width=4,blocks=1}",
        "networks.discriminator={width=4,layers=2,norm='instance'}",
        "stage1.batch=2",
    ];
    let recipe = Recipe::read_with(Some(file.as_ref()), &changes.map(str::to_owned)).unwrap();
    assert!(recipe.stage1.is_unpaired());
    tch::manual_seed(6);
    let options = (Kind::Float, Device::Cpu);
    let [input, target, unpaired] = [(); 3].map(|()| Tensor::rand([2, 3, 32, 32], options) * 2 - 1);
    let batch = Batch {
        conditioning: no_lattice(&input),
        input,
        target,
        unpaired,
        ..Batch::default()
    };
    let stage = || Stage1::new(&recipe, Device::Cpu, Precision::FULL).unwrap();
    check_parts(stage, &batch);
}
