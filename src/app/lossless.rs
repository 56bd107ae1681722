//! Pictures as a film without loss, in a temporary file.

use std::sync::atomic::AtomicBool;
use std::sync::mpsc::Receiver;

use gst::prelude::*;
use image::{ColorType, DynamicImage};
use tempfile::TempPath;

use super::AppError;
use super::elements::{chain, make};
use super::run::{fail, run};
use crate::files::note_unfinished;

/// Name of what is made, in messages.
const PICTURES: &str = "pictures";

/// Nanoseconds in which times are written.
const FINE: i64 = 10_000;

/// A picture of a film.
pub(super) struct Picture {
    pub(super) picture: DynamicImage,
    /// How long it is shown.
    pub(super) lasts: gst::ClockTime,
}

/// The film of `first` and all `others`, which must be as large; `rate` is the one that it says it
/// has. Twelve bits of a colour are kept.
pub(super) fn film(
    first: Picture,
    others: Receiver<Picture>,
    rate: gst::Fraction,
    cancel: &AtomicBool,
) -> Result<TempPath, AppError> {
    let pipeline = gst::Pipeline::with_name(PICTURES);
    let file = tempfile::Builder::new().suffix(".mkv").tempfile();
    let file = file.map_err(AppError::temporary)?.into_temp_path();
    note_unfinished(&file);
    let form = form(first.picture.color());
    let size = (first.picture.width(), first.picture.height());
    let caps = gst::Caps::builder("video/x-raw")
        .field("format", form.given)
        .field("width", size.0 as i32)
        .field("height", size.1 as i32)
        .field("framerate", rate)
        .build();
    let source = gst_app::AppSrc::builder()
        .caps(&caps)
        .format(gst::Format::Time)
        .build();
    let mut next = Some(first);
    let mut start = gst::ClockTime::ZERO;
    let callbacks = gst_app::AppSrcCallbacks::builder().need_data(move |source, _| {
        let Some(Picture { picture, lasts }) = next.take().or_else(|| others.recv().ok()) else {
            // Refused only while the pipeline is being stopped, as below.
            let _ = source.end_of_stream();
            return;
        };
        if (picture.width(), picture.height()) != size {
            let reason = format!(
                "one of {} × {} follows one of {} × {}",
                picture.width(),
                picture.height(),
                size.0,
                size.1
            );
            fail(source.upcast_ref(), &AppError::element(PICTURES, reason));
            return;
        }
        let own = self::form(picture.color());
        if own.has_alpha && !form.has_alpha || own.is_deep && !form.is_deep {
            let reason = "one with opacity, or of sixteen bits, follows one without: give all of them the same";
            fail(source.upcast_ref(), &AppError::element(PICTURES, reason));
            return;
        }
        let mut buffer = gst::Buffer::from_mut_slice(bytes(picture, form.is_deep));
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(start);
            buffer.set_duration(lasts);
        }
        start += lasts;
        let _ = source.push_buffer(buffer);
    });
    source.set_callbacks(callbacks.build());
    let kept = gst::Caps::builder("video/x-raw").field("format", form.kept);
    let rest = [
        "videoconvert",
        "capsfilter",
        "avenc_ffv1",
        "matroskamux",
        "filesink",
    ];
    let rest = rest.into_iter().map(make).collect::<Result<Vec<_>, _>>()?;
    // Sixteen bits become twelve by what is nearest, not by a pattern.
    rest[0].set_property_from_str("dither", "none");
    rest[1].set_property("caps", kept.build());
    // Matroska's usual unit would round thirtieths of a second.
    rest[3].set_property("timecodescale", FINE);
    rest[4].set_property("location", file.to_path_buf());
    let mut all = vec![source.upcast_ref::<gst::Element>()];
    all.extend(&rest);
    chain(&pipeline, &all)?;
    run(&pipeline, cancel, &mut |_| {})?;
    Ok(file)
}

/// GStreamer's names of the formats of a picture.
struct Form {
    is_deep: bool,
    has_alpha: bool,
    /// As it is given to the pipeline.
    given: &'static str,
    /// As it is kept.
    kept: &'static str,
}

/// Those that hold a picture of these colours.
fn form(color: ColorType) -> Form {
    let is_deep = color.bytes_per_pixel() > color.channel_count();
    let (given, kept) = match (is_deep, color.has_alpha()) {
        (false, false) => ("RGBx", "BGRx"),
        (false, true) => ("RGBA", "BGRA"),
        (true, false) => ("ARGB64", "GBR_12LE"),
        (true, true) => ("ARGB64", "GBRA_12LE"),
    };
    Form {
        is_deep,
        has_alpha: color.has_alpha(),
        given,
        kept,
    }
}

fn bytes(picture: DynamicImage, is_deep: bool) -> Vec<u8> {
    if !is_deep {
        return picture.into_rgba8().into_raw();
    }
    let pixels = picture.into_rgba16();
    let argb = pixels.pixels().flat_map(|p| [p[3], p[0], p[1], p[2]]);
    argb.flat_map(u16::to_ne_bytes).collect()
}
