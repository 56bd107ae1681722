//! A page about finished work: one file that needs no other.

use std::path::Path;
use std::time::Duration;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::clock::clock;
use super::entry::{Moment, entry, row};
use super::pictures::{Wanted, pictures};
use super::timeline::timeline;
use crate::app::{AppError, Film, NOTICE, RestoredFace};
use crate::files;

/// Faces with pictures.
const WITH_PICTURES: usize = 100;
/// Faces that are named at all.
const MOST: usize = 5000;
/// Longer side of a picture, pixels.
const SIDE: u32 = 320;
/// What the page may load: nothing but what is in it.
const POLICY: &str =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// What was made, for [`write_page`].
#[derive(Clone, Debug, Default)]
pub struct Finished<'a> {
    /// The file that was read.
    pub input: &'a str,
    /// The file that was written.
    pub output: &'a str,
    /// Frames of the output.
    pub frames: u64,
    /// Its length.
    pub length: Duration,
    /// Restored faces, in the order of their first frames.
    pub faces: &'a [RestoredFace],
    /// What was set, and the model: names and values.
    pub settings: &'a [(String, String)],
    /// What was compared after the work, in sentences.
    pub verification: &'a [String],
    /// What was not as it should be, in sentences.
    pub warnings: &'a [String],
}

/// Write a page about `finished` to `page`. `before` is the film that its faces were found in,
/// `after` the one that was made. Pictures are shown of the first 100 faces, at most three of each;
/// others are in a table.
pub fn write_page(
    finished: &Finished<'_>,
    before: &mut Film<'_>,
    after: &mut Film<'_>,
    page: &Path,
) -> anyhow::Result<()> {
    let shown = &finished.faces[..finished.faces.len().min(WITH_PICTURES)];
    let moments = moments(shown, before, after)?;
    files::write(page, html(finished, &moments).into_string())
}

/// Each face at its moments.
fn moments(
    faces: &[RestoredFace],
    before: &mut Film<'_>,
    after: &mut Film<'_>,
) -> Result<Vec<Vec<Moment>>, AppError> {
    let of_each: Vec<Vec<Wanted>> = faces
        .iter()
        .map(|face| Wanted::several(before, face))
        .collect();
    let all = of_each.concat();
    let before = pictures(before, &all, SIDE)?;
    let after = pictures(after, &all, SIDE)?;
    let mut pairs = before.into_iter().zip(after);
    let mut moment = |wanted| Moment {
        wanted,
        pictures: pairs.next().map_or([None, None], <[_; 2]>::from),
    };
    let each = of_each.into_iter();
    Ok(each
        .map(|wanted| wanted.into_iter().map(&mut moment).collect())
        .collect())
}

/// The page; `moments` are those of the first faces.
fn html(finished: &Finished<'_>, moments: &[Vec<Moment>]) -> Markup {
    let title = format!("Faces invented in {}", finished.output);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(include_str!("page.css"))) }
            }
            body {
                header {
                    h1 { (title) }
                    (notice())
                    (summary(finished))
                }
                main {
                    (faces(finished, moments))
                    (told("Warnings", finished.warnings, "Nothing was amiss."))
                    (told("Compared after the work", finished.verification, "Nothing was compared."))
                    (settings(finished.settings))
                }
                footer { p { "depixelate " (env!("CARGO_PKG_VERSION")) } }
                script { (PreEscaped(include_str!("page.js"))) }
            }
        }
    }
}

/// What nobody may overlook.
fn notice() -> Markup {
    html! {
        p .notice role="note" {
            strong { "The restored faces are invented." }
            " " (NOTICE) " Many people’s faces give the same mosaic. The pictures below prove nobody’s "
            "identity: do not use them to name, find or accuse anyone."
        }
    }
}

