//! Properties of `facedepixelate`.

use super::choices::{ExecutionProvider, InferenceRegion, OnError, OptimizationLevel};
use super::specs;
use crate::detect::DetectSettings;
use crate::element::regions::{Regions, store};
use crate::face_check;
use crate::restore::Blend;
use gst::glib;
use gst::prelude::*;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// What the model is loaded with; a change means loading it again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ModelSettings {
    /// ONNX restoration model; None is the built-in one.
    pub model_file: Option<String>,
    /// Where the model runs.
    pub execution_provider: ExecutionProvider,
    /// Device of the provider; None is its default.
    pub device: Option<String>,
    /// Graph optimisation.
    pub optimization_level: OptimizationLevel,
    /// CPU threads inside one run, 0 = automatic.
    pub threads: u32,
    /// Most regions in one run, 0 = automatic.
    pub batch_size: u32,
    /// Elements with the same one share a model.
    pub model_instance_id: Option<String>,
}

/// What the task copies out for each frame. Cheap to copy: the lists are shared.
#[derive(Clone, Debug)]
pub(super) struct FrameSettings {
    /// Where regions come from.
    pub inference_region: InferenceRegion,
    /// New mosaics are looked for in every so many frames.
    pub inference_interval: u32,
    /// Only upstream regions of this type.
    pub object_class: Option<Arc<str>>,
    /// What counts as a mosaic.
    pub detect: DetectSettings,
    /// Least probability of a found mosaic to cover a face; 0 takes every mosaic.
    pub face_threshold: f32,
    /// How long a region may wait for others to run with.
    pub batch_timeout: Duration,
    /// How results go back into the frame.
    pub blend: Blend,
    /// Fixed regions.
    pub regions: Regions,
    /// Where nothing that is found is restored.
    pub exclude: Regions,
    /// Hand late frames on unrestored.
    pub qos: bool,
    /// Leave frames as they are, and tell what would be restored.
    pub look_only: bool,
    /// Draw a border around each restored region.
    pub display: bool,
    /// Write into each restored region that it is.
    pub watermark: bool,
    /// Attach a region meta per restored region.
    pub add_roi_meta: bool,
    /// Post a message when restored regions appear or vanish.
    pub post_messages: bool,
    /// What becomes of a frame in which the model fails.
    pub on_error: OnError,
}

impl Default for FrameSettings {
    fn default() -> Self {
        Self {
            inference_region: InferenceRegion::default(),
            inference_interval: 1,
            object_class: None,
            detect: DetectSettings::default(),
            face_threshold: face_check::THRESHOLD,
            batch_timeout: Duration::ZERO,
            blend: Blend::default(),
            regions: Regions::default(),
            exclude: Regions::default(),
            qos: false,
            look_only: false,
            display: false,
            watermark: false,
            add_roi_meta: false,
            post_messages: false,
            on_error: OnError::default(),
        }
    }
}

/// Values of the properties.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// Changeable in NULL and READY.
    pub model: ModelSettings,
    /// Most frames held; changeable in NULL and READY.
    pub max_size_buffers: u32,
    /// Frames on either side of its own that a face is restored by, at most; −1 leaves that to the
    /// model and the pipeline. Changeable in NULL and READY.
    pub neighbours: i32,
    /// Changeable at any time.
    pub frame: FrameSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            model: ModelSettings::default(),
            max_size_buffers: specs::MAX_SIZE_BUFFERS,
            neighbours: specs::NEIGHBOURS,
            frame: FrameSettings::default(),
        }
    }
}

