//! What README.md and docs tell readers to type, beside what the programs say of themselves with
//! `--help`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A call of a program as it stands in a document.
#[derive(Debug, PartialEq)]
pub struct Call {
    /// Words behind the program's name: a subcommand, and one of its own.
    pub subcommands: Vec<String>,
    pub options: Vec<String>,
}

/// Each call of `program` in the documents is one that it knows, with options that its help lists.
/// `file` is the program.
#[track_caller]
pub fn assert_documents_fit(program: &str, file: &str) {
    let mut helps = HashMap::new();
    let mut help = |subcommands: &[String]| -> Result<String, String> {
        let known = helps.entry(subcommands.to_vec());
        known.or_insert_with(|| help_of(file, subcommands)).clone()
    };
    let known = subcommands_in(&help(&[]).unwrap());
    let (mut count, mut wrong) = (0, Vec::new());
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for call in calls(&text, program, &known) {
            count += 1;
            let name = [&[program.to_owned()], &call.subcommands[..]]
                .concat()
                .join(" ");
            let place = format!("{}: {name}", document.display());
            match help(&call.subcommands) {
                Err(error) => wrong.push(format!("{place}: {error}")),
                Ok(mut text) => {
                    // What comes behind some subcommands is another call of the program.
                    if text.contains(&format!("OPTIONS of {program}")) {
                        text += &help(&[]).unwrap();
                    }
                    let lacks = |option: &&String| !words(&text).any(|word| word == *option);
                    let missing = call.options.iter().filter(lacks);
                    wrong.extend(missing.map(|option| format!("{place} has no {option}")));
                }
            }
        }
    }
    wrong.dedup();
    assert!(count > 0, "no document names {program}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// README.md and its like, and all that lies in docs.
pub fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = ["README.md", "CONTRIBUTING.md", "SECURITY.md"];
    let mut found: Vec<_> = beside.map(|name| root.join(name)).to_vec();
    let mut folders = vec![root.join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(kind) if kind == "md" => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// The help of a subcommand with all of its options, or what its program says instead.
fn help_of(file: &str, subcommands: &[String]) -> Result<String, String> {
    let short = help_by(file, subcommands, "--help")?;
    match short.contains("--help-all") {
        true => help_by(file, subcommands, "--help-all"),
        false => Ok(short),
    }
}

fn help_by(file: &str, subcommands: &[String], option: &str) -> Result<String, String> {
    let mut command = Command::new(file);
    command.args(subcommands).arg(option);
    // What a panic says is enough.
    let output = command.env("RUST_BACKTRACE", "0").output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(text(&output.stderr)),
    }
}

/// The subcommands that a help lists.
fn subcommands_in(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = lines.take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

/// Runs of letters, digits and hyphens.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-')
}

/// Calls of `program` in the code of a Markdown text. Code in a line of prose may leave the program
/// out and begin with one of its `subcommands`.
pub fn calls(text: &str, program: &str, subcommands: &[String]) -> Vec<Call> {
    let (blocks, spans) = code(text);
    let is_program = |word: &&str| word.rsplit('/').next() == Some(program);
    let mut calls = Vec::new();
    for line in blocks.iter().chain(&spans) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let Some(at) = words.iter().position(is_program) {
            calls.push(call(&words[at + 1..]));
        }
    }
    for line in &spans {
        let words: Vec<&str> = line.split_whitespace().collect();
        let has_options = words.iter().any(|word| word.starts_with("--"));
        if has_options && subcommands.iter().any(|name| name == words[0]) {
            calls.push(call(&words));
        }
    }
    calls
}

/// Lines of the blocks of code in a Markdown text, without comments and put together where they go
/// on, and the code in its prose.
pub fn code(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut blocks, mut prose) = (Vec::new(), String::new());
    let (mut in_block, mut begun) = (false, String::new());
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            prose.push_str(line);
            prose.push('\n');
        } else if let Some(part) = line.strip_suffix('\\') {
            begun.push_str(part);
        } else {
            begun.push_str(line.split(" #").next().unwrap_or_default());
            blocks.push(std::mem::take(&mut begun));
        }
    }
    let spans = prose.split('`').skip(1).step_by(2);
    (blocks, spans.map(str::to_owned).collect())
}

/// What follows the name of a program.
fn call(words: &[&str]) -> Call {
    let ends = |word: &&&str| !["|", ";", "&&"].contains(*word);
    let words = words.iter().take_while(ends);
    // Brackets are around what may be left out.
    let words: Vec<&str> = words.map(|word| word.trim_matches(['[', ']'])).collect();
    let is_name = |word: &&&str| {
        let letters = |letter: char| letter.is_ascii_lowercase() || "-0123456789".contains(letter);
        word.starts_with(|first: char| first.is_ascii_lowercase()) && word.chars().all(letters)
    };
    let subcommands = words.iter().take_while(is_name);
    let options = words.iter().filter(|word| word.starts_with("--"));
    let option = |word: &&str| word.split('=').next().unwrap_or_default().to_owned();
    Call {
        subcommands: subcommands.map(|&name| name.to_owned()).collect(),
        options: options.map(option).collect(),
    }
}
