//! Experiment `repeat`: a system fed with its own output, again and again.

mod text;

use std::collections::BTreeMap;

use image::RgbImage;
use indicatif::ProgressBar;
use rayon::prelude::*;
use serde::Serialize;

use super::Face;
use super::sheet::{found_again, sheet};
use super::whole::Whole;
use crate::cascade::Model;
use crate::degrade::stack::stack_blur;
use crate::evaluate::summary::{Scores, Summary, picture, summarise};
use crate::metrics::{
    MetricsError, de_mean, flat_share, psnr, saturation, sharpness_ratio, ssim_gauss,
    total_variation, uqi,
};
use crate::whole::{Levels, Planes};

/// Rounds after the start.
pub const ROUNDS: usize = 10;

/// What the first round starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// The face, blurred.
    Blurred,
    /// The face itself: a good restorer leaves it alone.
    Clean,
}

/// One system from one start.
#[derive(Debug, Serialize)]
pub struct Course {
    /// The system's name.
    pub system: String,
    /// Where it started.
    pub start: Start,
    /// Whether pictures were rounded to bytes between the rounds.
    pub rounded: bool,
    /// Measures of rounds 0 (the start) to [`ROUNDS`].
    pub rounds: Vec<Round>,
    /// Growth of `de_mean` per round: slope of the regression.
    pub de_mean_slope: f64,
    /// First round whose mean SSIM is below the start's.
    pub ssim_below_start: Option<usize>,
    /// ‖x(k+1) − x(k)‖ ÷ ‖x(k) − x(k−1)‖, geometric mean: below 1 the rounds come to rest.
    pub contraction: Option<f64>,
}

/// One round.
#[derive(Debug, Serialize)]
pub struct Round {
    /// By the names of the measures.
    #[serde(flatten)]
    pub measures: BTreeMap<&'static str, Summary>,
    /// Share of faces that are nearest to their own original by local binary patterns; none for
    /// pictures of several sizes.
    pub rank1: Option<f64>,
}

/// What came out.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// Number of faces.
    pub faces: usize,
    /// How they went round.
    pub settings: Settings,
    /// Chance of [`Round::rank1`].
    pub chance: f64,
    /// System by system.
    pub courses: Vec<Course>,
    /// The first face in all rounds (across) of the models (down), rounded, from each start.
    #[serde(skip)]
    pub strip: RgbImage,
    /// The same as a film: models beside each other, from the blurred start.
    #[serde(skip)]
    pub film: Vec<RgbImage>,
}

enum System {
    /// Does nothing but scale, where pictures grow: shows what the measures do.
    Identity,
    /// The mean of 3×3 pixels: what loses a little in each round.
    Mean,
    Model(Box<Whole>),
}

impl System {
    /// The next round's picture, of that size.
    fn run(&mut self, picture: &Planes, size: [usize; 2]) -> anyhow::Result<Planes> {
        Ok(match self {
            Self::Identity => picture.at(size)?,
            Self::Mean => mean_of_nine(picture).at(size)?,
            Self::Model(whole) => whole.run(picture, size)?,
        })
    }
}

/// Mean of 3×3 pixels; edge pixels repeat.
fn mean_of_nine(picture: &Planes) -> Planes {
    let [width, height] = picture.size();
    let near = |at: usize, side: usize| [at.saturating_sub(1), at, (at + 1).min(side - 1)];
    let value = |i: usize| {
        let (plane, y, x) = (i / (width * height), i / width % height, i % width);
        let rows = near(y, height).into_iter();
        let nine = rows.flat_map(|y| near(x, width).map(|x| picture.level(plane, x, y)));
        nine.sum::<f32>() / 9.0
    };
    Planes {
        data: (0..picture.data.len()).map(value).collect(),
        ..*picture
    }
}

/// How faces go round.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// Radius of the blur of the blurred start, pixels.
    pub radius: u32,
    /// By how much pictures grow in each round; 1 keeps their size.
    pub growth: f64,
}

/// Run `models` on `faces` over and over. Pictures that grow are scaled back to be measured.
pub fn run(
    models: &[(String, Model)],
    faces: &[Face],
    settings: Settings,
    progress: &ProgressBar,
) -> anyhow::Result<Outcome> {
    let mut systems = vec![
        ("identity".to_owned(), System::Identity),
        ("3×3 mean".to_owned(), System::Mean),
    ];
    for (name, model) in models {
        systems.push((name.clone(), System::Model(Box::new(Whole::new(model)?))));
    }
    let truths: Vec<RgbImage> = faces.iter().map(|face| face.picture.clone()).collect();
    progress.set_length((4 * systems.len() * faces.len()) as u64);
    let (mut courses, mut rows, mut columns) = (Vec::new(), Vec::new(), Vec::new());
    for (name, system) in &mut systems {
        for start in [Start::Blurred, Start::Clean] {
            for rounded in [true, false] {
                let mut films = Vec::with_capacity(faces.len());
                for truth in &truths {
                    let first = match start {
                        Start::Blurred => stack_blur(truth, settings.radius),
                        Start::Clean => truth.clone(),
                    };
                    films.push(film(system, &first, rounded, settings.growth)?);
                    progress.inc(1);
                }
                let is_model = matches!(system, System::Model(_));
                if let Some(first) = films.first().filter(|_| rounded && is_model) {
                    let shown: Vec<RgbImage> = first.iter().map(Planes::picture).collect();
                    if start == Start::Blurred {
                        columns.push(shown.clone());
                    }
                    rows.push(shown);
                }
                courses.push(course(name, start, rounded, &films, &truths)?);
            }
        }
    }
    progress.finish_and_clear();
    let frame = |round: usize| {
        let across: Vec<RgbImage> = columns.iter().map(|film| film[round].clone()).collect();
        sheet(&[across])
    };
    Ok(Outcome {
        faces: faces.len(),
        settings,
        chance: 1.0 / faces.len() as f64,
        courses,
        strip: sheet(&rows),
        film: (0..=ROUNDS).map(frame).collect(),
    })
}

