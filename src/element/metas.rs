//! Region metas, in and out. With feature `v1_24` detections of `GstAnalyticsRelationMeta` count as
//! well, and what is attached is told there, too.

#[cfg(feature = "v1_24")]
use super::analytics;
use crate::detect::{MOST_TURN, Outline, Region};
use crate::frame::{Lattice, Rect};
use gst::prelude::*;
use gst_video::VideoRegionOfInterestMeta;

/// Longest side of a block that is taken from a stranger's meta, pixels.
const MAX_BLOCK: f32 = 512.0;

/// A region that an upstream element named.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct NamedRegion {
    /// As it was told, not clamped: some elements, flips among them, leave stale rectangles.
    pub rect: Rect,
    /// Confidence, 0–1, where the meta has one.
    pub confidence: Option<f32>,
    /// The mosaic's grid, where the meta has one.
    pub lattice: Option<Lattice>,
    /// Which part of the rectangle it is; all of it where the meta does not tell.
    pub outline: Outline,
    /// The angle by which the grid is turned, see [`Region::turn`].
    pub turn: f32,
    /// Its identity, where the meta has one.
    pub id: Option<u32>,
}

impl NamedRegion {
    /// A rectangle of which nothing else is known.
    pub(super) fn at(rect: Rect) -> Self {
        Self {
            rect,
            confidence: None,
            lattice: None,
            outline: Outline::Rectangle,
            turn: 0.0,
            id: None,
        }
    }

    /// It, as sure as it was told; what names none is sure.
    pub(super) fn region(&self) -> Region {
        Region {
            rect: self.rect,
            lattice: self.lattice,
            outline: self.outline,
            turn: self.turn,
            score: self.confidence.unwrap_or(1.0),
        }
    }
}

/// The regions of interest of `buffer`; only those of type `class` if there is one.
pub(super) fn regions_of<'a>(
    buffer: &'a gst::BufferRef,
    class: Option<&'a str>,
) -> impl Iterator<Item = NamedRegion> + 'a {
    regions_where(buffer, move |kind| class.is_none_or(|class| kind == class))
}

/// The regions of interest of `buffer` whose type is wanted.
pub(super) fn regions_where<'a>(
    buffer: &'a gst::BufferRef,
    is_wanted: impl Fn(&str) -> bool + 'a,
) -> impl Iterator<Item = NamedRegion> + 'a {
    #[cfg(feature = "v1_24")]
    let detected = detected_where(buffer, &is_wanted);
    let regions = regions_of_interest(buffer, is_wanted);
    #[cfg(feature = "v1_24")]
    let regions = regions.chain(detected);
    regions
}

/// What is detected of a wanted type, and is not told by a region meta as well.
#[cfg(feature = "v1_24")]
fn detected_where(
    buffer: &gst::BufferRef,
    is_wanted: impl Fn(&str) -> bool,
) -> std::vec::IntoIter<NamedRegion> {
    let mut detections = analytics::detections(buffer);
    detections.retain(|it| {
        let is_same = |told: NamedRegion| told.rect == it.rect;
        is_wanted(it.kind) && !regions_of_interest(buffer, |kind| kind == it.kind).any(is_same)
    });
    let named = detections.iter().map(|it| NamedRegion {
        confidence: it.confidence,
        ..NamedRegion::at(it.rect)
    });
    named.collect::<Vec<_>>().into_iter()
}

/// The region metas of `buffer` whose type is wanted.
fn regions_of_interest<'a>(
    buffer: &'a gst::BufferRef,
    is_wanted: impl Fn(&str) -> bool + 'a,
) -> impl Iterator<Item = NamedRegion> + 'a {
    buffer
        .iter_meta::<VideoRegionOfInterestMeta>()
        .filter(move |meta| is_wanted(meta.roi_type()))
        .map(|meta| {
            let (x, y, width, height) = meta.rect();
            NamedRegion {
                // The meta's numbers are unsigned; a rectangle that sticks out on the left wraps
                // around.
                rect: Rect::new(x as i32, y as i32, width, height),
                confidence: number(&meta, "confidence"),
                lattice: lattice_of(&meta),
                outline: outline_of(&meta),
                turn: number(&meta, "turn")
                    .filter(|turn| turn.abs() <= MOST_TURN)
                    .unwrap_or(0.0),
                id: (meta.params()).find_map(|structure| structure.get("track-id").ok()),
            }
        })
}

