//! A page about a run: curves, numbers by block size, held-out faces over time. One file that needs
//! no other.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::ensure;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::log::{self, Line};
use crate::diagram::{Curve, Panel, diagram};
use crate::files;

/// Most pictures of held-out faces per stage; the first and the last are always among them.
const MOST_STRIPS: usize = 6;
/// Looks of the pages.
pub(crate) const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;\
color:#222;background:#fff}table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:right;\
border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}img{max-width:100%}\
svg{max-width:100%;height:auto}pre{background:#f5f5f5;padding:1em;overflow:auto}figure{margin:1em 0}";

/// The lines of the log in `folder`, of which there must be some.
fn lines_in(folder: &Path) -> anyhow::Result<Vec<Line>> {
    let lines = log::read(&log::file(folder))?;
    ensure!(
        !lines.is_empty(),
        "the log in {} has no lines yet",
        folder.display()
    );
    Ok(lines)
}

/// Write the curves of the run in `folder` alone, as an SVG picture.
pub fn write_curves(folder: &Path, picture: &Path) -> anyhow::Result<()> {
    let lines = lines_in(folder)?;
    let stages: BTreeSet<&str> = lines.iter().map(|line| line.stage.as_str()).collect();
    let of_stage = |stage| {
        let lines: Vec<&Line> = lines.iter().filter(|line| line.stage == stage).collect();
        panels(stage, &lines)
    };
    let panels: Vec<Panel> = stages.into_iter().flat_map(of_stage).collect();
    files::write(picture, diagram(&panels)?)
}

/// Write the page about the run in `folder` to `page`.
pub fn write(folder: &Path, page: &Path) -> anyhow::Result<()> {
    let lines = lines_in(folder)?;
    let recipe = std::fs::read_to_string(folder.join("recipe.toml")).unwrap_or_default();
    let data = std::fs::read_to_string(folder.join("data.txt")).unwrap_or_default();
    let name = folder
        .file_name()
        .unwrap_or(folder.as_os_str())
        .to_string_lossy();
    let stages: BTreeSet<&str> = lines.iter().map(|line| line.stage.as_str()).collect();
    let mut sections = Vec::new();
    for stage in stages {
        let lines: Vec<&Line> = lines.iter().filter(|line| line.stage == stage).collect();
        sections.push(section(folder, stage, &lines)?);
    }
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { "Training " (name) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "Training " (name) }
                p { (data) }
                @for section in &sections { (section) }
                details { summary { "Recipe" } pre { (recipe) } }
            }
        }
    };
    files::write(page, document.into_string())
}

fn section(folder: &Path, stage: &str, lines: &[&Line]) -> anyhow::Result<Markup> {
    let speed: Vec<f64> = lines
        .iter()
        .filter_map(|line| line.pictures_per_second)
        .collect();
    let waiting: Vec<f64> = lines.iter().filter_map(|line| line.waiting).collect();
    let steps = lines.iter().map(|line| line.step).max().unwrap_or(0);
    let warnings = lines.iter().flat_map(|line| {
        let warnings = line.warnings.iter();
        warnings.map(|warning| (line.step, warning))
    });
    Ok(html! {
        h2 { (stage) }
        p {
            (steps) " steps, " (format!("{:.0}", mean(&speed))) " pictures per second, "
            (format!("{:.0}", 100.0 * mean(&waiting))) " % of the time waiting for data."
        }
        @if let Some(note) = lines.iter().rev().map(|line| &line.note).find(|note| !note.is_empty()) {
            p { (note) "." }
        }
        @for (step, warning) in warnings {
            p { strong { "Step " (step) ": " } (warning) "." }
        }
        (PreEscaped(diagram(&panels(stage, lines))?))
        (table(lines))
        (strips(folder, stage, caption(lines))?)
    })
}

/// In which panel a loss is drawn.
fn panel_of(loss: &str) -> &'static str {
    match loss {
        "augmentation" => "Probability of augmentation",
        // The last two names and `judge` are those of older logs.
        "overfitting"
        | "fake-score"
        | "real-score"
        | "made-taken-for-real"
        | "real-taken-for-real" => "What the discriminator believes",
        _ if ["discriminator", "judge", "adversarial", "generator"]
            .iter()
            .any(|name| loss.starts_with(name)) =>
        {
            "Generator against discriminator"
        }
        _ => "Losses",
    }
}

