"""`depixelate`: the program, where the system can run it."""

import os
import sys

from gst_depixelate import PROGRAM, system

# The program's own exit status where an element of GStreamer is missing.
MISSING = 6


def main():
    if system.lacks_library():
        print(f"depixelate: {system.advice(system.missing_packages())}", file=sys.stderr)
        sys.exit(MISSING)
    os.execv(PROGRAM, ["depixelate", *sys.argv[1:]])
