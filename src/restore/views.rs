//! What a network sees of a region: the square around it, or the one around its face.
//!
//! In training the face's own square fills the picture, or the mosaic covers the most part of the
//! face. A mosaic that is far larger or smaller than its face shows it at another size; then, where
//! the face's square is known, the network is shown that.

use crate::frame::{Patch, Rect, Square};

/// Sides of the view around a region ÷ those of the face's square that training has shown, with a
/// little slack.
const SEEN: [f64; 2] = [0.6, 1.2];
/// Largest distance of their middles in training, sides of the face's square.
const OFF: f64 = 0.2;
/// Sides of faces' squares ÷ longer side of the region that are believed.
const PLAUSIBLE_RATIO: [f64; 2] = [0.3, 4.0];
/// Part of the closer view, from each of its edges, that fades into the wider one.
const FADING: f32 = 0.15;

/// What is seen of a region.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Views {
    /// Shows all of the region.
    pub whole: Square,
    /// Shows the face in a region that is far larger.
    pub close: Option<Square>,
}

impl Views {
    /// Views of `rect`, which lies in a frame of `size` (width, height) pixels, for a network that
    /// was trained with squares `margin` times as wide as mosaics; `around` is the square around
    /// `rect` that stands still where that trembles, `face` is the face's square, if these are known.
    pub(super) fn of(
        rect: &Rect,
        around: Option<Square>,
        face: Option<Square>,
        margin: f64,
        size: (u32, u32),
    ) -> Self {
        let usual = usual(rect, around, margin).inside(rect, size.0, size.1);
        let longer = f64::from(rect.width.max(rect.height));
        let only = |whole| Self { whole, close: None };
        let believed = |face: &Square| {
            (PLAUSIBLE_RATIO[0]..=PLAUSIBLE_RATIO[1]).contains(&(face.side / longer))
        };
        let Some(face) = face.filter(believed) else {
            return only(usual);
        };
        let ratio = usual.side / face.side;
        let off = |usual: f64, face: f64| (usual - face).abs();
        let [usual_x, usual_y] = usual.middle();
        let [face_x, face_y] = face.middle();
        let off = off(usual_x, face_x).max(off(usual_y, face_y)) / face.side;
        if (SEEN[0]..=SEEN[1]).contains(&ratio) && off <= OFF {
            return only(usual);
        }
        if longer <= face.side {
            return only(covering(&face, rect).inside(rect, size.0, size.1));
        }
        Self {
            whole: usual,
            close: Some(face.inside(&Rect::default(), size.0, size.1)),
        }
    }

    /// All of them, one picture each.
    pub(super) fn squares(&self) -> impl Iterator<Item = Square> {
        [Some(self.whole), self.close].into_iter().flatten()
    }
}

/// The square whose side is `margin` times that of the one around `rect`, and shows all of it.
fn usual(rect: &Rect, around: Option<Square>, margin: f64) -> Square {
    let longer = f64::from(rect.width.max(rect.height));
    match around.map(|around| around.grown(margin)) {
        Some(square) if square.side >= longer => covering(&square, rect),
        _ => Square::around(rect, margin),
    }
}

/// `square`, moved so that it shows all of `rect`, which is no larger.
fn covering(square: &Square, rect: &Rect) -> Square {
    let place = |start: f64, low: i32, length: u32| {
        let (low, high) = (f64::from(low), f64::from(low) + f64::from(length));
        start.clamp(high - square.side, low)
    };
    Square {
        x: place(square.x, rect.x, rect.width),
        y: place(square.y, rect.y, rect.height),
        side: square.side,
    }
}

