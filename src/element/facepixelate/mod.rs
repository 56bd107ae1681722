//! `facepixelate`: pixelates regions of a frame.

use gst::glib;
use gst::prelude::*;

mod imp;
mod settings;

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

impl From<Fill> for crate::degrade::mosaic::Fill {
    fn from(fill: Fill) -> Self {
        match fill {
            Fill::TileMean => Self::TileMean,
            Fill::TileBlur => Self::TileBlur,
        }
    }
}

glib::wrapper! {
    /// The element `facepixelate`.
    pub struct FacePixelate(ObjectSubclass<imp::FacePixelate>)
        @extends gst::Element, gst::Object;
}

/// Register the element with `plugin`.
pub fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    #[cfg(feature = "doc")]
    {
        GridOrigin::static_type().mark_as_plugin_api(gst::PluginAPIFlags::empty());
        Fill::static_type().mark_as_plugin_api(gst::PluginAPIFlags::empty());
    }
    gst::Element::register(
        Some(plugin),
        "facepixelate",
        gst::Rank::NONE,
        FacePixelate::static_type(),
    )
}
