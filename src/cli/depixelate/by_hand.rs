//! Regions and ranges that are told by hand, for one film.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::arguments::Arguments;
use super::regions::{rectangles, tables};
use crate::app::{self, AppError, RestoredFace, restorer};
use crate::cues::{Cues, Film, FrameRate, Kind, TimeRange, markers, ranges};
use crate::frame::Rect;

/// What is told of one film.
pub(super) struct ByHand {
    film: Film,
    /// Rectangles over time.
    cues: Arc<Cues>,
    /// Rectangles in all frames in which nothing is restored that is found.
    excluded: Vec<Rect>,
    ranges: Option<Vec<TimeRange>>,
}

impl ByHand {
    /// Read all that the command line names, for this film.
    pub(super) fn read(
        arguments: &Arguments,
        film: Option<&app::Film<'_>>,
    ) -> anyhow::Result<Self> {
        if let Some(path) = &arguments.markers {
            markers::check(path)?;
        }
        let own = film.and_then(app::Film::timecode);
        let film = film.map_or_else(Film::default, known);
        let film = match (&arguments.timecode, own) {
            // Without a rate nothing is asked of it.
            (Some(timecode), _) if film.rate.is_some() => {
                film.starting_at(timecode).map_err(AppError::Unfit)?
            }
            (Some(_), _) => film,
            // One that does not fit its frames says nothing of them.
            (None, Some(own)) => film.starting_at(&own).unwrap_or(film),
            (None, None) => film,
        };
        let of_kind = |regions, kind| tables(regions).map(move |path| (path, kind));
        let restored = of_kind(&arguments.faces.regions, Kind::Restore);
        let cues = Cues::read(
            restored.chain(of_kind(&arguments.faces.exclude, Kind::Exclude)),
            &film,
        )?;
        let ranges = arguments
            .ranges
            .as_ref()
            .map(|path| ranges::read(path, &film));
        Ok(Self {
            film,
            cues: Arc::new(cues),
            excluded: rectangles(&arguments.faces.exclude),
            ranges: ranges.transpose()?,
        })
    }

    /// An element that restores as it is told.
    pub(super) fn filter(&self, options: &app::RestoreOptions) -> Result<gst::Element, AppError> {
        use gst::prelude::*;
        let element = restorer(options)?;
        if !self.excluded.is_empty() {
            app::cues::exclude(&element, &self.excluded);
        }
        if let Some(pad) = element.static_pad("sink").filter(|_| !self.cues.is_empty()) {
            app::cues::attach(&pad, Arc::clone(&self.cues));
        }
        if let Some(ranges) = &self.ranges {
            let alpha = options.alpha.unwrap_or(1.0);
            app::cues::limit(&element, ranges, self.film.rate, alpha)?;
        }
        Ok(element)
    }

    /// Write where faces were restored, for an editing program.
    pub(super) fn mark(
        &self,
        path: &Path,
        faces: &[RestoredFace],
        output: &Path,
    ) -> anyhow::Result<()> {
        let told = app::cues::markers(faces, self.film.rate);
        Ok(markers::write(path, &told, &self.film, output)?)
    }
}

/// What times of a film mean, but for its timecode.
fn known(film: &app::Film<'_>) -> Film {
    let length = u64::try_from(film.duration().as_nanos()).unwrap_or(u64::MAX);
    let rate = film.frames() as f64 / (length as f64 / 1e9).max(1e-9);
    Film {
        rate: FrameRate::near(rate),
        length: Some(length),
        ..Film::default()
    }
}

/// Whether the film has to be known for what is told by hand.
pub(super) fn needs_film(arguments: &Arguments) -> bool {
    let tables = tables(&arguments.faces.regions).chain(tables(&arguments.faces.exclude));
    arguments.ranges.is_some() || arguments.markers.is_some() || tables.count() > 0
}

/// What was told by hand, as a part of what decides how faces are restored.
pub(super) fn identity(arguments: &Arguments) -> Value {
    // What cannot be read is told where it is read.
    let sum = |path: &Path| {
        std::fs::read(path)
            .map(|text| Sha256::digest(text).to_vec())
            .ok()
    };
    let excluded = rectangles(&arguments.faces.exclude);
    json!({
        "regions": tables(&arguments.faces.regions).map(sum).collect::<Vec<_>>(),
        "excluded": tables(&arguments.faces.exclude).map(sum).collect::<Vec<_>>(),
        "ranges": arguments.ranges.as_deref().map(sum),
        "exclude": excluded.iter().map(|r| json!([r.x, r.y, r.width, r.height])).collect::<Vec<_>>(),
        "timecode": arguments.timecode,
    })
}
