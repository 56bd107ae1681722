//! The site that `make docs` builds: its table of contents has every page.

use crate::helpers::documents;
use std::path::Path;

#[test]
fn the_table_of_contents_has_every_page_once() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let summary = std::fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    for page in documents() {
        let Ok(name) = page.strip_prefix(&docs) else {
            continue;
        };
        let name = name.to_str().unwrap();
        if name == "SUMMARY.md" {
            continue;
        }
        let count = summary.matches(&format!("]({name})")).count();
        assert_eq!(count, 1, "docs/SUMMARY.md names {name} {count} times");
    }
}
