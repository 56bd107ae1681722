//! The reading that counts, without any memory for weights or maps.

use super::{Conv, DiscriminatorLayers, Grid, Layers, Linear};

/// Counts what a network has and does with one entry; its values are the sides `[C, H, W]` or `[C]`
/// of an entry.
///
/// Panics where a network joins what does not fit: such a network is a mistake in the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measure {
    /// Trainable numbers.
    pub parameters: i64,
    /// Multiplications with an addition in convolutions and fully connected layers.
    pub operations: i64,
}

impl Measure {
    fn weights(&mut self, conv: Conv) {
        self.parameters += conv.shape().iter().product::<i64>();
        self.parameters += if conv.bias { conv.output } else { 0 };
    }
}

fn maps(x: &[i64]) -> [i64; 3] {
    x.try_into().expect("feature maps have three sides")
}

fn resized(x: &[i64], side: impl Fn(i64) -> i64) -> Vec<i64> {
    let [c, h, w] = maps(x);
    vec![c, side(h), side(w)]
}

impl Layers for Measure {
    type Value = Vec<i64>;

    fn conv(&mut self, name: &str, x: &Vec<i64>, conv: Conv) -> Vec<i64> {
        let [c, h, w] = maps(x);
        assert_eq!(c, conv.input, "channels into {name}");
        self.weights(conv);
        let side = |side| (side + 2 * conv.padding - conv.kernel) / conv.stride + 1;
        self.operations += side(h) * side(w) * conv.shape().iter().product::<i64>();
        vec![conv.output, side(h), side(w)]
    }

    fn conv_transpose(&mut self, name: &str, x: &Vec<i64>, conv: Conv) -> Vec<i64> {
        let [c, h, w] = maps(x);
        assert_eq!(c, conv.input, "channels into {name}");
        self.weights(conv);
        self.operations += h * w * conv.input * conv.output * conv.kernel * conv.kernel;
        let more = conv.kernel - 2 * conv.padding + conv.output_padding;
        resized(&[conv.output, h, w], |side| (side - 1) * conv.stride + more)
    }

    fn linear(&mut self, name: &str, x: &Vec<i64>, linear: Linear) -> Vec<i64> {
        assert_eq!(x, &[linear.input], "features into {name}");
        self.parameters += (linear.input + 1) * linear.output;
        self.operations += linear.input * linear.output;
        vec![linear.output]
    }

    fn bias(&mut self, name: &str, x: &Vec<i64>, channels: i64) -> Vec<i64> {
        assert_eq!(x[0], channels, "channels into {name}");
        self.parameters += channels;
        x.clone()
    }

    fn learned_scale(&mut self, _: &str, x: &Vec<i64>) -> Vec<i64> {
        self.parameters += 1;
        x.clone()
    }

    fn constant(&mut self, _: &str, _: &Vec<i64>, sides: [i64; 3]) -> Vec<i64> {
        self.parameters += sides.iter().product::<i64>();
        sides.to_vec()
    }

    fn demodulation(&mut self, name: &str, style: &Vec<i64>, conv: Conv, _: bool) -> Vec<i64> {
        assert_eq!(style, &[conv.input], "style of {name}");
        vec![conv.output, 1, 1]
    }

    fn batch_norm(&mut self, name: &str, x: &Vec<i64>, channels: i64) -> Vec<i64> {
        self.parameters += channels;
        self.bias(name, x, channels)
    }

    fn prelu(&mut self, _: &str, x: &Vec<i64>, channels: i64) -> Vec<i64> {
        self.parameters += channels;
        x.clone()
    }

    fn add(&mut self, a: &Vec<i64>, b: &Vec<i64>) -> Vec<i64> {
        assert!(
            a == b || (b[0] == 1 && a[1..] == b[1..]),
            "a sum of {a:?} and {b:?}"
        );
        a.clone()
    }

    fn mul(&mut self, a: &Vec<i64>, b: &Vec<i64>) -> Vec<i64> {
        let fits = a == b || *b == [a[0], 1, 1] || *b == [1, 1, 1];
        assert!(fits, "a product of {a:?} and {b:?}");
        a.clone()
    }

