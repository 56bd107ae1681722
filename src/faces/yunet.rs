//! What YuNet says: for each cell of three grids a score, a box and five landmarks.
//!
//! Wu, Peng, Yu: YuNet: A Tiny Millisecond-level Face Detector (2023). With the cell's column c,
//! its row r and the grid's stride s: score √(cls · obj); middle of the box ((c + b₀)·s,
//! (r + b₁)·s), its sides e^b₂·s and e^b₃·s; landmarks ((c + k₀)·s, (r + k₁)·s) …

use super::candidate::{Candidate, Output};
use super::shown::Colors;
use crate::cascade::RunError;

/// Pixels from cell to cell in each grid.
const STRIDES: [u32; 3] = [8, 16, 32];

/// Outputs: of each grid in turn class, object, box, landmarks.
pub(super) const OUTPUTS: [&str; 12] = [
    "cls_8", "obj_8", "bbox_8", "kps_8", "cls_16", "obj_16", "bbox_16", "kps_16", "cls_32",
    "obj_32", "bbox_32", "kps_32",
];

/// Blue, green, red, 0–255.
pub(super) const COLORS: Colors = Colors {
    order: [2, 1, 0],
    mean: 0.0,
    scale: 1.0,
};

/// The cells with a score of `min_score` at least, in pixels of the network's input.
pub(super) fn candidates(
    outputs: &[Output<'_>],
    (width, height): (u32, u32),
    min_score: f32,
) -> Result<Vec<Candidate>, RunError> {
    let mut found = Vec::new();
    for (grid, stride) in outputs.chunks_exact(4).zip(STRIDES) {
        let (columns, rows) = ((width / stride) as usize, (height / stride) as usize);
        let cells = columns * rows;
        let class = grid[0].rows(cells, 1)?;
        let object = grid[1].rows(cells, 1)?;
        let boxes = grid[2].rows(cells, 4)?;
        let points = grid[3].rows(cells, 10)?;
        for cell in 0..cells {
            let score = (class[cell].clamp(0.0, 1.0) * object[cell].clamp(0.0, 1.0)).sqrt();
            // Neither holds for what is no number.
            if score >= min_score {
                let at = [(cell % columns) as f32, (cell / columns) as f32];
                let (parts, points) = (&boxes[4 * cell..][..4], &points[10 * cell..][..10]);
                found.push(candidate(score, at, stride as f32, parts, points));
            }
        }
    }
    Ok(found)
}

fn candidate(
    score: f32,
    [column, row]: [f32; 2],
    stride: f32,
    parts: &[f32],
    points: &[f32],
) -> Candidate {
    let (x, y) = ((column + parts[0]) * stride, (row + parts[1]) * stride);
    let half = [parts[2], parts[3]].map(|part| part.exp() * stride / 2.0);
    let landmark = |i: usize| {
        let (across, down) = (points[2 * i], points[2 * i + 1]);
        [(column + across) * stride, (row + down) * stride]
    };
    Candidate {
        edges: [x - half[0], y - half[1], x + half[0], y + half[1]],
        score,
        landmarks: Some([0, 1, 2, 3, 4].map(landmark)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cascade::HostTensor;

    fn tensor(cells: usize, each: usize) -> HostTensor {
        HostTensor {
            shape: vec![1, cells as i64, each as i64],
            data: vec![0.0; cells * each],
        }
    }

    /// Silent outputs for an input of 64 × 32 pixels: 8 × 4, 4 × 2 and 2 × 1 cells.
    fn silent() -> Vec<HostTensor> {
        let grids = [32, 8, 2].into_iter();
        grids
            .flat_map(|cells| [1, 1, 4, 10].map(|each| tensor(cells, each)))
            .collect()
    }

    fn read(tensors: &[HostTensor], min_score: f32) -> Result<Vec<Candidate>, RunError> {
        let named = OUTPUTS.iter().zip(tensors);
        let outputs: Vec<_> = named
            .map(|(name, numbers)| Output {
                model: "tiny",
                name,
                numbers,
            })
            .collect();
        candidates(&outputs, (64, 32), min_score)
    }

    #[test]
    fn a_cell_becomes_a_box_with_landmarks() {
        let mut tensors = silent();
        // Cell 6 of the second grid: column 2, row 1, stride 16.
        (tensors[4].data[6], tensors[5].data[6]) = (0.81, 0.64);
        let sides = [2.0f32.ln(), 1.5f32.ln()];
        tensors[6].data[24..28].copy_from_slice(&[0.25, -0.5, sides[0], sides[1]]);
        tensors[7].data[60..64].copy_from_slice(&[-0.5, 0.25, 1.0, 0.0]);
        let found = read(&tensors, 0.7).unwrap();
        assert_eq!(found.len(), 1);
        assert!((found[0].score - 0.72).abs() < 1e-6);
        // Middle (2.25·16, 0.5·16) = (36, 8), sides 32 and 24.
        for (edge, expected) in found[0].edges.iter().zip([20.0, -4.0, 52.0, 20.0]) {
            assert!((edge - expected).abs() < 1e-4, "{edge} {expected}");
        }
        let points = found[0].landmarks.unwrap();
        assert_eq!(points[..3], [[24.0, 20.0], [48.0, 16.0], [32.0, 16.0]]);
        assert!(read(&tensors, 0.73).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_number_is_no_face_and_other_shapes_are_told() {
        let mut tensors = silent();
        tensors[0].data[3] = f32::NAN;
        assert!(read(&tensors, 0.5).unwrap().is_empty());
        tensors[2] = tensor(31, 4);
        let error = read(&tensors, 0.5).unwrap_err().to_string();
        assert!(
            error.contains("`bbox_8` has shape [1, 31, 4], expected [1, 32, 4]"),
            "{error}"
        );
    }
}
