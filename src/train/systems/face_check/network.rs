//! A few convolutions over a small picture of the mosaic.

use serde::{Deserialize, Serialize};

use crate::face_check::SIDE;
use crate::train::nn::layers::{Conv, Layers, Linear, Padding};
use crate::train::nn::network::{Network, Port};

/// Share of the features that training leaves out at a time (Srivastava et al., 2014).
const LEFT_OUT: f64 = 0.3;

/// Size of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceNet {
    /// Channels at full resolution; twice as many at the end.
    pub width: i64,
}

impl Network for FaceNet {
    fn inputs(&self, _: i64) -> Vec<Port> {
        vec![Port::picture(SIDE as i64)]
    }

    /// `[N, 4]`: the logit of being a face, and where its square is, see `ANSWER` in
    /// [`crate::face_check`].
    fn read<L: Layers>(&self, l: &mut L, inputs: &[L::Value]) -> L::Value {
        let widths = [
            self.width,
            self.width * 4 / 3,
            self.width * 2,
            self.width * 2,
        ];
        let mut x = l.conv(
            "enter",
            &inputs[0],
            Conv::same(3, widths[0], 3, Padding::Zero),
        );
        x = l.relu(&x);
        for (i, pair) in widths.windows(2).enumerate() {
            let halve = Conv::strided(pair[0], pair[1], 3, 2, 1);
            x = l.conv(&format!("halve{i}"), &x, halve);
            x = l.relu(&x);
            let conv = Conv::same(pair[1], pair[1], 3, Padding::Zero);
            x = l.conv(&format!("look{i}"), &x, conv);
            x = l.relu(&x);
        }
        let side = SIDE as i64 / 8;
        let features = widths[3] * side * side;
        x = l.reshape(&x, &[features]);
        x = l.dropout(&x, LEFT_OUT);
        x = l.linear("gather", &x, Linear::new(features, 2 * self.width));
        x = l.relu(&x);
        l.linear("score", &x, Linear::new(2 * self.width, 4))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::nn::network::measure;

    #[test]
    fn it_is_small() {
        let (measure, sides) = measure(&FaceNet { width: 24 }, 0);
        assert_eq!(sides, [4]);
        assert_eq!(measure.parameters, 130_196);
    }
}
