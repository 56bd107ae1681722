//! Evaluations as text: one table for each case, with a row for each system.

use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};

use super::clips::{ClipRow, ClipScores};
use super::scores::SetScores;
use super::summary::number;
use super::versions::Version;
use super::{CaseScores, Evaluation};

/// A column of the tables.
pub(super) struct Column {
    /// The measure's name, as everywhere.
    pub head: &'static str,
    /// What it is, with the unit.
    pub meaning: &'static str,
    cell: Cell,
}

/// What is written for a system.
enum Cell {
    /// The mean of the measure that the head names, with so many decimals.
    Mean(usize),
    /// This text; the second scores are those of bicubic interpolation, if it was measured.
    Text(fn(&SetScores, Option<&SetScores>) -> String),
}

impl Column {
    const fn mean(head: &'static str, digits: usize, meaning: &'static str) -> Self {
        Self {
            head,
            meaning,
            cell: Cell::Mean(digits),
        }
    }

    const fn text(
        head: &'static str,
        meaning: &'static str,
        text: fn(&SetScores, Option<&SetScores>) -> String,
    ) -> Self {
        Self {
            head,
            meaning,
            cell: Cell::Text(text),
        }
    }

    fn write(&self, scores: &SetScores, bicubic: Option<&SetScores>) -> String {
        match self.cell {
            Cell::Mean(digits) => number(scores.mean(self.head), digits),
            Cell::Text(text) => text(scores, bicubic),
        }
    }
}

/// The measures that are always taken, in the order of the tables.
static COLUMNS: [Column; 14] = [
    Column::mean("psnr", 2, "peak signal-to-noise ratio, dB"),
    Column::text(
        "psnr above bicubic",
        "how far it is above that of bicubic interpolation, dB",
        |scores, bicubic| {
            let gain = bicubic.map(|bicubic| scores.mean("psnr") - bicubic.mean("psnr"));
            gain.map_or("–".to_owned(), |gain| format!("{gain:+.2}"))
        },
    ),
    Column::mean(
        "ssim_gauss",
        3,
        "structural similarity with a Gaussian window of 11×11, 1 is best",
    ),
    Column::mean(
        "ssim_uniform",
        3,
        "structural similarity with a flat window of 11×11, 1 is best",
    ),
    Column::mean(
        "ms_ssim",
        3,
        "structural similarity over five scales, 1 is best; – for small pictures",
    ),
    Column::mean("uqi", 3, "universal quality index, 1 is best"),
    Column::mean(
        "uqi_sewar",
        3,
        "the same as a widespread library computes it: near 1 for nearly everything",
    ),
    Column::mean(
        "gmsd",
        3,
        "deviation of the similarity of gradients, 0 is best",
    ),
    Column::mean(
        "de_mean",
        2,
        "difference of the mean colours, CIEDE2000 (about 1 is just noticeable)",
    ),
    Column::mean(
        "de_pixel",
        2,
        "mean difference of the pixels' colours after a blur of 5×5, CIEDE2000",
    ),
    Column::mean(
        "sharpness_ratio",
        2,
        "variance of the Laplacian ÷ the truth's, 1 is as sharp",
    ),
    Column::mean(
        "consistency",
        1,
        "PSNR of the picture, pixelated again, against its mosaic, dB; needs no truth, above 35 is faithful",
    ),
    Column::text(
        "sliced_wasserstein ÷ bicubic's",
        "distance of the pictures as a set from the true ones, 0 is best",
        |scores, bicubic| {
            let ratio = bicubic.map(|it| scores.sliced_wasserstein / it.sliced_wasserstein);
            number(ratio.unwrap_or(f64::NAN), 2)
        },
    ),
    Column::text(
        "rank1 (chance)",
        "share of the faces that are nearest to their own truth by local binary patterns; share by guessing",
        |scores, _| format!("{:.2} ({:.3})", scores.rank1, scores.chance),
    ),
];

/// What follows them where a network describes faces.
static EMBEDDING_COLUMNS: [Column; 2] = [
    Column::text(
        "identity (others)",
        "cosine of the whole picture's face embedding to the truth's, 1 is best; to those of the other true faces",
        |scores, _| {
            let [own, others] = ["identity", "identity_others"].map(|name| scores.mean(name));
            format!("{} ({})", number(own, 3), number(others, 3))
        },
    ),
    Column::text(
        "frechet",
        "Fréchet distance of the face embeddings to the true ones', 0 is best; compare for one network and equally many faces only",
        |scores, _| number(scores.frechet.unwrap_or(f64::NAN), 3),
    ),
];

