//! Specifications of the properties of `facedepixelate`.

use super::choices::{ExecutionProvider, InferenceRegion, OnError, OptimizationLevel};
use crate::detect::DetectSettings;
use crate::element::regions;
use crate::face_check;
use crate::restore::Blend;
use gst::glib;
use gst::prelude::*;

/// Most frames held, by default.
pub(super) const MAX_SIZE_BUFFERS: u32 = 4;

/// Neighbouring frames that a face is restored by, by default: as many as the model looks at.
pub(super) const NEIGHBOURS: i32 = -1;
/// Most of them on either side that can be asked for.
const MOST_NEIGHBOURS: i32 = 4;

/// All of them.
pub(super) fn all() -> Vec<glib::ParamSpec> {
    let mut properties = model_properties();
    properties.extend(region_properties());
    properties.extend(blend_properties());
    properties
}

/// A number from 0 to 1 that may change at any time and be controlled.
fn share(name: &str, nick: &str, blurb: &str, default: f32) -> glib::ParamSpec {
    glib::ParamSpecFloat::builder(name)
        .nick(nick)
        .blurb(blurb)
        .minimum(0.0)
        .maximum(1.0)
        .default_value(default)
        .mutable_playing()
        .controllable()
        .build()
}

/// A count that may change at any time.
fn count(name: &str, nick: &str, blurb: &str, default: u32) -> glib::ParamSpec {
    glib::ParamSpecUInt::builder(name)
        .nick(nick)
        .blurb(blurb)
        .default_value(default)
        .mutable_playing()
        .build()
}

fn model_properties() -> Vec<glib::ParamSpec> {
    vec![
        glib::ParamSpecString::builder("model-file")
            .nick("Model File")
            .blurb("ONNX restoration model, see docs/models.md; unset is the bundled one")
            .mutable_ready()
            .build(),
        glib::ParamSpecEnum::builder::<ExecutionProvider>("execution-provider")
            .nick("Execution Provider")
            .blurb("Where the networks run; auto takes the best that loads, a named one that is unavailable is an error")
            .mutable_ready()
            .build(),
        glib::ParamSpecString::builder("device")
            .nick("Device")
            .blurb("Device of the execution provider; unset is its default")
            .mutable_ready()
            .build(),
        glib::ParamSpecEnum::builder::<OptimizationLevel>("optimization-level")
            .nick("Optimization Level")
            .blurb("How far the model's graph is optimised when it is loaded")
            .mutable_ready()
            .build(),
        glib::ParamSpecUInt::builder("threads")
            .nick("Threads")
            .blurb("CPU threads inside one run; 0 is automatic")
            .mutable_ready()
            .build(),
        glib::ParamSpecUInt::builder("batch-size")
            .nick("Batch Size")
            .blurb("Most regions in one run of the model; 0 is automatic: what a GPU gains by, on the CPU each frame's own")
            .mutable_ready()
            .build(),
        glib::ParamSpecUInt64::builder("batch-timeout")
            .nick("Batch Timeout")
            .blurb(
                "Longest wait, in nanoseconds, of a region for others to run with; 0 takes what is there when the model is free",
            )
            .mutable_playing()
            .build(),
        glib::ParamSpecString::builder("model-instance-id")
            .nick("Model Instance ID")
            .blurb(
                "Elements with the same one share a model and its runs, and must agree on how it is loaded; unset shares with those whose properties for the model are the same",
            )
            .mutable_ready()
            .build(),
        glib::ParamSpecUInt::builder("max-size-buffers")
            .nick("Max Size Buffers")
            .blurb("Most frames held, beside those that are awaited as neighbours; sets the latency")
            .minimum(1)
            .default_value(MAX_SIZE_BUFFERS)
            .mutable_ready()
            .build(),
        glib::ParamSpecInt::builder("neighbours")
            .nick("Neighbours")
            .blurb(
                "Most frames before and after its own that a face is restored by, where the model looks at several: -1 is as many as it looks at, in live pipelines those before alone; frames after add to the latency",
            )
            .minimum(-1)
            .maximum(MOST_NEIGHBOURS)
            .default_value(NEIGHBOURS)
            .mutable_ready()
            .build(),
    ]
}

