//! Region metas, in and out.

use crate::frame::Rect;
use gst_video::VideoRegionOfInterestMeta;

/// A region that an upstream element named.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NamedRegion {
    /// As it was told, not clamped: some elements, flips among them, leave stale rectangles.
    pub rect: Rect,
    /// Confidence, 0–1, where the meta has one.
    pub confidence: Option<f32>,
}

/// The regions of interest of `buffer`; only those of type `class` if there is one.
pub fn regions_of<'a>(
    buffer: &'a gst::BufferRef,
    class: Option<&'a str>,
) -> impl Iterator<Item = NamedRegion> + 'a {
    buffer
        .iter_meta::<VideoRegionOfInterestMeta>()
        .filter(move |meta| class.is_none_or(|class| meta.roi_type() == class))
        .map(|meta| {
            let (x, y, width, height) = meta.rect();
            NamedRegion {
                // The meta's numbers are unsigned; a rectangle that sticks out on the left wraps around.
                rect: Rect::new(x as i32, y as i32, width, height),
                confidence: confidence_of(&meta),
            }
        })
}

/// `confidence` in any of the meta's parameter structures, as a double or a float.
fn confidence_of(meta: &VideoRegionOfInterestMeta) -> Option<f32> {
    meta.params().find_map(|structure| {
        let double = structure.get::<f64>("confidence").map(|value| value as f32);
        double.or_else(|_| structure.get::<f32>("confidence")).ok()
    })
}
