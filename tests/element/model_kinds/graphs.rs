//! Small networks of each kind, as graphs.

use super::*;

/// Layers with weights that look like nothing, the same each time.
pub struct Net {
    graph: GraphBuilder,
    layers: u32,
}

impl Net {
    fn weights(&mut self, dims: [i64; 4]) -> Vec<f32> {
        self.layers += 1;
        let count = dims.iter().product::<i64>() as usize;
        let fan = (dims[1] * dims[2] * dims[3]) as f32;
        let level = |byte: u8| (f32::from(byte) / 127.5 - 1.0) / fan.sqrt();
        noise(count, self.layers).into_iter().map(level).collect()
    }

    /// A convolution that keeps the size, or halves it at stride 2 (kernel 4).
    fn conv(&mut self, x: &str, channels: [i64; 2], stride: i64) -> String {
        let kernel = if stride == 1 { 3 } else { 4 };
        let dims = [channels[1], channels[0], kernel, kernel];
        let data = self.weights(dims);
        let weight = Weights {
            name: "w",
            dims: &dims,
            data: &data,
        };
        self.graph.conv(x, &weight, None, Conv2d::new(stride, 1))
    }

    /// A transposed convolution that doubles the size.
    fn up(&mut self, x: &str, channels: [i64; 2]) -> String {
        let dims = [channels[0], channels[1], 4, 4];
        let data = self.weights(dims);
        let weight = Weights {
            name: "w",
            dims: &dims,
            data: &data,
        };
        let geometry = ConvTranspose2d {
            strides: [2; 2],
            pads: [1; 4],
            output_padding: [0; 2],
        };
        self.graph.conv_transpose(x, &weight, None, geometry)
    }

    /// One slope below zero for all channels.
    fn prelu(&mut self, x: &str) -> String {
        let slope = Weights {
            name: "s",
            dims: &[1, 1, 1],
            data: &[0.25],
        };
        self.graph.prelu(x, &slope)
    }

    /// Batch norm that remembers other statistics for each channel.
    fn batch_norm(&mut self, x: &str, channels: i64) -> String {
        let rising = |start: f32| (0..channels).map(|i| start + 0.1 * i as f32).collect();
        let parts: [Vec<f32>; 4] = [1.0, -0.2, 0.1, 0.8].map(rising);
        let dims = [channels];
        let parts = parts.each_ref().map(|data| Weights {
            name: "n",
            dims: &dims,
            data,
        });
        self.graph.batch_norm(x, parts.each_ref())
    }
}

/// A kind of restorer: what it says of itself, and its layers.
pub struct Kind {
    pub name: &'static str,
    pub metadata: ModelMetadata,
    /// Takes pictures of any size.
    pub open: bool,
    pub layers: fn(&mut Net, &str) -> String,
}

pub fn kinds() -> Vec<Kind> {
    let metadata = |size, scale, range| ModelMetadata {
        scale,
        range,
        mosaic: MosaicInput::of_scale(scale),
        ..tiny_metadata(size)
    };
    let (signed, unit) = (ValueRange::Signed, ValueRange::Unit);
    let blind = ModelMetadata {
        mosaic: MosaicInput::Smooth,
        ..metadata(64, 1, signed)
    };
    vec![
        Kind {
            name: "pix2pix",
            metadata: metadata(64, 1, signed),
            open: false,
            layers: u_net,
        },
        Kind {
            name: "pixelcyclegan",
            metadata: metadata(32, 1, signed),
            open: true,
            layers: nested,
        },
        Kind {
            name: "scgan",
            metadata: metadata(16, 4, signed),
            open: true,
            layers: enlarging,
        },
        Kind {
            name: "srgan",
            metadata: metadata(16, 4, unit),
            open: true,
            layers: residual,
        },
        Kind {
            name: "esrgan",
            metadata: metadata(32, 4, unit),
            open: true,
            layers: shuffling,
        },
        Kind {
            name: "realesrgan",
            metadata: metadata(32, 2, unit),
            open: false,
            layers: shuffling_once,
        },
        Kind {
            name: "gpen",
            metadata: blind,
            open: false,
            layers: through_features,
        },
    ]
}

/// Halved, doubled, beside what was there before.
pub fn u_net(net: &mut Net, x: &str) -> String {
    let down = net.conv(x, [3, 6], 2);
    let down = net.graph.leaky_relu(&down, 0.2);
    let deep = net.conv(&down, [6, 6], 2);
    let deep = net.graph.relu(&deep);
    let up = net.up(&deep, [6, 6]);
    let both = net.graph.concat(&[&down, &up], 1);
    let up = net.up(&both, [12, 3]);
    net.graph.tanh(&up)
}

