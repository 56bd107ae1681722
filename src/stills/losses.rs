//! What is lost of a picture in a file of some format, in words.

use image::{ColorType, DynamicImage};

use super::fitted::fits;
use super::notes::{Notes, Own};
use super::{Format, jpeg};

/// What of the pixels of `picture` a file of `format` cannot hold.
pub(super) fn of_pixels(picture: &DynamicImage, format: Format) -> Vec<String> {
    let color = picture.color();
    let is_deep = color.bytes_per_pixel() > color.channel_count();
    let mut losses = Vec::new();
    if is_deep && [Format::Jpeg, Format::WebP].contains(&format) {
        losses.push("sixteen bits of a colour become eight, as this format has no more".to_owned());
    }
    if color.has_alpha() && format == Format::Jpeg {
        losses.push("the opacity of the picture is left out, as this format has none".to_owned());
    }
    losses
}

/// What a file of `format` whose pixels are of `color` does not say, though the one says it that the
/// picture was read from: in its `notes`, or of its `own`. `is_same`: that is of this format too.
pub(super) fn of_notes(
    notes: &Notes,
    own: &Own,
    format: Format,
    is_same: bool,
    color: ColorType,
) -> Option<String> {
    let mut left = match format {
        Format::Tiff if notes.exif.is_some() => vec!["EXIF"],
        Format::Jpeg => jpeg::too_long(notes, is_same),
        _ => Vec::new(),
    };
    let profile = notes.profile.as_deref();
    if profile.is_some_and(|profile| !fits(profile, color)) {
        left.push("colour profile, which is one of other colours");
    }
    left.extend(&own.left);
    if !is_same {
        left.extend(&own.kept);
    }
    let left = left.join("; ");
    (!left.is_empty()).then(|| format!("left out, as it has no place in what is written: {left}"))
}
