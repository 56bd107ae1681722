//! GPEN's encoder and decoder; the decoder alone is the prior that is trained first.
//!
//! The deepest features give the style, all others take the places of the noise, which this decoder
//! puts beside its maps instead of on top of them. Source: yangxy/GPEN. The discriminator is that
//! of [`stylegan2`](super::super::stylegan2).

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use crate::train::nn::layers::{Conv, Layers, Linear, Padding};
use crate::train::nn::network::{Network, Port};
use crate::train::systems::stylegan2::blocks::{Modulated, activate, conv_act, mapping, to_rgb};

/// Size of the network. Pictures are `[N, 3, side, side]`, nominally −1 … 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gpen {
    /// Channels at 4, 8, 16, … pixels, see [`Self::published_channels`].
    pub channels: Vec<i64>,
    /// Numbers in the style (published: 512).
    pub style: i64,
    /// Layers of the mapping network (published: 8).
    pub mapping: usize,
}

impl Gpen {
    /// Channels for `side` pixels: `multiplier` (1 or 2) widens 64 pixels and above, `narrow`
    /// everything.
    pub fn published_channels(side: i64, multiplier: i64, narrow: f64) -> Vec<i64> {
        let levels = (side / 4).ilog2();
        let width = |level: u32| match level {
            0..4 => 512,
            _ => (4096 >> level) * multiplier,
        };
        let scaled = |level| (f64::from(width(level) as i32) * narrow) as i64;
        (0..=levels).map(scaled).collect()
    }

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

    /// Features of `picture` at 4, 8, … pixels, and random numbers of a kind, `[N, style]`.
    pub fn encoder<L: Layers>(&self, l: &mut L, picture: &L::Value) -> (Vec<L::Value>, L::Value) {
        let levels = self.channels.len();
        let mut width = self.channels[levels - 1];
        let enter = Conv::same(3, width, 1, Padding::Zero).equalised();
        let x = l.conv("encode.enter", picture, enter);
        let mut features = vec![activate(l, &x)];
        for level in (0..levels - 1).rev() {
            let next = self.channels[level];
            let name = format!("encode{}", 4 << level);
            let x = conv_act(l, &name, &features[0], [width, next], true);
            features.insert(0, x);
            width = next;
        }
        let flat = l.reshape(&features[0], &[16 * width]);
        let linear = Linear::new(16 * width, self.style).equalised(1.0, 0.0);
        let z = l.linear("encode.z", &flat, linear);
        (features, activate(l, &z))
    }

    /// The style's source w of random numbers, or of what the encoder gives instead.
    pub fn mapping<L: Layers>(&self, l: &mut L, z: &L::Value) -> L::Value {
        mapping(l, z, self.style, self.mapping)
    }

    /// How many sources of styles [`Self::synthesis`] takes.
    pub fn styles(&self) -> usize {
        2 * self.channels.len()
    }

    /// A picture. `w` gives the source of style number 0 … [`Self::styles`] − 1: different ones
    /// while the prior is trained with mixed styles. `beside` has maps at 4, 8, … pixels, as many
    /// channels as the network has there: features of an encoder, or noise while the prior is
    /// trained.
    pub fn synthesis<'v, L: Layers>(
        &self,
        l: &mut L,
        w: impl Fn(usize) -> &'v L::Value,
        beside: &[L::Value],
    ) -> L::Value
    where
        L::Value: 'v,
    {
        let first = self.channels[0];
        let start = l.constant("start", w(0), [first, 4, 4]);
        let inputs = [&start, w(0), &beside[0]];
        let mut x = self.layer(l, "conv4", inputs, [first, first], false);
        let mut picture = to_rgb(l, "rgb4", &x, w(1), [self.style, 2 * first], None);
        for (i, pair) in self.channels.windows(2).enumerate() {
            let (side, [input, output]) = (8 << i, [2 * pair[0], pair[1]]);
            let (beside, level) = (&beside[i + 1], 2 * i + 1);
            let (up, conv) = (format!("up{side}"), format!("conv{side}"));
            let inputs = [&x, w(level), beside];
            x = self.layer(l, &up, inputs, [input, output], true);
            let inputs = [&x, w(level + 1), beside];
            x = self.layer(l, &conv, inputs, [2 * output, output], false);
            let (rgb, sides) = (format!("rgb{side}"), [self.style, 2 * output]);
            picture = to_rgb(l, &rgb, &x, w(level + 2), sides, Some(&picture));
        }
        picture
    }

    /// Twice `output` channels: what the convolution makes, and what stands beside it, as loud as
    /// learned.
    fn layer<L: Layers>(
        &self,
        l: &mut L,
        name: &str,
        [x, w, beside]: [&L::Value; 3],
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
        let beside = l.learned_scale(&format!("{name}.beside"), beside);
        let x = l.concat(&x, &beside);
        let x = l.bias(name, &x, 2 * output);
        activate(l, &x)
    }
}

impl Network for Gpen {
    fn inputs(&self, _: i64) -> Vec<Port> {
        vec![Port::picture(self.side())]
    }

    fn read<L: Layers>(&self, l: &mut L, inputs: &[L::Value]) -> L::Value {
        let (features, z) = self.encoder(l, &inputs[0]);
        let w = self.mapping(l, &z);
        self.synthesis(l, |_| &w, &features)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::nn::layers::Measure;
    use crate::train::nn::network::measure;
    use crate::train::nn::network::tests::check_parity;
    use crate::train::systems::stylegan2::discriminator::DiscriminatorNetwork;

    fn published(side: i64, multiplier: i64, narrow: f64) -> Gpen {
        Gpen {
            channels: Gpen::published_channels(side, multiplier, narrow),
            style: 512,
            mapping: 8,
        }
    }

    #[test]
    fn published_sizes() {
        for (side, multiplier, narrow, parameters) in [
            (256, 2, 1.0, 70_447_138),
            (512, 2, 1.0, 71_005_223),
            (1024, 2, 1.0, 71_210_540),
            (256, 1, 0.5, 18_879_010),
            (512, 1, 0.5, 18_963_239),
        ] {
            let network = published(side, multiplier, narrow);
            let (measured, output) = measure(&network, side);
            assert_eq!(measured.parameters, parameters, "{side}, {multiplier}");
            assert_eq!(output, [3, side, side]);
        }
        for (side, parameters) in [(256, 28_864_129), (512, 28_982_849)] {
            let channels = Gpen::published_channels(side, 2, 1.0);
            let mut l = Measure::default();
            DiscriminatorNetwork { channels }.read(&mut l, &vec![3, side, side], 1);
            assert_eq!(l.parameters, parameters);
        }
    }

    fn small(channels: &[i64], style: i64) -> Gpen {
        Gpen {
            channels: channels.to_vec(),
            style,
            mapping: 2,
        }
    }

    #[test]
    fn small_sizes() {
        let channels = [64, 64, 64, 32, 16];
        let network = small(&channels, 64);
        assert_eq!(measure(&network, 64).0.parameters, 662_552);
        let mut l = Measure::default();
        let channels = channels.to_vec();
        DiscriminatorNetwork { channels }.read(&mut l, &vec![3, 64, 64], 1);
        assert_eq!(l.parameters, 296_401);
    }

    #[test]
    fn parity() {
        check_parity(&small(&[16, 12, 8, 4], 16), 32);
    }
}
