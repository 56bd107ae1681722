//! One box for each face: finders tell of many (non-maximum suppression).

use super::Face;

/// `faces`, the surest first, without those that overlap a surer one by more than `iou`
/// (intersection over union, 0–1).
pub(super) fn without_doubles(faces: Vec<Face>, iou: f64) -> Vec<Face> {
    let mut kept: Vec<Face> = Vec::new();
    for face in faces {
        if kept.iter().all(|surer| surer.rect.iou(&face.rect) <= iou) {
            kept.push(face);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Rect;

    #[test]
    fn the_surest_of_boxes_that_overlap_stays() {
        let face = |x: i32, score: f32| Face {
            rect: Rect::new(x, 0, 10, 10),
            score,
            landmarks: None,
        };
        // Overlaps of 8/12, 2/18 and none with the first.
        let faces = vec![face(0, 0.9), face(2, 0.8), face(8, 0.7), face(30, 0.6)];
        let kept = without_doubles(faces, 0.3);
        let places: Vec<i32> = kept.iter().map(|face| face.rect.x).collect();
        assert_eq!(places, [0, 8, 30]);
    }
}
