//! The readings that run a network in libtorch.

use tch::{Kind, Tensor};

use super::{Conv, DiscriminatorLayers, Grid, Layers, Linear, Padding, Parameters};

/// Runs a network as it is exported: batch norms by what they remember, no dropout.
pub struct Forward<'a>(pub &'a Parameters);

/// Runs a network as it is trained: batch norms by the batch, whose statistics they remember; with
/// dropout.
pub struct Training<'a>(pub &'a Parameters);

/// How batch norms weigh the latest batch in what they remember.
const MOMENTUM: f64 = 0.1;

/// A pass through a network, in training or not.
pub trait Pass {
    /// Whether batch norm and dropout work as in training.
    const TRAINING: bool;
    /// The network's parameters.
    fn parameters(&self) -> &Parameters;
}

impl Pass for Forward<'_> {
    const TRAINING: bool = false;

    fn parameters(&self) -> &Parameters {
        self.0
    }
}

impl Pass for Training<'_> {
    const TRAINING: bool = true;

    fn parameters(&self) -> &Parameters {
        self.0
    }
}

fn part<'a>(pass: &'a impl Pass, name: &str, part: &str) -> &'a Tensor {
    &pass.parameters()[&format!("{name}.{part}")]
}

/// The weight and bias of a convolution as they are used.
fn kernel<'a>(pass: &'a impl Pass, name: &str, conv: &Conv) -> (Tensor, Option<&'a Tensor>) {
    let weight = part(pass, name, "weight");
    let weight = match conv.equalised {
        true => weight * conv.gain(),
        false => weight.shallow_clone(),
    };
    (weight, conv.bias.then(|| part(pass, name, "bias")))
}

/// The filter `[1, 3, 3, 1]/8` in both directions, once per channel of `x`.
fn filter(x: &Tensor, gain: f64) -> Tensor {
    let row = Tensor::from_slice(&[1.0f32, 3.0, 3.0, 1.0]).to_device(x.device());
    let square = row.outer(&row) * (gain / 64.0);
    square.expand([x.size()[1], 1, 4, 4], false).contiguous()
}

impl<P: Pass> Layers for P {
    type Value = Tensor;

    fn conv(&mut self, name: &str, x: &Tensor, conv: Conv) -> Tensor {
        let (weight, bias) = kernel(self, name, &conv);
        let x = &x.to_kind(weight.kind());
        let s = conv.stride;
        let p = conv.padding;
        let mode = match conv.mode {
            Padding::Zero => return x.conv2d(&weight, bias, [s, s], [p, p], [1, 1], conv.groups),
            Padding::Reflect => "reflect",
            Padding::Replicate => "replicate",
        };
        let padded = if p == 0 {
            x.shallow_clone()
        } else {
            x.pad([p, p, p, p], mode, None)
        };
        padded.conv2d(&weight, bias, [s, s], [0, 0], [1, 1], conv.groups)
    }

    fn conv_transpose(&mut self, name: &str, x: &Tensor, conv: Conv) -> Tensor {
        let (weight, bias) = kernel(self, name, &conv);
        let [stride, padding, more] = [conv.stride, conv.padding, conv.output_padding];
        x.to_kind(weight.kind()).conv_transpose2d(
            &weight,
            bias,
            [stride; 2],
            [padding; 2],
            [more; 2],
            1,
            [1; 2],
        )
    }

    fn linear(&mut self, name: &str, x: &Tensor, linear: Linear) -> Tensor {
        let (weight, bias) = (part(self, name, "weight"), part(self, name, "bias"));
        let (factor, bias_factor) = linear.gains();
        if linear.equalised.is_none() {
            return x.linear(weight, Some(bias));
        }
        x.linear(&(weight * factor), Some(&(bias * bias_factor)))
    }

    fn bias(&mut self, name: &str, x: &Tensor, channels: i64) -> Tensor {
        x + part(self, name, "bias").view([1, channels, 1, 1])
    }

    fn learned_scale(&mut self, name: &str, x: &Tensor) -> Tensor {
        x * part(self, name, "scale")
    }

    fn constant(&mut self, name: &str, like: &Tensor, [c, h, w]: [i64; 3]) -> Tensor {
        let maps = part(self, name, "maps");
        maps.unsqueeze(0).expand([like.size()[0], c, h, w], false)
    }

    fn demodulation(&mut self, name: &str, style: &Tensor, conv: Conv, transposed: bool) -> Tensor {
        let (weight, _) = kernel(self, name, &conv);
        let power = weight
            .square()
            .sum_dim_intlist([2i64, 3].as_slice(), false, Kind::Float);
        let power = if transposed { power } else { power.tr() };
        let factors = (style.square().matmul(&power) + 1e-8).rsqrt();
        factors.view([-1, conv.output, 1, 1])
    }

    fn instance_norm(&mut self, x: &Tensor) -> Tensor {
        let none: [Option<Tensor>; 4] = [None, None, None, None];
        let [weight, bias, mean, variance] = none;
        x.instance_norm(weight, bias, mean, variance, true, 0.0, 1e-5, true)
    }

    fn batch_norm(&mut self, name: &str, x: &Tensor, _: i64) -> Tensor {
        let [scale, shift, mean, variance] =
            ["scale", "shift", "mean", "variance"].map(|p| Some(part(self, name, p)));
        x.batch_norm(
            scale,
            shift,
            mean,
            variance,
            P::TRAINING,
            MOMENTUM,
            1e-5,
            false,
        )
    }

