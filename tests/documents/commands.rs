//! Commands in documents: targets of `make`, examples and tests of Cargo, launch lines of GStreamer.

use crate::helpers::{code, documents, init};
use gst::glib;
use std::path::Path;

/// Calls of `program` in the code of all documents: the document, and the words that follow.
fn calls_of(program: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        let (blocks, spans) = code(&text);
        for line in blocks.iter().chain(&spans) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let name = |word: &&str| word.rsplit('/').next() == Some(program);
            if let Some(at) = words.iter().position(name) {
                let rest = words[at + 1..].iter().map(|word| (*word).to_owned());
                found.push((document.display().to_string(), rest.collect()));
            }
        }
    }
    assert!(!found.is_empty(), "no document calls {program}");
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn make_has_the_targets() {
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
    let is_target = |name: &str| {
        makefile
            .lines()
            .any(|line| line.starts_with(&format!("{name}:")))
    };
    for (document, words) in calls_of("make") {
        let mut targets = words.iter().filter(|word| !word.contains('='));
        let target = targets.next().expect("make is called with a target");
        assert!(is_target(target), "{document}: no make {target}");
    }
}

#[test]
fn cargo_has_the_examples_and_tests() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (mut count, examples) = (0, manifest.split("[[example]]").skip(1));
    let examples: Vec<_> = examples
        .map(|rest| rest.split('"').nth(1).unwrap())
        .collect();
    for (document, words) in calls_of("cargo") {
        for pair in words.windows(2) {
            let is_there = match pair[0].as_str() {
                "--example" => examples.contains(&pair[1].as_str()),
                "--test" => root().join("tests").join(&pair[1]).join("main.rs").exists(),
                _ => continue,
            };
            count += 1;
            assert!(is_there, "{document}: no {} {}", pair[0], pair[1]);
        }
    }
    assert!(count > 3, "only {count} were found");
}

/// What GStreamer has against a launch line as a shell would hand it over: elements, properties and
/// values that there are none of, elements that cannot be linked.
fn complaint(line: &str) -> Option<String> {
    let command = line.split([';', '|']).next().unwrap_or_default();
    let command = command.trim_end_matches(['&', ' ']);
    let words = match glib::shell_parse_argv(command) {
        Ok(words) => words,
        Err(error) => return Some(error.to_string()),
    };
    let words = words.iter().map(|word| word.to_str().unwrap());
    let words: Vec<_> = words.skip_while(|word| word.starts_with('-')).collect();
    let result = gst::parse::launchv_full(&words, None, gst::ParseFlags::FATAL_ERRORS);
    result.err().map(|error| error.to_string())
}

#[test]
fn gstreamer_understands_the_launch_lines() {
    init();
    gst::Preset::set_app_dir(root().join("presets").to_str().unwrap()).unwrap();
    let (mut count, mut wrong) = (0, Vec::new());
    for (document, words) in calls_of("gst-launch-1.0") {
        let line = words.join(" ");
        // Three dots stand for what the reader has.
        if line.contains('…') {
            continue;
        }
        count += 1;
        if let Some(error) = complaint(&line) {
            wrong.push(format!("{document}: {line}: {error}"));
        }
    }
    assert!(count > 15, "only {count} lines were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn wrong_launch_lines_are_found() {
    init();
    let right = "-e filesrc location=$PWD/a.mp4 ! facepixelate regions=\"<<1,2,3,4>>\" ! tee name=t t. ! fakesink &";
    assert_eq!(complaint(right), None);
    for wrong in [
        "filesrc ! facerepixelate ! fakesink",
        "filesrc ! facedepixelate detial=0 ! fakesink",
        "filesrc ! facedepixelate inference-region=nowhere ! fakesink",
        "filesrc ! fakesink \"",
    ] {
        assert!(complaint(wrong).is_some(), "{wrong}");
    }
}
