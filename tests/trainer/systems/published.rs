//! Published recipes against the numbers that are published: weights of losses, rates, schedules,
//! ranges, probabilities.

use gstdepixelate::train::recipe::RecipeText;
use gstdepixelate::train::systems::esrgan::{Esrgan, RealEsrgan, Srgan};
use gstdepixelate::train::systems::{
    cascade, dcgan, gpen, pix2pix, pixelcyclegan, scgan, stylegan2,
};
use toml::{Table, Value};

/// That the recipe `file`, as it is read, has these values: `key = value` in TOML, a line each.
fn check<R: RecipeText>(file: &str, published: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes");
    let text = R::read(&path.join(file)).unwrap().to_toml().unwrap();
    let recipe: Table = text.parse().unwrap();
    for line in published.lines().filter(|line| !line.trim().is_empty()) {
        let (key, value) = line.split_once('=').unwrap();
        let value = format!("it = {value}").parse::<Table>().unwrap();
        let value = value["it"].clone();
        let mut found = Value::Table(recipe.clone());
        for part in key.trim().split('.') {
            let inner = found.get(part);
            found = inner.unwrap_or_else(|| panic!("{file}: {key}")).clone();
        }
        assert_eq!(loose(&found), loose(&value), "{file}: {key}");
    }
}

/// A value whose numbers are all of one kind and rounded to single precision.
fn loose(value: &Value) -> Value {
    match value {
        Value::Integer(number) => Value::Float(*number as f64),
        Value::Float(number) => Value::Float(f64::from(*number as f32)),
        Value::Array(values) => Value::Array(values.iter().map(loose).collect()),
        Value::Table(values) => {
            let values = values
                .iter()
                .map(|(key, value)| (key.clone(), loose(value)));
            Value::Table(values.collect())
        }
        other => other.clone(),
    }
}

#[test]
fn the_cascade() {
    check::<cascade::Recipe>(
        "published.toml",
        r#"
        model.size = 256
        networks.generator = { kind = "resnet", width = 64, blocks = 9 }
        networks.reverse = { kind = "resnet", width = 64, blocks = 9 }
        networks.discriminator = { width = 64, layers = 3, norm = "instance" }
        networks.dcedn = { kind = "dcedn", width = 64 }
        degradation.tiles = [6, 19]
        degradation.zoom = 1.1171875
        degradation.tile_blur = 1.0
        degradation.whole = 1.0
        degradation.unknown = 1.0
        degradation.turned = 0.0
        degradation.noise = 0.0
        degradation.recompress = 0.0
        degradation.outside = 0.0
        degradation.ellipse = 0.0
        degradation.scaled = 0.0
        degradation.gain = [1.0, 1.0]
        degradation.gamma = [1.0, 1.0]
        degradation.blur = 0.0
        degradation.video = 0.0
        stage1.batch = 1
        stage1.learning_rate = 2e-4
        stage1.constant_share = 0.5
        stage1.betas = [0.5, 0.999]
        stage1.init = 0.02
        stage1.adversarial = 1.0
        stage1.loss = "least-squares"
        stage1.cycle = 10.0
        stage1.identity = 0.5
        stage1.paired = 0.0
        stage1.pool = 50
        stage1.warmup_share = 0.0
        stage1.texture = 0.0
        stage1.average = 0.0
        stage2.augmented = false
        stage2.steps = 5000
        stage2.batch = 18
        stage2.learning_rate = 1e-4
        stage2.constant_share = 1.0
        stage2.betas = [0.9, 0.999]
        stage2.weight_decay = 1e-4
        stage2.loss = "mse"
        stage2.color = 0.0
        stage2.average = 0.0
        "#,
    );
}