fn summary(finished: &Finished<'_>) -> Markup {
    let length = u64::try_from(finished.length.as_nanos()).unwrap_or(u64::MAX);
    html! {
        dl {
            div { dt { "Read" } dd { (finished.input) } }
            div { dt { "Written" } dd { (finished.output) } }
            div { dt { "Length" } dd { (clock(length)) ", " (finished.frames) " frames" } }
            div { dt { "Faces" } dd { (finished.faces.len()) } }
        }
    }
}

fn faces(finished: &Finished<'_>, moments: &[Vec<Moment>]) -> Markup {
    let named = &finished.faces[..finished.faces.len().min(MOST)];
    let (shown, others) = named.split_at(moments.len().min(named.len()));
    let length = u64::try_from(finished.length.as_nanos()).unwrap_or(u64::MAX);
    html! {
        section aria-labelledby="faces" {
            h2 #faces { "Faces" }
            @if named.is_empty() { p { "No face was restored." } } @else {
                nav aria-label="When each face is there" { (timeline(named, length)) }
            }
            @for ((face, moments), number) in shown.iter().zip(moments).zip(1..) {
                (entry(number, face, moments))
            }
            @if !others.is_empty() {
                h3 { "Faces without pictures" }
                div .wide tabindex="0" role="region" aria-label="Faces without pictures" { table {
                    thead { tr {
                        th scope="col" { "Face" } th scope="col" { "From" } th scope="col" { "To" }
                        th scope="col" { "Frames" } th scope="col" { "Size" }
                    } }
                    tbody {
                        @for (face, number) in others.iter().zip(shown.len() + 1..) { (row(number, face)) }
                    }
                } }
            }
            @if finished.faces.len() > named.len() {
                p { "And " (finished.faces.len() - named.len()) " more." }
            }
        }
    }
}

/// Sentences below a heading, or `none`.
fn told(heading: &str, sentences: &[String], none: &str) -> Markup {
    html! {
        section {
            h2 { (heading) }
            @if sentences.is_empty() { p { (none) } } @else {
                ul { @for sentence in sentences { li { (sentence) } } }
            }
        }
    }
}

fn settings(settings: &[(String, String)]) -> Markup {
    html! {
        section {
            h2 { "Settings" }
            table {
                thead { tr { th scope="col" { "Name" } th scope="col" { "Value" } } }
                tbody {
                    @for (name, value) in settings {
                        tr { th scope="row" { (name) } td { (value) } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_shown_as_they_wrote_it() {
        let evil = "<script>alert(1)</script>\"'&.mp4";
        let finished = Finished {
            input: evil,
            output: evil,
            settings: &[(evil.to_owned(), evil.to_owned())],
            verification: &[evil.to_owned()],
            warnings: &[evil.to_owned()],
            ..Finished::default()
        };
        let page = html(&finished, &[]).into_string();
        assert!(!page.contains("<script>alert"));
        assert_eq!(
            page.matches("&lt;script&gt;alert(1)&lt;/script&gt;")
                .count(),
            8
        );
        assert!(page.contains(NOTICE) && page.contains("No face was restored"));
    }

    #[test]
    fn a_crowd_is_in_a_table_and_bounded() {
        let face = RestoredFace {
            track: Some(1),
            frames: [3, 9],
            times: [120_000_000, 360_000_000],
            blocks: None,
            probability: None,
            boxes: Vec::new(),
        };
        let faces = vec![face; MOST + 12];
        let finished = Finished {
            faces: &faces,
            length: Duration::from_secs(1),
            ..Finished::default()
        };
        let moments: Vec<Vec<Moment>> = (0..WITH_PICTURES).map(|_| Vec::new()).collect();
        let page = html(&finished, &moments).into_string();
        assert_eq!(page.matches("<article").count(), WITH_PICTURES);
        assert_eq!(page.matches("<tr id=").count(), MOST - WITH_PICTURES);
        assert!(page.contains("And 12 more."));
        assert!(page.len() < 3 << 20, "{}", page.len());
    }
}
