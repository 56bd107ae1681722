"""The program `depixelate` and the GStreamer plugin of the same name, as files of a Python package.

A restored face is a guess, not the person.
"""

from pathlib import Path

HERE = Path(__file__).resolve().parent

#: The program.
PROGRAM = HERE / "bin" / "depixelate"
#: Folder of the plugin, for GST_PLUGIN_PATH.
PLUGINS = HERE / "plugin"
#: The plugin.
PLUGIN = PLUGINS / "libgstdepixelate.so"
#: Folder of the presets, for GST_PRESET_PATH.
PRESETS = HERE / "presets"
