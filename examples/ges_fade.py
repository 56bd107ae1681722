#!/usr/bin/env python3
"""A timeline of GStreamer Editing Services in which restored faces fade in.

    export GST_PLUGIN_PATH=target/release
    examples/ges_fade.py pixelated.mp4 faded.mp4 --start 1 --seconds 2

The effect of the clip is the element `facedepixelate`; its property `alpha` is animated with
keyframes, as an editing program does it: mosaics up to `start`, faces `seconds` later. Debian has
what is needed as python3-gst-1.0, gir1.2-ges-1.0 and gstreamer1.0-x.

A restored face is a guess: it shows nobody's identity.
"""

import argparse
import os
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GES", "1.0")
gi.require_version("GstController", "1.0")
gi.require_version("GstPbutils", "1.0")
from gi.repository import GES, Gst, GstController, GstPbutils  # noqa: E402 (the versions come first)


def timeline_with(clip_uri, start, seconds):
    """One video track with the clip, its faces faded in."""
    asset = GES.UriClipAsset.request_sync(clip_uri)
    streams = asset.get_info().get_video_streams()
    if not streams:
        raise ValueError("there is no video in it")
    timeline = GES.Timeline.new()
    track = GES.VideoTrack.new()
    # The timeline has the clip's own size and rate.
    size = f"video/x-raw,width={streams[0].get_width()},height={streams[0].get_height()}"
    rate = f"framerate={streams[0].get_framerate_num()}/{max(streams[0].get_framerate_denom(), 1)}"
    track.set_restriction_caps(Gst.Caps.from_string(f"{size},{rate}"))
    timeline.add_track(track)
    layer = timeline.append_layer()
    clip = layer.add_asset(asset, 0, 0, asset.get_duration(), GES.TrackType.VIDEO)
    effect = GES.Effect.new("facedepixelate")
    if effect is None or not clip.add(effect):
        raise ValueError("the element facedepixelate is not there; GST_PLUGIN_PATH names its folder")
    alpha = GstController.InterpolationControlSource.new()
    alpha.props.mode = GstController.InterpolationMode.LINEAR
    for second, value in [(0, 0), (start, 0), (start + seconds, 1)]:
        alpha.set(int(second * Gst.SECOND), value)
    if not effect.set_control_source(alpha, "alpha", "direct"):
        raise ValueError("alpha cannot be animated")
    timeline.commit()
    return timeline


def render(timeline, path):
    """Render to MP4 (H.264); the file appears as a whole or not at all."""
    part = f"{path}.part"
    container = GstPbutils.EncodingContainerProfile.new("mp4", None, Gst.Caps("video/quicktime,variant=iso"), None)
    video = GstPbutils.EncodingVideoProfile.new(Gst.Caps("video/x-h264"), None, None, 0)
    container.add_profile(video)
    pipeline = GES.Pipeline.new()
    pipeline.set_timeline(timeline)
    pipeline.set_render_settings(Gst.filename_to_uri(os.path.abspath(part)), container)
    pipeline.set_mode(GES.PipelineFlags.RENDER)
    pipeline.set_state(Gst.State.PLAYING)
    ends = Gst.MessageType.EOS | Gst.MessageType.ERROR
    message = pipeline.get_bus().timed_pop_filtered(Gst.CLOCK_TIME_NONE, ends)
    pipeline.set_state(Gst.State.NULL)
    if message.type == Gst.MessageType.ERROR:
        raise ValueError(message.parse_error()[0].message)
    os.replace(part, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", help="the clip with mosaics")
    parser.add_argument("output", help="the MP4 file that is written")
    parser.add_argument("--start", type=float, default=1, help="when the faces begin to show, seconds")
    parser.add_argument("--seconds", type=float, default=2, help="how long they take")
    arguments = parser.parse_args()
    if arguments.start < 0 or arguments.seconds <= 0:
        parser.error("--start is a time from 0 on, --seconds a duration above 0")
    Gst.init(None)
    GES.init()
    try:
        uri = Gst.filename_to_uri(os.path.abspath(arguments.input))
        render(timeline_with(uri, arguments.start, arguments.seconds), arguments.output)
    except Exception as error:  # GES, GStreamer and the system have each their own
        sys.exit(f"ges_fade.py: {arguments.input}: {error}")
    print(f"{arguments.output}: the faces are a guess, which proves nobody's identity.")


if __name__ == "__main__":
    main()
