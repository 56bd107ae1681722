//! Several streams and one model.

use crate::material::*;

#[test]
fn streams_share_runs_of_a_model() {
    let place = Place::new();
    let film = place.film("talk.mp4");
    let said = run(example("shared_model").args([&film, &film]));
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    for line in lines {
        assert!(line.contains("25 frames, 25 faces"), "{said}");
        // "… frames, … faces, 1.85 faces in a run"
        let fill: f64 = line
            .split_whitespace()
            .rev()
            .nth(4)
            .unwrap()
            .parse()
            .unwrap();
        assert!(fill > 1.0, "no run had faces of both streams: {said}");
    }
    let said = fail(example("shared_model").arg(place.path("none.mp4")));
    assert!(said.contains("none.mp4"), "{said}");
}
