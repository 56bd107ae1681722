//! # facedepixelate
//!
//! Finds pixelated faces in raw video and puts plausible faces there. A restored face is a guess:
//! it shows nobody's identity.
//!
//! Frames go through a bounded queue to a task of the element's own, in which they are restored;
//! their number sets the latency. Elements with the same properties for the model share it; its
//! runs take regions of several frames and streams where that is faster, as on a GPU. While it
//! runs, the next frames are looked at. Models that look at several frames are told of those around
//! each, as `neighbours` allows, and frames wait for such as come after them. A frame in which nothing is restored leaves as the very
//! same buffer. Frames are edited in their own format, at their own depth, inside the regions only.
//! PQ and HLG are restored by way of what ordinary video would hold of the same light; of
//! interlaced frames, what moves is restored field by field. Fields that come apart and frames that
//! cannot be mapped pass unchanged, with one warning.
//!
//! ```sh
//! gst-launch-1.0 videotestsrc pattern=smpte ! video/x-raw,width=320,height=240 \
//!   ! facepixelate regions="<<96,56,128,128>>" ! facedepixelate face-threshold=0 ! videoconvert ! autovideosink
//! ```
//!
//! `gst-inspect-1.0 facedepixelate` lists the properties, as does the project's README.
//!
//! What is known by hand of a single frame is told by region-of-interest metas of two types, which
//! are heeded whatever `inference-region` and `object-class` are: one of type `restore` counts for
//! its frame as an entry of `regions` does for all, one of type `exclude` as an entry of `exclude`.
//! Where the parameters of a `restore` have a `track-id` (uint), those of one identity are one face.
//!
//! `GST_PRESET_PATH=presets gst-launch-1.0 … ! facedepixelate @preset=sharp ! …` takes several of
//! them at once from `presets/GstFaceDepixelate.prs`.
//!
//! Since: 0.1.0

use super::neighbours::Neighbours;
use super::queue::Queue;
use super::settings::{ModelSettings, Settings};
use super::stats::{Qos, Stats};
use super::stream::Stream;
use super::worker::Worker;
use crate::cascade::{Backend, Batcher, Client, LoadError};
use crate::element::filter::{add_pads, metadata, pad_templates, sink_pad, src_pad};
use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use std::sync::{Arc, LazyLock, Mutex};

/// The element's debug category.
pub(super) static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "facedepixelate",
        gst::DebugColorFlags::empty(),
        Some("Face restoration"),
    )
});

/// Makes a backend whenever the element would load its model.
#[doc(hidden)]
pub type BackendSource =
    Arc<dyn Fn() -> Result<Box<dyn Backend>, LoadError> + Send + Sync + 'static>;

/// A worker and what its model was loaded with.
pub(super) struct Loaded {
    /// The model's settings.
    pub settings: ModelSettings,
    /// The worker.
    pub worker: Worker,
}

/// Properties, and where tests take their backends from.
#[derive(Default)]
pub(super) struct AllSettings {
    /// The properties.
    pub values: Settings,
    /// Set by tests only.
    pub backend_source: Option<BackendSource>,
}

glib::wrapper! {
    /// The element `facedepixelate`.
    pub struct FaceDepixelate(ObjectSubclass<Imp>)
        @extends gst::Element, gst::Object,
        @implements gst::Preset;
}

impl FaceDepixelate {
    /// Take backends from `source` instead of loading a model, from the next READY→PAUSED on. For
    /// tests of the data flow, which need neither a model nor a runtime.
    #[doc(hidden)]
    pub fn set_backend_for_test(&self, source: BackendSource) {
        self.imp().set_backend_source(source);
    }
}

/// Implementation of the element. What may be locked when is told at the top of `queue.rs`.
pub struct Imp {
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
    /// The worker's model, and who it works for: others than the task end its runs.
    pub(super) runs: Mutex<Option<(Arc<Batcher>, Client)>>,
}

impl Imp {
    /// READY→PAUSED: check the settings, load the model.
    fn prepare(&self) -> Result<(), gst::ErrorMessage> {
        let complaint = self.settings.lock().unwrap().values.complaint();
        match complaint {
            Some(complaint) => Err(gst::error_msg!(
                gst::ResourceError::Settings,
                ("{complaint}")
            )),
            None => self.prepare_model().map(|()| self.prepare_neighbours()),
        }
    }

    /// What the model is told of other frames.
    fn prepare_neighbours(&self) {
        let property = self.settings.lock().unwrap().values.neighbours;
        let window = {
            let worker = self.worker.lock().unwrap();
            let loaded = worker.as_ref();
            loaded.map(|it| it.worker.batcher().metadata().window)
        };
        let neighbours = Neighbours::new(property, window.unwrap_or_default());
        self.stream.lock().unwrap().neighbours = neighbours;
    }

    /// PAUSED→READY: forget the stream.
    fn forget_stream(&self) {
        *self.stream.lock().unwrap() = Stream::default();
        *self.qos.lock().unwrap() = Qos::default();
    }
}

#[glib::object_subclass]
impl ObjectSubclass for Imp {
    const NAME: &'static str = "GstFaceDepixelate";
    type Type = FaceDepixelate;
    type ParentType = gst::Element;
    type Interfaces = (gst::Preset,);

    fn with_class(class: &Self::Class) -> Self {
        Self {
            sinkpad: build_sinkpad(class),
            srcpad: build_srcpad(class),
            settings: Mutex::default(),
            stream: Mutex::default(),
            queue: Arc::default(),
            qos: Mutex::default(),
            stats: Mutex::default(),
            worker: Mutex::default(),
            runs: Mutex::default(),
        }
    }
}

fn build_sinkpad(class: &glib::Class<FaceDepixelate>) -> gst::Pad {
    sink_pad::<Imp>(class)
        .activatemode_function(|_, parent, _, active| {
            let activate = |imp: &Imp| {
                imp.sink_activate(active);
                Ok(())
            };
            Imp::catch_panic_pad_function(parent, activation_panicked, activate)
        })
        .build()
}

fn build_srcpad(class: &glib::Class<FaceDepixelate>) -> gst::Pad {
    src_pad::<Imp>(class)
        .activatemode_function(|pad, parent, mode, active| {
            let activate = |imp: &Imp| imp.src_activate(pad, mode, active);
            Imp::catch_panic_pad_function(parent, activation_panicked, activate)
        })
        .event_function(|pad, parent, event| {
            Imp::catch_panic_pad_function(parent, || false, |imp| imp.src_event(pad, event))
        })
        .query_function(|pad, parent, query| {
            Imp::catch_panic_pad_function(parent, || false, |imp| imp.src_query(pad, query))
        })
        .build()
}

fn activation_panicked() -> Result<(), gst::LoggableError> {
    Err(gst::loggable_error!(CAT, "panic while a pad was activated"))
}

impl PresetImpl for Imp {}

impl ObjectImpl for Imp {
    fn properties() -> &'static [glib::ParamSpec] {
        Settings::properties()
    }

    fn set_property(&self, _id: usize, value: &glib::Value, pspec: &glib::ParamSpec) {
        let mut settings = self.settings.lock().unwrap();
        settings.values.set(pspec.name(), value);
        let complaint = settings.values.complaint();
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
        add_pads(&*self.obj(), [&self.sinkpad, &self.srcpad]);
    }
}

impl GstObjectImpl for Imp {}

impl ElementImpl for Imp {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            metadata(
                "Face restoration",
                "Filter/Effect/Video",
                "Finds pixelated faces and puts plausible faces there",
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
