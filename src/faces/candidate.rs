//! What all finders say, each in its own words: where faces may be.

use super::{Face, Landmarks};
use crate::cascade::{HostTensor, RunError};
use crate::frame::Rect;

/// A face in the pixels that the network is shown.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidate {
    /// Left, top, right and lower edge.
    pub edges: [f32; 4],
    pub score: f32,
    pub landmarks: Option<Landmarks>,
}

impl Candidate {
    /// The face in the pixels of a picture of `width` × `height`, of which the network is shown
    /// `scale` pixels for one; None where it is no box in the picture.
    pub(super) fn face(&self, scale: f64, (width, height): (u32, u32)) -> Option<Face> {
        let own = |value: f32| f64::from(value) / scale;
        let within = |value: f32, length: u32| own(value).clamp(0.0, f64::from(length)).round();
        let [left, top, right, bottom] = self.edges;
        let (x, right) = (within(left, width), within(right, width));
        let (y, bottom) = (within(top, height), within(bottom, height));
        let is_sound = self.edges.iter().all(|edge| edge.is_finite()) && x < right && y < bottom;
        is_sound.then(|| Face {
            rect: Rect::new(x as i32, y as i32, (right - x) as u32, (bottom - y) as u32),
            score: self.score.min(1.0),
            landmarks: self
                .landmarks
                .filter(|points| lie_around(points, self.edges))
                .map(|points| points.map(|point| point.map(|value| own(value) as f32))),
        })
    }
}

/// Whether all points lie in a box or less than half its size beside it: others say nothing.
fn lie_around(points: &Landmarks, [left, top, right, bottom]: [f32; 4]) -> bool {
    let (across, down) = ((right - left) / 2.0, (bottom - top) / 2.0);
    points.iter().all(|&[x, y]| {
        (left - across..right + across).contains(&x) && (top - down..bottom + down).contains(&y)
    })
}

/// What a network says under a name.
#[derive(Clone, Copy)]
pub(super) struct Output<'a> {
    pub model: &'a str,
    pub name: &'a str,
    pub numbers: &'a HostTensor,
}

impl<'a> Output<'a> {
    /// Its numbers, `[1, count, each]`; an error where it has another shape.
    pub(super) fn rows(&self, count: usize, each: usize) -> Result<&'a [f32], RunError> {
        let expected = [1, count as i64, each as i64];
        match self.numbers.shape == expected {
            true => Ok(&self.numbers.data),
            false => Err(RunError::OutputShape {
                model: self.model.to_owned(),
                output: self.name.to_owned(),
                found: self.numbers.shape.clone(),
                expected: expected.to_vec(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_cut_to_the_picture_and_wild_landmarks_dropped() {
        let candidate = Candidate {
            edges: [-8.0, 10.0, 22.0, 50.0],
            score: 0.9,
            landmarks: Some([[1.0, 20.0]; 5]),
        };
        let face = candidate.face(0.5, (100, 80)).unwrap();
        assert_eq!(face.rect, Rect::new(0, 20, 44, 60));
        assert_eq!(face.landmarks, Some([[2.0, 40.0]; 5]));
        let wild = Candidate {
            landmarks: Some([
                [1.0, 20.0],
                [1.0, 20.0],
                [1e9, 20.0],
                [1.0, 20.0],
                [1.0, 20.0],
            ]),
            ..candidate.clone()
        };
        assert_eq!(wild.face(0.5, (100, 80)).unwrap().landmarks, None);
        for edges in [
            [0.0, 0.0, f32::NAN, 9.0],
            [60.0, 0.0, 70.0, 9.0],
            [9.0, 0.0, 3.0, 9.0],
        ] {
            let nowhere = Candidate {
                edges,
                ..candidate.clone()
            };
            assert_eq!(nowhere.face(0.5, (100, 80)), None, "{edges:?}");
        }
    }
}