#[test]
fn pix2pix_and_pixelcyclegan() {
    check::<pix2pix::Recipe>(
        "pix2pix.toml",
        r#"
        model.size = 256
        generator = { width = 64, halvings = 8, norm = "batch", flavour = "base" }
        discriminator = { width = 64, layers = 3, norm = "batch" }
        occlusion = { mask = 0.45, patch = 0.35, rectangle = 0.1, whole = 0.1 }
        train.learning_rate = 2e-4
        train.constant_share = 1.0
        train.betas = [0.5, 0.999]
        train.init = 0.02
        train.l1 = 100.0
        train.discriminator_weight = 0.5
        "#,
    );
    let losses = r#"
        discriminator.width = 64
        train.steps = 50000
        train.batch = 8
        train.learning_rate = 2e-4
        train.betas = [0.5, 0.999]
        train.init = 0.02
        train.cycle = 10.0
        train.structure = 0.1
        train.identity = 0.5
        train.pool = 50
        "#;
    check::<pixelcyclegan::Recipe>("pixelcyclegan.toml", losses);
    check::<pixelcyclegan::Recipe>("pixelcyclegan-as-coded.toml", losses);
    check::<pixelcyclegan::Recipe>(
        "pixelcyclegan-as-coded.toml",
        r#"
        seed = 0
        model.size = 512
        generator = { kind = "as-coded", width = 512, depth = 4 }
        "#,
    );
}

#[test]
fn scgan_and_dcgan() {
    check::<scgan::Recipe>(
        "scgan.toml",
        r#"
        seed = 2020
        restorer = { widths = [256, 128, 96], blocks = [12, 3], align_corners = true }
        discriminator.width = 128
        degradation = { blur = [0.5, 2.0], noise = [2.0, 10.0], quality = [40.0, 90.0] }
        train.batch = 64
        train.steps = 9000
        train.betas = [0.9, 0.999]
        train.schedule.learning_rate = 1e-4
        train.schedule.cosine = { steps = 450, floor = 1e-5, restart = false, stand = 45 }
        train.adversarial = 0.05
        train.backward = 0.05
        "#,
    );
    check::<dcgan::Recipe>(
        "dcgan.toml",
        r#"
        network.width = 64
        network.side = 64
        train.batch = 128
        train.learning_rate = 2e-4
        train.discriminator_lr = 1.0
        train.betas = [0.5, 0.999]
        train.init = 0.02
        train.real = 1.0
        "#,
    );
}

#[test]
fn stylegan2_and_gpen() {
    let training = r#"
        augment = { target = 0.6, speed = 500000.0 }
        train.batch = 64
        train.steps = 390625
        train.group = 8
        train.betas = [0.0, 0.99]
        train.r1 = 1.0
        train.r1_every = 16
        train.path = 2.0
        train.path_every = 4
        train.mixing = 0.9
        train.average = 20000.0
        train.average_share = 0.0
        "#;
    check::<stylegan2::Recipe>("stylegan2.toml", training);
    check::<stylegan2::Recipe>("gpen-prior.toml", training);
    let channels = "generator.channels = [512, 512, 512, 512, 256, 128, 64]";
    check::<stylegan2::Recipe>("stylegan2.toml", channels);
    check::<stylegan2::Recipe>("stylegan2.toml", "train.learning_rate = 0.0025");
    check::<stylegan2::Recipe>("gpen-prior.toml", "train.learning_rate = 0.002");
    check::<gpen::Recipe>(
        "gpen.toml",
        r#"
        generator.channels = [512, 512, 512, 512, 512, 256, 128]
        degradation.grey = 0.2
        degradation.blur = [0.1, 10.0]
        degradation.shrink = [0.8, 8.0]
        degradation.noise = [0.0, 20.0]
        degradation.quality = [60.0, 100.0]
        degradation.mosaic = 0.0
        train.steps = 4000000
        train.batch = 4
        train.learning_rate = 0.002
        train.betas = [0.0, 0.99]
        train.adversarial = 1.0
        train.l1 = 1.0
        train.features = 0.02
        train.r1 = 10.0
        train.r1_every = 16
        train.path = 2.0
        train.path_every = 4
        train.average = 0.99778
        "#,
    );
}

