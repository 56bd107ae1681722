//! Conversion between a frame's components and full-range R′G′B′, 0–255.

use super::{ColorModel, Range};

/// An affine map of three components: each row holds three factors and an offset.
type Affine = [[f32; 4]; 3];

/// Both directions between components (8-bit code values) and R′G′B′ (0–255).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conversion {
    to_rgb: Affine,
    from_rgb: Affine,
}

impl Conversion {
    /// The conversion of a colour model. Source: ITU-R BT.601, BT.709 and BT.2020, section "signal format".
    pub fn new(model: ColorModel) -> Self {
        let ColorModel::Yuv { matrix, range } = model else {
            let identity = [
                [1.0, 0.0, 0.0, 0.0],
                [0.0, 1.0, 0.0, 0.0],
                [0.0, 0.0, 1.0, 0.0],
            ];
            return Self {
                to_rgb: identity,
                from_rgb: identity,
            };
        };
        let (kr, kb) = matrix.coefficients();
        let kg = 1.0 - kr - kb;
        // Code values per grey level of R′G′B′.
        let (luma, black, chroma) = match range {
            Range::Full => (1.0, 0.0, 1.0),
            Range::Limited => (219.0 / 255.0, 16.0, 224.0 / 255.0),
        };
        let (cb, cr) = (chroma / (2.0 * (1.0 - kb)), chroma / (2.0 * (1.0 - kr)));
        let from_rgb = [
            [kr * luma, kg * luma, kb * luma, black],
            [-kr * cb, -kg * cb, (1.0 - kb) * cb, 128.0],
            [(1.0 - kr) * cr, -kg * cr, -kb * cr, 128.0],
        ];
        let (y, u, v) = (1.0 / luma, 1.0 / cb, 1.0 / cr);
        let row = |y: f32, u: f32, v: f32| [y, u, v, -y * black - (u + v) * 128.0];
        let to_rgb = [
            row(y, 0.0, v),
            row(y, -u * kb / kg, -v * kr / kg),
            row(y, u, 0.0),
        ];
        Self { to_rgb, from_rgb }
    }

    /// Convert rows of components into R′G′B′, in place. Results may leave 0–255.
    pub fn rows_to_rgb(&self, a: &mut [f32], b: &mut [f32], c: &mut [f32]) {
        let [r, g, bl] = &self.to_rgb;
        for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
            let (x, y, z) = (*a, *b, *c);
            *a = r[0] * x + r[1] * y + r[2] * z + r[3];
            *b = g[0] * x + g[1] * y + g[2] * z + g[3];
            *c = bl[0] * x + bl[1] * y + bl[2] * z + bl[3];
        }
    }

    /// Code value of component `index` for a colour, not rounded.
    #[inline]
    pub fn component(&self, index: usize, r: f32, g: f32, b: f32) -> f32 {
        let row = &self.from_rgb[index];
        row[0] * r + row[1] * g + row[2] * b + row[3]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Matrix;

    fn yuv(matrix: Matrix, range: Range) -> Conversion {
        Conversion::new(ColorModel::Yuv { matrix, range })
    }

    #[test]
    fn known_code_values() {
        // White, black and the primaries of BT.601 limited range, as in every colour bar table.
        let c = yuv(Matrix::Bt601, Range::Limited);
        let code = |r, g, b| [0, 1, 2].map(|i| c.component(i, r, g, b).round() as i32);
        assert_eq!(code(255.0, 255.0, 255.0), [235, 128, 128]);
        assert_eq!(code(0.0, 0.0, 0.0), [16, 128, 128]);
        assert_eq!(code(255.0, 0.0, 0.0), [81, 90, 240]);
        assert_eq!(code(0.0, 255.0, 0.0), [145, 54, 34]);
        assert_eq!(code(0.0, 0.0, 255.0), [41, 240, 110]);
        let c = yuv(Matrix::Bt709, Range::Limited);
        let red = [0, 1, 2].map(|i| c.component(i, 255.0, 0.0, 0.0).round() as i32);
        assert_eq!(red, [63, 102, 240]);
    }

    #[test]
    fn there_and_back() {
        for matrix in [Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020] {
            for range in [Range::Full, Range::Limited] {
                let c = yuv(matrix, range);
                let code = [0, 1, 2].map(|i| c.component(i, 200.0, 30.0, 90.0));
                let [mut r, mut g, mut b] = code.map(|v| [v]);
                c.rows_to_rgb(&mut r, &mut g, &mut b);
                for (value, expected) in [(r, 200.0), (g, 30.0), (b, 90.0)] {
                    assert!((value[0] - expected).abs() < 1e-3, "{matrix:?} {range:?}");
                }
            }
        }
    }
}
