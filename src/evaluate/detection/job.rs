//! The command `bench-detect`: pictures and clips in, a table out.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use comfy_table::{Table, presets::ASCII_MARKDOWN};
use image::RgbImage;
use indicatif::{ProgressBar, ProgressStyle};
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use serde::Serialize;

use super::groups::{GROUPS, Group};
use super::looks::add_noise;
use super::measure::{Found, Summary};
use super::scenes::{SIZE, Scene, Truth};
use super::sheet::sheet;
use crate::detect::Detector;
use crate::evaluate::codec::{Codec, LumaPlane, clip, planes, recode};
use crate::train::data::dataset::Dataset;

/// Most scenes on the sheet of what went wrong.
const SHOWN: usize = 40;
/// Frames that are looked at in a clip.
const CLIP_FRAMES: usize = 60;
/// What happens to clips: as they are, and from good to bad.
const CLIP_CODECS: [(Codec, &str); 6] = [
    (Codec::None, "as it is"),
    (Codec::H264(18), "H.264 CRF 18"),
    (Codec::H264(23), "H.264 CRF 23"),
    (Codec::H264(28), "H.264 CRF 28"),
    (Codec::H264(35), "H.264 CRF 35"),
    (Codec::H264(40), "H.264 CRF 40"),
];
/// Patterns of GStreamer's `videotestsrc`; 22 and later are variants of bars.
const PATTERNS: u32 = 26;

/// What to measure with.
pub(crate) struct Sources {
    /// Pictures of one face each.
    pub faces: PathBuf,
    /// Pictures that faces are set into; without them, other faces' pictures, enlarged.
    pub frames: Option<PathBuf>,
    /// Clips without mosaics.
    pub clips: Vec<PathBuf>,
    /// Only kinds whose names hold this.
    pub only: Option<String>,
    /// Scenes of each kind.
    pub count: usize,
    /// Seed of all random numbers.
    pub seed: u64,
}

/// One line of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    /// The kind of scenes.
    pub name: String,
    /// Their figures.
    #[serde(flatten)]
    pub summary: Summary,
}

/// All that was measured.
pub(crate) struct Measured {
    /// The table.
    pub lines: Vec<Line>,
    /// Scenes in which something was missed or invented.
    pub misses: Option<RgbImage>,
}

/// Measure the detector.
pub(crate) fn measure(sources: &Sources) -> anyhow::Result<Measured> {
    crate::app::init()?;
    let open = |path: &Path| Dataset::open(path, &ProgressBar::hidden());
    let faces = open(&sources.faces)?;
    let frames = sources.frames.as_deref().map(open).transpose()?;
    let frames = frames.as_ref().unwrap_or(&faces);
    let wanted = |name: &str| {
        sources
            .only
            .as_deref()
            .is_none_or(|only| name.contains(only))
    };
    let progress = bar((GROUPS.len() + sources.clips.len() * CLIP_CODECS.len() + 1) as u64)?;
    let mut notes = Notes::default();
    for (number, group) in (0..).zip(&GROUPS) {
        if wanted(group.name) {
            progress.set_message(group.name);
            let scenes = (0..sources.count)
                .map(|index| draw(group, number, index, &faces, frames, sources.seed));
            notes.take(group.name.to_owned(), scenes)?;
        }
        progress.inc(1);
    }
    for path in &sources.clips {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        for (codec, how) in CLIP_CODECS {
            let name = format!("clip {name}, {how}");
            if wanted(&name) {
                progress.set_message(name.clone());
                let planes = clip(path, CLIP_FRAMES, codec)
                    .with_context(|| format!("clip {}, {how}", path.display()))?;
                ensure!(!planes.is_empty(), "{} has no frames", path.display());
                notes.take(name, without_mosaic(planes))?;
            }
            progress.inc(1);
        }
    }
    let name = format!("videotestsrc, {PATTERNS} patterns");
    if wanted(&name) {
        notes.take(name, without_mosaic(patterns()?))?;
    }
    progress.finish_and_clear();
    ensure!(
        !notes.lines.is_empty(),
        "no kind of scenes has “{}” in its name",
        sources.only.as_deref().unwrap_or_default()
    );
    Ok(Measured {
        lines: notes.lines,
        misses: sheet(&notes.misses),
    })
}

