//! Each layer of the graph builder, run by ONNX Runtime and compared with numbers worked out by hand.

mod support;

use gstdepixelate::cascade::{
    Backend, Crops, INPUT, Model, OrtBackend, Provider, RESTORED, RuntimeSearch, STAGE1,
    SessionSettings, runtime,
};
use gstdepixelate::onnx::{
    Conv2d, ConvTranspose2d, GraphBuilder, PadMode, Weights, batch_of, encode,
};

const SIDE: usize = 16;

/// What `layer` makes of two pictures; each layer here keeps or restores `[N, 3, 16, 16]`.
fn run(layer: impl FnOnce(&mut GraphBuilder, &str) -> String) -> (Vec<f32>, Vec<f32>) {
    let mut g = GraphBuilder::new("layer");
    support::tiny_facts(SIDE).write_to(&mut g);
    let shape = batch_of(&[3, SIDE as i64, SIDE as i64]);
    let x = g.input_f32(INPUT, &shape);
    let y = layer(&mut g, &x);
    g.output_f32(STAGE1, &x, &shape);
    g.output_f32(RESTORED, &y, &shape);
    let model = Model::from_bytes("layer", encode(&g.finish().unwrap())).unwrap();
    let runtime = runtime::load(&RuntimeSearch::default())
        .expect("these tests need ONNX Runtime: run scripts/setup.py plugin");
    let settings = SessionSettings {
        provider: Provider::Cpu,
        ..Default::default()
    };
    let mut backend = OrtBackend::new(runtime, &model, &settings).unwrap();
    // Differs in every pixel, positive and negative, exact in f32.
    let input: Vec<_> = (0..2 * 3 * SIDE * SIDE)
        .map(|i| (i * 37 % 1536) as f32 / 256.0 - 3.0)
        .collect();
    let mut restored = Vec::new();
    backend
        .run(Crops::new(&input, 2), 0.0, &mut restored)
        .unwrap();
    (input, restored)
}

/// Compare with what `expected` makes of a plane, given as a function of row and column.
fn check(
    (input, output): (Vec<f32>, Vec<f32>),
    expected: impl Fn(&dyn Fn(i64, i64) -> f32, i64, i64) -> f32,
) {
    for (plane, (x, y)) in input
        .chunks(SIDE * SIDE)
        .zip(output.chunks(SIDE * SIDE))
        .enumerate()
    {
        let at = |row: i64, column: i64| x[(row * SIDE as i64 + column) as usize];
        for (index, &found) in y.iter().enumerate() {
            let (row, column) = ((index / SIDE) as i64, (index % SIDE) as i64);
            let wanted = expected(&at, row, column);
            assert!(
                (found - wanted).abs() < 1e-5,
                "plane {plane}, row {row}, column {column}: {found}, expected {wanted}"
            );
        }
    }
}

/// A 3×3 kernel that copies each channel from one position.
fn pick(row: usize, column: usize) -> Vec<f32> {
    let mut kernel = vec![0.0; 3 * 3 * 9];
    for channel in 0..3 {
        kernel[(channel * 3 + channel) * 9 + row * 3 + column] = 1.0;
    }
    kernel
}

fn weights(data: &[f32]) -> Weights<'_> {
    Weights {
        name: "w",
        dims: &[3, 3, 3, 3],
        data,
    }
}

#[test]
fn reflect_and_edge_padding() {
    // The kernel looks two pixels up and left of the middle of its padded picture.
    let up_left = |mode| {
        let kernel = pick(0, 0);
        run(|g, x| {
            let padded = g.pad(x, mode, [2, 2, 0, 0]);
            g.conv(&padded, &weights(&kernel), None, Conv2d::new(1, 0))
        })
    };
    check(up_left(PadMode::Reflect), |x, row, column| {
        x((row - 2).abs(), (column - 2).abs())
    });
    check(up_left(PadMode::Edge), |x, row, column| {
        x((row - 2).max(0), (column - 2).max(0))
    });
}

