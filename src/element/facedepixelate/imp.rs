//! # facedepixelate
//!
//! Finds pixelated faces in raw video and puts plausible faces there. A restored face is a guess: it shows nobody's
//! identity.
//!
//! Frames go through a bounded queue to a task of the element's own, in which they are restored; their number
//! sets the latency. Elements with the same properties for the model share it; its runs take regions of several frames
//! and streams where that is faster, as on a GPU. While it runs, the next frames are looked at. A frame in which nothing is restored leaves as the very same buffer. Frames are edited in
//! their own format, at their own depth, inside the regions only. Interlaced video, HDR video (PQ, HLG) and frames
//! that cannot be mapped pass unchanged, with one warning.
//!
//! ```sh
//! gst-launch-1.0 videotestsrc pattern=smpte ! video/x-raw,width=320,height=240 \
//!   ! facepixelate regions="<<96,56,128,128>>" ! facedepixelate face-threshold=0 ! videoconvert ! autovideosink
//! ```
//!
//! `gst-inspect-1.0 facedepixelate` lists the properties, as does the project's README.
//!
//! `GST_PRESET_PATH=presets gst-launch-1.0 … ! facedepixelate @preset=sharp ! …` takes several of them at once from
//! `presets/GstFaceDepixelate.prs`.
//!
//! Since: 0.1.0

use super::BackendSource;
use super::flow::Stream;
use super::queue::Queue;
use super::settings::{ModelSettings, Settings};
use super::stats::{Qos, Stats};
use super::worker::Worker;
use crate::element::caps::{pad_templates, proxy_flags};
use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use std::sync::{Arc, LazyLock, Mutex};

/// The element's debug category.
pub static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "facedepixelate",
        gst::DebugColorFlags::empty(),
        Some("Face restoration"),
    )
});

/// A worker and what its model was loaded with.
pub struct Loaded {
    /// The model's settings.
    pub settings: ModelSettings,
    /// The worker.
    pub worker: Worker,
}

/// Properties, and where tests take their backends from.
#[derive(Default)]
pub struct AllSettings {
    /// The properties.
    pub values: Settings,
    /// Set by tests only.
    pub backend_source: Option<BackendSource>,
}

/// Implementation of the element. What may be locked when is told at the top of `queue.rs`.
pub struct FaceDepixelate {
    pub(super) sinkpad: gst::Pad,
    pub(super) srcpad: gst::Pad,
    pub(super) settings: Mutex<AllSettings>,
    pub(super) stream: Mutex<Stream>,
    /// The model's thread wakes it.
    pub(super) queue: Arc<Queue>,
    pub(super) qos: Mutex<Qos>,
    pub(super) stats: Mutex<Stats>,
    /// None while the task works with it, before it is loaded, and after a panic.
    pub(super) worker: Mutex<Option<Box<Loaded>>>,
}

impl FaceDepixelate {
    /// READY→PAUSED: check the settings, load the model.
    fn prepare(&self) -> Result<(), gst::ErrorMessage> {
        let regions = self.settings.lock().unwrap().values.frame.regions.clone();
        if let Some(complaint) = regions.complaint() {
            return Err(gst::error_msg!(
                gst::ResourceError::Settings,
                ("property regions: {complaint}")
            ));
        }
        self.prepare_model()
    }

    /// PAUSED→READY: forget the stream.
    fn forget_stream(&self) {
        *self.stream.lock().unwrap() = Stream::default();
        *self.qos.lock().unwrap() = Qos::default();
    }
}

#[glib::object_subclass]
impl ObjectSubclass for FaceDepixelate {
    const NAME: &'static str = "GstFaceDepixelate";
    type Type = super::FaceDepixelate;
    type ParentType = gst::Element;
    type Interfaces = (gst::Preset,);

    fn with_class(klass: &Self::Class) -> Self {
        let pad = |name: &str| {
            klass
                .pad_template(name)
                .expect("the class has this template")
        };
        Self {
            sinkpad: build_sinkpad(&pad("sink")),
            srcpad: build_srcpad(&pad("src")),
            settings: Mutex::default(),
            stream: Mutex::default(),
            queue: Arc::default(),
            qos: Mutex::default(),
            stats: Mutex::default(),
            worker: Mutex::default(),
        }
    }
}

