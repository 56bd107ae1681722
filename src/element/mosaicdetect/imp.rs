//! # mosaicdetect
//!
//! Finds the mosaics in raw video and tells of them by region-of-interest metas and messages; no
//! pixel is touched. `facedepixelate inference-region=roi-list` takes the metas up, grid included,
//! and `facepixelate` pixelates again what they name.
//!
//! ```sh
//! gst-launch-1.0 -m filesrc location=clip.mp4 ! decodebin ! mosaicdetect ! queue \
//!   ! facedepixelate inference-region=roi-list ! videoconvert ! autovideosink
//! ```
//!
//! | Property | Type, default | Meaning |
//! |---|---|---|
//! | `score-threshold` | float 0–1, 0.5 | least confidence of a detection |
//! | `max-detections` | uint, 64 | most regions in a frame |
//! | `min-size-width`, `min-size-height` | uint, 24 | smaller regions are ignored, pixels |
//! | `inference-interval` | uint ≥ 1, 1 | new mosaics are looked for in every so many frames |
//! | `add-roi-meta` | bool, true | a meta of type `mosaic` per mosaic |
//! | `post-messages` | bool, true | a message when mosaics come or go |
//!
//! A meta's parameter structure `mosaic` has `confidence`, `block-width`, `block-height`,
//! `phase-x`, `phase-y` (double, pixels), `outline` (string: rectangle, or ellipse for the one that
//! fills the box), `track-id` (uint), and for a mosaic that is turned `turn` (double, radians,
//! clockwise; the grid and the outline are those of the mosaic turned back about the middle of its
//! box). The message `mosaics` has `timestamp`, `stream-time`,
//! `running-time` (nanoseconds) and `regions`, an array of such structures with `x`, `y`, `width`
//! and `height` (int) beside.
//!
//! Since: 0.1.0

use super::settings::Settings;
use crate::detect::Luma;
use crate::element::caps::{PictureError, StreamLayout};
use crate::element::filter::{Filter, add_pads, metadata, pad_templates, sink_pad, src_pad};
use crate::element::metas::{self, MessageTimes};
use crate::frame::{Field, FrameView};
use crate::track::{MosaicTracker, Tracked};
use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use std::sync::{Arc, LazyLock, Mutex};

/// Type of the metas, and name of their structures.
const MOSAIC: &str = "mosaic";
/// In the metas: how it was found.
const METHOD: &str = "lattice";

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "mosaicdetect",
        gst::DebugColorFlags::empty(),
        Some("Mosaic detection"),
    )
});

/// What the streaming thread knows of the stream.
#[derive(Default)]
struct State {
    layout: Option<Arc<StreamLayout>>,
    segment: gst::FormattedSegment<gst::ClockTime>,
    follower: MosaicTracker,
    /// Luma of frames that have no such plane.
    luma: Vec<u8>,
    /// A field of interlaced frames.
    field: Field,
    found: Vec<Tracked>,
    /// Identities in the last frame.
    ids: Vec<u32>,
    /// A frame could not be read: said once.
    warned: bool,
}

impl State {
    /// Find the mosaics of a frame; true if others than in the last one.
    fn find(&mut self, buffer: &gst::Buffer, settings: &Settings) -> Result<bool, PictureError> {
        let Some(layout) = self.layout.clone() else {
            return Ok(false);
        };
        if buffer.flags().contains(gst::BufferFlags::DISCONT) {
            self.follower.reset();
        }
        self.found.clear();
        if layout.obstacle().is_none() {
            let Self {
                follower,
                luma: scratch,
                field,
                found,
                ..
            } = self;
            let mut look = |picture: &FrameView<'_>| {
                let luma = Luma::of(picture, scratch);
                let interval = settings.inference_interval;
                let regions = follower.next(&luma, &settings.detect, interval);
                found.clear();
                found.extend_from_slice(regions);
            };
            layout.read(buffer, |frame| match layout.first_field(buffer) {
                None => look(&frame),
                Some(first) => {
                    for parity in [first, first.other()] {
                        field.take(&frame, parity);
                        look(&field.view(frame.layout()));
                    }
                }
            })?;
        }
        let now = self.found.iter().map(|tracked| tracked.id);
        let changed = !now.clone().eq(self.ids.iter().copied());
        if changed {
            self.ids.clear();
            self.ids.extend(now);
        }
        Ok(changed)
    }
}

glib::wrapper! {
    /// The element `mosaicdetect`.
    pub struct MosaicDetect(ObjectSubclass<Imp>)
        @extends gst::Element, gst::Object;
}

