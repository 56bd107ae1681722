"""`gst-depixelate`: where the plugin is, and whether the system has what it needs."""

import argparse
import os
import sys
from pathlib import Path

from gst_depixelate import PLUGIN, PLUGINS, PRESETS, system

COMMANDS = {
    "plugin-path": "print the plugin's folder, for GST_PLUGIN_PATH",
    "preset-path": "print the presets' folder, for GST_PRESET_PATH",
    "check": "name the packages that the system's GStreamer lacks; exit status 1 if there are any",
    "link": "link the plugin into your own plugin folder, where every GStreamer program of yours finds it",
    "unlink": "take that link away; do so before this package is removed",
}


def fail(text):
    sys.exit(f"gst-depixelate: {text}")


def own_link():
    """Where GStreamer looks for a user's own plugins."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "gstreamer-1.0" / "plugins" / PLUGIN.name


def check():
    missing = system.missing_packages()
    if missing:
        fail(system.advice(missing))
    print("the system's GStreamer has all that films usually need")


def link():
    place = own_link()
    if place.exists() and not place.is_symlink():
        fail(f"{place} is a file of its own and stays; move it away first")
    place.parent.mkdir(parents=True, exist_ok=True)
    # Renamed into its place, so that there is a whole link at any time.
    part = place.with_name(f".{PLUGIN.name}.{os.getpid()}")
    part.symlink_to(PLUGIN)
    part.replace(place)
    print(place)


def unlink():
    place = own_link()
    if not place.is_symlink():
        fail(f"there is no link {place}")
    place.unlink()


def main():
    width = max(map(len, COMMANDS))
    parser = argparse.ArgumentParser(
        prog="gst-depixelate",
        description=__doc__,
        epilog="\n".join(f"  {name:{width}}  {what}" for name, what in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND")
    try:
        {
            "plugin-path": lambda: print(PLUGINS),
            "preset-path": lambda: print(PRESETS),
            "check": check,
            "link": link,
            "unlink": unlink,
        }[parser.parse_args().command]()
    except OSError as error:
        fail(error)


if __name__ == "__main__":
    main()
