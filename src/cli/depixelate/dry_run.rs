//! What would be restored, as a table.

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::json;

use super::arguments::Arguments;
use super::batch::Job;
use super::telling::Telling;
use crate::app::{Looked, RestoreOptions, RestoredFace};
use crate::face_check::THRESHOLD;

/// A probability below which a mosaic is hardly ever a face: refused ones are to be told, too.
const HARDLY: f32 = 1e-6;

/// Settings by which all mosaics are found, those as well that are no faces.
pub(super) fn options(arguments: &Arguments) -> RestoreOptions {
    let options = arguments.faces.restoration();
    let threshold = options.face_threshold.unwrap_or(THRESHOLD);
    RestoreOptions {
        face_threshold: Some(threshold.min(HARDLY)),
        ..options
    }
}

/// Whether it would be restored.
pub(super) fn is_restored(face: &RestoredFace, arguments: &Arguments) -> bool {
    let threshold = arguments.faces.face_threshold.unwrap_or(THRESHOLD);
    face.probability
        .is_none_or(|probability| probability >= threshold.into())
}

/// Tell what was found.
pub(super) fn tell(arguments: &Arguments, job: &Job, looked: &Looked, telling: &Telling) {
    let faces = &looked.faces;
    let restored = |face: &&RestoredFace| is_restored(face, arguments);
    let words = match faces.is_empty() {
        true => format!("{}: no mosaic was found", job.input.display()),
        false => format!(
            "{}\n{}: {} mosaics in {} frames, {} would be restored",
            table(faces, arguments),
            job.input.display(),
            faces.len(),
            looked.frames,
            faces.iter().filter(restored).count(),
        ),
    };
    let value = json!({
        "input": job.input.display().to_string(),
        "frames": looked.frames,
        "faces": faces.iter().filter(restored).collect::<Vec<_>>(),
        "refused": faces.iter().filter(|face| !restored(face)).collect::<Vec<_>>(),
        "damage": looked.damage,
    });
    telling.found(&words, value);
}

fn table(faces: &[RestoredFace], arguments: &Arguments) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["from", "to", "frames", "x,y,w,h", "blocks", "a face", ""]);
    for face in faces {
        // Where it is largest.
        let place = face
            .boxes
            .iter()
            .max_by_key(|place| u64::from(place.width) * u64::from(place.height));
        let place = place.map(|at| format!("{},{},{},{}", at.x, at.y, at.width, at.height));
        let blocks = face
            .blocks
            .map(|[width, height]| format!("{width:.1} × {height:.1}"));
        let probability = face.probability.map(|p| format!("{:.0} %", 100.0 * p));
        table.add_row([
            time(face.times[0]),
            time(face.times[1]),
            format!("{}–{}", face.frames[0], face.frames[1]),
            place.unwrap_or_default(),
            blocks.unwrap_or_default(),
            probability.unwrap_or("–".to_owned()),
            match is_restored(face, arguments) {
                true => "restored".to_owned(),
                false => "left alone".to_owned(),
            },
        ]);
    }
    table
}

/// Nanoseconds as hours:minutes:seconds.
fn time(nanoseconds: u64) -> String {
    let ms = nanoseconds / 1_000_000;
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{:03}", ms % 1000)
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_written_as_editors_have_them() {
        assert_eq!(super::time(3_723_040_000_000), "01:02:03.040");
    }
}
