# Clean Debian roots to test packages in. For bash, by `. root.sh`; the script that does so starts again with mounts of
# its own, and the root goes away with it, however it ends.
#
# Needs root's rights and debootstrap, which is installed where it is missing. The files of a suite are kept as an
# archive in $ROOTS, and so are the packages that were downloaded.
set -euo pipefail

# Mounts below are seen by this process alone, and end with it.
if [ -z "${OWN_MOUNTS:-}" ]; then
    [ "$(id -u)" = 0 ] || { echo "$0: roots can be made by root alone; run it with sudo" >&2; exit 1; }
    OWN_MOUNTS=1 exec unshare --mount "$0" "$@"
fi

ROOTS=${ROOTS:-/var/tmp/roots}
root=

say() {
    echo "$(basename "$0" .sh): $*"
}

fail() {
    echo "$(basename "$0" .sh): $*" >&2
    exit 1
}

# Where this machine's Debian packages come from; set MIRROR where there are none.
mirror() {
    local found
    found=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Label: Debian' | head -1)}
    [ -n "$found" ] || fail "apt-get knows no mirror of Debian; name one in MIRROR"
    echo "$found"
}

need() {
    command -v "$1" > /dev/null && return
    say "installing the Debian package $2"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" > /dev/null
}

# The archive of a suite, complete or not at all. Who takes it waits for others who do.
base() {
    local suite=$1 archive=$ROOTS/$1.tar new
    mkdir -p "$ROOTS/$suite-packages/partial"
    # What lies there is run as root.
    [ -z "$(find "$ROOTS" -maxdepth 1 \( -not -user root -o -perm /022 -not -type l \) -print -quit)" ] ||
        fail "others than root may write to $ROOTS; remove it, or name another folder in ROOTS"
    exec 9> "$ROOTS/$suite.lock"
    flock -n 9 || { say "waiting for another test in $suite"; flock 9; }
    [ -e "$archive" ] && return
    need debootstrap debootstrap
    new=$(mktemp -d "$ROOTS/$suite.XXXXXX")
    say "fetching Debian's $suite (once)"
    debootstrap --variant=minbase "$suite" "$new" "$(mirror)" > "$new.log" 2>&1 ||
        { tail -5 "$new.log" >&2; rm -rf --one-file-system "$new"; fail "debootstrap could not make $suite; all it said is in $new.log"; }
    rm -rf "$new"/var/cache/apt/archives/*.deb "$new.log"
    tar -C "$new" -cf "$archive.part" . && mv "$archive.part" "$archive"
    rm -rf --one-file-system "$new"
}

# Make `root`, a clean Debian of this suite that knows where its packages are.
new_root() {
    local suite=$1
    base "$suite"
    root=$(mktemp -d "$ROOTS/$suite.XXXXXX")
    trap end_root EXIT
    tar -C "$root" -xpf "$ROOTS/$suite.tar"
    # apt fetches as a user of its own.
    chmod 755 "$root"
    mkdir -p "$root/var/cache/apt/archives"
    mount --bind "$ROOTS/$suite-packages" "$root/var/cache/apt/archives"
    mount -t proc proc "$root/proc"
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    # Who fetches through a proxy with a certificate of its own does so in here, too.
    mkdir -p "$root/etc/ssl/certs"
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/machine.crt" 2> /dev/null || true
    inside apt-get update -qq
}

end_root() {
    umount "$root/var/cache/apt/archives" "$root/proc" 2> /dev/null || true
    # Never through a mount that would not go.
    rm -rf --one-file-system "$root"
}

# Run a command in the root as root, with no variable set that a login would not set.
inside() {
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
}

# Run a command in the root and fail if it succeeds; what it says is printed.
refused() {
    local said
    if said=$(inside "$@" 2>&1); then
        fail "'$*' was expected to fail, and said: $said"
    fi
    echo "$said"
}
