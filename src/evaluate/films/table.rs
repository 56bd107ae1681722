//! What was measured of films, as text and as a page.

use comfy_table::{Table, presets::ASCII_MARKDOWN};
use maud::{Markup, html};

use super::FilmScores;
use super::job::{ALL, Measured};
use crate::evaluate::page;

/// Heads of the columns of numbers.
const HEADS: [&str; 6] = [
    "PSNR",
    "SSIM",
    "unsteadiness",
    "÷ bicubic",
    "warped",
    "left",
];

/// What the numbers are.
const MEANING: &str = "Inside the mosaics, films coded as H.264 (CRF 18): PSNR (dB) and SSIM are means over \
    the frames; unsteadiness is the root mean square by which the error changes from one frame to the next \
    (grey levels), and its ratio to that of bicubic interpolation; warped is what is left of a frame (grey \
    levels) when the next one is carried back by the motion of the truth; left is the number of frames in which no mosaic was found.";

fn title(film: &FilmScores) -> String {
    let (clip, keeps, across) = (&film.clip, film.keeps.name(), film.across);
    format!("{clip}: {keeps}, {across} blocks across")
}

fn rows(film: &FilmScores) -> impl Iterator<Item = [String; 7]> + '_ {
    film.rows.iter().map(|row| {
        [
            row.name.clone(),
            format!("{:.2}", row.psnr),
            format!("{:.3}", row.ssim),
            format!("{:.2}", row.unsteadiness),
            format!("{:.2}", row.flicker),
            format!("{:.2}", row.warped),
            row.left.to_string(),
        ]
    })
}

/// The means over all clips, as Markdown.
pub(crate) fn markdown(measured: &Measured) -> String {
    let means = measured.films.iter().filter(|film| film.clip == ALL);
    let tables = means.map(|film| {
        let mut table = Table::new();
        table.load_preset(ASCII_MARKDOWN);
        table.set_header([""].into_iter().chain(HEADS));
        rows(film).for_each(|row| {
            table.add_row(row);
        });
        format!("{}\n\n{table}\n", title(film))
    });
    let tables: Vec<String> = tables.collect();
    format!("{MEANING}\n\n{}", tables.join("\n"))
}

/// All of it as a page that needs no other file.
pub(crate) fn page(measured: &Measured) -> anyhow::Result<String> {
    let tables = html! {
        p { (MEANING) }
        p { "The strips show the middle frame, and below it the line of the eyes and that of the mouth over time, which runs down." }
        @for film in measured.films.iter().rev().filter(|film| film.clip == ALL) { (table(film)) }
        @for film in measured.films.iter().filter(|film| film.clip != ALL) { (table(film)) }
    };
    page::document("Films", tables, &measured.sheets)
}

fn table(film: &FilmScores) -> Markup {
    html! {
        h2 { (title(film)) }
        table {
            tr { th {} @for head in HEADS { th { (head) } } }
            @for row in rows(film) { tr { @for text in row { td { (text) } } } }
        }
    }
}
