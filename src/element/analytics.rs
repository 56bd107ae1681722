//! Detections in `GstAnalyticsRelationMeta`, which GStreamer has from 1.24 on, in and out.

use crate::frame::Rect;
use gst::glib;
use gst_analytics::{
    AnalyticsMetaRefExt, AnalyticsODMtd, AnalyticsRelationMeta, AnalyticsRelationMetaODExt,
};

/// What an element upstream detected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Detection {
    /// Empty where nobody said.
    pub kind: &'static str,
    pub rect: Rect,
    /// 0–1; unset where it is no such number.
    pub confidence: Option<f32>,
}

/// The objects that the meta of `buffer` tells of, if it has one.
pub(super) fn detections(buffer: &gst::BufferRef) -> Vec<Detection> {
    let Some(meta) = buffer.meta::<AnalyticsRelationMeta>() else {
        return Vec::new();
    };
    let objects = meta.iter::<AnalyticsODMtd>().filter_map(|object| {
        let place = object.location().ok()?;
        let side = |length: i32| u32::try_from(length).ok();
        Some(Detection {
            kind: object.obj_type().map_or("", |kind| kind.as_str()),
            rect: Rect::new(place.x, place.y, side(place.w)?, side(place.h)?),
            confidence: (0.0..=1.0)
                .contains(&place.loc_conf_lvl)
                .then_some(place.loc_conf_lvl),
        })
    });
    objects.collect()
}

/// Tell of an object in the meta of `buffer`, which gets one where it has none.
pub(super) fn attach(buffer: &mut gst::BufferRef, kind: &str, rect: &Rect, confidence: f32) {
    let side = |length: u32| i32::try_from(length).unwrap_or(i32::MAX);
    let kind = glib::Quark::from_str(kind);
    let (width, height) = (side(rect.width), side(rect.height));
    if buffer.meta::<AnalyticsRelationMeta>().is_none() {
        AnalyticsRelationMeta::add(buffer);
    }
    let Some(mut meta) = buffer.meta_mut::<AnalyticsRelationMeta>() else {
        return;
    };
    // Refused only where there is no memory for it.
    let _ = meta.add_od_mtd(kind, rect.x, rect.y, width, height, confidence);
}
