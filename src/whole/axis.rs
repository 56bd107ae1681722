//! Where the tiles of a picture lie along one of its axes, and how much each says about a pixel.

use crate::cascade::ModelMetadata;

/// The tiles along one axis, in pixels of the network's input.
///
/// Neighbours overlap. In the middle half of what they share, one fades into the other; the outer
/// quarters count for nothing, since near its edges a tile lacks what is around it. So where a
/// network sees no farther than a quarter of the overlap, and its tiles start at multiples of what
/// it halves by, tiles give what the whole picture gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    /// Pixels of a tile.
    pub(super) tile: usize,
    /// First pixels of the tiles, rising from 0.
    pub(super) starts: Vec<usize>,
    /// Pixels that neighbours share at least.
    overlap: usize,
}

impl Axis {
    /// Tiles of `tile` pixels with `overlap` over `length`, all as the model of `metadata` takes
    /// them: sides that it does not take become longer. What is shorter than a tile gets one of its
    /// own.
    pub(super) fn new(
        length: usize,
        metadata: &ModelMetadata,
        tile: usize,
        overlap: usize,
    ) -> Self {
        let multiple = metadata.multiple.unwrap_or(1);
        let tile = taken(metadata, tile);
        let whole = match metadata.multiple {
            Some(_) => taken(metadata, length),
            None => length.max(tile),
        };
        let overlap = shared(metadata, tile, overlap);
        if whole <= tile {
            return Self {
                tile: whole,
                starts: vec![0],
                overlap,
            };
        }
        let (last, step) = (whole - tile, tile - overlap);
        let steps = last.div_ceil(step);
        // Evenly: rounding down to multiples makes no step longer than `step`, which is one.
        let start = |i: usize| i * last / steps / multiple * multiple;
        Self {
            tile,
            starts: (0..=steps).map(start).collect(),
            overlap,
        }
    }

    /// How much tile `index` says about each of its pixels, 0 … 1, `scale` numbers a pixel; of all
    /// tiles there is 1 in all.
    pub(super) fn weights(&self, index: usize, scale: usize) -> Vec<f32> {
        let start = self.starts[index];
        let seam = |index: usize| {
            let [before, after] = [
                self.starts.get(index.wrapping_sub(1)),
                self.starts.get(index),
            ];
            Some((before? + self.tile + after?) as f64 / 2.0)
        };
        let (first, last) = (seam(index), seam(index + 1));
        let half = self.overlap as f64 / 4.0;
        // How much of the tile behind a seam is seen at a place.
        let behind = |seam: f64, place: f64| match half > 0.0 {
            true => ((place - seam + half) / (2.0 * half)).clamp(0.0, 1.0),
            false => f64::from(place > seam),
        };
        let weight = |i: usize| {
            let place = start as f64 + (i as f64 + 0.5) / scale as f64;
            let rising = first.map_or(1.0, |seam| behind(seam, place));
            let falling = last.map_or(1.0, |seam| 1.0 - behind(seam, place));
            (rising * falling) as f32
        };
        (0..self.tile * scale).map(weight).collect()
    }
}

/// Pixels that neighbours share where `overlap` is asked for: at most a half of a tile, so that no
/// more than two meet.
pub(super) fn shared(metadata: &ModelMetadata, tile: usize, overlap: usize) -> usize {
    let multiple = metadata.multiple.unwrap_or(1);
    let most = taken(metadata, tile) / 2 / multiple * multiple;
    overlap.next_multiple_of(multiple).min(most)
}

/// The shortest side of at least `length` pixels that the model takes, or the only one.
pub(super) fn taken(metadata: &ModelMetadata, length: usize) -> usize {
    let size = metadata.size;
    let Some(multiple) = metadata.multiple else {
        return size;
    };
    let open = length.max(metadata.least_side()).next_multiple_of(multiple);
    if length <= size { open.min(size) } else { open }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cascade::{MosaicInput, ValueRange, Window};

    fn metadata(size: usize, multiple: Option<usize>) -> ModelMetadata {
        ModelMetadata {
            size,
            scale: 1,
            range: ValueRange::Unit,
            margin: 1.0,
            mosaic: MosaicInput::Blocks,
            blocks: (1.0, 8.0),
            trained_on: "nothing".into(),
            license: "MIT".into(),
            multiple,
            window: Window::default(),
        }
    }

    #[test]
    fn tiles_cover_all_and_fade_into_each_other() {
        for (size, multiple) in [(64, None), (64, Some(1)), (64, Some(4)), (64, Some(64))] {
            let metadata = metadata(size, multiple);
            for (length, tile, overlap) in [
                (1, 64, 16),
                (64, 64, 16),
                (65, 64, 32),
                (500, 64, 0),
                (997, 128, 500),
            ] {
                let axis = Axis::new(length, &metadata, tile, overlap);
                assert!(metadata.takes_side(axis.tile), "{axis:?}");
                let end = axis.starts[axis.starts.len() - 1] + axis.tile;
                assert!(end >= length, "{axis:?}");
                let mut sums = vec![0.0; 2 * end];
                for (index, start) in axis.starts.iter().enumerate() {
                    assert!(start.is_multiple_of(multiple.unwrap_or(1)), "{axis:?}");
                    let weights = axis.weights(index, 2);
                    let covered = sums[2 * start..].iter_mut().zip(weights);
                    covered.for_each(|(sum, weight)| *sum += weight);
                }
                assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-6), "{axis:?}");
                for two in axis.starts.windows(2) {
                    assert!(two[0] + axis.tile >= two[1] + axis.overlap, "{axis:?}");
                }
            }
        }
    }

    #[test]
    fn a_quarter_of_the_overlap_counts_for_nothing() {
        let axis = Axis::new(200, &metadata(64, Some(1)), 64, 16);
        assert!(axis.starts.len() > 3);
        let weights = axis.weights(1, 1);
        assert!(
            weights[..4]
                .iter()
                .chain(&weights[60..])
                .all(|&it| it == 0.0)
        );
        assert!(weights[20..44].iter().all(|&it| it == 1.0));
        assert_eq!(axis.weights(0, 1)[0], 1.0);
    }
}
