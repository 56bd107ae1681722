#!/bin/bash
# Install the wheel in a virtual environment of a clean root: it says which packages are missing, restores a clip once
# they are there, is found by GStreamer, and leaves nothing behind.
#
# usage: wheel.sh SUITE WHEEL, such as wheel.sh trixie target/packages/gst_depixelate-0.1.0-….whl
. "$(dirname "$0")/root.sh"
. "$(dirname "$0")/check.sh"
suite=${1:?usage: wheel.sh SUITE WHEEL}
wheel=${2:?usage: wheel.sh SUITE WHEEL}

# Fetch as this machine does: its certificates, its settings of pip.
pip() {
    inside env PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CERT=/etc/ssl/certs/machine.crt PIP_DEFAULT_TIMEOUT=180 \
        /root/venv/bin/pip "$@"
}

new_root "$suite"
give_clip
mkdir "$root/root/wheels"
cp "$wheel" "$root/root/wheels"
wheel=/root/wheels/$(basename "$wheel")
inside apt-get install -y -qq --no-install-recommends python3-venv > /dev/null 2>&1
inside python3 -m venv /root/venv
pip install --quiet "$wheel"
bin=/root/venv/bin

said=$(refused $bin/depixelate /root/demo.mp4 /root/out.mp4)
say "$suite, without GStreamer: $said"
packages=$(sed -n 's/.*apt-get install \(.*\) (.*/\1/p' <<< "$said")
[ "$(wc -w <<< "$packages")" -ge 5 ] || fail "too few packages are named"
[ "$(refused $bin/gst-depixelate check)" = "${said/#depixelate/gst-depixelate}" ] || fail "check says something else"
# As it was told, and nothing else.
# shellcheck disable=SC2086
inside apt-get install -y -qq $packages > /dev/null 2>&1
inside $bin/gst-depixelate check > /dev/null
restores $bin/depixelate out.mp4

# A single package that is missing is named, too.
inside apt-get remove -y -qq gstreamer1.0-plugins-ugly > /dev/null 2>&1
for command in "$bin/gst-depixelate check" "$bin/depixelate /root/demo.mp4 /root/none.mp4"; do
    # shellcheck disable=SC2086
    said=$(refused $command)
    [[ $said == *gstreamer1.0-plugins-ugly* ]] || fail "'$command' does not name gstreamer1.0-plugins-ugly: $said"
done
inside apt-get install -y -qq gstreamer1.0-plugins-ugly gstreamer1.0-tools > /dev/null 2>&1

presets=GST_PRESET_PATH=$(inside $bin/gst-depixelate preset-path)
plays env "$presets" "GST_PLUGIN_PATH=$(inside $bin/gst-depixelate plugin-path)"
refused gst-inspect-1.0 facedepixelate > /dev/null
inside $bin/gst-depixelate link > /dev/null
plays env "$presets"
inside gst-inspect-1.0 facedepixelate > /dev/null
pip install --quiet --force-reinstall --no-deps "$wheel"
plays env "$presets"
say "$suite: installed again"

inside $bin/gst-depixelate unlink
refused $bin/gst-depixelate unlink > /dev/null
pip uninstall --quiet --yes gst-depixelate onnxruntime
rm -rf "$root"/root/{inspected,played,.cache}
nothing_left
