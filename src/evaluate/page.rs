//! An evaluation as one HTML page that needs no other file.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{ImageFormat, RgbImage};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Evaluation;
use super::table::{FLICKER, MEANS, columns, flicker_heads, flicker_rows, rows, subject};
use crate::train::run::report::STYLE;

/// The page; `sheets` are pictures with what they show.
pub fn html(evaluation: &Evaluation, sheets: &[(String, RgbImage)]) -> anyhow::Result<String> {
    let columns = columns(evaluation);
    let body = html! {
        ul { @for line in subject(evaluation) { li { (line) } } }
        p { (MEANS) }
        ul { @for column in &columns { li { b { (column.head) } ": " (column.meaning) } } }
        (tables(evaluation))
    };
    document("Evaluation", body, sheets)
}

/// A page with `body` under its title, and pictures below with what they show.
pub(super) fn document(
    title: &str,
    body: Markup,
    sheets: &[(String, RgbImage)],
) -> anyhow::Result<String> {
    let mut figures = Vec::new();
    for (caption, sheet) in sheets {
        let mut png = Cursor::new(Vec::new());
        sheet.write_to(&mut png, ImageFormat::Png)?;
        let data = STANDARD.encode(png.into_inner());
        figures.push(html! {
            figure {
                img alt=(caption) src=(format!("data:image/png;base64,{data}"));
                figcaption { (caption) }
            }
        });
    }
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                p { "Restored faces are guesses." }
                (body)
                @for figure in &figures { (figure) }
            }
        }
    };
    Ok(document.into_string())
}

fn tables(evaluation: &Evaluation) -> Markup {
    let columns = columns(evaluation);
    html! {
        @for case in &evaluation.cases {
            h2 { (case.case) }
            table {
                tr { th {} @for column in &columns { th { (column.head) } } }
                @for (name, texts) in rows(case, &columns) {
                    tr { td { (name) } @for text in texts { td { (text) } } }
                }
            }
        }
        @if !evaluation.clips.is_empty() {
            h2 { (FLICKER) }
            table {
                tr { th {} @for head in flicker_heads(&evaluation.clips) { th { (head) } } }
                @for (name, texts) in flicker_rows(&evaluation.clips) {
                    tr { td { (name) } @for text in texts { td { (text) } } }
                }
            }
        }
    }
}
