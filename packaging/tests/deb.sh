#!/bin/bash
# Install the Debian package in a clean root, restore a clip, install it again, upgrade and remove it.
#
# usage: deb.sh SUITE PACKAGE, such as deb.sh bookworm target/debian/gst-plugin-depixelate_0.1.0-1_amd64.deb
. "$(dirname "$0")/root.sh"
. "$(dirname "$0")/check.sh"
suite=${1:?usage: deb.sh SUITE PACKAGE}
package=${2:?usage: deb.sh SUITE PACKAGE}
name=gst-plugin-depixelate
# Most seconds from the package at hand to a restored clip, without downloads. Beside other work that is no time that a
# clock could tell: what is held to it is the time that processors spend.
limit=60

install_and_restore() {
    inside apt-get install -y -qq /root/ours.deb > /dev/null 2>&1
    restores depixelate out.mp4
}

# The same package with a higher version, for an upgrade.
newer() {
    local folder
    folder=$(mktemp -d)
    dpkg-deb -R "$package" "$folder"
    sed -i 's/^Version: .*/&+next/' "$folder/DEBIAN/control"
    dpkg-deb --root-owner-group -Znone -b "$folder" "$root/root/newer.deb" > /dev/null
    rm -rf "$folder"
}

new_root "$suite"
give_clip
cp "$package" "$root/root/ours.deb"
inside apt-get install -y -qq --download-only /root/ours.deb > /dev/null
exec 3>&1
TIMEFORMAT='%0R %0U %0S'
took=$({ time install_and_restore >&3; } 2>&1) || fail "$suite: $took"
read -r wall user system <<< "$took"
computed=$((user + system))
say "$suite: installed and restored in $wall s; processors spent $computed s"
[ "$computed" -le "$limit" ] || fail "$suite: installing and restoring took $computed s of computing, more than $limit"

plays
[ -s "$root/usr/include/depixelate.h" ] || fail "the package has no header"
for file in man/man1/depixelate.1.gz bash-completion/completions/depixelate zsh/vendor-completions/_depixelate \
    fish/vendor_completions.d/depixelate.fish gstreamer-1.0/presets/GstFaceDepixelate.prs \
    doc/$name/copyright doc/$name/notices.txt doc/$name/onnxruntime/LICENSE doc/$name/onnxruntime/ThirdPartyNotices.txt; do
    [ -s "$root/usr/share/$file" ] || fail "the package has no /usr/share/$file"
done

inside apt-get install -y -qq --reinstall /root/ours.deb > /dev/null 2>&1
newer
inside apt-get install -y -qq /root/newer.deb > /dev/null 2>&1
[[ $(inside dpkg-query -W -f '${Version}' $name) == *+next ]] || fail "the package was not upgraded"
restores depixelate again.mp4
plays
say "$suite: installed again and upgraded"

inside apt-get purge -y -qq $name > /dev/null 2>&1
rm -rf "$root"/root/{inspected,played,.cache}
nothing_left
refused gst-inspect-1.0 facedepixelate > /dev/null