    fn rms_norm(&mut self, x: &Tensor) -> Tensor {
        let power = x.square().mean_dim([1i64].as_slice(), true, Kind::Float);
        x * (power + 1e-8).rsqrt()
    }

    fn dropout(&mut self, x: &Tensor, share: f64) -> Tensor {
        x.dropout(share, P::TRAINING)
    }

    fn relu(&mut self, x: &Tensor) -> Tensor {
        x.relu()
    }

    fn relu6(&mut self, x: &Tensor) -> Tensor {
        x.clamp(0.0, 6.0)
    }

    fn sloped_relu(&mut self, x: &Tensor, slope: f64) -> Tensor {
        // `leaky_relu` has no slope here. `prelu` is a single pass over memory, but its way back
        // adds up a slope for the slope, number by number.
        match x.requires_grad() {
            true => x * slope + x.relu() * (1.0 - slope),
            false => x.prelu(&Tensor::full([1], slope, (x.kind(), x.device()))),
        }
    }

    fn prelu(&mut self, name: &str, x: &Tensor, _: i64) -> Tensor {
        x.prelu(&part(self, name, "slope").to_kind(x.kind()))
    }

    fn tanh(&mut self, x: &Tensor) -> Tensor {
        x.tanh()
    }

    fn clamp(&mut self, x: &Tensor) -> Tensor {
        let cut = x.clamp(-1.0, 1.0);
        match x.requires_grad() {
            // The slope is 1 everywhere: what has left the range would not find back without one.
            true => x + (cut - x).detach(),
            false => cut,
        }
    }

    fn scale(&mut self, x: &Tensor, factor: f64) -> Tensor {
        x * factor
    }

    fn add(&mut self, a: &Tensor, b: &Tensor) -> Tensor {
        a + b
    }

    fn mul(&mut self, a: &Tensor, b: &Tensor) -> Tensor {
        a * b
    }

    fn concat_all(&mut self, values: &[&Tensor]) -> Tensor {
        Tensor::cat(values, 1)
    }

    fn first_channels(&mut self, x: &Tensor, count: i64) -> Tensor {
        x.narrow(1, 0, count)
    }

    fn reshape(&mut self, x: &Tensor, sides: &[i64]) -> Tensor {
        let shape: Vec<i64> = std::iter::once(-1).chain(sides.iter().copied()).collect();
        x.reshape(shape)
    }

    fn max_pool(&mut self, x: &Tensor) -> Tensor {
        x.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false)
    }

    fn average_pool(&mut self, x: &Tensor) -> Tensor {
        x.avg_pool2d([2, 2], [2, 2], [0, 0], false, true, None)
    }

    fn upsample(&mut self, x: &Tensor) -> Tensor {
        let size = x.size();
        x.upsample_nearest2d([2 * size[2], 2 * size[3]], None, None)
    }

    fn bilinear(&mut self, x: &Tensor, factor: i64, grid: Grid) -> Tensor {
        let size = x.size();
        let corners = grid == Grid::AlignCorners;
        x.upsample_bilinear2d([factor * size[2], factor * size[3]], corners, None, None)
    }

    fn pixel_shuffle_by(&mut self, x: &Tensor, factor: i64) -> Tensor {
        x.pixel_shuffle(factor)
    }

    fn pixel_unshuffle(&mut self, x: &Tensor, _: i64, factor: i64) -> Tensor {
        x.pixel_unshuffle(factor)
    }

    fn pad(&mut self, x: &Tensor, [top, left, bottom, right]: [i64; 4]) -> Tensor {
        x.constant_pad_nd([left, right, top, bottom])
    }

    fn low_pass(&mut self, x: &Tensor, padding: i64, gain: f64) -> Tensor {
        let none: Option<Tensor> = None;
        let channels = x.size()[1];
        x.conv2d(
            &filter(x, gain),
            none,
            [1; 2],
            [padding; 2],
            [1; 2],
            channels,
        )
    }

    fn low_pass_up(&mut self, x: &Tensor) -> Tensor {
        let none: Option<Tensor> = None;
        let channels = x.size()[1];
        x.conv_transpose2d(
            &filter(x, 4.0),
            none,
            [2; 2],
            [1; 2],
            [0; 2],
            channels,
            [1; 2],
        )
    }
}

impl<P: Pass> DiscriminatorLayers for P {
    fn minibatch_deviation(&mut self, x: &Tensor, group: i64) -> Tensor {
        let (n, c, h, w) = x.size4().expect("feature maps have four axes");
        let grouped = x.reshape([group, n / group, c, h, w]);
        let centred = &grouped - grouped.mean_dim([0i64].as_slice(), true, Kind::Float);
        let variance = centred
            .square()
            .mean_dim([0i64].as_slice(), false, Kind::Float);
        let deviation = (variance + 1e-8).sqrt();
        let one = deviation.mean_dim([1i64, 2, 3].as_slice(), false, Kind::Float);
        let map = one.repeat([group]).view([n, 1, 1, 1]);
        Tensor::cat(&[x, &map.expand([n, 1, h, w], false)], 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_keeps_its_slope() {
        let x = Tensor::from_slice(&[-3.0f32, 0.5, 2.0]).set_requires_grad(true);
        let cut = Forward(&Parameters::new()).clamp(&x);
        (&cut * 2.0).sum(Kind::Float).backward();
        let values = |x: &Tensor| Vec::<f32>::try_from(x).unwrap();
        assert_eq!(values(&cut), [-1.0, 0.5, 1.0]);
        assert_eq!(values(&x.grad()), [2.0; 3]);
    }
}
