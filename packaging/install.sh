#!/bin/sh
# Install what lies in target/release below a prefix, or take it away again: the program, its pages, the presets, and
# ONNX Runtime in a folder of its own. The plugin itself is cargo-c's, which leaves a file for pkg-config, too.
#
# usage: install.sh add|remove DESTDIR PREFIX LIBDIR
set -eu
what=$1
prefix=$2$3
lib=$2$4
cd "$(dirname "$0")/.."
name=gst-plugin-depixelate
doc=$prefix/share/doc/$name
pages=target/packages/pages

add() {
    # Under another name first: a program that runs keeps its file, and there is a whole one at any time.
    install -D -m "$1" "$2" "$3.part"
    mv -f "$3.part" "$3"
}

remove() {
    rm -f "$3"
}

"$what" 755 target/release/depixelate "$prefix/bin/depixelate"
"$what" 644 .deps/onnxruntime/lib/libonnxruntime.so "$lib/$name/libonnxruntime.so"
"$what" 644 .deps/onnxruntime/LICENSE "$doc/onnxruntime/LICENSE"
"$what" 644 .deps/onnxruntime/ThirdPartyNotices.txt "$doc/onnxruntime/ThirdPartyNotices.txt"
"$what" 644 LICENSE "$doc/LICENSE"
"$what" 644 target/packages/notices.txt "$doc/notices.txt"
"$what" 644 presets/GstFaceDepixelate.prs "$prefix/share/gstreamer-1.0/presets/GstFaceDepixelate.prs"
for page in man/man1/depixelate.1 bash-completion/completions/depixelate zsh/vendor-completions/_depixelate \
    fish/vendor_completions.d/depixelate.fish; do
    "$what" 644 $pages/$page "$prefix/share/$page"
done
if [ "$what" = remove ]; then
    rm -f "$lib/gstreamer-1.0/libgstdepixelate.so" "$lib/gstreamer-1.0/libgstdepixelate.a" "$lib/pkgconfig/gstdepixelate.pc" \
        "$prefix/include/depixelate.h"
    rmdir "$doc/onnxruntime" "$doc" "$lib/$name" 2> /dev/null || true
fi