/// UNet++'s layers: pooled, enlarged by repetition, normalised by instance.
pub fn nested(net: &mut Net, x: &str) -> String {
    let top = net.graph.pad(x, PadMode::Reflect, [1; 4]);
    let dims = [4, 3, 3, 3];
    let data = net.weights(dims);
    let weight = Weights {
        name: "w",
        dims: &dims,
        data: &data,
    };
    let top = net.graph.conv(&top, &weight, None, Conv2d::new(1, 0));
    let top = net.graph.instance_norm(&top, 4);
    let low = net.graph.max_pool_2(&top);
    let low = net.conv(&low, [4, 4], 1);
    let low = net.graph.upsample_nearest_2(&low);
    let both = net.graph.concat(&[&top, &low], 1);
    let out = net.conv(&both, [8, 3], 1);
    net.graph.tanh(&out)
}

/// SCGAN's way up: bilinear, corners on corners.
pub fn enlarging(net: &mut Net, x: &str) -> String {
    let x = net.conv(x, [3, 4], 1);
    let x = net.graph.enlarge_bilinear(&x, 2, true);
    let x = net.conv(&x, [4, 4], 1);
    let x = net.graph.enlarge_bilinear(&x, 2, true);
    let x = net.conv(&x, [4, 3], 1);
    net.graph.tanh(&x)
}

/// SRGAN's layers: batch norm in a residual block, learned slopes, and two shuffles on the way up.
pub fn residual(net: &mut Net, x: &str) -> String {
    let x = net.conv(x, [3, 4], 1);
    let x = net.prelu(&x);
    let y = net.conv(&x, [4, 4], 1);
    let y = net.batch_norm(&y, 4);
    let mut x = net.graph.add(&x, &y);
    for _ in 0..2 {
        let y = net.conv(&x, [4, 16], 1);
        let y = net.graph.pixel_shuffle(&y, 2);
        x = net.prelu(&y);
    }
    net.conv(&x, [4, 3], 1)
}

/// The way up of ESRGAN's relatives, on top of the picture itself; its end is not limited.
pub fn shuffling(net: &mut Net, x: &str) -> String {
    let detail = net.conv(x, [3, 48], 1);
    let detail = net.graph.pixel_shuffle(&detail, 4);
    let base = net.graph.upsample_nearest_2(x);
    let base = net.graph.upsample_nearest_2(&base);
    net.graph.add(&base, &detail)
}

/// At scale 2 pixels go into channels first.
pub fn shuffling_once(net: &mut Net, x: &str) -> String {
    let small = net.graph.pixel_unshuffle(x, 3, 2);
    let detail = net.conv(&small, [12, 48], 1);
    net.graph.pixel_shuffle(&detail, 4)
}

/// GPEN's way: features of the whole picture change all of it, so its size is fixed.
pub fn through_features(net: &mut Net, x: &str) -> String {
    let mut small = x.to_owned();
    for _ in 0..4 {
        small = net.graph.mean_pool_2(&small);
    }
    let features = net.graph.reshape(&small, &[48]);
    let (matrix, bias) = (net.weights([3, 48, 1, 1]), [0.0; 3]);
    let matrix = Weights {
        name: "m",
        dims: &[3, 48],
        data: &matrix,
    };
    let bias = Weights {
        name: "b",
        dims: &[3],
        data: &bias,
    };
    let style = net.graph.linear(&features, &matrix, &bias);
    let style = net.graph.reshape(&style, &[3, 1, 1]);
    let changed = net.graph.mul(x, &style);
    let y = net.conv(&changed, [3, 3], 1);
    net.graph.add(x, &y)
}

/// The graph of a kind between `input` and `output`, with batch `batch`; without metadata.
pub fn graph_of(kind: &Kind, batch: Dim, input: &str, output: &str) -> GraphBuilder {
    let mut net = Net {
        graph: GraphBuilder::new(kind.name),
        layers: 0,
    };
    let shape = |side: usize, name: &str| {
        let side = if kind.open {
            Dim::from(name)
        } else {
            Dim::from(side as i64)
        };
        [batch.clone(), 3.into(), side.clone(), side]
    };
    let x = net.graph.input_f32(input, &shape(kind.metadata.size, "S"));
    let y = (kind.layers)(&mut net, &x);
    let sides = shape(kind.metadata.output_size(), "T");
    net.graph.output_f32(output, &y, &sides);
    net.graph
}