/// Blend `close`, a part of what the square `view` shows, into `whole`; towards the view's edges it
/// fades.
pub(super) fn blend(whole: &mut Patch, close: &Patch, view: &Square) {
    let (outer, inner) = (whole.rect(), close.rect());
    let fading = FADING * view.side as f32;
    let weight = |at: i32, start: f64| {
        let from = (f64::from(at) + 0.5 - start) as f32;
        let edge = from.min(view.side as f32 - from);
        let t = (edge / fading).clamp(0.0, 1.0);
        t * t * (3.0 - 2.0 * t)
    };
    for plane in 0..3 {
        for y in 0..inner.height {
            let down = weight(inner.y + y as i32, view.y);
            let from = (y * inner.width) as usize;
            let row = (inner.y - outer.y) as u32 + y;
            let to = (row * outer.width) as usize + (inner.x - outer.x) as usize;
            let source = &close.plane(plane)[from..][..inner.width as usize];
            let target = &mut whole.plane_mut(plane)[to..][..inner.width as usize];
            for ((x, new), old) in (inner.x..).zip(source).zip(target) {
                *old += down * weight(x, view.x) * (new - *old);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: (u32, u32) = (400, 300);

    fn square(x: f64, y: f64, side: f64) -> Square {
        Square { x, y, side }
    }

    #[test]
    fn a_mosaic_as_in_training_is_seen_as_ever() {
        let rect = Rect::new(100, 100, 60, 60);
        let usual = Square::around(&rect, 1.3);
        for face in [
            None,
            Some(square(85.0, 85.0, 90.0)),
            // Not to be believed.
            Some(square(0.0, 0.0, 9.0)),
            Some(square(0.0, 0.0, 900.0)),
            Some(square(f64::NAN, 0.0, f64::NAN)),
        ] {
            let views = Views::of(&rect, None, face, 1.3, FRAME);
            assert_eq!((views.whole, views.close), (usual, None), "{face:?}");
        }
    }

    #[test]
    fn a_trembling_box_is_seen_from_where_it_rests() {
        let around = square(100.0, 100.0, 60.0);
        let still = Views::of(&Rect::new(100, 100, 60, 60), Some(around), None, 1.3, FRAME);
        assert_eq!(still.whole, square(91.0, 91.0, 78.0));
        let trembling = Rect::new(98, 103, 69, 57);
        assert_eq!(Views::of(&trembling, Some(around), None, 1.3, FRAME), still);
        // All of the mosaic is seen, wherever it rested.
        let moved = Rect::new(130, 100, 60, 60);
        let views = Views::of(&moved, Some(around), None, 1.3, FRAME);
        assert_eq!(views.whole, square(112.0, 91.0, 78.0));
        let grown = Rect::new(90, 90, 100, 90);
        let views = Views::of(&grown, Some(around), None, 1.3, FRAME);
        assert_eq!(views, Views::of(&grown, None, None, 1.3, FRAME));
    }

    #[test]
    fn a_small_mosaic_is_seen_with_its_face() {
        let rect = Rect::new(100, 100, 40, 16);
        let views = Views::of(&rect, None, Some(square(60.0, 80.0, 120.0)), 1.3, FRAME);
        assert_eq!(views.whole, square(60.0, 80.0, 120.0));
        assert_eq!(views.close, None);
        // However badly the face is placed, the mosaic is in the view, and most of that in the
        // frame.
        let views = Views::of(&rect, None, Some(square(150.0, -90.0, 120.0)), 1.3, FRAME);
        assert_eq!(views.whole, square(100.0, 0.0, 120.0));
    }

    #[test]
    fn a_face_in_a_large_mosaic_is_looked_at_closely() {
        let rect = Rect::new(100, 50, 200, 200);
        let views = Views::of(&rect, None, Some(square(140.0, 60.0, 90.0)), 1.3, FRAME);
        assert_eq!(views.whole, Square::around(&rect, 1.3));
        assert_eq!(views.close, Some(square(140.0, 60.0, 90.0)));
    }

    #[test]
    fn the_close_view_fades_towards_its_edges() {
        let mut whole = Patch::default();
        whole.reset(Rect::new(10, 10, 40, 40));
        let mut close = Patch::default();
        close.reset(Rect::new(20, 10, 20, 15));
        for plane in 0..3 {
            whole.plane_mut(plane).fill(0.0);
            close.plane_mut(plane).fill(100.0);
        }
        blend(&mut whole, &close, &square(20.0, 5.0, 20.0));
        let at = |x: usize, y: usize| whole.plane(1)[(y - 10) * 40 + x - 10];
        assert_eq!(at(30, 15), 100.0);
        assert!(at(20, 15) > 0.0 && at(20, 15) < 10.0);
        assert!(at(21, 15) > at(20, 15));
        assert_eq!((at(19, 15), at(40, 15), at(30, 25)), (0.0, 0.0, 0.0));
    }
}
