//! What the networks say of a set of pictures.

use super::Seen;
use crate::evaluate::summary::Scores;
use crate::metrics::{MetricsError, cosine, feature_distance, frechet_distance};

/// What they say of the pictures of one system.
#[derive(Clone, Debug, Default)]
pub struct Views {
    /// Of each picture, if faces are described.
    embeddings: Vec<Vec<f64>>,
    /// From each picture to its truth, if there are features.
    distances: Vec<f64>,
}

/// What follows from it.
pub struct NetworkScores {
    /// The figures of each picture by the names of the measures: `identity`, `identity_others` and
    /// `feature_distance`.
    pub each: Vec<Scores>,
    /// Fréchet distance of the descriptions to those of the true faces; none of fewer than two.
    pub frechet: Option<f64>,
}

impl Views {
    /// Add the next picture, beside its truth.
    pub fn add(&mut self, picture: Seen, truth: &Seen) -> Result<(), MetricsError> {
        self.embeddings.extend(picture.embedding);
        if let (Some(picture), Some(truth)) = (&picture.levels, &truth.levels) {
            self.distances.push(feature_distance(picture, truth)?);
        }
        Ok(())
    }

    /// Compare with the descriptions of the true faces, which are in the order of the pictures.
    pub fn scores(&self, truths: &[Vec<f64>]) -> Result<NetworkScores, MetricsError> {
        let count = self.embeddings.len().max(self.distances.len());
        let mut each = vec![Scores::new(); count];
        for (scores, distance) in each.iter_mut().zip(&self.distances) {
            scores.insert("feature_distance", *distance);
        }
        for (own, (scores, embedding)) in each.iter_mut().zip(&self.embeddings).enumerate() {
            let likeness = truths.iter().map(|truth| cosine(embedding, truth));
            let likeness = likeness.collect::<Result<Vec<f64>, _>>()?;
            scores.insert("identity", likeness[own]);
            let others = likeness.len() - 1;
            if others > 0 {
                let sum = likeness.iter().sum::<f64>() - likeness[own];
                scores.insert("identity_others", sum / others as f64);
            }
        }
        let frechet = match self.embeddings.len() {
            0 | 1 => None,
            _ => Some(frechet_distance(&self.embeddings, truths)?),
        };
        Ok(NetworkScores { each, frechet })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::FeatureMap;

    fn seen(embedding: Option<[f64; 2]>, feature: Option<[f32; 2]>) -> Seen {
        let level = |it: [f32; 2]| vec![FeatureMap::new(2, it.to_vec()).unwrap()];
        Seen {
            embedding: embedding.map(Vec::from),
            levels: feature.map(level),
        }
    }

    #[test]
    fn pictures_are_compared_with_their_own_truths_and_with_others() {
        let truths = [[1.0, 0.0], [0.0, 2.0]];
        let mut views = Views::default();
        for (made, truth) in [[3.0, 0.0], [5.0, 0.0]].into_iter().zip(truths) {
            let truth = seen(Some(truth), Some([1.0, 0.0]));
            views
                .add(seen(Some(made), Some([0.0, 1.0])), &truth)
                .unwrap();
        }
        let scores = views.scores(&truths.map(Vec::from)).unwrap();
        let figures = |name| scores.each.iter().map(|it| it[name]).collect::<Vec<f64>>();
        assert_eq!(figures("identity"), [1.0, 0.0]);
        assert_eq!(figures("identity_others"), [0.0, 1.0]);
        let distances = figures("feature_distance");
        assert!(
            distances.iter().all(|it| (it - 2.0).abs() < 1e-9),
            "{distances:?}"
        );
        // Means (4, 0) and (0.5, 1); traces 2 and 2.5; along the first's only axis the covariances
        // are 2 and 0.5.
        let expected = 3.5f64.powi(2) + 1.0 + 4.5 - 2.0 * (2.0f64 * 0.5).sqrt();
        assert!((scores.frechet.unwrap() - expected).abs() < 1e-9);
    }

    #[test]
    fn nothing_is_said_without_networks_and_less_of_one_face() {
        let nothing = Views::default().scores(&[]).unwrap();
        assert!(nothing.each.is_empty() && nothing.frechet.is_none());
        let mut one = Views::default();
        let face = || seen(Some([1.0, 1.0]), None);
        one.add(face(), &face()).unwrap();
        let scores = one.scores(&[vec![1.0, 1.0]]).unwrap();
        assert_eq!(scores.each[0].keys().collect::<Vec<_>>(), [&"identity"]);
        assert!(scores.frechet.is_none());
    }
}
