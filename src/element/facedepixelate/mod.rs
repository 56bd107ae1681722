//! `facedepixelate`: finds pixelated faces and restores them.

use crate::cascade::{Backend, LoadError};
use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use std::sync::Arc;

mod find;
mod flow;
mod imp;
mod model;
mod queue;
mod settings;
mod sharing;
mod stats;
mod task;
mod worker;

/// Where models run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstFaceDepixelateExecutionProvider")]
pub enum ExecutionProvider {
    /// The best one that loads; `stats` says which.
    #[default]
    #[enum_value(name = "Automatic: the best one that loads", nick = "auto")]
    Auto,
    /// The CPU.
    #[enum_value(name = "CPU", nick = "cpu")]
    Cpu,
    /// NVIDIA CUDA.
    #[enum_value(name = "NVIDIA CUDA", nick = "cuda")]
    Cuda,
    /// NVIDIA TensorRT.
    #[enum_value(name = "NVIDIA TensorRT", nick = "tensorrt")]
    TensorRt,
    /// Intel OpenVINO.
    #[enum_value(name = "Intel OpenVINO", nick = "openvino")]
    OpenVino,
    /// AMD MIGraphX.
    #[enum_value(name = "AMD MIGraphX", nick = "migraphx")]
    MiGraphX,
    /// Apple Core ML.
    #[enum_value(name = "Apple Core ML", nick = "coreml")]
    CoreMl,
    /// Microsoft DirectML.
    #[enum_value(name = "Microsoft DirectML", nick = "directml")]
    DirectMl,
    /// WebGPU.
    #[enum_value(name = "WebGPU", nick = "webgpu")]
    WebGpu,
}

/// How far the model's graph is optimised when it is loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstFaceDepixelateOptimizationLevel")]
pub enum OptimizationLevel {
    /// Not at all.
    #[enum_value(name = "No optimisation", nick = "disable-all")]
    DisableAll,
    /// What keeps the meaning of every node.
    #[enum_value(name = "Basic optimisations", nick = "enable-basic")]
    EnableBasic,
    /// Fused nodes as well.
    #[enum_value(name = "Basic and extended optimisations", nick = "enable-extended")]
    EnableExtended,
    /// Memory layout as well.
    #[default]
    #[enum_value(name = "All optimisations", nick = "enable-all")]
    EnableAll,
}

/// What becomes of a frame in which the model fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstFaceDepixelateOnError")]
pub enum OnError {
    /// An error message, and the end of the stream.
    #[default]
    #[enum_value(name = "Stop with an error", nick = "error")]
    Error,
    /// It passes as it came; a warning tells of the first one.
    #[enum_value(name = "Hand the frame on unrestored", nick = "passthrough")]
    Passthrough,
}

/// Where regions come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstFaceDepixelateInferenceRegion")]
pub enum InferenceRegion {
    /// The element looks for mosaics in the whole frame.
    #[default]
    #[enum_value(name = "Full frame: look for mosaics", nick = "full-frame")]
    FullFrame,
    /// Upstream elements name them by region-of-interest metas.
    #[enum_value(
        name = "Region list: regions that upstream elements name",
        nick = "roi-list"
    )]
    RoiList,
}

/// Makes a backend whenever the element would load its model.
#[doc(hidden)]
pub type BackendSource =
    Arc<dyn Fn() -> Result<Box<dyn Backend>, LoadError> + Send + Sync + 'static>;

glib::wrapper! {
    /// The element `facedepixelate`.
    pub struct FaceDepixelate(ObjectSubclass<imp::FaceDepixelate>)
        @extends gst::Element, gst::Object,
        @implements gst::Preset;
}

impl FaceDepixelate {
    /// Take backends from `source` instead of loading a model, from the next READY→PAUSED on. For tests of the
    /// data flow, which need neither a model nor a runtime.
    #[doc(hidden)]
    pub fn set_backend_for_test(&self, source: BackendSource) {
        self.imp().set_backend_source(source);
    }
}

/// Register the element with `plugin`.
pub fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    #[cfg(feature = "doc")]
    for enumeration in [
        ExecutionProvider::static_type(),
        OptimizationLevel::static_type(),
        InferenceRegion::static_type(),
    ] {
        enumeration.mark_as_plugin_api(gst::PluginAPIFlags::empty());
    }
    gst::Element::register(
        Some(plugin),
        "facedepixelate",
        gst::Rank::NONE,
        FaceDepixelate::static_type(),
    )
}
