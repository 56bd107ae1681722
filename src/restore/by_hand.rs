//! Rectangles that somebody named, beside those that are found.

use crate::frame::Rect;

/// Whether one of `others` is the same one as `rect`: their overlap (intersection over union) is
/// above `threshold`.
pub fn is_covered(others: impl IntoIterator<Item = Rect>, rect: &Rect, threshold: f32) -> bool {
    let mut others = others.into_iter();
    others.any(|other| other.iou(rect) > f64::from(threshold))
}

/// Whether most of `rect` lies in `others`. Mosaics that nearly touch can look like one.
pub fn is_mostly_within(others: impl IntoIterator<Item = Rect>, rect: &Rect) -> bool {
    let others = others.into_iter();
    let shared = others.filter_map(|other| other.intersect(rect));
    2 * shared.map(|shared| shared.area()).sum::<u64>() > rect.area()
}

/// Whether what is found at `rect` is to be left alone: its middle lies in one of `areas`.
pub fn is_excluded(areas: &[Rect], rect: &Rect) -> bool {
    // Twice the middle is a whole number.
    let x = i64::from(rect.x) + rect.right();
    let y = i64::from(rect.y) + rect.bottom();
    areas.iter().any(|area| {
        (2 * i64::from(area.x)..2 * area.right()).contains(&x)
            && (2 * i64::from(area.y)..2 * area.bottom()).contains(&y)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_covers_named_regions_is_known() {
        let named = [Rect::new(10, 10, 30, 30), Rect::new(42, 10, 30, 30)];
        assert!(is_mostly_within(named, &Rect::new(10, 10, 62, 32)));
        assert!(is_mostly_within(named, &Rect::new(20, 0, 40, 40)));
        assert!(!is_mostly_within(named, &Rect::new(0, 0, 80, 80)));
        assert!(!is_mostly_within([], &Rect::new(0, 0, 8, 8)));
        assert!(is_covered(named, &Rect::new(41, 11, 30, 30), 0.5));
        assert!(!is_covered(named, &Rect::new(20, 0, 40, 40), 0.5));
    }

    #[test]
    fn the_middle_decides() {
        let areas = [Rect::new(10, 10, 20, 20)];
        let excludes = |rect| is_excluded(&areas, &rect);
        assert!(excludes(Rect::new(-10, -10, 40, 40)));
        assert!(excludes(Rect::new(0, 0, 59, 59)));
        assert!(!excludes(Rect::new(0, 0, 60, 60)));
        assert!(!excludes(Rect::new(0, 0, 19, 40)));
        assert!(!excludes(Rect::new(i32::MAX, i32::MAX, u32::MAX, u32::MAX)));
        assert!(!is_excluded(&[], &Rect::new(0, 0, 60, 60)));
    }
}
