//! Scaling of planes of floats with a separable filter.
//!
//! A plane is scaled along its columns first where it shrinks and along its rows first where it
//! grows, so that the second pass has the less to do. Weights are kept as long as the geometry
//! stays the same: for the planes of a picture, and for a region that stands still.

use multiversion::multiversion;

/// Numbers that a pass works on side by side.
const LANES: usize = 8;
/// Numbers that are enough for a filter that was not widened.
const NARROW: usize = 4;

/// How a value depends on those around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Filter {
    /// Straight lines between neighbours.
    Triangle,
    /// Cubic curves between neighbours, a = −½.
    CatmullRom,
}

impl Filter {
    /// Reach to either side, samples.
    fn support(self) -> f64 {
        match self {
            Self::Triangle => 1.0,
            Self::CatmullRom => 2.0,
        }
    }

    /// Weight of a sample `distance` samples away, not normalised.
    fn at(self, distance: f64) -> f64 {
        let x = distance.abs();
        match self {
            Self::Triangle => (1.0 - x).max(0.0),
            Self::CatmullRom if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
            Self::CatmullRom if x < 2.0 => ((2.5 - 0.5 * x) * x - 4.0) * x + 2.0,
            Self::CatmullRom => 0.0,
        }
    }
}

/// One axis of a picture: the part `from … from + length` of `samples` becomes `outputs` samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    pub samples: usize,
    pub from: f64,
    pub length: f64,
    pub outputs: usize,
}

/// Weights along an axis. Where the picture shrinks, the filter is widened.
#[derive(Debug, Default)]
struct Axis {
    of: Option<(Filter, Span)>,
    /// The first sample that an output looks at, which is in the picture.
    first: Vec<usize>,
    /// `taps` of each output; they add up to 1, and those of samples outside the picture are 0.
    weights: Vec<f32>,
    /// [`NARROW`], or a multiple of [`LANES`].
    taps: usize,
}

impl Axis {
    fn set(&mut self, filter: Filter, span: Span) {
        if self.of == Some((filter, span)) {
            return;
        }
        self.of = Some((filter, span));
        let scale = span.length / span.outputs as f64;
        let wide = scale.max(1.0);
        let support = filter.support() * wide;
        let needed = 2 * support.ceil() as usize + 1;
        self.taps = match needed.min(span.samples) {
            0..=NARROW => NARROW,
            needed => needed.next_multiple_of(LANES),
        };
        // A reach of two samples touches no more than four of them.
        if filter == Filter::CatmullRom && scale <= 1.0 {
            self.taps = NARROW;
        }
        self.first.clear();
        self.weights.clear();
        for output in 0..span.outputs {
            let centre = span.from + (output as f64 + 0.5) * scale;
            let first = (centre - support + 0.5).floor().max(0.0) as usize;
            let first = first.min(span.samples - 1);
            let end = (first + self.taps).min(span.samples);
            let weight = |sample: usize| filter.at((sample as f64 + 0.5 - centre) / wide);
            let sum: f64 = (first..end).map(weight).sum();
            let start = self.weights.len();
            let weights = (first..end).map(|sample| (weight(sample) / sum) as f32);
            self.weights.extend(weights);
            self.weights.resize(start + self.taps, 0.0);
            self.first.push(first);
        }
    }

    /// For each output: its first sample and its weights.
    fn outputs(&self) -> impl Iterator<Item = (usize, &[f32])> {
        self.first
            .iter()
            .copied()
            .zip(self.weights.chunks_exact(self.taps))
    }
}

/// Scales planes; keeps its memory.
#[derive(Debug, Default)]
pub(super) struct Resampler {
    columns: Axis,
    rows: Axis,
    /// A row with `taps` zeros behind it.
    line: Vec<f32>,
    /// Rows that are scaled already.
    between: Vec<f32>,
}

impl Resampler {
    /// Get ready for planes of these axes (across, down), none of which is empty.
    pub(super) fn prepare(&mut self, filter: Filter, [across, down]: [Span; 2]) {
        self.columns.set(filter, across);
        self.rows.set(filter, down);
    }

    /// Scale `source` to `target`; both are as [`Self::prepare`] was told.
    pub(super) fn run(&mut self, source: &[f32], target: &mut [f32]) {
        let Some((_, down)) = self.rows.of else {
            return;
        };
        if down.outputs as f64 <= down.length {
            self.down_first(source, target);
        } else {
            self.across_first(source, target);
        }
    }

    fn down_first(&mut self, source: &[f32], target: &mut [f32]) {
        let Some((_, across)) = self.columns.of else {
            return;
        };
        let width = across.samples;
        self.line.clear();
        self.line.resize(width + self.columns.taps, 0.0);
        let rows = target.chunks_exact_mut(across.outputs);
        for ((first, weights), row) in self.rows.outputs().zip(rows) {
            add_rows(
                &source[first * width..],
                width,
                weights,
                &mut self.line[..width],
            );
            along(&self.line, &self.columns, row);
        }
    }