#[test]
fn the_esrgan_family() {
    check::<Srgan>(
        "srgan.toml",
        r#"
        crop.patch = 96
        train = { batch = 16, betas = [0.9, 0.999], average = 0.0 }
        psnr.steps = 1000000
        psnr.distance = "mse"
        psnr.schedule.learning_rate = 1e-4
        gan.steps = 200000
        gan.pixel = 0.0
        gan.adversarial = 1e-3
        gan.discriminator_lr = 1.0
        gan.loss = "cross-entropy"
        gan.schedule.learning_rate = 1e-4
        gan.schedule.milestones = [100000]
        gan.schedule.factor = 0.1
        perceptual = { weight = 1.0, distance = "mse", rectified = true, scale = 0.0784313725490196, layers = { conv5_4 = 1.0 } }
        "#,
    );
    check::<Esrgan>(
        "esrgan.toml",
        r#"
        crop.patch = 128
        train = { batch = 16, betas = [0.9, 0.99], average = 0.999 }
        psnr.steps = 1000000
        psnr.distance = "l1"
        psnr.schedule.learning_rate = 2e-4
        psnr.schedule.cosine = { steps = 250000, floor = 1e-7, restart = true, stand = 1 }
        gan.steps = 400000
        gan.pixel = 1e-2
        gan.adversarial = 5e-3
        gan.discriminator_lr = 1.0
        gan.loss = "relativistic"
        gan.schedule.learning_rate = 1e-4
        gan.schedule.milestones = [50000, 100000, 200000, 300000]
        gan.schedule.factor = 0.5
        perceptual = { weight = 1.0, distance = "l1", rectified = false, scale = 1.0, layers = { conv5_4 = 1.0 } }
        "#,
    );
    check::<RealEsrgan>(
        "realesrgan.toml",
        r#"
        crop.picture = 400
        crop.patch = 256
        train = { batch = 48, betas = [0.9, 0.99], average = 0.999 }
        psnr.steps = 1000000
        psnr.schedule.learning_rate = 2e-4
        gan.steps = 400000
        gan.pixel = 1.0
        gan.adversarial = 0.1
        gan.discriminator_lr = 1.0
        gan.loss = "cross-entropy"
        perceptual.weight = 1.0
        perceptual.scale = 1.0
        gan.schedule.learning_rate = 1e-4
        perceptual.layers = { conv1_2 = 0.1, conv2_2 = 0.1, conv3_4 = 1.0, conv4_4 = 1.0, conv5_4 = 1.0 }
        "#,
    );
}

#[test]
fn real_esrgans_degradation() {
    let kernels = "kernels = { iso = 0.45, aniso = 0.25, generalised_iso = 0.12, generalised_aniso = 0.03, plateau_iso = 0.12, plateau_aniso = 0.03 }";
    let both = |order: &str, special: &str| {
        let common = "sinc = 0.1\ngeneralised = [0.5, 4.0]\nplateau = [1.0, 2.0]\ngaussian = 0.5\ngrey = 0.4\nquality = [30.0, 95.0]";
        let lines = [kernels, common, special].join("\n");
        let lines = lines
            .lines()
            .map(|line| format!("degradation.two-order.{order}.{}", line.trim()));
        lines.collect::<Vec<_>>().join("\n")
    };
    let first = "blur = 1.0\nsigma = [0.2, 3.0]\nresize = [0.2, 0.7, 0.1]\nfactor = [0.15, 1.5]\nnoise = [1.0, 30.0]\npoisson = [0.05, 3.0]";
    let second = "blur = 0.8\nsigma = [0.2, 1.5]\nresize = [0.3, 0.4, 0.3]\nfactor = [0.3, 1.2]\nnoise = [1.0, 25.0]\npoisson = [0.05, 2.5]";
    check::<RealEsrgan>("realesrgan.toml", &both("first", first));
    check::<RealEsrgan>("realesrgan.toml", &both("second", second));
    let ends = "degradation.two-order.sharpen = true\ndegradation.two-order.sinc = 0.8\ndegradation.two-order.mosaic = 0.0";
    check::<RealEsrgan>("realesrgan.toml", ends);
}