/// What is looked at: a plane, and the mosaic in it.
type Shown = (LumaPlane, Option<Truth>);

/// What was found so far; of the scenes those are kept in which something went wrong.
#[derive(Default)]
struct Notes {
    detector: Detector,
    lines: Vec<Line>,
    misses: Vec<(LumaPlane, Found)>,
}

impl Notes {
    /// Look at the scenes of a kind.
    fn take(
        &mut self,
        name: String,
        scenes: impl Iterator<Item = anyhow::Result<Shown>>,
    ) -> anyhow::Result<()> {
        let mut all = Vec::new();
        for scene in scenes {
            let (plane, truth) = scene?;
            let found = Found::look(&mut self.detector, &plane, truth);
            all.push(found.clone());
            if found.is_miss() && self.misses.len() < SHOWN {
                self.misses.push((plane, found));
            }
        }
        self.lines.push(Line {
            name,
            summary: Summary::of(&all),
        });
        Ok(())
    }
}

/// Scene `index` of the `number`th group.
fn draw(
    group: &Group,
    number: u64,
    index: usize,
    faces: &Dataset,
    frames: &Dataset,
    seed: u64,
) -> anyhow::Result<Shown> {
    let at = index * 7919 + number as usize * 131;
    let face = faces.picture(at % faces.len())?;
    let ground = frames.picture((at / 3 + 1) % frames.len())?;
    let seed = seed ^ (number << 32) ^ index as u64;
    let scene = Scene::draw(group, &ground, &face, seed)?;
    let (width, height) = scene.picture.dimensions();
    // The same frame three times: the second is coded from the first, as most frames of a clip
    // are.
    let shots = match group.codec {
        Codec::None => 1,
        _ => 3,
    };
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let pictures: Vec<Vec<u8>> = (0..shots)
        .map(|_| {
            let mut shot = scene.picture.clone();
            add_noise(&mut shot, group.grain, &mut random);
            shot.into_raw()
        })
        .collect();
    let plane = recode(&pictures, width, height, group.codec)?.pop();
    let plane = plane.with_context(|| format!("{}: no frame came back", group.name))?;
    Ok((plane, scene.truth))
}

/// The patterns of `videotestsrc`, three frames of each.
fn patterns() -> anyhow::Result<Vec<LumaPlane>> {
    let mut all = Vec::new();
    for pattern in 0..PATTERNS {
        let line = format!(
            "videotestsrc num-buffers=3 pattern={pattern} ! video/x-raw,width={},height={} ! videoconvert",
            SIZE.0, SIZE.1
        );
        all.extend(planes(&line, 3)?);
    }
    Ok(all)
}

fn without_mosaic(planes: Vec<LumaPlane>) -> impl Iterator<Item = anyhow::Result<Shown>> {
    planes.into_iter().map(|plane| Ok((plane, None)))
}

/// The table, as Markdown.
pub(crate) fn markdown(lines: &[Line]) -> String {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN);
    table.set_header([
        "scenes",
        "number",
        "recall",
        "false regions",
        "median IoU",
        "block error",
        "phase error, px",
    ]);
    let number = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
    };
    for Line { name, summary } in lines {
        table.add_row([
            name.clone(),
            summary.scenes.to_string(),
            number(summary.recall(), 3),
            summary.wrong.to_string(),
            number(summary.iou, 3),
            number(summary.block_error, 4),
            number(summary.phase_error, 2),
        ]);
    }
    table.to_string()
}

fn bar(length: u64) -> anyhow::Result<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}, {eta} left")
        .context("the progress bar's template is wrong")?;
    Ok(ProgressBar::new(length).with_style(style))
}
