//! Links between documents: what they lead to is there, the heading too.

use crate::helpers::documents;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What a document has of interest here.
#[derive(Debug, Default, PartialEq)]
struct Page {
    /// Where its links and pictures lead.
    targets: Vec<String>,
    /// What a link can name behind `#`.
    anchors: Vec<String>,
}

fn page(text: &str) -> Page {
    let mut page = Page::default();
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                page.targets.push(dest_url.into_string());
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                page.anchors
                    .extend(heading.take().map(|text| anchor(&text)));
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            _ => {}
        }
    }
    page
}

/// The name that a heading gets, on GitHub and in mdBook alike.
fn anchor(heading: &str) -> String {
    let lower = heading.trim().to_lowercase();
    let kept = lower
        .chars()
        .filter(|&letter| letter.is_alphanumeric() || " -_".contains(letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}

/// What is wrong with a link of the document `from`; `anchors` are the headings of all documents.
fn complaint(from: &Path, target: &str, anchors: &HashMap<PathBuf, Vec<String>>) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = match file {
        "" => from.to_owned(),
        file => from.parent()?.join(file),
    };
    let Ok(path) = path.canonicalize() else {
        return Some("leads nowhere".to_owned());
    };
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    // The site has nothing else.
    if from.starts_with(&docs) && !path.starts_with(&docs) {
        return Some("leaves docs".to_owned());
    }
    if heading.is_empty() {
        return None;
    }
    let known = anchors.get(&path)?;
    let is_there = known.iter().any(|anchor| anchor == heading);
    (!is_there).then(|| format!("there are but {known:?}"))
}

#[test]
fn links_lead_to_what_is_there() {
    let read = |path: PathBuf| {
        let path = path.canonicalize().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        (path, page(&text))
    };
    let pages: Vec<_> = documents().into_iter().map(read).collect();
    let anchors = pages
        .iter()
        .map(|(path, page)| (path.clone(), page.anchors.clone()));
    let anchors: HashMap<_, _> = anchors.collect();
    let mut wrong = Vec::new();
    for (path, page) in &pages {
        for target in &page.targets {
            if let Some(why) = complaint(path, target, &anchors) {
                wrong.push(format!("{}: {target}: {why}", path.display()));
            }
        }
    }
    let count: usize = pages.iter().map(|(_, page)| page.targets.len()).sum();
    assert!(count > 100, "only {count} links were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn dead_links_are_found() {
    let text =
        "# A `b`, c\n\n[one](README.md) ![two](images/none.png)\n\n```sh\n[three](no.md)\n```\n";
    let expected = Page {
        targets: vec!["README.md".to_owned(), "images/none.png".to_owned()],
        anchors: vec!["a-b-c".to_owned()],
    };
    assert_eq!(page(text), expected);
    let docs = Path::new(env!("CARGO_MANIFEST_DIR"))
        .canonicalize()
        .unwrap()
        .join("docs");
    let from = docs.join("README.md");
    let anchors = HashMap::from([(from.clone(), expected.anchors)]);
    let complains = |target: &str| complaint(&from, target, &anchors).is_some();
    assert!(!complains("README.md#a-b-c") && !complains("#a-b-c") && !complains("https://a.b/c"));
    for dead in ["images/none.png", "README.md#none", "#none", "../README.md"] {
        assert!(complains(dead), "{dead}");
    }
}
