//! When which face is there: a bar for each, below one another where they overlap.

use maud::{Markup, html};

use super::clock::clock;
use crate::app::RestoredFace;

/// Most rows of bars; what has no room is drawn over the last one.
const LANES: usize = 16;
/// Times that are written below.
const MARKS: u32 = 4;
/// Height of a row.
const LANE_EM: f64 = 1.5;

/// The bars of `faces` on a film of so many nanoseconds, each a link to the entry of its number.
pub(super) fn timeline(faces: &[RestoredFace], length: u64) -> Markup {
    let end = faces.iter().map(|face| face.times[1]).max().unwrap_or(0);
    let length = length.max(end).max(1);
    let percent = |time: u64| 100.0 * time as f64 / length as f64;
    let (lanes, used) = lanes(faces);
    html! {
        ol .timeline style=(format!("height:{}em", used as f64 * LANE_EM)) {
            @for ((face, lane), number) in faces.iter().zip(lanes).zip(1..) {
                @let [from, to] = face.times;
                @let name = format!("Face {number}, {} to {}", clock(from), clock(to));
                li style=(format!(
                    "left:{:.3}%;width:{:.3}%;top:{}em",
                    percent(from),
                    percent(to.saturating_sub(from)),
                    lane as f64 * LANE_EM
                )) {
                    a href=(format!("#face-{number}")) title=(name) aria-label=(name) {}
                }
            }
        }
        div .marks aria-hidden="true" {
            @for mark in 0..=MARKS {
                span { (clock(length / u64::from(MARKS) * u64::from(mark))) }
            }
        }
    }
}

/// The row of each face, and how many rows there are.
fn lanes(faces: &[RestoredFace]) -> (Vec<usize>, usize) {
    let mut ends: Vec<u64> = Vec::new();
    let lanes = faces.iter().map(|face| {
        let free = ends.iter().position(|end| *end < face.times[0]);
        let lane = free.unwrap_or(ends.len()).min(LANES - 1);
        if lane == ends.len() {
            ends.push(0);
        }
        ends[lane] = ends[lane].max(face.times[1]);
        lane
    });
    let lanes: Vec<usize> = lanes.collect();
    (lanes, ends.len().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(times: [u64; 2]) -> RestoredFace {
        RestoredFace {
            track: None,
            frames: [0, 0],
            times,
            blocks: None,
            probability: None,
            boxes: Vec::new(),
        }
    }

    #[test]
    fn faces_at_one_time_have_rows_of_their_own() {
        let faces = [[0, 50], [20, 30], [31, 90], [60, 70]].map(face);
        assert_eq!(lanes(&faces), (vec![0, 1, 1, 0], 2));
        let many = vec![face([0, 9]); 40];
        assert_eq!(lanes(&many).1, LANES);
        assert_eq!(lanes(&[]), (Vec::new(), 1));
    }

    #[test]
    fn bars_lie_within_the_film() {
        let text = timeline(&[face([250, 750]), face([900, 2000])], 1000).into_string();
        assert!(text.contains("left:12.500%;width:25.000%"), "{text}");
        assert!(text.contains("left:45.000%;width:55.000%"), "{text}");
        assert!(text.contains("href=\"#face-2\""), "{text}");
    }
}
