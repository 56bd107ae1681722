//! Files of the checkout that documents name in their text: they are there.

use crate::helpers::{code, documents};
use std::path::Path;

/// Folders whose files are named from the root of the checkout.
const FOLDERS: [&str; 9] = [
    "benches/",
    "docs/",
    "examples/",
    "fuzz/",
    "presets/",
    "recipes/",
    "scripts/",
    "src/",
    "tests/",
];

/// The files and folders that a text names, without those that stand for many.
fn named(text: &str) -> Vec<String> {
    let (blocks, spans) = code(text);
    let is_between = |letter: char| letter.is_whitespace() || "\"'=,;()".contains(letter);
    let words = blocks
        .iter()
        .chain(&spans)
        .flat_map(|line| line.split(is_between));
    let is_path = |word: &&str| {
        let word = word.trim_start_matches("./");
        FOLDERS.iter().any(|folder| word.starts_with(folder))
            && !word.contains(['*', '<', '…', '{'])
            && !word.contains("NAME")
    };
    let words = words
        .filter(is_path)
        .map(|word| word.trim_end_matches(['.', ':']));
    words.map(str::to_owned).collect()
}

#[test]
fn files_that_documents_name_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut count, mut missing) = (0, Vec::new());
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for name in named(&text) {
            count += 1;
            if !root.join(&name).exists() && !root.join(&name).with_extension("rs").exists() {
                missing.push(format!("{}: {name}", document.display()));
            }
        }
    }
    assert!(count > 20, "only {count} files were found");
    assert!(missing.is_empty(), "not there:\n{}", missing.join("\n"));
}

#[test]
fn names_are_found_in_code_alone() {
    let text = "See `examples/a.rs`, tests/no.rs and `docs/*.md`.\n\n```sh\npython3 scripts/b.py --x=recipes/c.toml\n```\n";
    assert_eq!(
        named(text),
        ["scripts/b.py", "recipes/c.toml", "examples/a.rs"]
    );
}
