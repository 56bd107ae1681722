# What every package has to do once it is installed in `root`. For bash, behind root.sh.

# The clip that faces are restored in. Made once.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
clip() {
    local demo=$here/../../target/release/depixelate-demo folder=$here/../../target/packages/demo
    [ -e "$folder/pixelated.mp4" ] && return
    [ -x "$demo" ] || fail "$demo is missing; run: make plugin"
    say "filming and pixelating a photograph, to have a clip"
    python3 "$here/../../scripts/setup.py" demo
    "$demo" --out "$folder.part" > /dev/null
    mv "$folder.part" "$folder"
}

# Copy the clip into the root.
give_clip() {
    clip
    cp "$here/../../target/packages/demo/pixelated.mp4" "$root/root/demo.mp4"
}

# Restore the clip in the root with the program at this path, as this output; and see that it was.
restores() {
    local program=$1 output=$2
    inside "$program" /root/demo.mp4 "/root/$output" > /dev/null
    restored "$root/root/$output"
}

# See that a film was restored, by what lies beside it.
restored() {
    python3 - "$1" <<'PY'
import json, sys
from pathlib import Path

film = Path(sys.argv[1])
said = json.loads(Path(f"{film}.depixelate.json").read_text())
seen = sum(last - first + 1 for first, last in (face["frames"] for face in said["faces"]))
if not (film.stat().st_size > 10_000 and said["frames"] > 0 and seen * 2 > said["frames"] and "guess" in said["notice"]):
    sys.exit(f"{film}: a face in {seen} of {said['frames']} frames, {film.stat().st_size} bytes: not restored")
print(f"  restored: faces {len(said['faces'])}, in {seen} of {said['frames']} frames")
PY
}

# The plugin is found, its networks run in a pipeline, and its presets are known. Words before are put before the
# commands, such as `env GST_PLUGIN_PATH=…`.
plays() {
    inside "$@" gst-inspect-1.0 facedepixelate > "$root/root/inspected"
    grep -q "execution-provider" "$root/root/inspected" || fail "gst-inspect-1.0 does not tell the element's properties"
    inside "$@" gst-launch-1.0 -m filesrc location=/root/demo.mp4 ! decodebin ! videoconvert \
        ! facedepixelate post-messages=true @preset=faithful ! fakesink > "$root/root/played"
    grep -q restored-faces "$root/root/played" || fail "facedepixelate restored nothing in a pipeline"
    say "GStreamer $(inside gst-inspect-1.0 --version | sed -n 's/^GStreamer //p'): gst-inspect-1.0 and a pipeline found the plugin"
}

# No file of ours is left, nor what came along: Debian 13 may have an ONNX Runtime of its own.
nothing_left() {
    local left
    left=$(cd "$root" && find . -xdev \( -iname '*depixelate*' -o -path './root/*onnxruntime*' \) \
        -not -path './root/*.mp4*' -not -path './root/wheels/*' -not -name '*.deb')
    [ -z "$left" ] || fail "left behind: $left"
    say "nothing is left behind"
}
