//! The strength of edges and grain, as a loss: where a restored face is too smooth, whatever its
//! lines.
//!
//! L1 alone makes the mean of all faces that fit, which is smooth, and a discriminator of patches
//! takes long to say so. This term compares how much of the finest detail there is, not where: the
//! root of the mean square of the Laplacian (the quantity of [`crate::metrics::sharpness_ratio`])
//! in squares of 8 × 8 pixels.

use tch::{Kind, Tensor};

/// Side of the squares, pixels.
const SQUARE: i64 = 8;
/// Keeps the root's slope finite where a square is flat; a tenth of a grey level, squared.
const FLAT: f64 = 6e-7;

/// Response to 0 1 0 / 1 −4 1 / 0 1 0 inside pictures `[N, C, H, W]`.
fn laplacian(x: &Tensor) -> Tensor {
    let size = x.size();
    let (height, width) = (size[2] - 2, size[3] - 2);
    let shifted = |top, left| x.narrow(2, top, height).narrow(3, left, width);
    shifted(0, 1) + shifted(2, 1) + shifted(1, 0) + shifted(1, 2) - shifted(1, 1) * 4.0
}

/// Strength of the detail in squares of pictures `[N, C, H, W]`: `[N, C, ⌊(H − 2)/8⌋, ⌊(W −
/// 2)/8⌋]`.
fn strength(x: &Tensor) -> Tensor {
    let square = [SQUARE, SQUARE];
    let energy = laplacian(x)
        .square()
        .avg_pool2d(square, square, [0, 0], false, true, None::<i64>);
    (energy + FLAT).sqrt()
}

/// Mean absolute difference of the strength of detail between `made` and `truth`, both `[N, C, H,
/// W]` of −1 … 1, 10 × 10 pixels or more.
pub(super) fn texture(made: &Tensor, truth: &Tensor) -> Tensor {
    (strength(made) - strength(truth)).abs().mean(Kind::Float)
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    fn noise() -> Tensor {
        tch::manual_seed(1);
        Tensor::rand([1, 3, 34, 34], (Kind::Float, Device::Cpu)) * 2 - 1
    }

    #[test]
    fn of_equal_pictures_is_none() {
        assert_eq!(texture(&noise(), &noise()).double_value(&[]), 0.0);
    }

    #[test]
    fn tells_how_much_not_where() {
        let noise = noise();
        let elsewhere = noise.roll([1], [3]);
        let softer = &noise * 0.5;
        let [elsewhere, softer] = [elsewhere, softer].map(|x| texture(&x, &noise));
        assert!(softer.double_value(&[]) > 3.0 * elsewhere.double_value(&[]));
    }

    #[test]
    fn flat_pictures_have_a_finite_slope() {
        let flat =
            Tensor::zeros([1, 3, 16, 16], (Kind::Float, Device::Cpu)).set_requires_grad(true);
        texture(
            &flat,
            &Tensor::rand([1, 3, 16, 16], (Kind::Float, Device::Cpu)),
        )
        .backward();
        assert!(flat.grad().isfinite().all().int64_value(&[]) == 1);
    }
}
