//! Messages that docs/troubleshooting.md explains are such as the code says.

use std::path::{Path, PathBuf};

/// All of the sources, white space made even.
fn sources() -> String {
    let mut text = String::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = vec![root.join("src"), root.join("scripts")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|kind| kind == "rs" || kind == "py")
            {
                text += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The messages of a page: what stands as code in the first column of its tables.
fn messages(text: &str) -> Vec<&str> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split('`').next()).collect()
}

#[test]
fn the_code_says_what_is_explained() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/troubleshooting.md");
    let (page, sources) = (std::fs::read_to_string(page).unwrap(), sources());
    let messages = messages(&page);
    assert!(
        messages.len() > 15,
        "only {} messages were found",
        messages.len()
    );
    for message in messages {
        for part in message
            .split('…')
            .map(str::trim)
            .filter(|part| part.len() > 2)
        {
            assert!(
                sources.contains(part),
                "nothing says `{part}` (of `{message}`)"
            );
        }
    }
}
