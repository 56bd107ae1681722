//! What UltraFace says: probabilities and boxes.
//!
//! As Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB exports it: `scores` are those of no face
//! and of a face, `boxes` are left, top, right and lower edge in parts of the input's sides.

use super::candidate::{Candidate, Output};
use super::shown::Colors;
use crate::cascade::RunError;

/// Probabilities, boxes.
pub(super) const OUTPUTS: [&str; 2] = ["scores", "boxes"];

/// Red, green, blue, about −1 … 1.
pub(super) const COLORS: Colors = Colors {
    order: [0, 1, 2],
    mean: 127.0,
    scale: 128.0,
};

/// The boxes with a score of `min_score` at least, in pixels of the network's input.
pub(super) fn candidates(
    outputs: &[Output<'_>],
    (width, height): (u32, u32),
    min_score: f32,
) -> Result<Vec<Candidate>, RunError> {
    let [scores, boxes] = outputs else {
        return Ok(Vec::new());
    };
    let count = scores.numbers.data.len() / 2;
    let (scores, boxes) = (scores.rows(count, 2)?, boxes.rows(count, 4)?);
    let (width, height) = (width as f32, height as f32);
    let sure = scores.chunks_exact(2).zip(boxes.chunks_exact(4));
    let sure = sure.filter(|(score, _)| score[1] >= min_score);
    let candidate = |(score, edges): (&[f32], &[f32])| Candidate {
        edges: [
            edges[0] * width,
            edges[1] * height,
            edges[2] * width,
            edges[3] * height,
        ],
        score: score[1],
        landmarks: None,
    };
    Ok(sure.map(candidate).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cascade::HostTensor;

    #[test]
    fn parts_become_pixels() {
        let tensor = |each: i64, data: &[f32]| HostTensor {
            shape: vec![1, 2, each],
            data: data.to_vec(),
        };
        let scores = tensor(2, &[0.9, 0.1, 0.2, 0.8]);
        let boxes = tensor(4, &[0.0, 0.0, 1.0, 1.0, 0.25, 0.5, 0.5, 0.75]);
        let output = |name, numbers| Output {
            model: "tiny",
            name,
            numbers,
        };
        let outputs = [output("scores", &scores), output("boxes", &boxes)];
        let found = candidates(&outputs, (320, 240), 0.7).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].edges, [80.0, 120.0, 160.0, 180.0]);
        assert_eq!(found[0].score, 0.8);
        let outputs = [output("scores", &boxes), output("boxes", &boxes)];
        assert!(candidates(&outputs, (320, 240), 0.7).is_err());
    }
}
