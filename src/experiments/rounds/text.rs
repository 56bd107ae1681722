//! Repeated runs as tables and curves.

use super::{Course, Outcome, Round, Start};
use crate::diagram::{Curve, Panel};
use crate::experiments::results::markdown;
use crate::experiments::sheet::share;

/// Measures with their decimals, in the order of the tables.
const MEASURES: [(&str, usize); 9] = [
    ("psnr", 2),
    ("ssim_gauss", 3),
    ("uqi", 3),
    ("de_mean", 2),
    ("psnr_previous", 1),
    ("saturation", 3),
    ("sharpness_ratio", 2),
    ("total_variation", 2),
    ("flat_share", 3),
];

impl Course {
    fn name(&self) -> String {
        let start = match self.start {
            Start::Blurred => "blurred",
            Start::Clean => "clean",
        };
        let rounded = if self.rounded { "" } else { ", not rounded" };
        format!("{} from {start}{rounded}", self.system)
    }
}

impl Outcome {
    /// The tables: sums first, then round by round.
    pub fn table(&self) -> String {
        let heads = [
            "system",
            "ΔE of the mean per round",
            "first round with SSIM below the start's",
            "contraction",
        ];
        let row = |course: &Course| {
            vec![
                course.name(),
                format!("{:+.3}", course.de_mean_slope),
                course
                    .ssim_below_start
                    .map_or("none".to_owned(), |k| k.to_string()),
                course
                    .contraction
                    .map_or("–".to_owned(), |c| format!("{c:.2}")),
            ]
        };
        let rows: Vec<Vec<String>> = self.courses.iter().map(row).collect();
        let mut text = format!(
            "{} faces; the blurred start has a stack blur of radius {} px; pictures grow by {} in each round\n\n{}\n",
            self.faces,
            self.settings.radius,
            self.settings.growth,
            markdown(&heads.map(str::to_owned), &rows)
        );
        for course in self.courses.iter().filter(|course| course.rounded) {
            let mut heads = vec!["round".to_owned()];
            heads.extend(MEASURES.map(|(name, _)| name.to_owned()));
            heads.push(format!("rank 1 (chance {:.2})", self.chance));
            let row = |(number, round): (usize, &Round)| {
                let mut cells = vec![number.to_string()];
                cells.extend(MEASURES.map(|(name, digits)| {
                    let summary = round.measures.get(name);
                    summary.map_or("–".to_owned(), |summary| summary.text(digits))
                }));
                cells.push(share(round.rank1));
                cells
            };
            let rows: Vec<Vec<String>> = course.rounds.iter().enumerate().map(row).collect();
            text += &format!("\n{}\n\n{}\n", course.name(), markdown(&heads, &rows));
        }
        text
    }

    /// Measures over the rounds, rounded, from each start.
    pub fn panels(&self) -> Vec<Panel> {
        let panel = |title: &str, name: &'static str| Panel {
            title: title.to_owned(),
            axes: ["round", name],
            curves: (self.courses.iter().filter(|course| course.rounded))
                .map(|course| {
                    let rounds = course.rounds.iter().enumerate();
                    let point = |(k, round): (usize, &Round)| {
                        Some((k as f64, round.measures.get(name)?.mean))
                    };
                    Curve {
                        name: course.name(),
                        points: rounds.filter_map(point).collect(),
                    }
                })
                .collect(),
        };
        vec![
            panel("Fed with its own output: PSNR, dB", "psnr"),
            panel("Fed with its own output: colour, ΔE of the mean", "de_mean"),
            panel(
                "Fed with its own output: sharpness ÷ the truth's",
                "sharpness_ratio",
            ),
        ]
    }
}
