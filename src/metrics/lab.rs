//! CIELAB and the colour difference CIEDE2000.

/// L* (0–100), a* and b* of CIELAB under D65.
pub type Lab = [f64; 3];

/// Rows give X, Y, Z of linear R, G, B (sRGB primaries, white point D65).
const XYZ: [[f64; 3]; 3] = [
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.0721750],
    [0.0193339, 0.1191920, 0.9503041],
];
const WHITE: [f64; 3] = [0.95047, 1.0, 1.08883];

/// CIELAB of an sRGB colour, each component 0–255 and not necessarily whole. Source: IEC 61966-2-1,
/// CIE 15.
pub fn lab(rgb: [f64; 3]) -> Lab {
    let linear = rgb.map(|v| {
        let v = v / 255.0;
        if v <= 0.04045 {
            v / 12.92
        } else {
            ((v + 0.055) / 1.055).powf(2.4)
        }
    });
    let [x, y, z] = [0, 1, 2].map(|i| {
        let part: f64 = XYZ[i].iter().zip(linear).map(|(m, v)| m * v).sum();
        compressed(part / WHITE[i])
    });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// Cube root with a linear start, as CIELAB has it.
fn compressed(t: f64) -> f64 {
    const EPSILON: f64 = 216.0 / 24389.0;
    const KAPPA: f64 = 24389.0 / 27.0;
    if t > EPSILON {
        t.cbrt()
    } else {
        (KAPPA * t + 16.0) / 116.0
    }
}

/// CIEDE2000 with all weights 1; about 1 is just noticeable. Symmetric.
///
/// Source: Sharma, Wu, Dalal: The CIEDE2000 Color-Difference Formula, Color Research and
/// Application 30 (1), 2005. Angles are in degrees.
pub fn ciede2000(first: Lab, second: Lab) -> f64 {
    let [[l1, a1, b1], [l2, a2, b2]] = [first, second];
    // 0 for greys, towards 1 where chroma is high.
    let saturated = |chroma: f64| (chroma.powi(7) / (chroma.powi(7) + 25f64.powi(7))).sqrt();
    let stretch = 1.5 - 0.5 * saturated((a1.hypot(b1) + a2.hypot(b2)) / 2.0);
    let (a1, a2) = (a1 * stretch, a2 * stretch);
    let (c1, c2) = (a1.hypot(b1), a2.hypot(b2));
    let hue = |a: f64, b: f64| b.atan2(a).to_degrees().rem_euclid(360.0);
    let (turn, hue) = hues(hue(a1, b1), hue(a2, b2), c1 * c2 == 0.0);
    let (lightness, chroma) = ((l1 + l2) / 2.0, (c1 + c2) / 2.0);

    let cos = |degrees: f64| degrees.to_radians().cos();
    let t = 1.0 - 0.17 * cos(hue - 30.0) + 0.24 * cos(2.0 * hue) + 0.32 * cos(3.0 * hue + 6.0)
        - 0.20 * cos(4.0 * hue - 63.0);
    let from_middle = (lightness - 50.0).powi(2);
    let scale_l = 1.0 + 0.015 * from_middle / (20.0 + from_middle).sqrt();
    let scale_c = 1.0 + 0.045 * chroma;
    let scale_h = 1.0 + 0.015 * chroma * t;
    let from_blue = (hue - 275.0) / 25.0;
    let angle = 60.0 * (-from_blue * from_blue).exp();
    let rotation = -angle.to_radians().sin() * 2.0 * saturated(chroma);

    let dl = (l2 - l1) / scale_l;
    let dc = (c2 - c1) / scale_c;
    let dh = 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin() / scale_h;
    // The rotation term may leave a zero a rounding error below zero.
    (dl * dl + dc * dc + dh * dh + rotation * dc * dh)
        .max(0.0)
        .sqrt()
}

/// Turn from the first hue to the second (−180 … 180) and the hue half-way. A grey has no hue: then
/// no turn, and the sum stands for the mean.
fn hues(h1: f64, h2: f64, grey: bool) -> (f64, f64) {
    let (turn, sum) = (h2 - h1, h1 + h2);
    if grey {
        return (0.0, sum);
    }
    if turn.abs() <= 180.0 {
        return (turn, sum / 2.0);
    }
    let wrapped = if sum < 360.0 {
        sum + 360.0
    } else {
        sum - 360.0
    };
    (turn - 360.0 * turn.signum(), wrapped / 2.0)
}

#[cfg(test)]
mod tests {
    use super::super::vectors::assert_close;
    use super::*;

    #[test]
    fn of_known_colours() {
        let red = lab([255.0, 0.0, 0.0]);
        for (actual, expected) in red.into_iter().zip([53.2408, 80.0925, 67.2032]) {
            assert_close(actual, expected, 1e-4);
        }
        assert_eq!(lab([0.0; 3])[0], 0.0);
        for (actual, expected) in lab([255.0; 3]).into_iter().zip([100.0, 0.0, 0.0]) {
            // The matrix has seven digits.
            assert_close(actual, expected, 1e-4);
        }
    }

    #[test]
    fn of_the_published_pairs() {
        for (first, second, expected) in [
            ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
            ([50.0, -1.3802, -84.2814], [50.0, 0.0, -82.7485], 1.0000),
            ([50.0, 2.5, 0.0], [50.0, 0.0, -2.5], 4.3065),
            ([50.0, 2.49, -0.001], [50.0, -2.49, 0.0009], 7.1792),
            ([50.0, 2.49, -0.001], [50.0, -2.49, 0.0011], 7.2195),
            (
                [60.2574, -34.0099, 36.2677],
                [60.4626, -34.1751, 39.4387],
                1.2644,
            ),
            (
                [2.0776, 0.0795, -1.1350],
                [0.9033, -0.0636, -0.5514],
                0.9082,
            ),
            ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
        ] {
            assert_close(ciede2000(first, second), expected, 1e-4);
            assert_close(ciede2000(second, first), expected, 1e-4);
            assert_eq!(ciede2000(first, first), 0.0);
        }
    }

    #[test]
    fn greys_differ_in_lightness_alone() {
        // S_L of lightness 50 is 1.
        assert_close(ciede2000([49.0, 0.0, 0.0], [51.0, 0.0, 0.0]), 2.0, 1e-12);
    }
}