impl Settings {
    /// Specifications of all properties.
    pub(super) fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(specs::all);
        &PROPERTIES
    }

    /// Why the last value of a list was not taken, if it was not.
    pub(super) fn complaint(&self) -> Option<String> {
        let lists = [
            ("regions", &self.frame.regions),
            ("exclude", &self.frame.exclude),
        ];
        lists.iter().find_map(|(name, list)| {
            let complaint = list.complaint()?;
            Some(format!("property {name}: {complaint}"))
        })
    }

    /// Store a property; GObject has checked its name, type and range.
    pub(super) fn set(&mut self, name: &str, value: &glib::Value) {
        let Self {
            model,
            max_size_buffers,
            neighbours,
            frame,
        } = self;
        match name {
            "model-file" => store(&mut model.model_file, value),
            "execution-provider" => store(&mut model.execution_provider, value),
            "device" => store(&mut model.device, value),
            "optimization-level" => store(&mut model.optimization_level, value),
            "threads" => store(&mut model.threads, value),
            "batch-size" => store(&mut model.batch_size, value),
            "model-instance-id" => store(&mut model.model_instance_id, value),
            "batch-timeout" => {
                frame.batch_timeout = Duration::from_nanos(value.get().unwrap_or_default());
            }
            "max-size-buffers" => store(max_size_buffers, value),
            "neighbours" => store(neighbours, value),
            "inference-region" => store(&mut frame.inference_region, value),
            "inference-interval" => store(&mut frame.inference_interval, value),
            "object-class" => {
                frame.object_class = value.get::<Option<&str>>().ok().flatten().map(Arc::from);
            }
            "score-threshold" => store(&mut frame.detect.score_threshold, value),
            "face-threshold" => store(&mut frame.face_threshold, value),
            "iou-threshold" => store(&mut frame.detect.iou_threshold, value),
            "max-detections" => {
                frame.detect.max_detections = value.get::<u32>().unwrap_or_default() as usize;
            }
            "min-size-width" => store(&mut frame.detect.min_width, value),
            "min-size-height" => store(&mut frame.detect.min_height, value),
            "detail" => store(&mut frame.blend.detail, value),
            "projection" => store(&mut frame.blend.projection, value),
            "regions" => frame.regions.set(value),
            "exclude" => frame.exclude.set(value),
            "alpha" => store(&mut frame.blend.alpha, value),
            "qos" => store(&mut frame.qos, value),
            "look-only" => store(&mut frame.look_only, value),
            "display" => store(&mut frame.display, value),
            "watermark" => store(&mut frame.watermark, value),
            "add-roi-meta" => store(&mut frame.add_roi_meta, value),
            "post-messages" => store(&mut frame.post_messages, value),
            "on-error" => store(&mut frame.on_error, value),
            _ => {}
        }
    }

    /// A property's value; None for `stats`, which is no setting.
    pub(super) fn get(&self, name: &str) -> Option<glib::Value> {
        let Self { model, frame, .. } = self;
        Some(match name {
            "model-file" => model.model_file.to_value(),
            "execution-provider" => model.execution_provider.to_value(),
            "device" => model.device.to_value(),
            "optimization-level" => model.optimization_level.to_value(),
            "threads" => model.threads.to_value(),
            "batch-size" => model.batch_size.to_value(),
            "model-instance-id" => model.model_instance_id.to_value(),
            "batch-timeout" => u64::try_from(frame.batch_timeout.as_nanos())
                .unwrap_or(u64::MAX)
                .to_value(),
            "max-size-buffers" => self.max_size_buffers.to_value(),
            "neighbours" => self.neighbours.to_value(),
            "inference-region" => frame.inference_region.to_value(),
            "inference-interval" => frame.inference_interval.to_value(),
            "object-class" => frame.object_class.as_deref().to_value(),
            "score-threshold" => frame.detect.score_threshold.to_value(),
            "face-threshold" => frame.face_threshold.to_value(),
            "iou-threshold" => frame.detect.iou_threshold.to_value(),
            "max-detections" => u32::try_from(frame.detect.max_detections)
                .unwrap_or(u32::MAX)
                .to_value(),
            "min-size-width" => frame.detect.min_width.to_value(),
            "min-size-height" => frame.detect.min_height.to_value(),
            "detail" => frame.blend.detail.to_value(),
            "projection" => frame.blend.projection.to_value(),
            "regions" => frame.regions.to_value(),
            "exclude" => frame.exclude.to_value(),
            "alpha" => frame.blend.alpha.to_value(),
            "qos" => frame.qos.to_value(),
            "look-only" => frame.look_only.to_value(),
            "display" => frame.display.to_value(),
            "watermark" => frame.watermark.to_value(),
            "add-roi-meta" => frame.add_roi_meta.to_value(),
            "post-messages" => frame.post_messages.to_value(),
            "on-error" => frame.on_error.to_value(),
            _ => return None,
        })
    }
}
