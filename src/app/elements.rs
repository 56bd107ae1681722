//! Making and setting up elements, with errors that say what to do.

use super::AppError;
use gst::prelude::*;

/// The Debian package of an element, for those that this crate asks for.
fn package_of(element: &str) -> &'static str {
    match element {
        "x264enc" => "gstreamer1.0-plugins-ugly",
        libav if libav.starts_with("av") && libav.contains('_') => "gstreamer1.0-libav",
        "x265enc" | "av1enc" | "mpegtsmux" | "opusparse" | "h264parse" | "h265parse"
        | "av1parse" | "vp9parse" | "dcaparse" | "mpegvideoparse" | "jpegparse" => {
            "gstreamer1.0-plugins-bad"
        }
        "mp4mux" | "matroskamux" | "videoflip" | "aacparse" | "ac3parse" | "flacparse"
        | "mpegaudioparse" | "qtmux" | "webmmux" | "vp9enc" | "jpegenc" | "capssetter"
        | "deinterlace" => "gstreamer1.0-plugins-good",
        _ => "gstreamer1.0-plugins-base",
    }
}

/// A new element.
pub(super) fn make(element: &str) -> Result<gst::Element, AppError> {
    gst::ElementFactory::make(element)
        .build()
        .map_err(|_| AppError::MissingElement {
            element: element.to_owned(),
            package: package_of(element),
        })
}

/// Whether there is an element of this name.
pub(super) fn exists(element: &str) -> bool {
    gst::ElementFactory::find(element).is_some()
}

/// Set a property from text, as in a launch line.
pub(super) fn set(element: &gst::Element, property: &str, text: &str) -> Result<(), AppError> {
    let value = (element.find_property(property))
        .and_then(|spec| gst::glib::Value::deserialize_with_pspec(text, &spec).ok());
    let Some(value) = value else {
        return Err(AppError::Property {
            element: element.name().to_string(),
            property: property.to_owned(),
            value: text.to_owned(),
        });
    };
    element.set_property_from_value(property, &value);
    Ok(())
}

/// Add elements to a pipeline and link them in this order.
pub(super) fn chain(pipeline: &gst::Pipeline, elements: &[&gst::Element]) -> Result<(), AppError> {
    let added = pipeline.add_many(elements);
    let linked = added.and_then(|()| gst::Element::link_many(elements));
    linked.map_err(|error| {
        let names: Vec<_> = elements.iter().map(|e| e.name().to_string()).collect();
        AppError::element(&names.join(" ! "), error)
    })
}

/// A pad that every element of this kind has.
pub(super) fn pad(element: &gst::Element, name: &str) -> Result<gst::Pad, AppError> {
    element
        .static_pad(name)
        .ok_or_else(|| AppError::element(&element.name(), format!("has no pad {name}")))
}
