#!/bin/bash
# GNU parallel: the farm without a farm. usage: PROGRAM=depixelate parallel.sh
# shellcheck source=farm/tests/common.sh
. "$(dirname "$0")/common.sh"
need parallel
prepare
cd "$WORK"
say "two at a time, each task twice, one of them killed"
# shellcheck disable=SC2086 # a word each
"$PROGRAM" plan --tasks 6 in.mkv out.mp4 $options
if timeout -s KILL 1 "$PROGRAM" segment out.mp4 --task 1 2>/dev/null; then fail "it was not killed"; fi
{ seq 6; seq 6; } | parallel --will-cite --jobs 2 "$PROGRAM" segment --quiet out.mp4 --task {}
"$PROGRAM" join out.mp4
same out.mp4
rm -r "$WORK"
