"""What of the system's GStreamer is missing."""

import ctypes

# What the program and the plugin are linked to, with Debian's package of each.
LIBRARIES = {
    "libgstreamer-1.0.so.0": "libgstreamer1.0-0",
    "libgstbase-1.0.so.0": "libgstreamer1.0-0",
    "libgstcontroller-1.0.so.0": "libgstreamer1.0-0",
    "libgstapp-1.0.so.0": "libgstreamer-plugins-base1.0-0",
    "libgstvideo-1.0.so.0": "libgstreamer-plugins-base1.0-0",
}

# An element of each of Debian's packages that ordinary films need.
ELEMENTS = {
    "decodebin": "gstreamer1.0-plugins-base",
    "qtdemux": "gstreamer1.0-plugins-good",
    "h264parse": "gstreamer1.0-plugins-bad",
    "x264enc": "gstreamer1.0-plugins-ugly",
    "avdec_h264": "gstreamer1.0-libav",
}


def lacks_library():
    """Whether the program cannot even start."""
    return any(not loads(name) for name in LIBRARIES)


def missing_packages():
    """Debian's packages that are missing, of those that the program needs for ordinary films."""
    libraries = [package for name, package in LIBRARIES.items() if not loads(name)]
    # Without the library nobody can be asked for elements, and they can hardly be there.
    elements = list(ELEMENTS.values()) if libraries else missing_elements()
    return sorted(set(libraries + elements))


def advice(packages):
    """What to do about packages that are missing."""
    return f"GStreamer is incomplete; as root: apt-get install {' '.join(packages)} (or their counterparts elsewhere)"


def loads(library):
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def missing_elements():
    gst = ctypes.CDLL("libgstreamer-1.0.so.0")
    gst.gst_init(None, None)
    gst.gst_element_factory_find.restype = ctypes.c_void_p
    return [package for element, package in ELEMENTS.items() if not gst.gst_element_factory_find(element.encode())]