    fn across_first(&mut self, source: &[f32], target: &mut [f32]) {
        let (Some((_, across)), Some(last)) = (self.columns.of, self.rows.first.last()) else {
            return;
        };
        let (width, top) = (across.samples, self.rows.first[0]);
        let needed = source.chunks_exact(width).skip(top);
        let needed = needed.take(last + self.rows.taps - top);
        self.line.clear();
        self.line.resize(width + self.columns.taps, 0.0);
        self.between.resize(needed.len() * across.outputs, 0.0);
        for (row, scaled) in needed.zip(self.between.chunks_exact_mut(across.outputs)) {
            self.line[..width].copy_from_slice(row);
            along(&self.line, &self.columns, scaled);
        }
        let rows = target.chunks_exact_mut(across.outputs);
        for ((first, weights), row) in self.rows.outputs().zip(rows) {
            let scaled = &self.between[(first - top) * across.outputs..];
            add_rows(scaled, across.outputs, weights, row);
        }
    }
}

/// Scale a row, behind which there are zeros.
#[multiversion(targets("x86_64+avx2+fma"))]
fn along(line: &[f32], axis: &Axis, target: &mut [f32]) {
    if axis.taps == NARROW {
        for ((first, weights), value) in axis.outputs().zip(target) {
            let [a, b, c, d] = products::<NARROW>(&line[first..], weights);
            *value = (a + c) + (b + d);
        }
    } else {
        for ((first, weights), value) in axis.outputs().zip(target) {
            let [a, b, c, d, e, f, g, h] = products::<LANES>(&line[first..], weights);
            *value = ((a + e) + (c + g)) + ((b + f) + (d + h));
        }
    }
}

/// Samples times weights, every `N`th of them summed up.
#[inline(always)]
fn products<const N: usize>(samples: &[f32], weights: &[f32]) -> [f32; N] {
    let (samples, weights) = (samples.as_chunks::<N>().0, weights.as_chunks::<N>().0);
    let mut sums = [0.0; N];
    for (samples, weights) in samples.iter().zip(weights) {
        for i in 0..N {
            sums[i] += samples[i] * weights[i];
        }
    }
    sums
}

/// Sum of the rows of `width` in `source`, as far as there are some, times their weights.
#[multiversion(targets("x86_64+avx2+fma"))]
fn add_rows(source: &[f32], width: usize, weights: &[f32], target: &mut [f32]) {
    /// Numbers that are summed up in registers.
    const WIDE: usize = 4 * LANES;
    let (chunks, rest) = target.as_chunks_mut::<WIDE>();
    for (index, chunk) in chunks.iter_mut().enumerate() {
        let mut sums = [0f32; WIDE];
        for (row, weight) in source.chunks(width).zip(weights) {
            if let Some(samples) = row.get(index * WIDE..).and_then(|row| row.first_chunk()) {
                let _: &[f32; WIDE] = samples;
                for i in 0..WIDE {
                    sums[i] += samples[i] * weight;
                }
            }
        }
        *chunk = sums;
    }
    let start = width - rest.len();
    rest.fill(0.0);
    for (row, weight) in source.chunks_exact(width).zip(weights) {
        for (value, sample) in rest.iter_mut().zip(&row[start..]) {
            *value += sample * weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use fast_image_resize::images::{Image, ImageRef};
    use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

    use super::*;

    /// What a library makes of it.
    fn expected(source: &[f32], filter: Filter, [across, down]: [Span; 2]) -> Vec<f32> {
        let filter = match filter {
            Filter::Triangle => FilterType::Bilinear,
            Filter::CatmullRom => FilterType::CatmullRom,
        };
        let options = ResizeOptions::new()
            .crop(across.from, down.from, across.length, down.length)
            .resize_alg(ResizeAlg::Convolution(filter));
        let size = [across, down].map(|axis| axis.samples as u32);
        let bytes = bytemuck::cast_slice(source);
        let source = ImageRef::new(size[0], size[1], bytes, PixelType::F32).unwrap();
        let size = [across, down].map(|axis| axis.outputs as u32);
        let mut target = Image::new(size[0], size[1], PixelType::F32);
        let mut resizer = Resizer::new();
        resizer.resize(&source, &mut target, &options).unwrap();
        bytemuck::cast_slice(target.buffer()).to_vec()
    }

    #[test]
    fn the_same_as_a_library() {
        let mut resampler = Resampler::default();
        let axis = |samples: usize, from: f64, length: f64, outputs: usize| Span {
            samples,
            from,
            length,
            outputs,
        };
        for (across, down) in [
            (axis(390, 0.5, 389.0, 128), axis(390, 0.25, 389.0, 128)),
            (axis(128, 12.3, 98.5, 300), axis(128, 0.0, 101.0, 311)),
            (axis(7, 0.0, 7.0, 64), axis(900, 3.0, 890.0, 64)),
            (axis(64, 10.0, 32.0, 32), axis(64, 8.0, 32.0, 32)),
            (axis(1, 0.0, 1.0, 9), axis(3, 0.5, 2.0, 1)),
            (axis(128, 100.0, 28.0, 19), axis(128, 110.0, 18.0, 45)),
        ] {
            let pixel = |i: usize| ((i * 7919) % 256) as f32;
            let source: Vec<f32> = (0..across.samples * down.samples).map(pixel).collect();
            for filter in [Filter::Triangle, Filter::CatmullRom] {
                let mut found = vec![f32::NAN; across.outputs * down.outputs];
                resampler.prepare(filter, [across, down]);
                resampler.run(&source, &mut found);
                let expected = expected(&source, filter, [across, down]);
                for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
                    assert!(
                        (found - expected).abs() < 0.02,
                        "{across:?} {down:?} {filter:?}, {i}: {found} {expected}"
                    );
                }
            }
        }
    }
}