/// And where a network gives features.
static FEATURE_COLUMNS: [Column; 1] = [Column::mean(
    "feature_distance",
    3,
    "mean squared difference of a network's features, each of length 1, 0 is best; compare for one network only",
)];

/// The columns of an evaluation.
pub(super) fn columns(evaluation: &Evaluation) -> Vec<&'static Column> {
    let embedding = evaluation.embedding.iter().flat_map(|_| &EMBEDDING_COLUMNS);
    let features = evaluation.features.iter().flat_map(|_| &FEATURE_COLUMNS);
    COLUMNS.iter().chain(embedding).chain(features).collect()
}

/// Rows of a case's table: a system's name and a text for each column.
pub(super) fn rows(case: &CaseScores, columns: &[&Column]) -> Vec<(String, Vec<String>)> {
    let bicubic = case.of(None, Version::Bicubic);
    case.rows
        .iter()
        .map(|row| {
            let texts = columns.iter().map(|c| c.write(&row.scores, bicubic));
            (row.system.to_string(), texts.collect())
        })
        .collect()
}

/// What was measured: the faces and the models; and the networks that it was measured with.
pub(super) fn subject(evaluation: &Evaluation) -> Vec<String> {
    let mut lines = vec![format!("faces: {}", evaluation.faces)];
    let models = evaluation.models.iter();
    lines.extend(models.map(|model| format!("{}: {}", model.name, model.file)));
    let networks = [
        ("face embeddings", &evaluation.embedding),
        ("features", &evaluation.features),
    ];
    lines.extend(networks.into_iter().filter_map(|(what, network)| {
        let network = network.as_ref()?;
        Some(format!("{what}: {network}"))
    }));
    lines
}

/// All tables, as Markdown.
pub fn markdown(evaluation: &Evaluation) -> String {
    let mut text = String::new();
    for line in subject(evaluation) {
        text += &format!("{line}\n");
    }
    text += &format!("\n{MEANS}\n\n");
    let columns = columns(evaluation);
    for column in &columns {
        text += &format!("- {}: {}\n", column.head, column.meaning);
    }
    for case in &evaluation.cases {
        let heads = columns.iter().map(|column| column.head.to_owned());
        let rows = rows(case, &columns);
        text += &format!("\n{}\n\n{}\n", case.case, table(heads, rows));
    }
    if !evaluation.clips.is_empty() {
        let heads = flicker_heads(&evaluation.clips).into_iter();
        let rows = flicker_rows(&evaluation.clips);
        text += &format!("\n{FLICKER}\n\n{}\n", table(heads, rows));
    }
    text
}

/// Rows of a name and figures.
fn table(heads: impl Iterator<Item = String>, rows: Vec<(String, Vec<String>)>) -> Table {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN);
    table.set_header([String::new()].into_iter().chain(heads));
    for (name, texts) in rows {
        table.add_row([name].into_iter().chain(texts));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Head of the list of measures.
pub(super) const MEANS: &str = "Means over the faces, of what lies inside the mosaics:";

/// Head of the table of films.
pub(super) const FLICKER: &str =
    "films, inner 60 %: standard deviation of restored − true over time, grey levels";

/// The rows of the table of films: a system's name and its flicker in each film.
pub(super) fn flicker_rows(clips: &[ClipScores]) -> Vec<(String, Vec<String>)> {
    let row = |(index, row): (usize, &ClipRow)| {
        let values = clips
            .iter()
            .map(|clip| format!("{:.2}", clip.rows[index].flicker));
        (row.system.to_string(), values.collect())
    };
    let systems = clips.first().map_or(&[][..], |clip| &clip.rows);
    systems.iter().enumerate().map(row).collect()
}

/// The heads of its columns.
pub(super) fn flicker_heads(clips: &[ClipScores]) -> Vec<String> {
    let head = |clip: &ClipScores| format!("{}, blocks of {}", clip.motion.name(), clip.block);
    clips.iter().map(head).collect()
}
