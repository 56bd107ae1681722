//! Evaluations as text: one table for each setting and fill.

use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};

use super::clips::ClipScores;
use super::scores::Scores;
use super::versions::Version;
use super::{CaseScores, Evaluation};

/// A column of the tables: its head, and its text for a version beside bicubic interpolation.
pub(super) struct Column {
    /// With the unit.
    pub head: &'static str,
    text: fn(&Scores, &Scores) -> String,
}

/// The measures in the order of the tables.
pub(super) const COLUMNS: [Column; 14] = [
    Column {
        head: "PSNR, dB",
        text: |s, _| format!("{:.2}", s.psnr),
    },
    Column {
        head: "above bicubic, dB",
        text: |s, bicubic| format!("{:+.2}", s.psnr - bicubic.psnr),
    },
    Column {
        head: "SSIM",
        text: |s, _| format!("{:.3}", s.ssim),
    },
    Column {
        head: "SSIM, flat window",
        text: |s, _| format!("{:.3}", s.ssim_uniform),
    },
    Column {
        head: "MS-SSIM",
        text: |s, _| s.ms_ssim.map_or("–".to_owned(), |v| format!("{v:.3}")),
    },
    Column {
        head: "UQI",
        text: |s, _| format!("{:.3}", s.uqi),
    },
    Column {
        head: "UQI, sewar",
        text: |s, _| format!("{:.3}", s.uqi_sewar),
    },
    Column {
        head: "GMSD",
        text: |s, _| format!("{:.3}", s.gmsd),
    },
    Column {
        head: "mean colour, ΔE00",
        text: |s, _| format!("{:.2}", s.de_mean),
    },
    Column {
        head: "blurred pixels, ΔE00",
        text: |s, _| format!("{:.2}", s.de_blurred),
    },
    Column {
        head: "sharpness ratio",
        text: |s, _| format!("{:.2}", s.sharpness),
    },
    Column {
        head: "agreement with the mosaic, dB",
        text: |s, _| format!("{:.1}", s.consistency),
    },
    Column {
        head: "Wasserstein ÷ bicubic's",
        text: |s, bicubic| format!("{:.2}", s.wasserstein / bicubic.wasserstein),
    },
    Column {
        head: "rank 1",
        text: |s, _| format!("{:.2}", s.rank1),
    },
];

/// Rows of a case's table: a name and a text for each of [`COLUMNS`].
pub(super) fn rows(case: &CaseScores) -> Vec<(&'static str, Vec<String>)> {
    let nothing = Scores::default();
    let bicubic = case.of(Version::Bicubic).unwrap_or(&nothing);
    case.rows
        .iter()
        .map(|row| {
            let texts = COLUMNS.iter().map(|c| (c.text)(&row.scores, bicubic));
            (row.version.name(), texts.collect())
        })
        .collect()
}

/// All tables, as Markdown.
pub fn markdown(evaluation: &Evaluation) -> String {
    let mut text = format!("{}, {}\n", evaluation.model, evaluation.faces);
    for case in &evaluation.cases {
        let mut table = Table::new();
        table.load_preset(ASCII_MARKDOWN);
        let heads = COLUMNS.iter().map(|column| column.head);
        table.set_header([""].into_iter().chain(heads));
        for (name, texts) in rows(case) {
            table.add_row([name.to_owned()].into_iter().chain(texts));
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        text += &format!("\n{}\n\n{table}\n", case.case);
    }
    if !evaluation.clips.is_empty() {
        text += &format!("\n{FLICKER}\n\n{}\n", flicker(evaluation));
    }
    text
}

/// Head of the table of films.
pub(super) const FLICKER: &str =
    "films, inner 60 %: standard deviation of restored − true over time, grey levels";

/// The rows of the table of films: a version's name and its flicker in each film.
pub(super) fn flicker_rows(clips: &[ClipScores]) -> Vec<(&'static str, Vec<String>)> {
    let row = |(index, version): (usize, Version)| {
        let values = clips
            .iter()
            .map(|clip| format!("{:.2}", clip.rows[index].1));
        (version.name(), values.collect())
    };
    Version::ALL.into_iter().enumerate().map(row).collect()
}

/// The heads of its columns.
pub(super) fn flicker_heads(clips: &[ClipScores]) -> Vec<String> {
    let head = |clip: &ClipScores| format!("{}, blocks of {}", clip.motion.name(), clip.block);
    clips.iter().map(head).collect()
}

fn flicker(evaluation: &Evaluation) -> Table {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN);
    table.set_header(
        [String::new()]
            .into_iter()
            .chain(flicker_heads(&evaluation.clips)),
    );
    for (name, texts) in flicker_rows(&evaluation.clips) {
        table.add_row([name.to_owned()].into_iter().chain(texts));
    }
    table
}