/// The number `name` in any of the meta's parameter structures, a double or a float.
fn number(meta: &VideoRegionOfInterestMeta, name: &str) -> Option<f32> {
    meta.params().find_map(|structure| {
        let double = structure.get::<f64>(name).map(|value| value as f32);
        double.or_else(|_| structure.get::<f32>(name)).ok()
    })
}

fn outline_of(meta: &VideoRegionOfInterestMeta) -> Outline {
    let name = meta
        .params()
        .find_map(|structure| structure.get::<String>("outline").ok());
    name.map_or(Outline::default(), |name| Outline::named(&name))
}

fn lattice_of(meta: &VideoRegionOfInterestMeta) -> Option<Lattice> {
    let block = |name| number(meta, name).filter(|side| (1.0..=MAX_BLOCK).contains(side));
    let phase = |name, block: f32| number(meta, name).filter(|phase| (0.0..=block).contains(phase));
    let (block_width, block_height) = (block("block-width")?, block("block-height")?);
    Some(Lattice {
        block_width,
        block_height,
        phase_x: phase("phase-x", block_width)?,
        phase_y: phase("phase-y", block_height)?,
    })
}

/// What is said of a region: a structure called `name` with `confidence`, `method`, `outline`,
/// `track-id`, `turn` (where it is turned) and the lattice, as far as they are known.
pub(super) fn describe(
    name: &str,
    region: &Region,
    method: &str,
    id: Option<u32>,
) -> gst::Structure {
    let mut details = gst::Structure::builder(name)
        .field("confidence", f64::from(region.score))
        .field("method", method)
        .field("outline", region.outline.as_str())
        .field_if_some("track-id", id)
        .field_if_some("turn", region.is_turned().then_some(f64::from(region.turn)))
        .build();
    if let Some(lattice) = &region.lattice {
        for (name, value) in [
            ("block-width", lattice.block_width),
            ("block-height", lattice.block_height),
            ("phase-x", lattice.phase_x),
            ("phase-y", lattice.phase_y),
        ] {
            details.set(name, f64::from(value));
        }
    }
    details
}

/// An element message called `name` about the regions of a frame: its times, and for each region
/// what [`describe`] says and its rectangle. The entries are types, regions, who found them,
/// identities.
pub(super) fn message<'a>(
    source: &impl IsA<gst::Object>,
    name: &str,
    times: &MessageTimes,
    regions: impl Iterator<Item = (&'a str, &'a Region, &'a str, Option<u32>)>,
) -> gst::Message {
    let regions = regions.map(|(kind, region, method, id)| {
        let mut details = describe(kind, region, method, id);
        let rect = &region.rect;
        details.set("x", rect.x);
        details.set("y", rect.y);
        details.set("width", i32::try_from(rect.width).unwrap_or(i32::MAX));
        details.set("height", i32::try_from(rect.height).unwrap_or(i32::MAX));
        details.to_send_value()
    });
    let details = gst::Structure::builder(name)
        .field("timestamp", times.timestamp)
        .field("stream-time", times.stream_time)
        .field("running-time", times.running_time)
        .field("regions", gst::Array::from_values(regions))
        .build();
    gst::message::Element::builder(details).src(source).build()
}

/// When the frame of a message is shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MessageTimes {
    /// As the buffer says.
    pub timestamp: Option<gst::ClockTime>,
    /// Position in the stream.
    pub stream_time: Option<gst::ClockTime>,
    /// Time since the pipeline ran.
    pub running_time: Option<gst::ClockTime>,
}

/// Attach a meta of type `name` for a region that lies inside the frame, with what [`describe`]
/// says and `add` adds.
pub(super) fn attach(
    buffer: &mut gst::BufferRef,
    name: &str,
    region: &Region,
    method: &str,
    id: Option<u32>,
    add: impl FnOnce(&mut gst::Structure),
) {
    let rect = &region.rect;
    let corner = |position: i32| u32::try_from(position).unwrap_or(0);
    let place = (corner(rect.x), corner(rect.y), rect.width, rect.height);
    let mut meta = VideoRegionOfInterestMeta::add(buffer, name, place);
    let mut details = describe(name, region, method, id);
    add(&mut details);
    meta.add_param(details);
    #[cfg(feature = "v1_24")]
    analytics::attach(buffer, name, rect, region.score);
}