#[test]
fn convolution_with_bias() {
    let bias = Weights {
        name: "b",
        dims: &[3],
        data: &[0.5; 3],
    };
    // Right neighbour, zero beyond the border.
    let kernel = pick(1, 2);
    let found = run(|g, x| g.conv(x, &weights(&kernel), Some(&bias), Conv2d::new(1, 1)));
    check(found, |x, row, column| match column {
        15 => 0.5,
        _ => x(row, column + 1) + 0.5,
    });
}

#[test]
fn strided_and_transposed_convolution() {
    let middle = pick(1, 1);
    let up = ConvTranspose2d {
        strides: [2; 2],
        pads: [1; 4],
        output_padding: [1; 2],
    };
    let found = run(|g, x| {
        let half = g.conv(x, &weights(&middle), None, Conv2d::new(2, 1));
        g.conv_transpose(&half, &weights(&middle), None, up)
    });
    check(found, |x, row, column| match (row % 2, column % 2) {
        (0, 0) => x(row, column),
        _ => 0.0,
    });
}

#[test]
fn instance_normalisation() {
    let found = run(|g, x| g.instance_norm(x, 3));
    check(found, |x, row, column| {
        let all = || (0..16).flat_map(|r| (0..16).map(move |c| x(r, c) as f64));
        let mean = all().sum::<f64>() / 256.0;
        let variance = all().map(|v| (v - mean).powi(2)).sum::<f64>() / 256.0;
        ((x(row, column) as f64 - mean) / (variance + 1e-5).sqrt()) as f32
    });
}

#[test]
fn pooling_and_enlarging() {
    let found = run(|g, x| {
        let half = g.max_pool_2(x);
        g.upsample_nearest_2(&half)
    });
    check(found, |x, row, column| {
        let (row, column) = (row / 2 * 2, column / 2 * 2);
        let top = x(row, column).max(x(row, column + 1));
        let bottom = x(row + 1, column).max(x(row + 1, column + 1));
        top.max(bottom)
    });
}

#[test]
fn functions_of_one_number() {
    check(run(|g, x| g.relu(x)), |x, r, c| x(r, c).max(0.0));
    check(run(|g, x| g.leaky_relu(x, 0.2)), |x, r, c| {
        x(r, c).max(0.2 * x(r, c))
    });
    check(run(|g, x| g.tanh(x)), |x, r, c| x(r, c).tanh());
    check(run(|g, x| g.add(x, x)), |x, r, c| 2.0 * x(r, c));
    check(run(|g, x| g.mul(x, x)), |x, r, c| x(r, c).powi(2));
    check(run(|g, x| g.identity(x)), |x, r, c| x(r, c));
}

#[test]
fn channels_one_after_the_other() {
    // Six channels, of which a 1×1 kernel takes the second three, negated.
    let mut kernel = vec![0.0; 3 * 6];
    for channel in 0..3 {
        kernel[channel * 6 + 3 + channel] = 1.0;
    }
    let found = run(|g, x| {
        let minus_one = g.initializer_f32("minus_one", &[1], &[-1.0]);
        let negative = g.mul(x, &minus_one);
        let both = g.concat(&[x, &negative], 1);
        let weight = Weights {
            name: "w",
            dims: &[3, 6, 1, 1],
            data: &kernel,
        };
        g.conv(&both, &weight, None, Conv2d::new(1, 0))
    });
    check(found, |x, row, column| -x(row, column));
}

#[test]
fn pixel_shuffle_and_clip() {
    // Twelve channels, of which four each are the pixel (0, 0), (0, 1), (1, 0), (1, 1) of every other pixel.
    let mut kernel = vec![0.0; 12 * 3 * 4];
    for channel in 0..3 {
        for part in 0..4 {
            kernel[((channel * 4 + part) * 3 + channel) * 4 + part] = 1.0;
        }
    }
    let result = run(|g, x| {
        let weights = Weights {
            name: "w",
            dims: &[12, 3, 2, 2],
            data: &kernel,
        };
        let y = g.conv(x, &weights, None, Conv2d::new(2, 0));
        let y = g.pixel_shuffle(&y, 2);
        g.clip(&y, -1.0, 1.0)
    });
    check(result, |at, row, column| at(row, column).clamp(-1.0, 1.0));
}
