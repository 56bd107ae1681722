//! A model of what a video codec does to a frame: H.264's losses without its bit stream.
//!
//! Taken over from H.264: chroma at half the resolution, an 8 × 8 transform whose coefficients are
//! all quantised with the step 0.625 · 2^(QP/6) (ITU-T H.264, table 8‑15 and clause 8.5) and a dead
//! zone as encoders have it for inter frames, and a deblocking filter that smooths steps between
//! blocks which quantisation may have made. Left out: prediction, motion, and how an encoder varies
//! QP.

/// Side of the transform's blocks.
const SIDE: usize = 8;
/// Share of a step by which a coefficient is rounded up: 1/6, as reference encoders do for inter
/// blocks.
const ROUNDING: f32 = 1.0 / 6.0;

/// Damage a packed R′G′B′ picture as H.264 at quantisation parameter `qp` (0–51) would.
pub(crate) fn h264_model(rgb: &mut [u8], width: usize, height: usize, qp: f32) {
    if width == 0 || height == 0 || rgb.len() != 3 * width * height {
        return;
    }
    let step = 0.625 * (qp.clamp(0.0, 51.0) / 6.0).exp2();
    let mut planes = to_ycbcr(rgb, width, height);
    let cosines = cosines();
    for plane in &mut planes {
        quantise(plane, step, &cosines);
        deblock(plane, step);
    }
    from_ycbcr(&planes, rgb, width);
}

struct Plane {
    width: usize,
    height: usize,
    data: Vec<f32>,
}

impl Plane {
    fn new(width: usize, height: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        let data = (0..width * height)
            .map(|i| value(i % width, i / width))
            .collect();
        Self {
            width,
            height,
            data,
        }
    }

    /// The sample at (`x`, `y`) or, outside, the nearest one.
    fn at(&self, x: usize, y: usize) -> f32 {
        self.data[y.min(self.height - 1) * self.width + x.min(self.width - 1)]
    }
}

/// BT.601, full range: Y in full, Cb and Cr at half the resolution.
fn to_ycbcr(rgb: &[u8], width: usize, height: usize) -> [Plane; 3] {
    let pixel = |x: usize, y: usize| {
        let at = 3 * (y.min(height - 1) * width + x.min(width - 1));
        [rgb[at], rgb[at + 1], rgb[at + 2]].map(f32::from)
    };
    let luma = |[r, g, b]: [f32; 3]| 0.299 * r + 0.587 * g + 0.114 * b;
    let half = |value: &dyn Fn([f32; 3]) -> f32| {
        Plane::new(width.div_ceil(2), height.div_ceil(2), |x, y| {
            let sum = |dy| value(pixel(2 * x, 2 * y + dy)) + value(pixel(2 * x + 1, 2 * y + dy));
            (sum(0) + sum(1)) / 4.0
        })
    };
    [
        Plane::new(width, height, |x, y| luma(pixel(x, y))),
        half(&|p| (p[2] - luma(p)) / 1.772),
        half(&|p| (p[0] - luma(p)) / 1.402),
    ]
}

fn from_ycbcr([luma, cb, cr]: &[Plane; 3], rgb: &mut [u8], width: usize) {
    for (i, pixel) in rgb.chunks_exact_mut(3).enumerate() {
        let (x, y) = (i % width, i / width);
        let l = luma.at(x, y);
        let (b, r) = (bilinear(cb, x, y), bilinear(cr, x, y));
        let levels = [
            l + 1.402 * r,
            l - 0.344_136 * b - 0.714_136 * r,
            l + 1.772 * b,
        ];
        for (byte, level) in pixel.iter_mut().zip(levels) {
            *byte = level.round().clamp(0.0, 255.0) as u8;
        }
    }
}

/// A plane of half the resolution at the pixel (`x`, `y`).
fn bilinear(plane: &Plane, x: usize, y: usize) -> f32 {
    // Samples lie in the middle of their 2 × 2 pixels: 3/4 of the nearer, 1/4 of the farther one.
    let pair = |at: usize| {
        (
            at / 2,
            if at.is_multiple_of(2) {
                (at / 2).saturating_sub(1)
            } else {
                at / 2 + 1
            },
        )
    };
    let ((x0, x1), (y0, y1)) = (pair(x), pair(y));
    let row = |y| 0.75 * plane.at(x0, y) + 0.25 * plane.at(x1, y);
    0.75 * row(y0) + 0.25 * row(y1)
}

/// Orthonormal DCT: `cosines[k][n]`.
fn cosines() -> [[f32; SIDE]; SIDE] {
    let mut table = [[0.0; SIDE]; SIDE];
    for (k, row) in table.iter_mut().enumerate() {
        let scale = if k == 0 { 1.0 } else { 2.0_f32 } / SIDE as f32;
        for (n, value) in row.iter_mut().enumerate() {
            let angle = std::f32::consts::PI * (n as f32 + 0.5) * k as f32 / SIDE as f32;
            *value = scale.sqrt() * angle.cos();
        }
    }
    table
}

