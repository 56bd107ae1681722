//! What stands in for a pretrained network where none is named: fixed filters of brightness. They
//! know edges and coarse shapes, and nothing of faces.

use tch::{Kind, Reduction, Tensor};

/// Mean absolute difference.
pub(super) fn l1(a: &Tensor, b: &Tensor) -> Tensor {
    a.l1_loss(b, Reduction::Mean)
}

/// Brightness of R′G′B′ pictures `[N, 3, H, W]` (BT.601).
fn brightness(pictures: &Tensor) -> Tensor {
    let weights = Tensor::from_slice(&[0.299f32, 0.587, 0.114]);
    let weights = weights.view([1, 3, 1, 1]).to_device(pictures.device());
    (pictures * weights).sum_dim_intlist([1].as_slice(), true, Kind::Float)
}

/// How steep `[N, 1, H, W]` is at every place: the length of Sobel's gradient, per pixel.
fn steepness(x: &Tensor) -> Tensor {
    let across = Tensor::from_slice(&[-1.0f32, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0]) / 8.0;
    let across = across.view([1, 1, 3, 3]).to_device(x.device());
    let kernels = Tensor::cat(&[&across, &across.transpose(2, 3)], 0);
    let padded = x.pad([1; 4], "replicate", None);
    let none: Option<Tensor> = None;
    let slopes = padded.conv2d(&kernels, none, [1; 2], [0; 2], [1; 2], 1);
    let axes: &[i64] = &[1];
    // Keeps the root's slope finite.
    (slopes.square().sum_dim_intlist(axes, true, Kind::Float) + 1e-8).sqrt()
}

/// Means over squares of `side` pixels.
fn reduced(x: &Tensor, side: i64) -> Tensor {
    x.avg_pool2d([side; 2], [side; 2], [0; 2], false, true, None)
}

/// Mean absolute difference of steepness, and of the means over 2, 4 and 8 pixels with weights 1, ½
/// and ¼: in place of PixelCycleGAN's features. Pictures are of −1 … 1 and at least 8 pixels wide.
pub fn structure(made: &Tensor, truth: &Tensor) -> Tensor {
    let [made, truth] = [made, truth].map(brightness);
    let means = [(2, 1.0), (4, 0.5), (8, 0.25)]
        .map(|(side, weight)| l1(&reduced(&made, side), &reduced(&truth, side)) * weight);
    l1(&steepness(&made), &steepness(&truth)) + means.into_iter().sum::<Tensor>()
}

/// Mean absolute difference of steepness, and of what the next coarser picture lacks (a Laplacian
/// pyramid), at three sizes: in place of the features of SRGAN and its relatives. Pictures are of
/// −1 … 1 and at least 8 pixels wide.
pub fn pyramid(made: &Tensor, truth: &Tensor) -> Tensor {
    let [mut made, mut truth] = [made, truth].map(brightness);
    let mut terms = Vec::new();
    for _ in 0..3 {
        let coarser = [&made, &truth].map(|x| reduced(x, 2));
        let lacking = |x: &Tensor, coarser: &Tensor| {
            let size = x.size();
            x - coarser.upsample_bilinear2d([size[2], size[3]], false, None, None)
        };
        terms.push(l1(&steepness(&made), &steepness(&truth)));
        terms.push(l1(
            &lacking(&made, &coarser[0]),
            &lacking(&truth, &coarser[1]),
        ));
        [made, truth] = coarser;
    }
    terms.into_iter().sum()
}

/// What is said where filters stand in; `term` is the loss.
pub fn warning(term: &str) -> String {
    format!(
        "no feature network (--features FILE): fixed filters of edges and coarse shapes stand in for it in the {term} loss"
    )
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    /// A ramp from left to right, `slope` per pixel.
    fn ramp(slope: f64) -> Tensor {
        let row = Tensor::arange(32, (Kind::Float, Device::Cpu)) * slope - 0.5;
        row.view([1, 1, 1, 32]).expand([1, 3, 32, 32], false)
    }

    #[test]
    fn the_steepness_of_a_ramp_is_its_slope() {
        let steep = steepness(&brightness(&ramp(0.02)));
        let inside = steep.narrow(3, 1, 30);
        let off = (inside - 0.02).abs().max().double_value(&[]);
        assert!(off < 1e-4, "{off}");
    }

    #[test]
    fn equal_pictures_cost_nothing_and_others_have_a_slope() {
        for loss in [structure, pyramid] {
            assert_eq!(loss(&ramp(0.02), &ramp(0.02)).double_value(&[]), 0.0);
            let made = (ramp(0.01) * 1.0).set_requires_grad(true);
            let value = loss(&made, &ramp(0.02));
            value.backward();
            assert!(value.double_value(&[]) > 0.005);
            let slope = made.grad().abs().max().double_value(&[]);
            assert!(slope > 0.0 && slope.is_finite(), "{slope}");
        }
    }
}
