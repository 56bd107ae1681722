//! Whether a lattice of blocks is a mosaic, as a probability.
//!
//! A few facts rule a mosaic out. What passes them is weighed by a logistic regression, fitted to
//! lattices that were followed in coded and uncoded pictures with and without mosaics.

use super::blocking::Setting;
use super::comb::Comb;
use super::evidence::Evidence;
use super::plane::Span2;

/// Difference of the logarithms of two spacings from which blocks are not square.
const NOT_SQUARE: f32 = 0.03;
/// Part of a spacing within which it may be one of the coder's, seen through motion.
const NEAR_CODER: f32 = 0.1;
/// Sides of the blocks that coders leave, pixels.
const CODER_BLOCKS: [f32; 4] = [4.0, 8.0, 16.0, 32.0];

/// Extent and spacing of a lattice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Blocks across and down, parts included.
    across: [f32; 2],
    /// Logarithm of the shorter side in pixels.
    side: f32,
    /// Logarithm of the smaller spacing in pixels.
    spacing: f32,
    /// Whether the spacings differ.
    oblong: bool,
    /// Whether both spacings are close to a coder's.
    near_coder: bool,
}

impl Shape {
    pub(super) fn new(area: &Span2, combs: &[Comb; 2]) -> Self {
        let [x, y] = [0, 1].map(|axis| area.axis(axis).len() as f32);
        let [width, height] = [0, 1].map(|axis| combs[axis].period);
        let near = |period: f32| {
            let mut blocks = CODER_BLOCKS.iter();
            blocks.any(|block| (period / block - 1.0).abs() < NEAR_CODER)
        };
        Self {
            across: [x / width, y / height],
            side: x.min(y).ln(),
            spacing: width.min(height).ln(),
            oblong: (width / height).ln().abs() > NOT_SQUARE,
            near_coder: near(width) && near(height),
        }
    }
}

/// Weights of the features, in the order of [`features`], and the offset that comes last.
const WEIGHTS: [f32; FEATURES + 1] = [
    // Part of the blocks that belong to it.
    12.48,  // Alike differences: patterns.
    -15.81, // Clear edges.
    2.54,   // Neighbours resemble each other: pictures do.
    4.19,   // Logarithm of the contrast.
    1.36,   // The coder's lines show around it.
    -20.67, // Ridges show around it.
    -5.62,  // Blocks are not square.
    -2.92,  // Blocks have a coder's size.
    -3.24,  // Logarithm of the shorter side.
    1.56,   // Logarithm of the spacing.
    1.83,   // Offset.
    -15.33,
];
const FEATURES: usize = 11;

/// What the regression weighs.
pub(super) fn features(evidence: &Evidence, shape: &Shape, setting: &Setting) -> [f32; FEATURES] {
    [
        evidence.filled,
        evidence.uniform,
        evidence.clear,
        evidence.correlation,
        evidence.contrast[0].min(evidence.contrast[1]).max(1.0).ln(),
        setting.coder.min(0.3),
        setting.busy.min(2.0),
        f32::from(u8::from(shape.oblong)),
        f32::from(u8::from(shape.near_coder)),
        shape.side,
        shape.spacing,
    ]
}

/// Probability that a lattice is a mosaic.
pub(super) fn score(evidence: &Evidence, shape: &Shape, setting: &Setting) -> f32 {
    let features = features(evidence, shape, setting);
    let sum: f32 = features
        .iter()
        .zip(&WEIGHTS)
        .map(|(value, weight)| value * weight)
        .sum();
    possible(evidence, shape) / (1.0 + (-(sum + WEIGHTS[FEATURES])).exp())
}

/// 0 where something rules a mosaic out, 1 where nothing speaks against it.
fn possible(evidence: &Evidence, shape: &Shape) -> f32 {
    let ramp = |value: f32, zero: f32, one: f32| ((value - zero) / (one - zero)).clamp(0.0, 1.0);
    let [x, y] = evidence.sharpness;
    // Few blocks say little about the correlation: 1/√n is its spread.
    let unlike = -0.1 - 1.5 / ((evidence.columns * evidence.rows).max(1) as f32).sqrt();
    ramp(x.min(y), 0.3, 0.6)
        // Lines drawn between blocks that are alike.
        * ramp(2.0 - x.max(y), 0.2, 0.6)
        * ramp(0.4 - evidence.ripple, 0.0, 0.1)
        * ramp(evidence.contrast[0].min(evidence.contrast[1]), 1.0, 2.5)
        * ramp(evidence.clear, 0.15, 0.35)
        * ramp(evidence.filled, 0.25, 0.45)
        * ramp(evidence.correlation, unlike, unlike + 0.2)
        * ramp(1.0 - evidence.uniform, 0.2, 0.35)
        * ramp(0.2 - evidence.blank, 0.0, 0.1)
        * ramp(0.5 - evidence.silent, 0.0, 0.1)
        * f32::from(u8::from(!evidence.is_staggered()))
        * ramp(evidence.edges as f32, 4.0, 6.0)
        * ramp(shape.across[0].min(shape.across[1]), 2.0, 2.6)
}
