//! A live preview over RTP.

use crate::material::*;

/// The number before `word`.
fn number_before(text: &str, word: &str) -> f64 {
    let words: Vec<_> = text
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.')
        .collect();
    let at = words.iter().position(|&it| it == word);
    words[at.unwrap_or_else(|| panic!("{word}: {text}")) - 1]
        .parse()
        .unwrap()
}

#[test]
fn a_preview_comes_over_the_network() {
    let place = Place::new();
    mosaic().save(place.path("mosaic.png")).unwrap();
    let mut program = example("live_preview");
    program
        .arg(place.path("mosaic.png"))
        .args(["--frames", "25", "--rate", "10"]);
    let said = run(&mut program);
    let lines: Vec<_> = said.lines().collect();
    let (without, with) = (lines[0], lines[1]);
    assert!(
        without.starts_with("without the element") && with.starts_with("with the element"),
        "{said}"
    );
    for line in [without, with] {
        // The first frames pass before all is set up; a busy machine drops many.
        assert!(number_before(line, "of") >= 5.0, "{said}");
        let late = number_before(line, "ms");
        assert!(late > 0.0 && late < 2000.0, "{said}");
    }
    // How many depends on how busy the machine is.
    assert!(number_before(with, "restored") > 0.0, "{said}");
}
