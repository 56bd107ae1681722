//! Properties of `facepixelate`.

use crate::degrade::mosaic;
use crate::element::regions::{self, Regions, store};
use gst::glib;
use gst::prelude::*;
use std::sync::LazyLock;

const DEFAULT_BLOCK_SIZE: u32 = 12;

/// Where the grid of a mosaic begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstFacePixelateGridOrigin")]
pub enum GridOrigin {
    /// At the frame's top left corner: blocks stand still while a region moves over them.
    #[enum_value(name = "Frame: the frame's top left corner", nick = "frame")]
    Frame,
    /// At the region's top left corner: blocks move along.
    #[default]
    #[enum_value(name = "Region: each region's top left corner", nick = "region")]
    Region,
}

/// What a block is filled with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstFacePixelateFill")]
pub enum Fill {
    /// The mean of its pixels.
    #[default]
    #[enum_value(name = "Tile mean: one colour per block", nick = "tile-mean")]
    TileMean,
    /// A blur as large as the block: it leaks gradients.
    #[enum_value(
        name = "Tile blur: a blur as large as the block, which leaks gradients",
        nick = "tile-blur"
    )]
    TileBlur,
}

impl From<Fill> for mosaic::Fill {
    fn from(fill: Fill) -> Self {
        match fill {
            Fill::TileMean => Self::TileMean,
            Fill::TileBlur => Self::TileBlur,
        }
    }
}

/// Values of the properties. Cheap to copy: the lists are shared.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// Side of a block in pixels.
    pub block_size: u32,
    /// Where the grid begins.
    pub grid_origin: GridOrigin,
    /// What a block is filled with.
    pub fill: Fill,
    /// Fixed regions.
    pub regions: Regions,
    /// Only upstream regions of this type.
    pub object_class: Option<glib::GString>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            block_size: DEFAULT_BLOCK_SIZE,
            grid_origin: GridOrigin::default(),
            fill: Fill::default(),
            regions: Regions::default(),
            object_class: None,
        }
    }
}

impl Settings {
    /// Specifications of all properties.
    pub(super) fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            vec![
                glib::ParamSpecUInt::builder("block-size")
                    .nick("Block Size")
                    .blurb("Side of a block in pixels")
                    .minimum(1)
                    .maximum(128)
                    .default_value(DEFAULT_BLOCK_SIZE)
                    .mutable_playing()
                    .controllable()
                    .build(),
                glib::ParamSpecEnum::builder::<GridOrigin>("grid-origin")
                    .nick("Grid Origin")
                    .blurb("Where the grid of a mosaic begins")
                    .mutable_playing()
                    .build(),
                glib::ParamSpecEnum::builder::<Fill>("fill")
                    .nick("Fill")
                    .blurb("What a block is filled with")
                    .mutable_playing()
                    .build(),
                regions::param_spec(
                    "regions",
                    "Regions",
                    "Fixed regions in pixels, each <x, y, width, height>, as in regions=\"<<10,20,64,64>,<200,50,80,80>>\"",
                ),
                glib::ParamSpecString::builder("object-class")
                    .nick("Object Class")
                    .blurb("Pixelate only those upstream regions that have this type")
                    .mutable_playing()
                    .build(),
            ]
        });
        &PROPERTIES
    }

    /// Store a property; GObject has checked its name, type and range.
    pub(super) fn set(&mut self, name: &str, value: &glib::Value) {
        match name {
            "block-size" => store(&mut self.block_size, value),
            "grid-origin" => store(&mut self.grid_origin, value),
            "fill" => store(&mut self.fill, value),
            "regions" => self.regions.set(value),
            "object-class" => store(&mut self.object_class, value),
            _ => {}
        }
    }

    /// A property's value.
    pub(super) fn get(&self, name: &str) -> Option<glib::Value> {
        Some(match name {
            "block-size" => self.block_size.to_value(),
            "grid-origin" => self.grid_origin.to_value(),
            "fill" => self.fill.to_value(),
            "regions" => self.regions.to_value(),
            "object-class" => self.object_class.to_value(),
            _ => return None,
        })
    }
}
