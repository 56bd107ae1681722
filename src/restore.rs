//! All of restoration for one frame, without GStreamer.