/// Implementation of the element. The two locks are never held together.
pub struct Imp {
    sinkpad: gst::Pad,
    srcpad: gst::Pad,
    settings: Mutex<Settings>,
    state: Mutex<State>,
}

impl Filter for Imp {
    fn sink_chain(&self, mut buffer: gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        let settings = self.settings.lock().unwrap().clone();
        let mut state = self.state.lock().unwrap();
        if state.layout.is_none() {
            return Err(gst::FlowError::NotNegotiated);
        }
        let mut message = None;
        let mut warning = None;
        match state.find(&buffer, &settings) {
            Ok(changed) if changed && settings.post_messages => {
                message = Some(self.message(&buffer, &state));
            }
            Ok(_) => {}
            Err(error) if !state.warned => {
                state.warned = true;
                warning = Some(error);
            }
            Err(_) => {}
        }
        if settings.add_roi_meta && !state.found.is_empty() {
            let buffer = buffer.make_mut();
            for tracked in &state.found {
                metas::attach(
                    buffer,
                    MOSAIC,
                    &tracked.region,
                    METHOD,
                    Some(tracked.id),
                    |_| (),
                );
            }
        }
        drop(state);
        if let Some(error) = warning {
            gst::element_imp_warning!(
                self,
                gst::StreamError::Format,
                ("frames pass unseen: {error}")
            );
        }
        if let Some(message) = message {
            // Fails where the element has no bus.
            let _ = self.obj().post_message(message);
        }
        self.srcpad.push(buffer)
    }

    fn sink_event(&self, pad: &gst::Pad, event: gst::Event) -> bool {
        gst::debug!(CAT, obj = pad, "event {event:?}");
        match event.view() {
            gst::EventView::Caps(caps) => match StreamLayout::from_caps(caps.caps()) {
                Ok(layout) => self.state.lock().unwrap().layout = Some(Arc::new(layout)),
                Err(error) => {
                    gst::error!(CAT, imp = self, "{error}");
                    return false;
                }
            },
            gst::EventView::Segment(segment) => {
                if let Some(segment) = segment.segment().downcast_ref::<gst::ClockTime>() {
                    self.state.lock().unwrap().segment = segment.clone();
                }
            }
            gst::EventView::FlushStop(_) => self.state.lock().unwrap().follower.reset(),
            _ => {}
        }
        gst::Pad::event_default(pad, Some(&*self.obj()), event)
    }
}

impl Imp {
    fn message(&self, buffer: &gst::BufferRef, state: &State) -> gst::Message {
        let time = buffer.pts();
        let times = MessageTimes {
            timestamp: time,
            stream_time: time.and_then(|t| state.segment.to_stream_time(t)),
            running_time: time.and_then(|t| state.segment.to_running_time(t)),
        };
        let found = state.found.iter();
        let regions = found.map(|it| (MOSAIC, &it.region, METHOD, Some(it.id)));
        metas::message(&*self.obj(), "mosaics", &times, regions)
    }
}

#[glib::object_subclass]
impl ObjectSubclass for Imp {
    const NAME: &'static str = "GstMosaicDetect";
    type Type = MosaicDetect;
    type ParentType = gst::Element;

    fn with_class(class: &Self::Class) -> Self {
        Self {
            sinkpad: sink_pad::<Self>(class).build(),
            srcpad: src_pad::<Self>(class).build(),
            settings: Mutex::default(),
            state: Mutex::default(),
        }
    }
}

impl ObjectImpl for Imp {
    fn properties() -> &'static [glib::ParamSpec] {
        Settings::properties()
    }

    fn set_property(&self, _id: usize, value: &glib::Value, pspec: &glib::ParamSpec) {
        self.settings.lock().unwrap().set(pspec.name(), value);
    }

    fn property(&self, _id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        let settings = self.settings.lock().unwrap();
        settings
            .get(pspec.name())
            .unwrap_or_else(|| pspec.default_value().clone())
    }

    fn constructed(&self) {
        self.parent_constructed();
        add_pads(&*self.obj(), [&self.sinkpad, &self.srcpad]);
    }
}

impl GstObjectImpl for Imp {}

impl ElementImpl for Imp {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            metadata(
                "Mosaic detection",
                "Filter/Analyzer/Video",
                "Tells where mosaics are, by metas and messages",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        pad_templates()
    }

    fn change_state(
        &self,
        transition: gst::StateChange,
    ) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        let success = self.parent_change_state(transition)?;
        if transition == gst::StateChange::PausedToReady {
            *self.state.lock().unwrap() = State::default();
        }
        Ok(success)
    }
}
