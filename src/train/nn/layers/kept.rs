//! The reading that counts what libtorch keeps of a pass for the way back.
//!
//! A map is kept once, however many layers want it. Which layers keep their input, their result or
//! something else is libtorch's, in single precision on the CPU.

use std::collections::BTreeSet;

use super::{Conv, DiscriminatorLayers, Grid, Layers, Linear, Measure, Padding};

/// Counts the numbers that are kept of one entry.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Parameters and operations.
    pub measure: Measure,
    /// Numbers that are kept.
    pub numbers: i64,
    /// Numbers of the largest map.
    pub largest: i64,
    made: usize,
    kept: BTreeSet<usize>,
}

/// Maps or features of one entry.
#[derive(Clone, Debug)]
pub struct Map {
    sides: Vec<i64>,
    /// Which memory they lie in, and its size.
    place: usize,
    numbers: i64,
}

fn count(sides: &[i64]) -> i64 {
    sides.iter().product()
}

impl Kept {
    /// Maps or features of these sides that are given from outside.
    pub fn entry(&mut self, sides: &[i64]) -> Map {
        self.made(sides.to_vec())
    }

    /// What is kept of a network that is read by `read`.
    pub fn of(read: impl FnOnce(&mut Self)) -> Self {
        let mut kept = Self::default();
        read(&mut kept);
        kept
    }

    /// The same, with `times` as many passes.
    pub fn times(&self, times: f64) -> i64 {
        (self.numbers as f64 * times) as i64
    }

    fn made(&mut self, sides: Vec<i64>) -> Map {
        let numbers = count(&sides);
        self.made += 1;
        self.largest = self.largest.max(numbers);
        Map {
            sides,
            place: self.made,
            numbers,
        }
    }

    fn keep(&mut self, map: &Map) {
        if self.kept.insert(map.place) {
            self.numbers += map.numbers;
        }
    }

    /// A result that is kept itself.
    fn made_and_kept(&mut self, sides: Vec<i64>) -> Map {
        let made = self.made(sides);
        self.keep(&made);
        made
    }

    /// The same memory seen in other sides.
    fn seen_as(map: &Map, sides: Vec<i64>) -> Map {
        Map {
            sides,
            ..map.clone()
        }
    }

    /// A convolution's input, around which something may be put.
    fn keep_padded(&mut self, x: &Map, conv: &Conv) {
        self.keep(x);
        if conv.padding > 0 && conv.mode != Padding::Zero {
            let around = 2 * conv.padding;
            let padded = [x.sides[0], x.sides[1] + around, x.sides[2] + around];
            let _ = self.made_and_kept(padded.to_vec());
        }
    }
}

impl Layers for Kept {
    type Value = Map;

    fn conv(&mut self, name: &str, x: &Map, conv: Conv) -> Map {
        self.keep_padded(x, &conv);
        let sides = self.measure.conv(name, &x.sides, conv);
        self.made(sides)
    }

    fn conv_transpose(&mut self, name: &str, x: &Map, conv: Conv) -> Map {
        self.keep(x);
        let sides = self.measure.conv_transpose(name, &x.sides, conv);
        self.made(sides)
    }

    fn linear(&mut self, name: &str, x: &Map, linear: Linear) -> Map {
        self.keep(x);
        let sides = self.measure.linear(name, &x.sides, linear);
        self.made(sides)
    }

    fn bias(&mut self, name: &str, x: &Map, channels: i64) -> Map {
        let sides = self.measure.bias(name, &x.sides, channels);
        self.made(sides)
    }

    fn learned_scale(&mut self, name: &str, x: &Map) -> Map {
        self.keep(x);
        let sides = self.measure.learned_scale(name, &x.sides);
        self.made(sides)
    }

    fn constant(&mut self, name: &str, like: &Map, sides: [i64; 3]) -> Map {
        let sides = self.measure.constant(name, &like.sides, sides);
        self.made(sides)
    }

    fn demodulation(&mut self, name: &str, style: &Map, conv: Conv, transposed: bool) -> Map {
        self.keep(style);
        let sides = self
            .measure
            .demodulation(name, &style.sides, conv, transposed);
        self.made_and_kept(sides)
    }

    fn instance_norm(&mut self, x: &Map) -> Map {
        self.keep(x);
        self.made(x.sides.clone())
    }

    fn batch_norm(&mut self, name: &str, x: &Map, channels: i64) -> Map {
        self.keep(x);
        let sides = self.measure.batch_norm(name, &x.sides, channels);
        self.made(sides)
    }

    fn rms_norm(&mut self, x: &Map) -> Map {
        self.keep(x);
        self.made(x.sides.clone())
    }

    /// Keeps which numbers were left.
    fn dropout(&mut self, x: &Map, _: f64) -> Map {
        let _ = self.made_and_kept(x.sides.clone());
        self.made(x.sides.clone())
    }

    fn relu(&mut self, x: &Map) -> Map {
        self.made_and_kept(x.sides.clone())
    }

