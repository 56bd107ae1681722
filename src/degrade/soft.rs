//! Mosaics that are no rectangles.

use crate::frame::Rect;

/// Put the frame as it was, `clean`, back into the mosaic outside the ellipse that fills `rect`;
/// the ellipse's edge is `soft` pixels wide. Both are packed R′G′B′, `width` pixels wide; `rect`
/// lies inside of them.
pub fn cut_ellipse(mosaic: &mut [u8], clean: &[u8], width: usize, rect: &Rect, soft: f32) {
    let half = (rect.width as f32 / 2.0, rect.height as f32 / 2.0);
    let middle = (rect.x as f32 + half.0, rect.y as f32 + half.1);
    for y in rect.y..rect.bottom() as i32 {
        for x in rect.x..rect.right() as i32 {
            let dx = (x as f32 + 0.5 - middle.0) / half.0;
            let dy = (y as f32 + 0.5 - middle.1) / half.1;
            // Nearly the distance to the edge in pixels, positive inside.
            let inside = (1.0 - dx.hypot(dy)) * half.0.min(half.1);
            let weight = (inside / soft.max(1e-3)).clamp(0.0, 1.0);
            let at = 3 * (y as usize * width + x as usize);
            for (m, c) in mosaic[at..at + 3].iter_mut().zip(&clean[at..at + 3]) {
                let mixed = weight * f32::from(*m) + (1.0 - weight) * f32::from(*c);
                *m = mixed.round() as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ellipse_keeps_the_corners_clean() {
        let (mut mosaic, clean) = (vec![200; 3 * 400], vec![100; 3 * 400]);
        let rect = Rect::new(4, 4, 12, 12);
        cut_ellipse(&mut mosaic, &clean, 20, &rect, 2.0);
        let at = |x: usize, y: usize| mosaic[3 * (20 * y + x)];
        assert_eq!(
            [at(4, 4), at(15, 15), at(10, 10), at(2, 2)],
            [100, 100, 200, 200]
        );
        assert!((101..200).contains(&at(4, 10)), "{}", at(4, 10));
    }
}