/// A picture's rounds, the start among them, all at the start's size.
fn film(
    system: &mut System,
    first: &RgbImage,
    rounded: bool,
    growth: f64,
) -> anyhow::Result<Vec<Planes>> {
    let mut now = Planes::of(first);
    let size = now.size();
    let mut rounds = vec![now.clone()];
    for round in 1..=ROUNDS {
        let grown = |side: usize| (side as f64 * growth.powi(round as i32)).round() as usize;
        now = system.run(&now, size.map(grown))?;
        if rounded {
            now = Planes::of(&now.picture());
        }
        rounds.push(now.at(size)?);
    }
    Ok(rounds)
}

fn course(
    system: &str,
    start: Start,
    rounded: bool,
    films: &[Vec<Planes>],
    truths: &[RgbImage],
) -> anyhow::Result<Course> {
    let mut rounds = Vec::new();
    for round in 0..=ROUNDS {
        let now: Vec<RgbImage> = films.iter().map(|film| film[round].picture()).collect();
        let before = round.checked_sub(1);
        let before = |film: &Vec<Planes>| before.map(|before| film[before].picture());
        let before: Vec<Option<RgbImage>> = films.iter().map(before).collect();
        let each: Vec<Scores> = (&now, &before, truths)
            .into_par_iter()
            .map(|(now, before, truth)| one(now, before.as_ref(), truth))
            .collect::<Result<_, _>>()?;
        rounds.push(Round {
            measures: summarise(&each, None)?,
            rank1: found_again(&now, truths)?,
        });
    }
    let mean = |round: &Round, name: &str| round.measures.get(name).map_or(f64::NAN, |s| s.mean);
    let colours: Vec<f64> = rounds.iter().map(|round| mean(round, "de_mean")).collect();
    let likeness: Vec<f64> = rounds.iter().map(|r| mean(r, "ssim_gauss")).collect();
    Ok(Course {
        system: system.to_owned(),
        start,
        rounded,
        de_mean_slope: slope(&colours),
        ssim_below_start: likeness.iter().position(|value| *value < likeness[0]),
        contraction: contraction(films),
        rounds,
    })
}

/// Figures of a round; the start has none before it.
fn one(
    now: &RgbImage,
    before: Option<&RgbImage>,
    truth: &RgbImage,
) -> Result<Scores, MetricsError> {
    let (now, truth) = (picture(now)?, picture(truth)?);
    let mut scores = Scores::from([
        ("psnr", psnr(&now, &truth)?),
        ("ssim_gauss", ssim_gauss(&now, &truth)?),
        ("uqi", uqi(&now, &truth)?),
        ("de_mean", de_mean(&now, &truth)?),
        ("saturation", saturation(&now)?),
        ("sharpness_ratio", sharpness_ratio(&now, &truth)?),
        ("total_variation", total_variation(&now)?),
        ("flat_share", flat_share(&now)?),
    ]);
    if let Some(before) = before {
        scores.insert("psnr_previous", psnr(&now, &picture(before)?)?);
    }
    Ok(scores)
}

/// Slope of the least-squares line through values at 0, 1, 2 …
fn slope(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let middle = (count - 1.0) / 2.0;
    let moved = values.iter().enumerate();
    let products: f64 = moved.map(|(i, value)| (i as f64 - middle) * value).sum();
    let squares: f64 = (0..values.len()).map(|i| (i as f64 - middle).powi(2)).sum();
    products / squares
}

/// Geometric mean of the ratios of successive changes; none where nothing changes.
fn contraction(films: &[Vec<Planes>]) -> Option<f64> {
    let mut logarithms = Vec::new();
    for film in films {
        let steps: Vec<f64> = film.windows(2).map(|w| w[1].distance(&w[0])).collect();
        let moving = steps.windows(2).filter(|w| w[0] > 0.0 && w[1] > 0.0);
        logarithms.extend(moving.map(|w| (w[1] / w[0]).ln()));
    }
    let count = logarithms.len();
    (count > 0).then(|| (logarithms.iter().sum::<f64>() / count as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_a_course() {
        assert!((slope(&[1.0, 3.0, 5.0, 7.0]) - 2.0).abs() < 1e-12);
        let planes = |value: f32| Planes {
            width: 2,
            height: 2,
            data: vec![value; 12],
        };
        let film: Vec<Planes> = [0.0, 8.0, 12.0, 14.0].map(planes).into();
        assert!((contraction(&[film]).unwrap() - 0.5).abs() < 1e-9);
        assert_eq!(contraction(&[vec![planes(1.0); 4]]), None);
    }

    #[test]
    fn the_mean_of_nine_keeps_colours() {
        let mut picture = Planes {
            width: 8,
            height: 2,
            data: vec![90.0; 48],
        };
        assert_eq!(mean_of_nine(&picture), picture);
        picture.data[5] = 180.0;
        let mean = mean_of_nine(&picture);
        assert!((mean.data[12] - 100.0).abs() < 1e-3 && (mean.data[0] - 90.0).abs() < 1e-3);
    }
}
