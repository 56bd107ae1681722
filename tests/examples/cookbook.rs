//! Every line of docs/cookbook.md, run as it stands there.

use crate::material::*;
use std::collections::BTreeSet;

/// What stands for windows and cameras, which a test has none of.
const STAND_INS: [(&str, &str); 3] = [
    ("autovideosink", "fakesink"),
    ("autoaudiosink", "fakesink"),
    ("v4l2src", "videotestsrc is-live=true num-buffers=25"),
];

/// The blocks of commands in a Markdown text, each with the heading that it stands under.
fn blocks(text: &str) -> Vec<(String, String)> {
    let (mut blocks, mut heading) = (Vec::new(), String::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(title) = line.strip_prefix("## ") {
            heading = title.to_owned();
        } else if line == "```sh" {
            let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((heading.clone(), block.join("\n")));
        }
    }
    blocks
}

/// The files that a block names.
fn files(block: &str) -> BTreeSet<&str> {
    let endings = [".mp4", ".mkv", ".mov", ".png", ".json", ".html", ".csv"];
    let is_between = |letter: char| letter.is_whitespace() || "=\"'\\".contains(letter);
    let words = block
        .split(is_between)
        .map(|word| word.trim_start_matches("file://$PWD/"));
    let is_file =
        |word: &&str| endings.iter().any(|ending| word.ends_with(ending)) && !word.contains('%');
    words.filter(is_file).collect()
}

#[test]
fn every_line_of_the_cookbook_does_what_it_says() {
    let text = std::fs::read_to_string(format!("{ROOT}/docs/cookbook.md")).unwrap();
    let blocks = blocks(&text);
    assert!(
        blocks.len() > 10,
        "docs/cookbook.md has {} blocks",
        blocks.len()
    );
    for (heading, block) in &blocks {
        let place = Place::new();
        place.film("talk.mp4");
        std::fs::create_dir(place.path("scans")).unwrap();
        mosaic().save(place.path("scans/one.png")).unwrap();
        let script = STAND_INS
            .iter()
            .fold(block.clone(), |script, (window, stand_in)| {
                script.replace(window, stand_in)
            });
        let mut shell = place.with_plugin("timeout");
        run(shell.args(["60", "sh", "-e", "-c", &script]));
        for file in files(block) {
            assert!(place.path(file).exists(), "{heading}: no {file}");
        }
    }
}

#[test]
fn files_are_found_in_commands() {
    let block = "depixelate talk.mp4 out/guess.mov --report=page.html\nx location=a.mkv uri=file://$PWD/b.mp4 c_%d.png";
    let found: Vec<_> = files(block).into_iter().collect();
    assert_eq!(
        found,
        ["a.mkv", "b.mp4", "out/guess.mov", "page.html", "talk.mp4"]
    );
}
