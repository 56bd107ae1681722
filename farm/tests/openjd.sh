#!/bin/bash
# Open Job Description, run by its own command line. usage: PROGRAM=depixelate openjd.sh
# shellcheck source=farm/tests/common.sh
. "$(dirname "$0")/common.sh"
template=$(cd "$(dirname "$0")/.." && pwd)/depixelate.openjd.yaml
need python3-venv
prepare
say "installing the Python package openjd-cli into $WORK/venv"
python3 -m venv "$WORK/venv"
"$WORK/venv/bin/pip" -q install openjd-cli
openjd="$WORK/venv/bin/openjd"
"$openjd" check "$template"
step() {
    "$openjd" run "$template" --step "$1" -p Input="$WORK/in.mkv" -p Output="$WORK/out.mp4" -p Tasks=5 \
        -p Depixelate="$PROGRAM" -p Options="$options --quiet" "${@:2}" >"$WORK/$1.log" 2>&1 \
        || { cat "$WORK/$1.log"; fail "step $1"; }
}
say "the steps one by one, the last tasks first, one of them twice"
step Plan
for tasks in 4-5 1-3 2-2; do
    step Restore -tp Task="$tasks"
done
step Join
same "$WORK/out.mp4"
step Verify
say "all of it at once"
rm -r "$WORK"/out.mp4*
step Verify --run-dependencies
same "$WORK/out.mp4"
rm -r "$WORK"
