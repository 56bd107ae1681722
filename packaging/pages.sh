#!/bin/sh
# Write the manual page and the shells' completions of the program, laid out as below /usr/share.
#
# usage: pages.sh PROGRAM FOLDER
set -eu
program=$1
folder=$2

# A file under this name in the folder, with what the program says when it is called so.
write() {
    name=$1
    shift
    mkdir -p "$folder/$(dirname "$name")"
    "$program" "$@" > "$folder/$name.part"
    mv "$folder/$name.part" "$folder/$name"
}

write man/man1/depixelate.1 --man
write bash-completion/completions/depixelate --completions bash
write zsh/vendor-completions/_depixelate --completions zsh
write fish/vendor_completions.d/depixelate.fish --completions fish
