//! Turns in the plane.

/// Maps upright coordinates to those of a frame in which what is upright is turned.
///
/// Positive angles turn clockwise, as y points downwards: a line along x falls to the right.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Turn {
    sin: f64,
    cos: f64,
    upright: [f64; 2],
    frame: [f64; 2],
}

impl Turn {
    /// A turn by `angle` (radians) that maps the point `upright` to `frame`.
    pub fn new(angle: f32, upright: [f64; 2], frame: [f64; 2]) -> Self {
        let (sin, cos) = f64::from(angle).sin_cos();
        Self {
            sin,
            cos,
            upright,
            frame,
        }
    }

    /// Where the upright point `at` is in the frame.
    pub fn to_frame(&self, at: [f64; 2]) -> [f64; 2] {
        let [u, v] = [at[0] - self.upright[0], at[1] - self.upright[1]];
        [
            self.frame[0] + u * self.cos - v * self.sin,
            self.frame[1] + u * self.sin + v * self.cos,
        ]
    }

    /// The upright point of the frame's point `at`.
    pub fn to_upright(&self, at: [f64; 2]) -> [f64; 2] {
        let [x, y] = [at[0] - self.frame[0], at[1] - self.frame[1]];
        [
            self.upright[0] + x * self.cos + y * self.sin,
            self.upright[1] - x * self.sin + y * self.cos,
        ]
    }

    /// By how much a frame's point moves where the upright one moves by one to the right.
    pub fn step(&self) -> [f64; 2] {
        [self.cos, self.sin]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let turn = Turn::new(0.3, [5.0, 7.0], [100.0, 50.0]);
        assert_eq!(turn.to_frame([5.0, 7.0]), [100.0, 50.0]);
        let there = turn.to_frame([15.0, 7.0]);
        assert!((there[0] - 109.553).abs() < 1e-3 && (there[1] - 52.955).abs() < 1e-3);
        let back = turn.to_upright(there);
        assert!((back[0] - 15.0).abs() < 1e-9 && (back[1] - 7.0).abs() < 1e-9);
    }
}
