#!/usr/bin/env python3
"""A NumPy frame through the element `facedepixelate`, and back.

    export GST_PLUGIN_PATH=target/release
    examples/restore_frame.py pixelated.npy guess.npy
    examples/restore_frame.py pixelated.npy guess.npy --region 194,60,176,168

A frame is an array of height x width x 3 bytes: red, green, blue. With --region the element looks
for no mosaic itself and takes the rectangles that it is told by region metas, as a face detector
would tell them. Debian has what is needed as python3-gst-1.0, python3-numpy and
gir1.2-gst-plugins-base-1.0.

A restored face is a guess: it shows nobody's identity.
"""

import argparse
import os
import sys

import gi
import numpy

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstVideo", "1.0")
from gi.repository import Gst, GstApp, GstVideo  # noqa: E402 (the versions come first)

PATIENCE = 60 * Gst.SECOND


class Faces:
    """A pipeline that restores frames of one size."""

    def __init__(self, width, height, properties=""):
        Gst.init(None)
        self.count = 0
        self.info = GstVideo.VideoInfo()
        self.info.set_format(GstVideo.VideoFormat.RGB, width, height)
        self.info.fps_n, self.info.fps_d = 25, 1
        # A frame's answer is waited for before the next one comes: no neighbours.
        self.pipeline = Gst.parse_launch(
            f"appsrc name=source format=time ! facedepixelate neighbours=0 {properties} ! appsink name=sink sync=false"
        )
        self.source = self.pipeline.get_by_name("source")
        self.sink = self.pipeline.get_by_name("sink")
        self.source.set_caps(self.info.to_caps())
        if self.pipeline.set_state(Gst.State.PLAYING) == Gst.StateChangeReturn.FAILURE:
            raise self.error()

    def close(self):
        self.pipeline.set_state(Gst.State.NULL)

    def restore(self, frame, regions=()):
        """`frame` as the next one of the stream, restored; `regions` are (x, y, width, height)."""
        height, width, stride = self.info.height, self.info.width, self.info.stride[0]
        if frame.shape != (height, width, 3) or frame.dtype != numpy.uint8:
            raise ValueError(f"a frame of this stream is {height} x {width} x 3 bytes, not {frame.shape} of {frame.dtype}")
        # Rows of GStreamer's RGB begin at multiples of four bytes.
        rows = numpy.zeros((height, stride), numpy.uint8)
        rows[:, : 3 * width] = frame.reshape(height, 3 * width)
        buffer = Gst.Buffer.new_wrapped(rows.tobytes())
        buffer.pts = self.count * Gst.SECOND // 25
        buffer.duration = Gst.SECOND // 25
        self.count += 1
        for region in regions:
            GstVideo.buffer_add_video_region_of_interest_meta(buffer, "face", *region)
        if self.source.push_buffer(buffer) != Gst.FlowReturn.OK:
            raise self.error()
        sample = self.sink.try_pull_sample(PATIENCE)
        if sample is None:
            raise self.error()
        with sample.get_buffer().map(Gst.MapFlags.READ) as held:
            rows = numpy.frombuffer(held.data, numpy.uint8).reshape(height, stride)
            return rows[:, : 3 * width].reshape(height, width, 3).copy()

    def error(self):
        message = self.pipeline.get_bus().pop_filtered(Gst.MessageType.ERROR)
        return RuntimeError(message.parse_error()[0].message if message else "no frame came for a minute")


def rectangle(text):
    numbers = [int(number) for number in text.split(",")]
    if len(numbers) != 4 or min(numbers) < 0:
        raise argparse.ArgumentTypeError(f"{text} is no X,Y,WIDTH,HEIGHT in pixels")
    return numbers


def save(path, frame):
    """The file appears as a whole or not at all."""
    part = f"{path}.part"
    with open(part, "wb") as file:
        numpy.save(file, frame)
    os.replace(part, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", help="a frame, as numpy.save writes it")
    parser.add_argument("output", help="the restored one")
    parser.add_argument("--region", type=rectangle, action="append", default=[], metavar="X,Y,W,H")
    arguments = parser.parse_args()
    try:
        frame = numpy.load(arguments.input)
        if frame.ndim != 3:
            raise ValueError(f"{arguments.input}: a frame has height, width and three bytes, this is {frame.shape}")
        height, width, _ = frame.shape
        faces = Faces(width, height, "inference-region=roi-list" if arguments.region else "")
        restored = faces.restore(frame, arguments.region)
        faces.close()
        save(arguments.output, restored)
    except Exception as error:  # GStreamer, NumPy and the system have each their own
        sys.exit(f"restore_frame.py: {error}")
    changed = numpy.count_nonzero((restored != frame).any(axis=2))
    print(f"{arguments.output}: {changed} pixels are a guess, which proves nobody's identity.")


if __name__ == "__main__":
    main()
