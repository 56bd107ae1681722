//! Each layer of the graph builder, run by ONNX Runtime and compared with numbers worked out by
//! hand.

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
    crate::helpers::tiny_metadata(SIDE).write_to(&mut g);
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
    // Twelve channels, of which four each are the pixel (0, 0), (0, 1), (1, 0), (1, 1) of every
    // other pixel.
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

#[test]
fn samples_folded_into_channels_and_back() {
    let found = run(|g, x| {
        let folded = g.pixel_unshuffle(x, 3, 4);
        let half = g.scale(&folded, 0.5);
        g.pixel_shuffle(&half, 4)
    });
    check(found, |x, row, column| 0.5 * x(row, column));
}

#[test]
fn means_of_cells() {
    let found = run(|g, x| {
        let half = g.mean_pool_2(x);
        g.upsample_nearest_2(&half)
    });
    check(found, |x, row, column| {
        let (row, column) = (row / 2 * 2, column / 2 * 2);
        let top = x(row, column) + x(row, column + 1);
        let bottom = x(row + 1, column) + x(row + 1, column + 1);
        (top + bottom) / 4.0
    });
}

#[test]
fn bilinear_enlargement_with_edges_that_meet() {
    let found = run(|g, x| {
        let half = g.mean_pool_2(x);
        g.enlarge_bilinear(&half, 2, false)
    });
    check(found, |x, row, column| {
        let cell = |row: i64, column: i64| {
            let (row, column) = (2 * row.clamp(0, 7), 2 * column.clamp(0, 7));
            let top = x(row, column) + x(row, column + 1);
            (top + x(row + 1, column) + x(row + 1, column + 1)) / 4.0
        };
        // Each sample lies a quarter of a cell off its cell's centre, towards the next cell.
        let (r, c) = (row / 2, column / 2);
        let (nr, nc) = (r + row % 2 * 2 - 1, c + column % 2 * 2 - 1);
        let near = 0.75 * cell(r, c) + 0.25 * cell(r, nc);
        let far = 0.75 * cell(nr, c) + 0.25 * cell(nr, nc);
        0.75 * near + 0.25 * far
    });
}

#[test]
fn bilinear_enlargement_with_corners_that_meet() {
    let found = run(|g, x| {
        let half = g.mean_pool_2(x);
        g.enlarge_bilinear(&half, 2, true)
    });
    check(found, |x, row, column| {
        let cell = |row: i64, column: i64| {
            let (row, column) = (2 * row.min(7), 2 * column.min(7));
            let top = x(row, column) + x(row, column + 1);
            (top + x(row + 1, column) + x(row + 1, column + 1)) / 4.0
        };
        // 16 samples over 8 cells, the first on the first and the last on the last.
        let place = |at: i64| (at * 7 / 15, (at * 7 % 15) as f32 / 15.0);
        let ((r, down), (c, right)) = (place(row), place(column));
        let mix = |r| cell(r, c) * (1.0 - right) + cell(r, c + 1) * right;
        mix(r) * (1.0 - down) + mix(r + 1) * down
    });
}

#[test]
fn the_low_pass_filter() {
    const FILTER: [f32; 4] = [0.125, 0.375, 0.375, 0.125];
    let found = run(|g, x| {
        let wider = g.low_pass(x, 3, 2, 2.0);
        // 17 pixels become 16: the first row and column go.
        let start = g.initializer_i64("start", &[2], &[1, 1]);
        let end = g.initializer_i64("end", &[2], &[17, 17]);
        let axes = g.initializer_i64("axes", &[2], &[2, 3]);
        g.node("Slice", &[&wider, &start, &end, &axes], vec![])
    });
    check(found, |x, row, column| {
        let at = |row: i64, column: i64| match (row, column) {
            (0..16, 0..16) => x(row, column),
            _ => 0.0,
        };
        let terms = (0..4).flat_map(|i| (0..4).map(move |j| (i, j)));
        let sum: f32 = terms
            .map(|(i, j)| {
                let factor = FILTER[i as usize] * FILTER[j as usize];
                factor * at(row + i - 1, column + j - 1)
            })
            .sum();
        2.0 * sum
    });
}

#[test]
fn normalisation_by_remembered_statistics_and_learned_slopes() {
    let part = |name, data: &'static [f32]| Weights {
        name,
        dims: &[3],
        data,
    };
    let found = run(|g, x| {
        let y = g.batch_norm(
            x,
            [
                &part("scale", &[2.0; 3]),
                &part("shift", &[0.5; 3]),
                &part("mean", &[1.0; 3]),
                &part("variance", &[4.0; 3]),
            ],
        );
        let slopes = Weights {
            name: "slope",
            dims: &[1, 1, 1],
            data: &[0.25],
        };
        g.prelu(&y, &slopes)
    });
    check(found, |x, row, column| {
        let y = (x(row, column) - 1.0) / 4.00001f32.sqrt() * 2.0 + 0.5;
        y.max(0.25 * y)
    });
}
