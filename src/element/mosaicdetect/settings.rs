//! Properties of `mosaicdetect`.

use crate::detect::DetectSettings;
use crate::element::regions::store;
use gst::glib;
use gst::prelude::*;
use std::sync::LazyLock;

/// Values of the properties.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// What counts as a mosaic.
    pub detect: DetectSettings,
    /// New mosaics are looked for in every so many frames.
    pub inference_interval: u32,
    /// Attach a region meta per mosaic.
    pub add_roi_meta: bool,
    /// Post a message when mosaics come or go.
    pub post_messages: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            detect: DetectSettings::default(),
            inference_interval: 1,
            add_roi_meta: true,
            post_messages: true,
        }
    }
}

impl Settings {
    /// Specifications of all properties.
    pub(super) fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            let default = Settings::default();
            let count = |name, nick, blurb, least, value: u32| {
                glib::ParamSpecUInt::builder(name)
                    .nick(nick)
                    .blurb(blurb)
                    .minimum(least)
                    .default_value(value)
                    .mutable_playing()
                    .build()
            };
            let switch = |name, nick, blurb| {
                glib::ParamSpecBoolean::builder(name)
                    .nick(nick)
                    .blurb(blurb)
                    .default_value(true)
                    .mutable_playing()
                    .build()
            };
            vec![
                glib::ParamSpecFloat::builder("score-threshold")
                    .nick("Score Threshold")
                    .blurb("Least confidence of a detection")
                    .minimum(0.0)
                    .maximum(1.0)
                    .default_value(default.detect.score_threshold)
                    .mutable_playing()
                    .controllable()
                    .build(),
                count(
                    "max-detections",
                    "Max Detections",
                    "Most regions per frame",
                    0,
                    default.detect.max_detections as u32,
                ),
                count(
                    "min-size-width",
                    "Min Size Width",
                    "Narrower regions are ignored, in pixels",
                    0,
                    default.detect.min_width,
                ),
                count(
                    "min-size-height",
                    "Min Size Height",
                    "Lower regions are ignored, in pixels",
                    0,
                    default.detect.min_height,
                ),
                count(
                    "inference-interval",
                    "Inference Interval",
                    "Look for new mosaics in every so many frames; known ones are followed in between",
                    1,
                    default.inference_interval,
                ),
                switch(
                    "add-roi-meta",
                    "Add ROI Meta",
                    "Attach a region-of-interest meta of type mosaic per mosaic",
                ),
                switch(
                    "post-messages",
                    "Post Messages",
                    "Post an element message when mosaics come or go",
                ),
            ]
        });
        &PROPERTIES
    }

    /// Store a property; GObject has checked its name, type and range.
    pub(super) fn set(&mut self, name: &str, value: &glib::Value) {
        match name {
            "score-threshold" => store(&mut self.detect.score_threshold, value),
            "max-detections" => {
                self.detect.max_detections = value.get::<u32>().unwrap_or_default() as usize;
            }
            "min-size-width" => store(&mut self.detect.min_width, value),
            "min-size-height" => store(&mut self.detect.min_height, value),
            "inference-interval" => store(&mut self.inference_interval, value),
            "add-roi-meta" => store(&mut self.add_roi_meta, value),
            "post-messages" => store(&mut self.post_messages, value),
            _ => {}
        }
    }

    /// A property's value.
    pub(super) fn get(&self, name: &str) -> Option<glib::Value> {
        Some(match name {
            "score-threshold" => self.detect.score_threshold.to_value(),
            "max-detections" => u32::try_from(self.detect.max_detections)
                .unwrap_or(u32::MAX)
                .to_value(),
            "min-size-width" => self.detect.min_width.to_value(),
            "min-size-height" => self.detect.min_height.to_value(),
            "inference-interval" => self.inference_interval.to_value(),
            "add-roi-meta" => self.add_roi_meta.to_value(),
            "post-messages" => self.post_messages.to_value(),
            _ => return None,
        })
    }
}
