//! Commands in documents: targets of `make`, examples of Cargo, elements and properties of
//! GStreamer.

use crate::helpers::{code, documents, init};
use gst::prelude::*;
use std::path::Path;

/// Words that are no targets though they follow `make`.
const VARIABLES: char = '=';

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
        let mut targets = words.iter().filter(|word| !word.contains(VARIABLES));
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

/// The elements of a launch line, each with the names of the properties that are set.
fn elements(words: &[String]) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut begins = true;
    let words = words.iter().skip_while(|word| word.starts_with('-'));
    let words = words
        .map(|word| word.trim_matches(['"', '\'', '(', ')']))
        .filter(|word| *word != "\\");
    for word in words.take_while(|word| !["|", "&", "&&", ";"].contains(word)) {
        let is_name = |text: &str| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|letter| letter.is_ascii_alphanumeric() || "-_:".contains(letter))
        };
        let property = word.split_once('=').map(|(name, _)| name);
        if word == "!" {
            begins = true;
        } else if word.ends_with('.')
            || word.contains('/') && property.is_none_or(|name| name.contains('/'))
            || word.starts_with('@')
        {
            // A pad, caps, or a preset. Behind a pad comes `!`, or the next branch.
            begins |= word.ends_with('.');
        } else if let Some(name) = property.filter(|name| is_name(name)) {
            if let Some((_, properties)) = found.last_mut() {
                properties.push(name.to_owned());
            }
        } else if is_name(word) && begins
            || is_name(word) && gst::ElementFactory::find(word).is_some()
        {
            found.push((word.to_owned(), Vec::new()));
            begins = false;
        }
    }
    found
}

#[test]
fn gstreamer_has_the_elements_and_properties() {
    init();
    let mut count = 0;
    for (document, words) in calls_of("gst-launch-1.0") {
        for (name, properties) in elements(&words) {
            // Ours and those of GStreamer itself; `…` stands for what a reader has.
            let Ok(element) = gst::ElementFactory::make(&name).build() else {
                panic!("{document}: no element {name}");
            };
            for property in properties
                .iter()
                .filter(|name| *name != "name" && !name.contains("::"))
            {
                count += 1;
                assert!(
                    element.has_property(property),
                    "{document}: {name} has no {property}"
                );
            }
        }
    }
    assert!(count > 20, "only {count} properties were found");
}

#[test]
fn elements_are_found_in_lines() {
    init();
    let line = r#"-e a.mp4 filesrc location=a.mp4 ! "video/x-raw,format=RGB" ! facepixelate regions="<<1,2,3,4>>" ! tee name=t t. ! queue ! fakesink t. ! fakesink | other x=y"#;
    let line = line.replace("a.mp4 filesrc", "filesrc");
    let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
    let found = elements(&words);
    let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "filesrc",
            "facepixelate",
            "tee",
            "queue",
            "fakesink",
            "fakesink"
        ]
    );
    assert_eq!(found[1].1, ["regions"]);
}