    fn concat_all(&mut self, values: &[&Vec<i64>]) -> Vec<i64> {
        let sides = &values[0][1..];
        assert!(
            values.iter().all(|value| &value[1..] == sides),
            "maps of unlike sizes side by side: {values:?}"
        );
        let channels = values.iter().map(|value| value[0]).sum();
        std::iter::once(channels)
            .chain(sides.iter().copied())
            .collect()
    }

    fn first_channels(&mut self, x: &Vec<i64>, count: i64) -> Vec<i64> {
        let [_, h, w] = maps(x);
        vec![count, h, w]
    }

    fn reshape(&mut self, x: &Vec<i64>, sides: &[i64]) -> Vec<i64> {
        let numbers = |sides: &[i64]| sides.iter().product::<i64>();
        assert_eq!(numbers(x), numbers(sides), "{x:?} as {sides:?}");
        sides.to_vec()
    }

    fn max_pool(&mut self, x: &Vec<i64>) -> Vec<i64> {
        resized(x, |side| side / 2)
    }

    fn average_pool(&mut self, x: &Vec<i64>) -> Vec<i64> {
        resized(x, |side| side / 2)
    }

    fn upsample(&mut self, x: &Vec<i64>) -> Vec<i64> {
        resized(x, |side| 2 * side)
    }

    fn bilinear(&mut self, x: &Vec<i64>, factor: i64, _: Grid) -> Vec<i64> {
        resized(x, |side| factor * side)
    }

    fn pixel_shuffle_by(&mut self, x: &Vec<i64>, factor: i64) -> Vec<i64> {
        let [c, h, w] = maps(x);
        assert_eq!(c % (factor * factor), 0, "{c} channels shuffled");
        vec![c / (factor * factor), factor * h, factor * w]
    }

    fn pixel_unshuffle(&mut self, x: &Vec<i64>, _: i64, factor: i64) -> Vec<i64> {
        let [c, h, w] = maps(x);
        assert!(h % factor == 0 && w % factor == 0, "{h} × {w} unshuffled");
        vec![c * factor * factor, h / factor, w / factor]
    }

    fn pad(&mut self, x: &Vec<i64>, [top, left, bottom, right]: [i64; 4]) -> Vec<i64> {
        let [c, h, w] = maps(x);
        vec![c, h + top + bottom, w + left + right]
    }

    fn low_pass(&mut self, x: &Vec<i64>, padding: i64, _: f64) -> Vec<i64> {
        resized(x, |side| side + 2 * padding - 3)
    }

    fn low_pass_up(&mut self, x: &Vec<i64>) -> Vec<i64> {
        resized(x, |side| 2 * side)
    }

    fn instance_norm(&mut self, x: &Vec<i64>) -> Vec<i64> {
        x.clone()
    }

    fn rms_norm(&mut self, x: &Vec<i64>) -> Vec<i64> {
        x.clone()
    }

    fn dropout(&mut self, x: &Vec<i64>, _: f64) -> Vec<i64> {
        x.clone()
    }

    fn relu(&mut self, x: &Vec<i64>) -> Vec<i64> {
        x.clone()
    }

    fn relu6(&mut self, x: &Vec<i64>) -> Vec<i64> {
        x.clone()
    }

    fn sloped_relu(&mut self, x: &Vec<i64>, _: f64) -> Vec<i64> {
        x.clone()
    }

    fn tanh(&mut self, x: &Vec<i64>) -> Vec<i64> {
        x.clone()
    }

    fn clamp(&mut self, x: &Vec<i64>) -> Vec<i64> {
        x.clone()
    }

    fn scale(&mut self, x: &Vec<i64>, _: f64) -> Vec<i64> {
        x.clone()
    }
}

impl DiscriminatorLayers for Measure {
    fn minibatch_deviation(&mut self, x: &Vec<i64>, _: i64) -> Vec<i64> {
        let [c, h, w] = maps(x);
        vec![c + 1, h, w]
    }
}
