//! Numbers for tensors.

use tch::Tensor;

/// Rows of numbers where `like` is.
pub(super) fn floats<const N: usize>(
    rows: impl Iterator<Item = [f64; N]>,
    like: &Tensor,
) -> Tensor {
    let values: Vec<f32> = rows.flatten().map(|value| value as f32).collect();
    Tensor::from_slice(&values).to_device(like.device())
}
