//! The GStreamer elements.

/// Register the elements of this plugin.
pub fn register(_plugin: &gst::Plugin) -> Result<(), gst::glib::BoolError> {
    Ok(())
}