/// The curves of a stage: what was measured on held-out faces, then the losses.
fn panels(stage: &str, lines: &[&Line]) -> Vec<Panel> {
    let mut panels: Vec<Panel> = Vec::new();
    let mut add = |title: &str, curve: &str, step: u64, value: f64| {
        let place = panels.iter().position(|panel| panel.title == title);
        let panel = match place {
            Some(place) => &mut panels[place],
            None => {
                panels.push(Panel {
                    title: title.to_owned(),
                    axes: ["step", ""],
                    curves: Vec::new(),
                });
                panels.last_mut().expect("one was added")
            }
        };
        let point = (step as f64, value);
        match panel.curves.iter_mut().find(|known| known.name == curve) {
            Some(known) => known.points.push(point),
            None => panel.curves.push(Curve {
                name: curve.to_owned(),
                points: vec![point],
            }),
        }
    };
    for line in lines {
        if let Some(held_out) = &line.held_out {
            let title = "PSNR of held-out faces, dB";
            add(title, stage, line.step, held_out.psnr);
            add(title, "degraded", line.step, held_out.pixelated);
        }
        for (name, value) in &line.measures {
            let (title, curve) = name.split_once(": ").unwrap_or((name, stage));
            add(title, curve, line.step, *value);
        }
    }
    for line in lines {
        for (name, value) in &line.losses {
            add(panel_of(name), name, line.step, *value);
        }
    }
    panels
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The last look at held-out faces, by block size.
fn table(lines: &[&Line]) -> Markup {
    let last = lines.iter().rev().find_map(|line| line.held_out.as_ref());
    html! {
        @if let Some(last) = last.filter(|last| !last.by_block.is_empty()) {
            h3 { "By block size" }
            table {
                tr { th { "blocks, px of the crop" } th { "pixelated, dB" } th { "restored, dB" } }
                @for group in &last.by_block {
                    tr {
                        td { (group.blocks) }
                        td { (format!("{:.2}", group.pixelated)) }
                        td { (format!("{:.2}", group.psnr)) }
                    }
                }
            }
        }
    }
}

/// What the rows of the pictures are, from above.
fn caption(lines: &[&Line]) -> &'static str {
    match lines.iter().rev().find_map(|line| line.held_out.as_ref()) {
        Some(last) if !last.by_block.is_empty() => ": mosaic, restored, truth",
        Some(_) => ": what the network is given, what it makes of it, truth",
        // Nothing is measured where there is no truth.
        None => "",
    }
}

/// What the network made as the training went on, always of the same.
fn strips(folder: &Path, stage: &str, caption: &str) -> anyhow::Result<Markup> {
    let mut files = Vec::new();
    for entry in folder.read_dir()? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let step = name
            .strip_prefix(stage)
            .and_then(|rest| rest.strip_prefix('-'));
        let step = step.and_then(|rest| rest.strip_suffix(".png")?.parse::<u64>().ok());
        files.extend(step.map(|step| (step, path)));
    }
    files.sort();
    let last = files.len().saturating_sub(1);
    let count = files.len().min(MOST_STRIPS);
    let chosen: BTreeSet<usize> = (0..count)
        .map(|i| i * last / count.saturating_sub(1).max(1))
        .collect();
    let mut figures = Vec::new();
    for index in chosen {
        let (step, path) = &files[index];
        let picture = STANDARD.encode(std::fs::read(path)?);
        figures.push(html! {
            figure {
                img alt="" src=(format!("data:image/png;base64,{picture}"));
                figcaption { "Step " (step) (caption) }
            }
        });
    }
    Ok(html! {
        @if !figures.is_empty() { h3 { "As the training went on" } }
        @for figure in &figures { (figure) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_log_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(folder.path(), &folder.path().join("a.html")).unwrap_err();
        assert!(format!("{error:#}").contains("log.jsonl"), "{error:#}");
    }
}