type Block = [[f32; SIDE]; SIDE];

/// a · b
fn product(a: &Block, b: &Block) -> Block {
    let mut out = [[0.0; SIDE]; SIDE];
    for (row, factors) in out.iter_mut().zip(a) {
        for (factor, other) in factors.iter().zip(b) {
            for (value, other) in row.iter_mut().zip(other) {
                *value += factor * other;
            }
        }
    }
    out
}

fn transpose(a: &Block) -> Block {
    let mut out = [[0.0; SIDE]; SIDE];
    for (i, row) in out.iter_mut().enumerate() {
        for (j, value) in row.iter_mut().enumerate() {
            *value = a[j][i];
        }
    }
    out
}

fn quantise(plane: &mut Plane, step: f32, cosines: &Block) {
    let back = transpose(cosines);
    for top in (0..plane.height).step_by(SIDE) {
        for left in (0..plane.width).step_by(SIDE) {
            let mut block: Block = [[0.0; SIDE]; SIDE];
            for (y, row) in block.iter_mut().enumerate() {
                let start = (top + y).min(plane.height - 1) * plane.width;
                let line = &plane.data[start..start + plane.width];
                match line.get(left..left + SIDE) {
                    Some(samples) => row.copy_from_slice(samples),
                    None => row.iter_mut().enumerate().for_each(|(x, value)| {
                        *value = line[(left + x).min(plane.width - 1)];
                    }),
                }
            }
            let mut coefficients = product(&product(cosines, &block), &back);
            for c in coefficients.as_flattened_mut() {
                // Truncation is the floor of what is not negative.
                *c = ((c.abs() / step + ROUNDING) as i32 as f32 * step).copysign(*c);
            }
            let block = product(&product(&back, &coefficients), cosines);
            for (y, row) in block.iter().enumerate().take(plane.height - top) {
                let width = SIDE.min(plane.width - left);
                let at = (top + y) * plane.width + left;
                plane.data[at..at + width].copy_from_slice(&row[..width]);
            }
        }
    }
}

/// Smooth the two samples on either side of each block border where the step is small against
/// `step`.
fn deblock(plane: &mut Plane, step: f32) {
    let (width, height) = (plane.width, plane.height);
    for x in (SIDE..width.saturating_sub(1)).step_by(SIDE) {
        for y in 0..height {
            smooth(&mut plane.data, y * width + x, 1, step);
        }
    }
    for y in (SIDE..height.saturating_sub(1)).step_by(SIDE) {
        for x in 0..width {
            smooth(&mut plane.data, y * width + x, width, step);
        }
    }
}

/// H.264's normal filter, clipped: p1 p0 | q0 q1 around the sample `at`, neighbours `stride` apart.
fn smooth(data: &mut [f32], at: usize, stride: usize, step: f32) {
    let [p1, p0, q0, q1] = [at - 2 * stride, at - stride, at, at + stride].map(|i| data[i]);
    let (alpha, beta) = (2.0 * step, 0.5 * step);
    if (p0 - q0).abs() < alpha && (p1 - p0).abs() < beta && (q1 - q0).abs() < beta {
        let limit = 0.5 * step;
        let delta = ((4.0 * (q0 - p0) + (p1 - q1)) / 8.0).clamp(-limit, limit);
        data[at - stride] = p0 + delta;
        data[at] = q0 - delta;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texture(width: usize, height: usize) -> Vec<u8> {
        let wave = |i: usize| 128.0 + 90.0 * ((i * i % 977) as f32 * 0.021).sin();
        (0..3 * width * height).map(|i| wave(i / 3) as u8).collect()
    }

    fn error(a: &[u8], b: &[u8]) -> f64 {
        let sum: f64 = a
            .iter()
            .zip(b)
            .map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2))
            .sum();
        sum / a.len() as f64
    }

    #[test]
    fn losses_grow_with_the_quantiser() {
        let before = texture(50, 37);
        let damaged = |qp| {
            let mut picture = before.clone();
            h264_model(&mut picture, 50, 37, qp);
            error(&before, &picture)
        };
        let errors = [4.0, 20.0, 28.0, 36.0, 51.0].map(damaged);
        assert!(
            errors.windows(2).all(|pair| pair[0] < pair[1]),
            "{errors:?}"
        );
        assert!(errors[0] < 2.0, "{errors:?}");
    }

    #[test]
    fn one_grey_stays_what_it_is() {
        for side in [1, 3, 8, 17] {
            let mut picture = vec![100; 3 * side * side];
            h264_model(&mut picture, side, side, 20.0);
            assert!(
                picture.iter().all(|v| v.abs_diff(100) <= 1),
                "{side}: {picture:?}"
            );
        }
        h264_model(&mut [], 0, 0, 20.0);
    }
}
