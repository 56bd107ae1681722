//! Markers for editing programs.

use std::path::Path;

use super::error::CueError;
use super::film::Film;
use super::list::Marker;
use super::{edl, otio};
use crate::files;

/// As what markers are written.
enum Form {
    Edl,
    Otio,
}

/// Write markers of `film`, which is in the file `media`, as the ending of `path` says: `.edl` as
/// DaVinci Resolve imports markers of a timeline, `.otio` as a timeline of OpenTimelineIO. Both count
/// frames, and need a frame rate.
pub fn write(path: &Path, markers: &[Marker], film: &Film, media: &Path) -> Result<(), CueError> {
    let title = media.file_stem().unwrap_or_default().to_string_lossy();
    let text = match form(path)? {
        Form::Edl => edl::write(markers, film, &title),
        Form::Otio => {
            let media = std::path::absolute(media).unwrap_or_else(|_| media.to_owned());
            otio::write(markers, film, &title, &media.to_string_lossy())
        }
    };
    let text = text.map_err(|what| CueError::new(path, what))?;
    files::write(path, text).map_err(|error| CueError::new(path, error.root_cause().to_string()))
}

/// Whether [`write()`] knows what to write into a file of this name, to be asked before the work.
pub fn check(path: &Path) -> Result<(), CueError> {
    form(path).map(|_| ())
}

fn form(path: &Path) -> Result<Form, CueError> {
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    match ending.to_str() {
        Some("edl") => Ok(Form::Edl),
        Some("otio") => Ok(Form::Otio),
        _ => Err(CueError::new(path, "markers are written to .edl or .otio")),
    }
}
