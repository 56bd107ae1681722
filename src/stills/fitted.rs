//! A picture as a format can hold it.

use std::borrow::Cow;

use image::{ColorType, DynamicImage};

use super::Format;

/// `picture` as `format` can hold it.
pub(super) fn fitted(picture: Cow<'_, DynamicImage>, format: Format) -> Cow<'_, DynamicImage> {
    let color = picture.color();
    let is_deep = color.bytes_per_pixel() > color.channel_count();
    let has_alpha = color.has_alpha() && format != Format::Jpeg;
    let loses_depth = is_deep && [Format::Jpeg, Format::WebP].contains(&format);
    // Readers of TIFF hardly know grey with opacity.
    let has_color = color.has_color() || (format == Format::Tiff && has_alpha);
    let is_held = !loses_depth && has_alpha == color.has_alpha() && has_color == color.has_color();
    if is_held {
        return picture;
    }
    Cow::Owned(match (has_color, has_alpha, is_deep && !loses_depth) {
        (false, false, _) => picture.to_luma8().into(),
        (false, true, _) => picture.to_luma_alpha8().into(),
        (true, false, _) => picture.to_rgb8().into(),
        (true, true, false) => picture.to_rgba8().into(),
        (true, true, true) => picture.to_rgba16().into(),
    })
}

/// Whether a profile is one of such colours. Source: ICC.1, 7.2.6.
pub(super) fn fits(profile: &[u8], color: ColorType) -> bool {
    let space: &[u8] = if color.has_color() { b"RGB " } else { b"GRAY" };
    profile.get(16..20) == Some(space)
}
