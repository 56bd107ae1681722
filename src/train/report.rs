//! A page about a run: curves, numbers by block size, held-back faces over time. One file that needs no other.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{anyhow, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use plotters::prelude::*;

use super::files;
use super::log::{self, Line};

/// Most pictures of held-back faces per stage; the first and the last are always among them.
const MOST_STRIPS: usize = 6;
/// Size of a diagram, pixels.
const DIAGRAM: (u32, u32) = (760, 300);
/// Looks of the pages.
pub(crate) const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;\
color:#222;background:#fff}table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:right;\
border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}img{max-width:100%}\
svg{max-width:100%;height:auto}pre{background:#f5f5f5;padding:1em;overflow:auto}figure{margin:1em 0}";

/// Write the page about the run in `folder` to `page`.
pub fn write(folder: &Path, page: &Path) -> anyhow::Result<()> {
    let lines = log::read(&log::file(folder))?;
    ensure!(
        !lines.is_empty(),
        "the log in {} has no lines yet",
        folder.display()
    );
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
    let loss = |line: &&Line, name: &str| line.losses.get(name).map(|v| (line.step, *v));
    let curve = |name: &str| Curve {
        name: name.to_owned(),
        points: lines.iter().filter_map(|line| loss(line, name)).collect(),
    };
    let names: BTreeSet<&str> = lines
        .iter()
        .flat_map(|line| line.losses.keys().map(String::as_str))
        .collect();
    let is_judged = |name: &&str| name.starts_with("judge") || name.starts_with("adversarial");
    let (judged, plain): (Vec<&str>, Vec<&str>) = names.into_iter().partition(is_judged);
    let held_back = |value: fn(&super::validation::Validated) -> f64| {
        let points = lines
            .iter()
            .filter_map(|line| Some((line.step, value(line.held_back.as_ref()?))));
        points.collect::<Vec<_>>()
    };
    let psnr = [
        Curve {
            name: stage.to_owned(),
            points: held_back(|v| v.psnr),
        },
        Curve {
            name: "pixelated".to_owned(),
            points: held_back(|v| v.pixelated),
        },
    ];
    let losses: Vec<Curve> = plain.into_iter().map(curve).collect();
    let judges: Vec<Curve> = judged.into_iter().map(curve).collect();
    let speed: Vec<f64> = lines
        .iter()
        .filter_map(|line| line.pictures_per_second)
        .collect();
    let waiting: Vec<f64> = lines.iter().filter_map(|line| line.waiting).collect();
    let steps = lines.iter().map(|line| line.step).max().unwrap_or(0);
    Ok(html! {
        h2 { (stage) }
        p {
            (steps) " steps, " (format!("{:.0}", mean(&speed))) " pictures per second, "
            (format!("{:.0}", 100.0 * mean(&waiting))) " % of the time waiting for data."
        }
        h3 { "PSNR of held-back faces, dB" } (PreEscaped(diagram(&psnr)?))
        h3 { "Losses" } (PreEscaped(diagram(&losses)?))
        @if !judges.is_empty() {
            h3 { "Generator against discriminator" } (PreEscaped(diagram(&judges)?))
        }
        (table(lines))
        (strips(folder, stage)?)
    })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The last look at held-back faces, by block size.
fn table(lines: &[&Line]) -> Markup {
    let last = lines.iter().rev().find_map(|line| line.held_back.as_ref());
    html! {
        @if let Some(last) = last {
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

/// Pictures of the same held-back faces as the training went on.
fn strips(folder: &Path, stage: &str) -> anyhow::Result<Markup> {
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
                figcaption { "Step " (step) ": mosaic, restored, truth" }
            }
        });
    }
    Ok(html! {
        @if !figures.is_empty() { h3 { "Held-back faces" } }
        @for figure in &figures { (figure) }
    })
}

/// A line of a diagram.
struct Curve {
    name: String,
    /// (step, value)
    points: Vec<(u64, f64)>,
}

/// An SVG picture of the curves.
fn diagram(curves: &[Curve]) -> anyhow::Result<String> {
    let mut svg = String::new();
    draw(&mut svg, curves).map_err(|error| anyhow!("a diagram can not be drawn: {error}"))?;
    Ok(svg)
}

/// The least and the greatest finite value, always apart: plotters never ends on a range that is not finite.
fn span(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let finite = values.filter(|value| value.is_finite());
    let (low, high) = finite
        .map(|value| (value, value))
        .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
        .unwrap_or((0.0, 1.0));
    if low < high {
        (low, high)
    } else {
        (low - 0.5, low + 0.5)
    }
}

fn draw(svg: &mut String, curves: &[Curve]) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(svg, DIAGRAM).into_drawing_area();
    root.fill(&WHITE)?;
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let last = points().map(|(step, _)| *step).max().unwrap_or(1).max(1);
    let (low, high) = span(points().map(|(_, value)| *value));
    let room = 0.05 * (high - low);
    let mut chart = ChartBuilder::on(&root)
        .margin(8)
        .x_label_area_size(28)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..last as f64, low - room..high + room)?;
    chart
        .configure_mesh()
        .x_desc("step")
        .light_line_style(WHITE)
        .draw()?;
    for (index, curve) in curves.iter().enumerate() {
        let colour = Palette99::pick(index).to_rgba();
        chart
            .draw_series(LineSeries::new(
                curve
                    .points
                    .iter()
                    .filter(|(_, value)| value.is_finite())
                    .map(|&(step, value)| (step as f64, value)),
                colour.stroke_width(2),
            ))?
            .label(&curve.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.2))
        .draw()?;
    root.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_of_any_kind_are_drawn() {
        let curve = |points: &[(u64, f64)]| Curve {
            name: "a <b>".to_owned(),
            points: points.to_vec(),
        };
        for points in [
            &[][..],
            &[(0, 0.0)],
            &[(5, 2.0), (9, 2.0)],
            &[(1, -3.0), (9, 1e9)],
            &[(1, f64::INFINITY), (2, f64::NAN), (3, 1.0), (4, 1e30)],
        ] {
            let svg = diagram(&[curve(points)]).unwrap();
            assert!(svg.contains("<svg") && !svg.contains("NaN"), "{points:?}");
        }
    }

    #[test]
    fn a_folder_without_log_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(folder.path(), &folder.path().join("a.html")).unwrap_err();
        assert!(format!("{error:#}").contains("log.jsonl"), "{error:#}");
    }
}