fn build_sinkpad(template: &gst::PadTemplate) -> gst::Pad {
    type Imp = FaceDepixelate;
    gst::Pad::builder_from_template(template)
        .activatemode_function(|_, parent, _, active| {
            Imp::catch_panic_pad_function(
                parent,
                || {
                    Err(gst::loggable_error!(
                        CAT,
                        "panic while the sink pad was activated"
                    ))
                },
                |imp| {
                    imp.sink_activate(active);
                    Ok(())
                },
            )
        })
        .chain_function(|_, parent, buffer| {
            Imp::catch_panic_pad_function(
                parent,
                || Err(gst::FlowError::Error),
                |imp| imp.sink_chain(buffer),
            )
        })
        .event_function(|pad, parent, event| {
            Imp::catch_panic_pad_function(parent, || false, |imp| imp.sink_event(pad, event))
        })
        .query_function(|pad, parent, query| {
            Imp::catch_panic_pad_function(parent, || false, |imp| imp.sink_query(pad, query))
        })
        .flags(proxy_flags())
        .build()
}

fn build_srcpad(template: &gst::PadTemplate) -> gst::Pad {
    type Imp = FaceDepixelate;
    gst::Pad::builder_from_template(template)
        .activatemode_function(|pad, parent, mode, active| {
            Imp::catch_panic_pad_function(
                parent,
                || {
                    Err(gst::loggable_error!(
                        CAT,
                        "panic while the source pad was activated"
                    ))
                },
                |imp| imp.src_activate(pad, mode, active),
            )
        })
        .event_function(|pad, parent, event| {
            Imp::catch_panic_pad_function(parent, || false, |imp| imp.src_event(pad, event))
        })
        .query_function(|pad, parent, query| {
            Imp::catch_panic_pad_function(parent, || false, |imp| imp.src_query(pad, query))
        })
        .flags(proxy_flags())
        .build()
}

impl PresetImpl for FaceDepixelate {}

impl ObjectImpl for FaceDepixelate {
    fn properties() -> &'static [glib::ParamSpec] {
        Settings::properties()
    }

    fn set_property(&self, _id: usize, value: &glib::Value, pspec: &glib::ParamSpec) {
        let mut settings = self.settings.lock().unwrap();
        settings.values.set(pspec.name(), value);
        let complaint = settings.values.frame.regions.complaint().map(str::to_owned);
        drop(settings);
        if let Some(complaint) = complaint {
            gst::warning!(CAT, imp = self, "not taken: {complaint}");
        }
    }

    fn property(&self, _id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        let value = self.settings.lock().unwrap().values.get(pspec.name());
        value.unwrap_or_else(|| {
            let level = self.queue.level();
            let stats = self.stats.lock().unwrap().clone();
            stats.to_structure(level).to_value()
        })
    }

    fn constructed(&self) {
        self.parent_constructed();
        for pad in [&self.sinkpad, &self.srcpad] {
            self.obj()
                .add_pad(pad)
                .expect("a new element has no pad of this name");
        }
    }
}

impl GstObjectImpl for FaceDepixelate {}

impl ElementImpl for FaceDepixelate {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "Face restoration",
                "Filter/Effect/Video",
                "Finds pixelated faces and puts plausible faces there",
                crate::element::AUTHOR,
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(pad_templates);
        &TEMPLATES
    }

    fn change_state(
        &self,
        transition: gst::StateChange,
    ) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        gst::debug!(CAT, imp = self, "state change {transition:?}");
        if transition == gst::StateChange::ReadyToPaused {
            self.prepare().map_err(|message| {
                self.post_error_message(message);
                gst::StateChangeError
            })?;
        }
        let success = self.parent_change_state(transition)?;
        match transition {
            gst::StateChange::PausedToReady => self.forget_stream(),
            gst::StateChange::ReadyToNull => self.release_model(),
            _ => {}
        }
        Ok(success)
    }
}