fn region_properties() -> Vec<glib::ParamSpec> {
    let default = DetectSettings::default();
    vec![
        glib::ParamSpecEnum::builder::<InferenceRegion>("inference-region")
            .nick("Inference Region")
            .blurb("Look for mosaics, or take the regions of upstream GstVideoRegionOfInterestMeta")
            .mutable_playing()
            .build(),
        glib::ParamSpecUInt::builder("inference-interval")
            .nick("Inference Interval")
            .blurb(
                "Look for new mosaics in every so many frames; known ones are followed in between",
            )
            .minimum(1)
            .default_value(1)
            .mutable_playing()
            .build(),
        glib::ParamSpecString::builder("object-class")
            .nick("Object Class")
            .blurb("Restore only those upstream regions that have this type")
            .mutable_playing()
            .build(),
        share(
            "score-threshold",
            "Score Threshold",
            "Least confidence of a detection",
            default.score_threshold,
        ),
        share(
            "face-threshold",
            "Face Threshold",
            "Least probability that a found mosaic covers a face; 0 restores every mosaic",
            face_check::THRESHOLD,
        ),
        share(
            "iou-threshold",
            "IoU Threshold",
            "Overlap (intersection over union) above which regions merge",
            default.iou_threshold,
        ),
        count(
            "max-detections",
            "Max Detections",
            "Most regions in a frame, fixed ones apart; a warning tells of upstream's that are left out",
            default.max_detections as u32,
        ),
        count(
            "min-size-width",
            "Min Size Width",
            "Narrower regions are ignored, in pixels; fixed regions are not",
            default.min_width,
        ),
        count(
            "min-size-height",
            "Min Size Height",
            "Lower regions are ignored, in pixels; fixed regions are not",
            default.min_height,
        ),
        regions::param_spec(
            "regions",
            "Regions",
            "Fixed regions in pixels, each <x, y, width, height>, as in regions=\"<<10,20,64,64>,<200,50,80,80>>\"",
        ),
        regions::param_spec(
            "exclude",
            "Exclude",
            "Rectangles as in regions: what is found stays as it is where its middle lies in one; fixed regions are restored all the same",
        ),
    ]
}

fn blend_properties() -> Vec<glib::ParamSpec> {
    let default = Blend::default();
    let switch = |name, nick, blurb| {
        glib::ParamSpecBoolean::builder(name)
            .nick(nick)
            .blurb(blurb)
            .mutable_playing()
            .build()
    };
    vec![
        share(
            "detail",
            "Detail",
            "From the truest, soft face (0) to one with invented detail (1), for models that offer both",
            default.detail,
        ),
        share(
            "projection",
            "Projection",
            "How strictly a face keeps the means of its mosaic's blocks",
            default.projection,
        ),
        share(
            "alpha",
            "Alpha",
            "Weight of the restored over the original picture",
            default.alpha,
        ),
        switch("qos", "QoS", "Hand late frames on unrestored"),
        switch(
            "look-only",
            "Look Only",
            "Leave frames as they are: metas and messages tell what would be restored",
        ),
        switch(
            "display",
            "Display",
            "Draw a border around each restored region, to see what is found",
        ),
        switch(
            "watermark",
            "Watermark",
            "Write RESTORED into the lower edge of each restored region",
        ),
        switch(
            "add-roi-meta",
            "Add ROI Meta",
            "Attach a region meta of type restored-face for each restored region",
        ),
        switch(
            "post-messages",
            "Post Messages",
            "Post an element message restored-faces when restored regions appear or vanish",
        ),
        glib::ParamSpecEnum::builder::<OnError>("on-error")
            .nick("On Error")
            .blurb("What becomes of a frame in which the model fails: an error, or it passes unrestored, with one warning")
            .mutable_playing()
            .build(),
        glib::ParamSpecBoxed::builder::<gst::Structure>("stats")
            .nick("Statistics")
            .blurb("Frames, regions restored and refused, runs and their times in nanoseconds, execution provider")
            .read_only()
            .build(),
    ]
}