    fn relu6(&mut self, x: &Map) -> Map {
        self.keep(x);
        self.made(x.sides.clone())
    }

    /// Is made of a rectified map, which is kept.
    fn sloped_relu(&mut self, x: &Map, _: f64) -> Map {
        let _ = self.made_and_kept(x.sides.clone());
        self.made(x.sides.clone())
    }

    fn prelu(&mut self, name: &str, x: &Map, channels: i64) -> Map {
        self.keep(x);
        let sides = self.measure.prelu(name, &x.sides, channels);
        self.made(sides)
    }

    fn tanh(&mut self, x: &Map) -> Map {
        self.made_and_kept(x.sides.clone())
    }

    fn clamp(&mut self, x: &Map) -> Map {
        self.keep(x);
        self.made(x.sides.clone())
    }

    fn scale(&mut self, x: &Map, _: f64) -> Map {
        self.made(x.sides.clone())
    }

    fn add(&mut self, a: &Map, b: &Map) -> Map {
        let sides = self.measure.add(&a.sides, &b.sides);
        self.made(sides)
    }

    fn mul(&mut self, a: &Map, b: &Map) -> Map {
        self.keep(a);
        self.keep(b);
        let sides = self.measure.mul(&a.sides, &b.sides);
        self.made(sides)
    }

    fn concat_all(&mut self, values: &[&Map]) -> Map {
        let all: Vec<&Vec<i64>> = values.iter().map(|value| &value.sides).collect();
        let sides = self.measure.concat_all(&all);
        self.made(sides)
    }

    fn first_channels(&mut self, x: &Map, count: i64) -> Map {
        let sides = self.measure.first_channels(&x.sides, count);
        Self::seen_as(x, sides)
    }

    fn reshape(&mut self, x: &Map, sides: &[i64]) -> Map {
        let sides = self.measure.reshape(&x.sides, sides);
        Self::seen_as(x, sides)
    }

    /// Keeps where each largest number was, in twice the bytes.
    fn max_pool(&mut self, x: &Map) -> Map {
        self.keep(x);
        let sides = self.measure.max_pool(&x.sides);
        self.numbers += 2 * count(&sides);
        self.made(sides)
    }

    fn average_pool(&mut self, x: &Map) -> Map {
        self.keep(x);
        let sides = self.measure.average_pool(&x.sides);
        self.made(sides)
    }

    fn upsample(&mut self, x: &Map) -> Map {
        let sides = self.measure.upsample(&x.sides);
        self.made(sides)
    }

    fn bilinear(&mut self, x: &Map, factor: i64, grid: Grid) -> Map {
        let sides = self.measure.bilinear(&x.sides, factor, grid);
        self.made(sides)
    }

    fn pixel_shuffle_by(&mut self, x: &Map, factor: i64) -> Map {
        let sides = self.measure.pixel_shuffle_by(&x.sides, factor);
        self.made(sides)
    }

    fn pixel_unshuffle(&mut self, x: &Map, channels: i64, factor: i64) -> Map {
        let sides = self.measure.pixel_unshuffle(&x.sides, channels, factor);
        self.made(sides)
    }

    fn pad(&mut self, x: &Map, padding: [i64; 4]) -> Map {
        let sides = self.measure.pad(&x.sides, padding);
        self.made(sides)
    }

    fn low_pass(&mut self, x: &Map, padding: i64, gain: f64) -> Map {
        self.keep(x);
        let sides = self.measure.low_pass(&x.sides, padding, gain);
        self.made(sides)
    }

    fn low_pass_up(&mut self, x: &Map) -> Map {
        self.keep(x);
        let sides = self.measure.low_pass_up(&x.sides);
        self.made(sides)
    }
}

impl DiscriminatorLayers for Kept {
    /// Keeps the differences to the group's mean.
    fn minibatch_deviation(&mut self, x: &Map, group: i64) -> Map {
        let _ = self.made_and_kept(x.sides.clone());
        let sides = self.measure.minibatch_deviation(&x.sides, group);
        self.made(sides)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_kept_once() {
        // The convolution keeps its input, the rectifier its result, which the next one wants, too.
        let kept = Kept::of(|l| {
            let x = l.entry(&[3, 8, 8]);
            let conv = |input| Conv::same(input, 4, 3, Padding::Zero);
            let x = l.conv("a", &x, conv(3));
            let x = l.relu(&x);
            let y = l.conv("b", &x, conv(4));
            let _ = l.add(&x, &y);
        });
        assert_eq!(kept.numbers, 64 * (3 + 4));
        assert_eq!(kept.largest, 64 * 4);
        assert_eq!(kept.measure.parameters, (27 + 1) * 4 + (36 + 1) * 4);
    }

    #[test]
    fn padding_by_mirroring_keeps_a_copy() {
        let kept = Kept::of(|l| {
            let x = l.entry(&[1, 8, 8]);
            let _ = l.conv("a", &x, Conv::same(1, 1, 3, Padding::Reflect));
        });
        assert_eq!(kept.numbers, 64 + 100);
    }
}
