//! The rooms of docs/architecture.md, held against what the files of the library import.

mod graph;
mod source;
mod tokens;

use graph::{Graph, Use, circles};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

/// A row of the table.
struct Room {
    /// As files begin with it.
    path: String,
    uses: Vec<String>,
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn graph() -> Graph {
    Graph::read(&folder().join("src"))
}

/// The rows of the table of rooms, in order.
fn rooms() -> Vec<Room> {
    let text = std::fs::read_to_string(folder().join("docs/architecture.md")).unwrap();
    let rows = text
        .lines()
        .skip_while(|line| *line != "| room | holds | uses |");
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    let rooms: Vec<Room> = rows
        .map(|row| {
            let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
            let [name, _, uses] = cells[..] else {
                panic!("not three cells: {row}");
            };
            Room {
                path: quoted(name).next().expect(row).to_owned(),
                uses: quoted(uses).map(str::to_owned).collect(),
            }
        })
        .collect();
    assert!(
        !rooms.is_empty(),
        "docs/architecture.md has no table of rooms"
    );
    rooms
}

/// What stands between back quotes.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

impl Room {
    /// As the third column names it.
    fn name(&self) -> &str {
        self.path.trim_end_matches(".rs").trim_end_matches('/')
    }

    fn holds(&self, file: &str) -> bool {
        let rest = file.strip_prefix(self.name());
        rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    }
}

/// The row with the longest name that fits.
fn room_of<'a>(rooms: &'a [Room], file: &str) -> Option<&'a Room> {
    let fitting = rooms.iter().filter(|room| room.holds(file));
    fitting.max_by_key(|room| room.path.len())
}

/// Fails if there is a finding.
fn expect_none(findings: impl IntoIterator<Item = String>) {
    let findings: Vec<String> = findings.into_iter().collect();
    assert!(
        findings.is_empty(),
        "{} findings:\n{}",
        findings.len(),
        findings.join("\n")
    );
}

#[test]
fn a_room_is_listed_to_use_only_rooms_above_it() {
    let rooms = rooms();
    for (i, room) in rooms.iter().enumerate() {
        for used in &room.uses {
            let stands_above = rooms[..i].iter().any(|above| above.name() == used);
            let name = room.name();
            assert!(
                stands_above,
                "no row above that of {name} is that of {used}"
            );
        }
    }
}

#[test]
fn every_file_stands_in_a_room() {
    let (rooms, graph) = (rooms(), graph());
    let outside = graph.files().filter(|file| room_of(&rooms, file).is_none());
    // The root only names the rooms.
    let outside: Vec<&str> = outside.filter(|file| *file != "lib.rs").collect();
    assert!(
        outside.is_empty(),
        "in no row of the table of rooms: {outside:?}"
    );
}

#[test]
fn a_room_uses_only_rooms_that_its_row_lists() {
    let (rooms, graph) = (rooms(), graph());
    let uses = graph.uses();
    let mut told = BTreeSet::new();
    expect_none(uses.iter().filter_map(|it| {
        let (room, used) = (room_of(&rooms, &it.from)?, room_of(&rooms, &it.to)?);
        let allowed = room.path == used.path || room.uses.iter().any(|it| it == used.name());
        let finding = || {
            format!(
                "src/{}:{}: the room {} must not use {} ({}, in src/{})",
                it.from,
                it.line,
                room.name(),
                used.name(),
                it.item,
                it.to,
            )
        };
        // One finding for a file and a room is enough.
        let is_new = !allowed && told.insert((&it.from, used.name()));
        is_new.then(finding)
    }));
}

#[test]
fn no_file_uses_itself_by_way_of_others() {
    let uses = graph().uses();
    let told = |circle: &[&Use]| {
        let mut text = "a circle:".to_owned();
        for it in circle {
            write!(
                text,
                "\n  src/{}:{} uses {} in src/{}",
                it.from, it.line, it.item, it.to
            )
            .unwrap();
        }
        text
    };
    let circles = circles(&uses);
    expect_none(circles.iter().map(|circle| told(circle)));
}
