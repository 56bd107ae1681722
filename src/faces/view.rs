//! The square of a picture that shows a face: turned with it if need be, cut out, put back.

use image::{Rgb, RgbImage};

use super::Landmarks;
use crate::frame::{Rect, Square};

/// Most samples along a pixel's side that its mean is taken of; beyond that pictures shrink more
/// than 64 times.
const MOST_SAMPLES: f64 = 64.0;

/// A square that may be turned, in pixels of a picture; the picture's first pixel covers 0 … 1.
///
/// It is where the unit square comes to lie under a similarity. Points are complex numbers: a place
/// p of the unit square lies at corner + edge · p.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaceView {
    /// Its top left corner.
    corner: [f64; 2],
    /// From there to its top right corner.
    edge: [f64; 2],
}

impl From<Square> for FaceView {
    fn from(square: Square) -> Self {
        Self {
            corner: [square.x, square.y],
            edge: [square.side, 0.0],
        }
    }
}

impl FaceView {
    /// An upright square around a face's box whose side is `margin` times the box's longer side;
    /// moved, and if need be shrunk, to lie in a picture of `width` × `height` pixels.
    pub fn around(rect: &Rect, margin: f64, (width, height): (u32, u32)) -> Self {
        let square = Square::around(rect, margin);
        square.inside(rect, width, height).into()
    }

    /// The square in which the face stands upright, with its eyes and mouth where faces of FFHQ and
    /// CelebA-HQ have theirs. None where the landmarks coincide.
    ///
    /// Karras, Aila, Laine, Lehtinen: Progressive Growing of GANs (2018), appendix C: with the way
    /// x′ from eye to eye and y′ from the middle of the mouth to that of the eyes, the middle lies
    /// 0.1 y′ below the eyes, the side is max(4 |x′|, 3.6 |y′|), and the upper edge has the mean
    /// direction of x′ and of y′ turned by a right angle.
    pub fn straightened(landmarks: &Landmarks) -> Option<Self> {
        let [eye, other_eye, _, mouth, other_mouth] = landmarks.map(|point| point.map(f64::from));
        let (eyes, mouth) = (halfway(eye, other_eye), halfway(mouth, other_mouth));
        let (across, down) = (minus(other_eye, eye), minus(mouth, eyes));
        // A right angle to the left: from chin to forehead becomes from left to right.
        let direction = minus(across, turned(down));
        let side = (4.0 * length(across)).max(3.6 * length(down));
        let is_sound = side.is_finite() && side >= 1.0 && length(direction) > 1e-3 * side;
        is_sound.then(|| {
            let edge = times(direction, [side / length(direction), 0.0]);
            let middle = [eyes[0] + 0.1 * down[0], eyes[1] + 0.1 * down[1]];
            Self::at(middle, edge)
        })
    }

    /// The square with this middle and this upper edge.
    fn at(middle: [f64; 2], edge: [f64; 2]) -> Self {
        let corner = minus(middle, times(edge, [0.5, 0.5]));
        Self { corner, edge }
    }

    /// The same middle and direction with another side, pixels.
    #[must_use]
    pub fn with_side(&self, side: f64) -> Self {
        let factor = side / self.side();
        Self::at(self.middle(), times(self.edge, [factor, 0.0]))
    }

    /// Its side, pixels of the picture.
    pub fn side(&self) -> f64 {
        length(self.edge)
    }

    /// Its middle, x and y.
    pub fn middle(&self) -> [f64; 2] {
        self.place([0.5, 0.5])
    }

    /// By how much it is turned, degrees, clockwise above zero.
    pub fn turn(&self) -> f64 {
        self.edge[1].atan2(self.edge[0]).to_degrees()
    }

    /// Where a place of the unit square lies in the picture: (0, 0) is the square's top left corner,
    /// (1, 1) its lower right one.
    pub fn place(&self, [u, v]: [f64; 2]) -> [f64; 2] {
        let [x, y] = times(self.edge, [u, v]);
        [self.corner[0] + x, self.corner[1] + y]
    }

    /// What share of it, 0–1, lies in a picture of `width` × `height` pixels, in steps of 1/256.
    pub fn share_inside(&self, (width, height): (u32, u32)) -> f64 {
        let step = |i: u32| (f64::from(i) + 0.5) / 16.0;
        let inside = (0..256).filter(|i| {
            let [x, y] = self.place([step(i % 16), step(i / 16)]);
            (0.0..f64::from(width)).contains(&x) && (0.0..f64::from(height)).contains(&y)
        });
        inside.count() as f64 / 256.0
    }

    /// What it shows of `picture`, in `side` × `side` pixels, each the mean of what it covers.
    /// Beyond the picture's borders the picture is mirrored, as in FFHQ. Black for a picture without
    /// pixels.
    pub fn cut(&self, picture: &RgbImage, side: u32) -> RgbImage {
        let pixel = |x: u32, y: u32| {
            let [u, v] = [x, y].map(|at| f64::from(at) / f64::from(side));
            let factor = [1.0 / f64::from(side), 0.0];
            Self {
                corner: self.place([u, v]),
                edge: times(self.edge, factor),
            }
        };
        RgbImage::from_fn(side, side, |x, y| {
            Rgb(pixel(x, y)
                .mean_of(picture)
                .map(|level| level.round() as u8))
        })
    }

