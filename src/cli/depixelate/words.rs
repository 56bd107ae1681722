//! Who is told what happens: a person, a program, or nobody.

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};

// What is to be told. A comment for documentation would stand in the help.
#[derive(Args, Clone)]
pub(super) struct Words {
    /// Tell nothing but warnings and errors
    #[arg(long, short, help_heading = "Looking", conflicts_with = "json")]
    quiet: bool,
    /// Tell what happens as JSON, a line for each event
    #[arg(long, help_heading = "Looking")]
    pub(super) json: bool,
}

/// Who is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Listener {
    Person,
    Program,
    Nobody,
}

impl Words {
    /// Who is told.
    pub(super) fn listener(&self) -> Listener {
        match (self.json, self.quiet) {
            (true, _) => Listener::Program,
            (_, true) => Listener::Nobody,
            _ => Listener::Person,
        }
    }
}

impl Listener {
    /// Tell what went wrong.
    pub(super) fn failed(self, error: &anyhow::Error, status: u8) {
        match self {
            Self::Program => {
                let text = format!("{error:#}");
                event("error", json!({ "text": text, "status": status }));
            }
            _ => eprintln!("depixelate: {error:#}"),
        }
    }
}

/// A line for a program.
pub(super) fn event(name: &str, mut value: Value) {
    value["event"] = name.into();
    say(&value.to_string());
}

/// A line on standard output. Whoever reads it may have left: the work is done all the same.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
