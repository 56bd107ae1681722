//! What others say of a frame: where regions are, and where nothing is to be restored.

use super::choices::InferenceRegion;
use super::settings::FrameSettings;
use crate::element::metas::{self, NamedRegion};
use crate::frame::Rect;
use crate::restore::is_excluded;

/// Type of the metas that are for their frame what the property `regions` is for all.
pub(super) const RESTORE: &str = "restore";
/// Type of the metas that are for their frame what the property `exclude` is for all.
pub(super) const EXCLUDE: &str = "exclude";

/// Set in identities that come with [`RESTORE`], so that they are none of the detector's.
const BY_HAND: u32 = 1 << 31;

/// What is said of a frame. Its memory is kept from frame to frame.
#[derive(Default)]
pub(super) struct Named {
    /// To be restored, whatever they look like: the property's first.
    pub by_hand: Vec<NamedRegion>,
    /// Found by elements upstream.
    pub found: Vec<NamedRegion>,
    excluded: Vec<Rect>,
}

impl Named {
    /// Forget the last frame.
    pub(super) fn clear(&mut self) {
        self.by_hand.clear();
        self.found.clear();
        self.excluded.clear();
    }

    /// Take what the settings and the metas of `buffer` say.
    pub(super) fn read(&mut self, buffer: &gst::BufferRef, settings: &FrameSettings) {
        let fixed = settings.regions.rects().iter();
        self.by_hand
            .extend(fixed.map(|&rect| NamedRegion::at(rect)));
        let by_hand = metas::regions_of(buffer, Some(RESTORE)).map(|region| NamedRegion {
            // Who names a region by hand is sure of it.
            confidence: None,
            id: region.id.map(|id| id | BY_HAND),
            ..region
        });
        self.by_hand.extend(by_hand);
        self.excluded.extend_from_slice(settings.exclude.rects());
        let excluded = metas::regions_of(buffer, Some(EXCLUDE));
        self.excluded.extend(excluded.map(|region| region.rect));
        if settings.inference_region == InferenceRegion::RoiList {
            let class = settings.object_class.as_deref();
            let is_wanted = move |kind: &str| {
                ![RESTORE, EXCLUDE].contains(&kind) && class.is_none_or(|class| kind == class)
            };
            self.found.extend(metas::regions_where(buffer, is_wanted));
        }
    }

    /// Whether no region is named.
    pub(super) fn is_empty(&self) -> bool {
        self.by_hand.is_empty() && self.found.is_empty()
    }

    /// Whether what is found at `rect` is to be left alone.
    pub(super) fn excludes(&self, rect: &Rect) -> bool {
        is_excluded(&self.excluded, rect)
    }
}
