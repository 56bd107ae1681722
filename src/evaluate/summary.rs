//! Figures of pictures, and what they say of a system.

use std::collections::{BTreeMap, BTreeSet};

use image::RgbImage;
use serde::Serialize;

use crate::metrics::{MetricsError, Picture, bootstrap};

/// Figures of one picture by the names of the measures.
pub(crate) type Scores = BTreeMap<&'static str, f64>;

/// A measure over the pictures of a set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Mean.
    pub mean: f64,
    /// Standard deviation over the pictures (of a sample).
    pub sd: f64,
    /// Mean difference to what the system started from, and the 95 % interval of a paired
    /// bootstrap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gain: Option<[f64; 3]>,
}

impl Summary {
    /// As text with so many decimals.
    pub fn text(&self, digits: usize) -> String {
        match self.mean.is_finite() {
            true => format!("{:.digits$} ± {:.digits$}", self.mean, self.sd),
            false => number(self.mean, digits),
        }
    }
}

/// A figure with so many decimals; – for none (not a number).
pub(crate) fn number(value: f64, digits: usize) -> String {
    match value {
        value if value.is_nan() => "–".to_owned(),
        f64::INFINITY => "∞".to_owned(),
        value => format!("{value:.digits$}"),
    }
}

/// Sum up the figures of a set; `start` are those of the same pictures before. Where not all
/// pictures have a measure, those that have it count.
pub(crate) fn summarise(
    each: &[Scores],
    start: Option<&[Scores]>,
) -> anyhow::Result<BTreeMap<&'static str, Summary>> {
    let column = |scores: &[Scores], name: &str| -> Vec<f64> {
        scores.iter().filter_map(|s| s.get(name).copied()).collect()
    };
    let mut summaries = BTreeMap::new();
    let names: BTreeSet<&'static str> = each.iter().flat_map(|s| s.keys().copied()).collect();
    for name in names {
        let values = column(each, name);
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let before = start.map(|start| column(start, name));
        // Infinite figures (those of equal pictures) have no interval.
        let finite = |values: &[f64]| values.iter().all(|v| v.is_finite());
        let gain = match before.filter(|before| finite(before) && finite(&values)) {
            Some(before) => {
                let interval = bootstrap(&values, &before)?;
                Some([interval.mean, interval.low, interval.high])
            }
            None => None,
        };
        let summary = Summary {
            mean,
            sd: (squares / (count - 1.0).max(1.0)).sqrt(),
            gain,
        };
        summaries.insert(name, summary);
    }
    Ok(summaries)
}

/// `image` for the measures.
pub(crate) fn picture(image: &RgbImage) -> Result<Picture<'_>, MetricsError> {
    Picture::new(image.width() as usize, image.height() as usize, image)
}

/// All of `images` for the measures.
pub(crate) fn pictures(images: &[RgbImage]) -> Result<Vec<Picture<'_>>, MetricsError> {
    images.iter().map(picture).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_deviations_and_gains() {
        let scores = |values: &[f64]| -> Vec<Scores> {
            values
                .iter()
                .map(|&v| Scores::from([("psnr", v)]))
                .collect()
        };
        let (each, start) = (scores(&[3.0, 5.0]), scores(&[1.0, 3.0]));
        let summary = summarise(&each, Some(&start)).unwrap()["psnr"];
        assert_eq!((summary.mean, summary.gain), (4.0, Some([2.0; 3])));
        assert!((summary.sd - 2f64.sqrt()).abs() < 1e-12);
        assert_eq!(summary.text(1), "4.0 ± 1.4");
        let infinite = summarise(&scores(&[f64::INFINITY, 1.0]), Some(&start)).unwrap()["psnr"];
        assert_eq!((infinite.gain, infinite.text(2)), (None, "∞".to_owned()));
        // One of the two has the other measure.
        let mut partly = scores(&[1.0, 2.0]);
        partly[1].insert("uqi", 0.5);
        let summary = summarise(&partly, None).unwrap()["uqi"];
        assert_eq!((summary.mean, summary.sd), (0.5, 0.0));
    }
}
