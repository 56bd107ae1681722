//! # facepixelate
//!
//! Pixelates regions of raw video: those that upstream elements name by a region-of-interest meta,
//! and fixed ones. It is the mirror of `facedepixelate`, for demonstrations and tests. Frames
//! without a region leave as the very same buffers; a frame that cannot be pixelated is an error
//! and never leaves as it came.
//!
//! ```sh
//! gst-launch-1.0 videotestsrc ! video/x-raw,width=320,height=240 \
//!   ! facepixelate block-size=16 regions="<<10,20,64,64>,<200,50,80,80>>" ! videoconvert ! autovideosink
//! ```
//!
//! | Property | Type, default | Meaning |
//! |---|---|---|
//! | `block-size` | uint 1–128, 12 | side of a block in pixels |
//! | `grid-origin` | frame, region; region | where the grid begins |
//! | `fill` | tile-mean, tile-blur; tile-mean | what a block is filled with |
//! | `regions` | array of (x, y, width, height), empty | fixed regions |
//! | `object-class` | string, NULL | only upstream regions of this type |
//!
//! Since: 0.1.0

use super::settings::{GridOrigin, Settings};
use crate::degrade::mosaic;
use crate::element::caps::{PictureError, StreamLayout, refuse_cropping};
use crate::element::filter::{Filter, add_pads, metadata, pad_templates, sink_pad, src_pad};
use crate::element::metas;
use crate::frame::{Lattice, Rect};
use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use std::sync::{Arc, LazyLock, Mutex};

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "facepixelate",
        gst::DebugColorFlags::empty(),
        Some("Face pixelation"),
    )
});

/// What the streaming thread knows of the stream.
#[derive(Default)]
struct State {
    layout: Option<Arc<StreamLayout>>,
    segment: gst::FormattedSegment<gst::ClockTime>,
    /// Memory for a frame's rectangles, kept from frame to frame.
    scratch: Vec<Rect>,
}

glib::wrapper! {
    /// The element `facepixelate`.
    pub struct FacePixelate(ObjectSubclass<Imp>)
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
        let (layout, stream_time, mut rects) = {
            let mut state = self.state.lock().unwrap();
            let layout = state.layout.clone().ok_or(gst::FlowError::NotNegotiated)?;
            let stream_time = buffer
                .pts()
                .and_then(|pts| state.segment.to_stream_time(pts));
            (layout, stream_time, std::mem::take(&mut state.scratch))
        };
        if let Some(time) = stream_time {
            // Fails where a controlled value cannot be computed; the last one stands then.
            let _ = self.obj().sync_values(time);
        }
        let settings = self.settings.lock().unwrap().clone();
        collect(&buffer, &settings, layout.layout(), &mut rects);
        let result = pixelate(&mut buffer, &layout, &settings, &rects);
        self.state.lock().unwrap().scratch = rects;
        result.map_err(|error| {
            gst::element_imp_error!(
                self,
                gst::StreamError::Failed,
                ("a frame could not be pixelated: {error}")
            );
            gst::FlowError::Error
        })?;
        self.srcpad.push(buffer)
    }

    fn sink_event(&self, pad: &gst::Pad, event: gst::Event) -> bool {
        gst::debug!(CAT, obj = pad, "event {event:?}");
        match event.view() {
            gst::EventView::Caps(caps) => match StreamLayout::from_caps(caps.caps()) {
                Ok(layout) => {
                    gst::info!(CAT, imp = self, "caps {}", caps.caps());
                    self.state.lock().unwrap().layout = Some(Arc::new(layout));
                }
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
            _ => {}
        }
        gst::Pad::event_default(pad, Some(&*self.obj()), event)
    }

    fn sink_query(&self, pad: &gst::Pad, query: &mut gst::QueryRef) -> bool {
        let answered = gst::Pad::query_default(pad, Some(&*self.obj()), query);
        if let (true, gst::QueryViewMut::Allocation(query)) = (answered, query.view_mut()) {
            refuse_cropping(query);
        }
        answered
    }
}

/// The regions that this frame's metas and the settings name; those outside the frame are left out.
fn collect(
    buffer: &gst::BufferRef,
    settings: &Settings,
    layout: &crate::frame::Layout,
    rects: &mut Vec<Rect>,
) {
    rects.clear();
    rects.extend_from_slice(settings.regions.rects());
    rects.extend(
        metas::regions_of(buffer, settings.object_class.as_deref()).map(|named| named.rect),
    );
    rects.retain(|rect| rect.clamp_to(layout.width, layout.height).is_some());
}

fn pixelate(
    buffer: &mut gst::Buffer,
    layout: &StreamLayout,
    settings: &Settings,
    rects: &[Rect],
) -> Result<(), PictureError> {
    if rects.is_empty() {
        return Ok(());
    }
    layout.write(buffer.make_mut(), |mut frame| {
        for rect in rects {
            let (x, y) = match settings.grid_origin {
                GridOrigin::Frame => (0, 0),
                GridOrigin::Region => (rect.x, rect.y),
            };
            let lattice = Lattice::square(settings.block_size, x, y);
            mosaic::pixelate(&mut frame, rect, &lattice, settings.fill.into());
        }
    })
}

#[glib::object_subclass]
impl ObjectSubclass for Imp {
    const NAME: &'static str = "GstFacePixelate";
    type Type = FacePixelate;
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
        let mut settings = self.settings.lock().unwrap();
        settings.set(pspec.name(), value);
        let complaint = settings.regions.complaint().map(str::to_owned);
        drop(settings);
        if let Some(complaint) = complaint {
            gst::warning!(CAT, imp = self, "not taken: {complaint}");
        }
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
                "Face pixelation",
                "Filter/Effect/Video",
                "Pixelates fixed regions and those that upstream elements name",
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
        if transition == gst::StateChange::ReadyToPaused {
            let settings = self.settings.lock().unwrap().clone();
            if let Some(complaint) = settings.regions.complaint() {
                gst::element_imp_error!(
                    self,
                    gst::ResourceError::Settings,
                    ("property regions: {complaint}")
                );
                return Err(gst::StateChangeError);
            }
        }
        let success = self.parent_change_state(transition)?;
        if transition == gst::StateChange::PausedToReady {
            *self.state.lock().unwrap() = State::default();
        }
        Ok(success)
    }
}
