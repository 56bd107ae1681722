//! Rectangles and squares in frame coordinates.

/// A rectangle in whole pixels. It may stick out of the frame: x and y may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rect {
    /// Left edge, pixels from the frame's left edge.
    pub x: i32,
    /// Top edge, pixels from the frame's top edge.
    pub y: i32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl Rect {
    /// A rectangle from its top left corner and its size.
    pub const fn new(x: i32, y: i32, width: u32, height: u32) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }

    /// One past the right edge; 64 bits, as a stranger's rectangle may lie anywhere.
    pub const fn right(&self) -> i64 {
        self.x as i64 + self.width as i64
    }

    /// One past the bottom edge.
    pub const fn bottom(&self) -> i64 {
        self.y as i64 + self.height as i64
    }

    /// Number of pixels.
    pub const fn area(&self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// True when the rectangle holds no pixel.
    pub const fn is_empty(&self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// The part that both rectangles cover, or None where they share no pixel.
    pub fn intersect(&self, other: &Self) -> Option<Self> {
        let x = self.x.max(other.x);
        let y = self.y.max(other.y);
        let width = self.right().min(other.right()) - i64::from(x);
        let height = self.bottom().min(other.bottom()) - i64::from(y);
        if width <= 0 || height <= 0 {
            return None;
        }
        // Both fit: neither exceeds the smaller of the two rectangles.
        Some(Self::new(x, y, width as u32, height as u32))
    }

    /// The smallest rectangle around both; what is too far apart for 32 bits is cut off.
    pub fn union(&self, other: &Self) -> Self {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let side = |end: i64, start: i32| (end - i64::from(start)).min(u32::MAX.into()) as u32;
        Self::new(
            x,
            y,
            side(self.right().max(other.right()), x),
            side(self.bottom().max(other.bottom()), y),
        )
    }

    /// The part inside a frame of `width` × `height` pixels.
    pub fn clamp_to(&self, width: u32, height: u32) -> Option<Self> {
        self.intersect(&Self::new(0, 0, width, height))
    }

    /// Intersection over union, 0–1.
    pub fn iou(&self, other: &Self) -> f64 {
        let Some(shared) = self.intersect(other) else {
            return 0.0;
        };
        let shared = shared.area() as f64;
        shared / (self.area() as f64 + other.area() as f64 - shared)
    }
}

/// A square with sub-pixel position: what a network sees of a frame.
///
/// Coordinates are those of pixel edges: the frame's first pixel covers 0 … 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Square {
    /// Left edge in pixels.
    pub x: f64,
    /// Top edge in pixels.
    pub y: f64,
    /// Side in pixels, above zero.
    pub side: f64,
}

impl Square {
    /// The square around `rect`'s centre whose side is `margin` times `rect`'s longer side.
    pub fn around(rect: &Rect, margin: f64) -> Self {
        let side = margin * f64::from(rect.width.max(rect.height));
        Self {
            x: f64::from(rect.x) + (f64::from(rect.width) - side) / 2.0,
            y: f64::from(rect.y) + (f64::from(rect.height) - side) / 2.0,
            side,
        }
    }

    /// This square, `times` as wide around the same middle.
    pub fn grown(&self, times: f64) -> Self {
        let side = times * self.side;
        let [x, y] = self.middle().map(|middle| middle - side / 2.0);
        Self { x, y, side }
    }

    /// Its middle, x and y.
    pub fn middle(&self) -> [f64; 2] {
        [self.x + self.side / 2.0, self.y + self.side / 2.0]
    }

    /// This square, moved and if need be shrunk so that it shows as much of the frame as it can,
    /// but never less than `rect`, which lies in the frame. What lies beyond the frame tells a
    /// network nothing.
    pub fn inside(&self, rect: &Rect, width: u32, height: u32) -> Self {
        let frame = f64::from(width.min(height));
        let rect_side = f64::from(rect.width.max(rect.height));
        let side = self.side.min(frame.max(rect_side));
        // Where the square is larger than the frame (a wide rectangle in a wide frame), it stays
        // centred.
        let place = |start: f64, length: f64| {
            let centred = start + (self.side - side) / 2.0;
            let room = length - side;
            if room < 0.0 {
                centred
            } else {
                centred.clamp(0.0, room)
            }
        };
        Self {
            x: place(self.x, f64::from(width)),
            y: place(self.y, f64::from(height)),
            side,
        }
    }

    /// The smallest rectangle of whole pixels that covers the square.
    pub fn bounds(&self) -> Rect {
        let (left, top) = (self.x.floor(), self.y.floor());
        let right = (self.x + self.side).ceil();
        let bottom = (self.y + self.side).ceil();
        Rect::new(
            left as i32,
            top as i32,
            (right - left) as u32,
            (bottom - top) as u32,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intersection_of_far_away_and_huge_rectangles() {
        let huge = Rect::new(i32::MIN, i32::MIN, u32::MAX, u32::MAX);
        assert_eq!(huge.clamp_to(10, 10), Some(Rect::new(0, 0, 10, 10)));
        let far = Rect::new(i32::MAX, 0, u32::MAX, 5);
        assert_eq!(far.clamp_to(1920, 1080), None);
        assert_eq!(Rect::new(3, 3, 0, 9).clamp_to(10, 10), None);
    }

    #[test]
    fn square_keeps_the_centre() {
        let square = Square::around(&Rect::new(10, 20, 40, 20), 1.5);
        assert_eq!((square.x, square.y, square.side), (0.0, 0.0, 60.0));
        assert_eq!(square.bounds(), Rect::new(0, 0, 60, 60));
    }

    #[test]
    fn squares_stay_inside_the_frame() {
        let view = |rect: Rect, width, height| {
            let square = Square::around(&rect, 1.5).inside(&rect, width, height);
            (square.x, square.y, square.side)
        };
        assert_eq!(
            view(Rect::new(40, 40, 20, 20), 100, 100),
            (35.0, 35.0, 30.0)
        );
        assert_eq!(view(Rect::new(0, 80, 20, 20), 100, 100), (0.0, 70.0, 30.0));
        assert_eq!(view(Rect::new(0, 0, 100, 100), 100, 100), (0.0, 0.0, 100.0));
        // Wider than the frame is high: the square must still show all of the rectangle.
        assert_eq!(view(Rect::new(0, 5, 80, 20), 200, 40), (0.0, -25.0, 80.0));
    }

    #[test]
    fn iou_of_half_overlap() {
        let iou = Rect::new(0, 0, 4, 4).iou(&Rect::new(2, 0, 4, 4));
        assert!((iou - 8.0 / 24.0).abs() < 1e-12);
    }
}
