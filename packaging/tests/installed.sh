#!/bin/bash
# Put what `make install` left in a folder into a clean root; restore a clip, link programs in C to the plugin by
# pkg-config, one of which restores a picture by the header; install again above what is there, and take all away.
#
# usage: installed.sh SUITE FOLDER, where FOLDER was DESTDIR
. "$(dirname "$0")/root.sh"
. "$(dirname "$0")/check.sh"
suite=${1:?usage: installed.sh SUITE FOLDER}
folder=${2:?usage: installed.sh SUITE FOLDER}

new_root "$suite"
give_clip
inside apt-get install -y -qq --no-install-recommends gstreamer1.0-tools gstreamer1.0-plugins-base \
    gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav \
    gcc libc6-dev pkg-config libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev > /dev/null 2>&1
tar -C "$folder" -cf - . | tar -C "$root" -xf - --no-same-owner --keep-directory-symlink

restores depixelate out.mp4
plays
cp "$here/register.c" "$here/../../examples/restore_picture.c" "$here/../../examples/ppm.h" "$root/root"
inside sh -ec 'cd /root
    folder=$(pkg-config --variable=libdir gstdepixelate)/gstreamer-1.0
    test -e $folder/libgstdepixelate.so
    cc -Wall -Werror register.c -o register $(pkg-config --cflags --libs gstdepixelate gstreamer-1.0) -Wl,-rpath,$folder
    ./register
    cc -Wall -Werror restore_picture.c -o restore_picture $(pkg-config --cflags --libs gstdepixelate) -Wl,-rpath,$folder
    gst-launch-1.0 -q filesrc location=demo.mp4 ! decodebin ! videoconvert ! pnmenc ! multifilesink location=picture.ppm
    ./restore_picture picture.ppm restored.ppm'
say "$suite: pkg-config knows gstdepixelate $(inside pkg-config --modversion gstdepixelate), and a program in C linked to it"

"$here/../install.sh" add "$root" /usr /usr/lib/x86_64-linux-gnu
plays
"$here/../install.sh" remove "$root" /usr /usr/lib/x86_64-linux-gnu
rm -rf "$root"/root/{inspected,played,.cache,register*,*picture*,restored.ppm,ppm.h}
nothing_left