    /// Put `face`, a square picture, into this square of `picture`. It fades in from the square's
    /// edges over `border` parts of the side (0–0.5).
    pub fn paste(&self, face: &RgbImage, picture: &mut RgbImage, border: f64) {
        let Some(bounds) = self.bounds(picture.dimensions()) else {
            return;
        };
        let side = f64::from(face.width());
        let across = over([1.0, 0.0], self.edge);
        let (right, bottom) = (bounds.right() as u32, bounds.bottom() as u32);
        for y in bounds.y as u32..bottom {
            for x in bounds.x as u32..right {
                let unit = |dx: f64, dy: f64| {
                    let at = [f64::from(x) + dx, f64::from(y) + dy];
                    over(minus(at, self.corner), self.edge)
                };
                let weight = weight(unit(0.5, 0.5), border);
                if weight <= 0.0 {
                    continue;
                }
                // Where this pixel lies on the face.
                let pixel = Self {
                    corner: times(unit(0.0, 0.0), [side, 0.0]),
                    edge: times(across, [side, 0.0]),
                };
                let new = pixel.mean_of(face);
                for (old, new) in picture.get_pixel_mut(x, y).0.iter_mut().zip(new) {
                    let level = f32::from(*old);
                    *old = (level + weight as f32 * (new - level)).round() as u8;
                }
            }
        }
    }

    /// The pixels of a picture that it may touch.
    fn bounds(&self, (width, height): (u32, u32)) -> Option<Rect> {
        let corners = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]].map(|it| self.place(it));
        let limits = |axis: usize, length: u32| {
            let values = corners.map(|corner| corner[axis]);
            let low = values.into_iter().fold(f64::INFINITY, f64::min).floor();
            let high = values.into_iter().fold(f64::NEG_INFINITY, f64::max).ceil();
            let cut = |value: f64| value.clamp(0.0, f64::from(length)) as u32;
            (cut(low), cut(high))
        };
        let ((left, right), (top, bottom)) = (limits(0, width), limits(1, height));
        let rect = Rect::new(left as i32, top as i32, right - left, bottom - top);
        (!rect.is_empty()).then_some(rect)
    }

    /// The mean colour of what it covers of `picture`: of so many samples that none of its pixels is
    /// passed over, each interpolated from the four pixels around it.
    fn mean_of(&self, picture: &RgbImage) -> [f32; 3] {
        let count = self.side().ceil().clamp(1.0, MOST_SAMPLES) as u32;
        let step = |i: u32| (f64::from(i) + 0.5) / f64::from(count);
        let mut sums = [0.0; 3];
        for i in 0..count * count {
            let at = self.place([step(i % count), step(i / count)]);
            let colors = sample(picture, at);
            (sums.iter_mut().zip(colors)).for_each(|(sum, color)| *sum += color);
        }
        sums.map(|sum| sum / (count * count) as f32)
    }
}

/// How much of a pasted face shows at a place of the unit square, 0–1.
fn weight(place: [f64; 2], border: f64) -> f64 {
    let depth = place.map(|at| at.min(1.0 - at));
    let depth = depth[0].min(depth[1]);
    match depth {
        depth if depth < 0.0 => 0.0,
        depth if depth >= border => 1.0,
        depth => {
            let t = depth / border;
            t * t * (3.0 - 2.0 * t)
        }
    }
}

/// The colour at a point, bilinear; mirrored beyond the borders.
fn sample(picture: &RgbImage, [x, y]: [f64; 2]) -> [f32; 3] {
    let (width, height) = picture.dimensions();
    if width == 0 || height == 0 {
        return [0.0; 3];
    }
    let (left, top) = ((x - 0.5).floor(), (y - 0.5).floor());
    let (right, lower) = ((x - 0.5 - left) as f32, (y - 0.5 - top) as f32);
    let [columns, rows] = [(left, width), (top, height)]
        .map(|(start, length)| [0, 1].map(|i| mirrored((start as i64).saturating_add(i), length)));
    let mut color = [0.0; 3];
    for (row, down) in rows.into_iter().zip([1.0 - lower, lower]) {
        for (column, across) in columns.into_iter().zip([1.0 - right, right]) {
            let levels = picture.get_pixel(column, row).0.map(f32::from);
            (color.iter_mut().zip(levels)).for_each(|(sum, level)| *sum += down * across * level);
        }
    }
    color
}

/// The index in 0 … `length` that stands for `index` where all repeats, every second time
/// backwards. `length` is not 0.
fn mirrored(index: i64, length: u32) -> u32 {
    let length = i64::from(length);
    let index = index.rem_euclid(2 * length);
    index.min(2 * length - 1 - index) as u32
}

fn halfway(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0]
}

fn minus(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] - b[0], a[1] - b[1]]
}

/// Turned clockwise by a right angle: the axis x becomes y.
fn turned([x, y]: [f64; 2]) -> [f64; 2] {
    [-y, x]
}

/// The product of complex numbers.
fn times(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]]
}

/// Their quotient.
fn over(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    let norm = b[0] * b[0] + b[1] * b[1];
    times(a, [b[0] / norm, -b[1] / norm])
}

fn length([x, y]: [f64; 2]) -> f64 {
    x.hypot(y)
}

#[cfg(test)]
mod tests;
