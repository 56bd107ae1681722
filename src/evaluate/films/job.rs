//! The command `evaluate --clips`: films in, tables and film strips out.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use image::RgbImage;
use indicatif::ProgressBar;

use super::mosaics::boxes;
use super::restored::ways;
use super::score::score;
use super::{FilmRow, FilmScores, Keeps, Mosaics, beside, sheet};
use crate::cascade::runtime;
use crate::evaluate::codec::clip_pictures;
use crate::evaluate::systems::{open_models, stem};
use crate::faces::Finder;

/// Frames of a clip that are looked at.
const FRAMES: usize = 60;
/// Blocks across the mosaics.
const ACROSS: [u32; 3] = [7, 10, 14];
/// Name of the mean over all films.
pub(crate) const ALL: &str = "all";

/// What to measure with.
pub(crate) struct Sources {
    /// Clips, and folders of such.
    pub clips: Vec<PathBuf>,
    /// A network that finds faces.
    pub finder: PathBuf,
    /// Models; without one the bundled.
    pub models: Vec<PathBuf>,
    /// Frames of each clip at most.
    pub frames: Option<usize>,
    /// Folder for films side by side.
    pub films: Option<PathBuf>,
}

/// All that was measured.
pub(crate) struct Measured {
    /// Each film, then means for each kind of lattice and number of blocks.
    pub films: Vec<FilmScores>,
    /// Film strips with what they show.
    pub sheets: Vec<(String, RgbImage)>,
}

/// Measure.
pub(crate) fn measure(sources: &Sources, progress: &ProgressBar) -> anyhow::Result<Measured> {
    crate::app::init()?;
    let models = open_models(&sources.models)?;
    let mut finder = Finder::open(runtime::load_for_program()?, &sources.finder)?;
    let clips = files(&sources.clips)?;
    if let Some(folder) = &sources.films {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    progress.set_length((clips.len() * ACROSS.len() * 2) as u64);
    let (mut films, mut sheets) = (Vec::new(), Vec::new());
    for path in &clips {
        let name = stem(path);
        progress.set_message(name.clone());
        let frames = clip_pictures(path, sources.frames.unwrap_or(FRAMES))
            .with_context(|| path.display().to_string())?;
        let faces = match boxes(&frames, &mut finder) {
            Ok(faces) => faces,
            Err(reason) => {
                progress.println(format!("{} is left out: {reason:#}", path.display()));
                progress.inc((ACROSS.len() * 2) as u64);
                continue;
            }
        };
        for keeps in [Keeps::Frame, Keeps::Box] {
            for across in ACROSS {
                let mosaics = Mosaics::of(&frames, &faces, keeps, across)?;
                let (rows, made) = measured(&mosaics, &models)?;
                if across == ACROSS[1] {
                    let caption = format!(
                        "{name}, {}, {across} blocks across: truth, mosaic, {}",
                        keeps.name(),
                        made.iter()
                            .map(|(name, _)| name.as_str())
                            .collect::<Vec<_>>()
                            .join(", ")
                    );
                    let made = made.iter().map(|(_, film)| film.as_slice());
                    let all = [mosaics.truth.as_slice(), &mosaics.pixelated];
                    let all: Vec<&[RgbImage]> = all.into_iter().chain(made).collect();
                    if let Some(folder) = &sources.films {
                        let path = folder.join(format!("{name}, {}.mkv", keeps.name()));
                        beside::write(&path, &all, &mosaics)
                            .with_context(|| path.display().to_string())?;
                    }
                    sheets.push((caption, sheet::sheet(&all, &mosaics)));
                }
                films.push(FilmScores {
                    clip: name.clone(),
                    keeps,
                    across,
                    rows,
                });
                progress.inc(1);
            }
        }
    }
    ensure!(!films.is_empty(), "no clip has a face that can be followed");
    let means = means(&films);
    films.extend(means);
    Ok(Measured { films, sheets })
}

/// A film by its name.
type Named = (String, Vec<RgbImage>);

/// What all ways make of a film: the rows, and the films that are drawn.
fn measured(
    mosaics: &Mosaics,
    models: &[(String, crate::cascade::Model)],
) -> anyhow::Result<(Vec<FilmRow>, Vec<Named>)> {
    let (mut rows, mut drawn) = (Vec::<FilmRow>::new(), Vec::new());
    for mut way in ways(models)? {
        let (made, left) = way.make(mosaics)?;
        let row = score(way.name.clone(), &made, mosaics)?;
        rows.push(FilmRow { left, ..row });
        if way.is_sharpest() || rows.len() == 1 {
            drawn.push((way.name, made));
        }
    }
    let bicubic = rows.first().map_or(0.0, |row| row.unsteadiness);
    for row in &mut rows {
        row.flicker = row.unsteadiness / bicubic.max(1e-9);
    }
    Ok((rows, drawn))
}

/// Means over the clips of each kind.
fn means(films: &[FilmScores]) -> Vec<FilmScores> {
    let mut kinds: Vec<(Keeps, u32)> = Vec::new();
    for film in films {
        let kind = (film.keeps, film.across);
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    let mean_of = |(keeps, across): (Keeps, u32)| {
        let same: Vec<&FilmScores> = (films.iter())
            .filter(|film| (film.keeps, film.across) == (keeps, across))
            .collect();
        let first = same.first()?;
        let rows = first.rows.iter().enumerate().map(|(index, row)| {
            let mean = |number: fn(&FilmRow) -> f64| {
                let numbers = same
                    .iter()
                    .filter_map(|film| film.rows.get(index))
                    .map(number);
                numbers.sum::<f64>() / same.len() as f64
            };
            FilmRow {
                name: row.name.clone(),
                psnr: mean(|row| row.psnr),
                ssim: mean(|row| row.ssim),
                unsteadiness: mean(|row| row.unsteadiness),
                flicker: mean(|row| row.flicker),
                warped: mean(|row| row.warped),
                left: (same.iter().filter_map(|film| film.rows.get(index)))
                    .map(|row| row.left)
                    .sum(),
            }
        });
        Some(FilmScores {
            clip: ALL.to_owned(),
            keeps,
            across,
            rows: rows.collect(),
        })
    };
    kinds.into_iter().filter_map(mean_of).collect()
}

/// The files among `paths` and in the folders among them.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path);
        let entries = entries.with_context(|| path.display().to_string())?;
        let inside = entries.flatten().map(|entry| entry.path());
        files.extend(inside.filter(|path: &PathBuf| Path::is_file(path)));
    }
    files.sort();
    Ok(files)
}
