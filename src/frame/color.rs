//! Conversion between a frame's components and full-range R′G′B′, 0–255.

use super::{ColorModel, Matrix, Range};

/// An affine map of three components: each row holds three factors and an offset.
type Affine = [[f32; 4]; 3];

/// Both directions between components (code values) and R′G′B′ (0–255).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conversion {
    to_rgb: Affine,
    from_rgb: Affine,
}

impl Conversion {
    /// The conversion of a colour model with code values of `depth` bits. Source: ITU-R BT.601,
    /// BT.709 and BT.2020, sections on signal format and quantisation; BT.2100 for the full range.
    pub fn new(model: ColorModel, depth: u32) -> Self {
        // Steps of a code value per step of an 8-bit one.
        let unit = ((1u32 << depth) as f32) / 256.0;
        let max = ((1u32 << depth) - 1) as f32;
        // Code values per grey level of R′G′B′.
        let levels = |range| match range {
            Range::Full => (max / 255.0, 0.0, max / 255.0),
            Range::Limited => (219.0 * unit / 255.0, 16.0 * unit, 224.0 * unit / 255.0),
        };
        match model {
            ColorModel::Rgb { range } => {
                let (grey, black, _) = levels(range);
                Self {
                    to_rgb: diagonal(1.0 / grey, -black / grey),
                    from_rgb: diagonal(grey, black),
                }
            }
            ColorModel::Yuv { matrix, range } => {
                Self::from_luma_chroma(matrix, levels(range), 128.0 * unit)
            }
        }
    }

    /// `luma` and `chroma` are code values per grey level, `black` and `neutral` the codes of no
    /// light and no colour.
    fn from_luma_chroma(
        matrix: Matrix,
        (luma, black, chroma): (f32, f32, f32),
        neutral: f32,
    ) -> Self {
        let (kr, kb) = matrix.coefficients();
        let kg = 1.0 - kr - kb;
        let (cb, cr) = (chroma / (2.0 * (1.0 - kb)), chroma / (2.0 * (1.0 - kr)));
        let from_rgb = [
            [kr * luma, kg * luma, kb * luma, black],
            [-kr * cb, -kg * cb, (1.0 - kb) * cb, neutral],
            [(1.0 - kr) * cr, -kg * cr, -kb * cr, neutral],
        ];
        let (y, u, v) = (1.0 / luma, 1.0 / cb, 1.0 / cr);
        let row = |y: f32, u: f32, v: f32| [y, u, v, -y * black - (u + v) * neutral];
        let to_rgb = [
            row(y, 0.0, v),
            row(y, -u * kb / kg, -v * kr / kg),
            row(y, u, 0.0),
        ];
        Self { to_rgb, from_rgb }
    }

    /// Convert rows of components into R′G′B′, in place. Results may leave 0–255.
    #[inline(always)]
    pub fn rows_to_rgb(&self, a: &mut [f32], b: &mut [f32], c: &mut [f32]) {
        let [r, g, bl] = &self.to_rgb;
        for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
            let (x, y, z) = (*a, *b, *c);
            *a = r[0] * x + r[1] * y + r[2] * z + r[3];
            *b = g[0] * x + g[1] * y + g[2] * z + g[3];
            *c = bl[0] * x + bl[1] * y + bl[2] * z + bl[3];
        }
    }

    /// How component `index` follows from colours.
    pub fn component(&self, index: usize) -> ComponentOf {
        ComponentOf(self.from_rgb[index])
    }
}

/// The map from R′G′B′ to one component.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ComponentOf([f32; 4]);

impl ComponentOf {
    /// Code value of a colour (0–255), not rounded.
    #[inline(always)]
    pub fn code(&self, r: f32, g: f32, b: f32) -> f32 {
        let row = &self.0;
        row[0] * r + row[1] * g + row[2] * b + row[3]
    }
}

/// Every component times `factor` plus `offset`.
fn diagonal(factor: f32, offset: f32) -> Affine {
    [
        [factor, 0.0, 0.0, offset],
        [0.0, factor, 0.0, offset],
        [0.0, 0.0, factor, offset],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yuv(matrix: Matrix, range: Range, depth: u32) -> Conversion {
        Conversion::new(ColorModel::Yuv { matrix, range }, depth)
    }

    fn codes(c: &Conversion, r: f32, g: f32, b: f32) -> [i32; 3] {
        [0, 1, 2].map(|i| c.component(i).code(r, g, b).round() as i32)
    }

    #[test]
    fn known_code_values() {
        // White, black and the primaries of BT.601 limited range, as in every colour bar table.
        let c = yuv(Matrix::Bt601, Range::Limited, 8);
        assert_eq!(codes(&c, 255.0, 255.0, 255.0), [235, 128, 128]);
        assert_eq!(codes(&c, 0.0, 0.0, 0.0), [16, 128, 128]);
        assert_eq!(codes(&c, 255.0, 0.0, 0.0), [81, 90, 240]);
        assert_eq!(codes(&c, 0.0, 255.0, 0.0), [145, 54, 34]);
        assert_eq!(codes(&c, 0.0, 0.0, 255.0), [41, 240, 110]);
        let c = yuv(Matrix::Bt709, Range::Limited, 8);
        assert_eq!(codes(&c, 255.0, 0.0, 0.0), [63, 102, 240]);
    }

    #[test]
    fn more_bits_multiply_the_limited_range_and_fill_the_full_one() {
        let c = yuv(Matrix::Bt2020, Range::Limited, 10);
        assert_eq!(codes(&c, 255.0, 255.0, 255.0), [940, 512, 512]);
        assert_eq!(codes(&c, 0.0, 0.0, 0.0), [64, 512, 512]);
        let c = yuv(Matrix::Bt709, Range::Full, 12);
        assert_eq!(codes(&c, 255.0, 255.0, 255.0), [4095, 2048, 2048]);
        let rgb = |range| Conversion::new(ColorModel::Rgb { range }, 16);
        let c = rgb(Range::Full);
        assert_eq!(codes(&c, 255.0, 0.0, 1.0), [65535, 0, 257]);
        let c = rgb(Range::Limited);
        assert_eq!(codes(&c, 255.0, 0.0, 255.0), [60160, 4096, 60160]);
    }

    #[test]
    fn there_and_back() {
        let ranges = [Range::Full, Range::Limited];
        let mut models: Vec<_> = ranges.map(|range| ColorModel::Rgb { range }).into();
        for matrix in [Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020] {
            models.extend(ranges.map(|range| ColorModel::Yuv { matrix, range }));
        }
        for model in models {
            for depth in [8, 10, 12, 16] {
                let c = Conversion::new(model, depth);
                let code = [0, 1, 2].map(|i| c.component(i).code(200.0, 30.0, 90.0));
                let [mut r, mut g, mut b] = code.map(|v| [v]);
                c.rows_to_rgb(&mut r, &mut g, &mut b);
                for (value, expected) in [(r, 200.0), (g, 30.0), (b, 90.0)] {
                    assert!((value[0] - expected).abs() < 1e-3, "{model:?} {depth}");
                }
            }
        }
    }
}
