//! StyleGAN2's generator: mapping network, then synthesis with a picture at every size.

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use super::blocks::{Modulated, activate, mapping, to_rgb};
use crate::train::nn::layers::Layers;
use crate::train::nn::network::{Network, Port};

/// Size of the generator. Pictures are nominally −1 … 1, not cut to that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generator {
    /// Channels at 4, 8, 16, … pixels; as many as there are sizes, see [`super::blocks::channels`].
    pub channels: Vec<i64>,
    /// How many random numbers, and numbers of the style's source w (published: 512).
    pub style: i64,
    /// Layers of the mapping network (published: 8).
    pub mapping: usize,
}

impl Generator {
    /// An error for sizes that make no network.
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(
            (2..=9).contains(&self.channels.len()),
            "channels must list 2 to 9 sizes: 8 to 1024 pixels"
        );
        ensure!(
            self.channels.iter().all(|width| (1..=1024).contains(width)),
            "channels must lie in 1 … 1024"
        );
        ensure!(
            (1..=1024).contains(&self.style),
            "style is {}; it must lie in 1 … 1024",
            self.style
        );
        Ok(())
    }

    /// Side of the pictures, pixels.
    pub fn side(&self) -> i64 {
        2 << self.channels.len()
    }

    /// How many sources of styles [`Self::synthesis`] takes.
    pub fn styles(&self) -> usize {
        2 * self.channels.len()
    }

    /// Sides of the noise maps, pixels, in their order.
    pub fn noise_sides(&self) -> Vec<i64> {
        let sides = (0..self.channels.len()).flat_map(|i| [4 << i, 4 << i]);
        sides.skip(1).collect()
    }

    /// The style's source w of random numbers.
    pub fn mapping<L: Layers>(&self, l: &mut L, z: &L::Value) -> L::Value {
        mapping(l, z, self.style, self.mapping)
    }

    /// A picture. `w` gives the source of style number 0 … [`Self::styles`] − 1: a network mixes
    /// styles by giving different ones. `noise` has one map per convolution, `[N, 1, side, side]`
    /// with [`Self::noise_sides`].
    pub fn synthesis<'v, L: Layers>(
        &self,
        l: &mut L,
        w: impl Fn(usize) -> &'v L::Value,
        noise: &[L::Value],
    ) -> L::Value
    where
        L::Value: 'v,
    {
        let first = self.channels[0];
        let start = l.constant("start", w(0), [first, 4, 4]);
        let mut x = self.layer(l, "conv4", &start, w(0), &noise[0], [first, first], false);
        let mut picture = to_rgb(l, "rgb4", &x, w(1), [self.style, first], None);
        for (i, pair) in self.channels.windows(2).enumerate() {
            let (side, [input, output]) = (8 << i, [pair[0], pair[1]]);
            let (up, conv) = (format!("up{side}"), format!("conv{side}"));
            let level = 2 * i + 1;
            let sides = [input, output];
            x = self.layer(l, &up, &x, w(level), &noise[level], sides, true);
            let sides = [output, output];
            x = self.layer(l, &conv, &x, w(level + 1), &noise[level + 1], sides, false);
            let rgb = format!("rgb{side}");
            let sides = [self.style, output];
            picture = to_rgb(l, &rgb, &x, w(level + 2), sides, Some(&picture));
        }
        picture
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one layer, all of it different each time"
    )]
    fn layer<L: Layers>(
        &self,
        l: &mut L,
        name: &str,
        x: &L::Value,
        w: &L::Value,
        noise: &L::Value,
        [input, output]: [i64; 2],
        up: bool,
    ) -> L::Value {
        let modulated = Modulated {
            input,
            output,
            style: self.style,
            up,
        };
        let x = modulated.read(l, name, x, w);
        let noise = l.learned_scale(&format!("{name}.noise"), noise);
        let x = l.add(&x, &noise);
        let x = l.bias(name, &x, output);
        activate(l, &x)
    }
}

impl Network for Generator {
    fn inputs(&self, _: i64) -> Vec<Port> {
        let noise = self.noise_sides().into_iter().enumerate();
        let noise = noise.map(|(i, side)| Port {
            name: format!("noise{i}"),
            sides: vec![1, side, side],
        });
        std::iter::once(Port::latent(&[self.style]))
            .chain(noise)
            .collect()
    }

    fn read<L: Layers>(&self, l: &mut L, inputs: &[L::Value]) -> L::Value {
        let w = self.mapping(l, &inputs[0]);
        self.synthesis(l, |_| &w, &inputs[1..])
    }
}

#[cfg(test)]
mod tests {
    use super::super::blocks::channels;
    use super::*;
    use crate::train::nn::network::measure;
    use crate::train::nn::network::tests::check_parity;

    fn generator(side: i64, base: i64, most: i64, mapping: usize) -> Generator {
        Generator {
            channels: channels(side, base, most),
            style: most,
            mapping,
        }
    }

    #[test]
    fn published_sizes() {
        for (side, base, parameters) in [
            (256, 16_384, 24_767_458),
            (256, 32_768, 30_034_338),
            (512, 32_768, 30_276_583),
            (1024, 32_768, 30_370_060),
        ] {
            let network = generator(side, base, 512, 8);
            let (measured, output) = measure(&network, side);
            assert_eq!(measured.parameters, parameters, "{side}, {base}");
            assert_eq!(output, [3, side, side]);
            assert_eq!(network.side(), side);
        }
        assert_eq!(generator(256, 16_384, 512, 8).styles(), 14);
        assert_eq!(generator(64, 2048, 64, 2).styles(), 10);
    }

    #[test]
    fn small_sizes() {
        for (side, parameters) in [(64, 350_520), (32, 263_987)] {
            let network = generator(side, 32 * side, 64, 2);
            assert_eq!(measure(&network, side).0.parameters, parameters);
        }
    }

    #[test]
    fn parity() {
        check_parity(&generator(32, 256, 16, 2), 32);
    }
}
