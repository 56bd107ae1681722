//! Recipes of the cascade for networks of a few channels, pictures to train them with, and the
//! training.

use std::path::Path;

use gstdepixelate::train::features;
use gstdepixelate::train::nn::precision::Choice;
use gstdepixelate::train::optim::discriminator::DiscriminatorChoice;
use gstdepixelate::train::optim::discriminator::patch::{Norm, PatchGanSize};
use gstdepixelate::train::recipe::RecipeText;
use gstdepixelate::train::run::options::{Options, Outcome};
use gstdepixelate::train::systems::cascade::networks::Architecture;
use gstdepixelate::train::systems::cascade::u_shaped::{Fine, UShaped};
use gstdepixelate::train::systems::cascade::{self, Recipe};
use tch::Tensor;

/// The default recipe at 32 px with networks of a few channels.
pub fn small_recipe(steps1: u64, steps2: u64) -> Recipe {
    let mut recipe = Recipe::parse(include_str!("../../recipes/default.toml")).unwrap();
    recipe.model.size = 32;
    recipe.degradation.blocks = [3.0, 6.0];
    let (widths, blocks) = (vec![8, 8], vec![1, 1]);
    let fine = None;
    recipe.networks.generator = Architecture::UShaped(UShaped {
        widths,
        blocks,
        fine,
        neighbours: None,
    });
    (recipe.film, recipe.stage1.steady, recipe.stage2.steady) = (None, 0.0, 0.0);
    recipe.networks.dcedn = recipe.networks.generator.clone();
    recipe.networks.discriminator = patch(Norm::Spectral);
    (recipe.stage1.steps, recipe.stage1.batch) = (steps1, 2);
    (recipe.stage1.perceptual, recipe.stage1.texture) = (0.0, 2.0);
    (recipe.stage1.adversarial, recipe.stage1.warmup_share) = (0.25, 0.6);
    (recipe.stage2.steps, recipe.stage2.batch) = (steps2, 4);
    recipe
}

/// A discriminator of a few channels.
fn patch(norm: Norm) -> DiscriminatorChoice<PatchGanSize> {
    DiscriminatorChoice::Own(PatchGanSize {
        width: 4,
        layers: 2,
        norm,
    })
}

/// The recipe of the bundled weights, as small: a feature network in `folder`, and pictures of
/// twice the crop's side.
pub fn small_bundled(folder: &Path, steps1: u64, steps2: u64) -> Recipe {
    let mut recipe = Recipe::parse(include_str!("../../recipes/bundled-4.toml")).unwrap();
    let small = small_recipe(steps1, steps2);
    recipe.data = small.data;
    recipe.model.size = 32;
    recipe.degradation = small.degradation;
    let (widths, blocks) = (vec![8, 8], vec![1, 1]);
    let shape = |fine| {
        Architecture::UShaped(UShaped {
            widths: widths.clone(),
            blocks: blocks.clone(),
            fine,
            neighbours: None,
        })
    };
    recipe.networks.generator = shape(None);
    recipe.networks.dcedn = shape(Some(Fine {
        width: 4,
        blocks: 1,
    }));
    (recipe.stage1.steps, recipe.stage1.batch) = (steps1, 2);
    (recipe.stage2.steps, recipe.stage2.batch) = (steps2, 2);
    let file = folder.join("features.safetensors");
    let weights = features::Architecture::EfficientNetLite0.untrained(None);
    Tensor::write_safetensors(&weights.into_iter().collect::<Vec<_>>(), &file).unwrap();
    recipe.features = Some(file);
    recipe
}

/// The same for films, as `bundled-5.toml` has them.
pub fn small_film(folder: &Path, steps1: u64, steps2: u64) -> Recipe {
    let film = Recipe::parse(include_str!("../../recipes/bundled-5.toml")).unwrap();
    let mut recipe = small_bundled(folder, steps1, steps2);
    let networks = [
        (&mut recipe.networks.generator, &film.networks.generator),
        (&mut recipe.networks.dcedn, &film.networks.dcedn),
    ];
    for (small, network) in networks {
        let (Architecture::UShaped(small), Architecture::UShaped(network)) = (small, network)
        else {
            panic!("{network:?}");
        };
        small.neighbours = network.neighbours;
    }
    recipe.film = film.film;
    (recipe.stage1.steady, recipe.stage2.steady) = (film.stage1.steady, film.stage2.steady);
    recipe
}

/// The published recipe, as small.
pub fn small_published(steps1: u64, steps2: u64) -> Recipe {
    let mut recipe = Recipe::parse(include_str!("../../recipes/published.toml")).unwrap();
    let small = small_recipe(steps1, steps2);
    recipe.model.size = 32;
    recipe.degradation = small.degradation;
    let (width, blocks) = (4, 1);
    recipe.networks.generator = Architecture::Resnet { width, blocks };
    recipe.networks.reverse = recipe.networks.generator.clone();
    recipe.networks.discriminator = patch(Norm::Instance);
    recipe.networks.dcedn = Architecture::Dcedn { width };
    (recipe.stage1.steps, recipe.stage1.batch) = (steps1, 2);
    (recipe.stage2.steps, recipe.stage2.batch) = (steps2, 4);
    recipe
}

/// Ovals with eyes on coloured grounds: enough of a face for a loss to fall.
pub fn make_faces(folder: &Path, count: u32) {
    for i in 0..count {
        let picture = image::RgbImage::from_fn(48, 48, |x, y| {
            let (dx, dy) = (x as f32 - 24.0, y as f32 - 24.0);
            let face = (dx / 14.0).powi(2) + (dy / 18.0).powi(2) < 1.0;
            let eye = (dx.abs() - 6.0).hypot(dy + 5.0) < 2.5;
            let skin = [200 - (i % 7) as u8 * 15, 150 - (i % 5) as u8 * 10, 120];
            match (eye, face) {
                (true, _) => image::Rgb([20, 20, 30]),
                (_, true) => image::Rgb(skin),
                _ => image::Rgb([(i * 37 % 200) as u8, (y * 3) as u8, 90]),
            }
        });
        picture.save(folder.join(format!("{i:03}.png"))).unwrap();
    }
}

/// Train both stages to the end of the recipe, or to a stop.
pub fn train(recipe: &Recipe, faces: &Path, options: Options) -> Outcome {
    cascade::train(recipe, Choice::Full, faces, &options).unwrap()
}
