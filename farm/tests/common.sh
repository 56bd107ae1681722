# What the tests of the farm share: a film with a mosaic, the same film made on one machine, and the sum of all frames.
# To be sourced by bash. PROGRAM names depixelate; WORK is a folder for all that is made.
set -eu

: "${PROGRAM:?names depixelate}"
PROGRAM=$(realpath "$PROGRAM")
# facepixelate, which makes the film, lies beside it.
export GST_PLUGIN_PATH="${GST_PLUGIN_PATH-$(dirname "$PROGRAM")}"
WORK=$(mktemp -d)
export WORK
say() { echo "== $*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }

# Install the Debian packages that are missing.
need() {
    missing=
    for package; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
    done
    [ -z "$missing" ] && return
    say "installing Debian packages:$missing"
    # shellcheck disable=SC2086 # a word each
    DEBIAN_FRONTEND=noninteractive ${SUDO-} apt-get install -y -qq $missing >/dev/null
}

# Forty seconds with a mosaic, sound, and a key frame in each second second.
film() {
    gst-launch-1.0 -q videotestsrc pattern=zone-plate kx2=20 ky2=20 kt=2 num-buffers=1000 \
        ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 \
        ! facepixelate block-size=12 regions="<<96,60,120,120>>" \
        ! x264enc key-int-max=50 bframes=2 pass=qual quantizer=18 ! h264parse ! queue \
        ! matroskamux name=mux ! filesink location="$1" \
        audiotestsrc num-buffers=1875 ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! aacparse ! queue ! mux.
}

# The sum of all decoded frames.
frames() {
    gst-launch-1.0 -q filesrc location="$1" ! decodebin ! video/x-raw ! videoconvert ! video/x-raw,format=I420 \
        ! filesink location=/dev/stdout | sha256sum | cut -d' ' -f1
}

# The film on one machine, to compare with.
options="--part-length 2 --preset ultrafast --face-threshold 0"
# shellcheck disable=SC2086 # a word each
prepare() {
    say "a film of forty seconds, and what one machine makes of it"
    film "$WORK/in.mkv"
    (cd "$WORK" && "$PROGRAM" --quiet in.mkv whole.mp4 $options)
    whole=$(frames "$WORK/whole.mp4")
    [ "$whole" != "$(frames "$WORK/in.mkv")" ] || fail "nothing was restored"
}

same() {
    [ "$(frames "$1")" = "$whole" ] || fail "$1 is not what one machine made"
    [ "$(ls "$1.depixelate")" = joined.json ] || fail "segments are left"
    say "$1: the same frames as on one machine"
}
