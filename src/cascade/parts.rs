//! Parts of a batch, as a graph takes them.

use std::ops::Range;

/// Batch sizes on a GPU. For each new input shape, cuDNN is searched for its fastest convolutions
/// anew, which takes longer than many runs; so there are few shapes.
pub(super) const GPU_BATCHES: [usize; 6] = [1, 2, 4, 8, 16, 32];

/// Turn the order of the channels round in pictures of `area` pixels.
pub(super) fn swap_red_and_blue(pictures: &mut [f32], area: usize) {
    for picture in pictures.chunks_exact_mut(3 * area) {
        let (red, others) = picture.split_at_mut(area);
        red.swap_with_slice(&mut others[area..]);
    }
}

/// The crops `part` of `count` in `numbers`, filled up with zeros to `size` crops. Copied only
/// where they must.
pub(super) fn filled_up<'a>(
    numbers: &'a [f32],
    count: usize,
    part: Range<usize>,
    size: usize,
    padded: &'a mut Vec<f32>,
) -> &'a [f32] {
    let crop = numbers.len() / count;
    let numbers = &numbers[part.start * crop..part.end * crop];
    if part.len() == size {
        return numbers;
    }
    padded.clear();
    padded.extend_from_slice(numbers);
    padded.resize(size * crop, 0.0);
    padded
}

/// Smallest of [`GPU_BATCHES`] that holds `count` crops.
pub(super) fn padded_size(count: usize) -> usize {
    GPU_BATCHES
        .into_iter()
        .find(|&size| size >= count)
        .unwrap_or(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpu_batches_are_filled_up() {
        let sizes = [1, 2, 3, 5, 8, 9, 17, 32].map(padded_size);
        assert_eq!(sizes, [1, 2, 4, 8, 8, 16, 32, 32]);
    }
}
