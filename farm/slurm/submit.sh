#!/bin/sh
# One film on a Slurm cluster: a job that plans, an array that makes segments, a job that joins, each after the one before.
#
# usage: submit.sh [--tasks NUMBER] [--sbatch OPTION]… INPUT OUTPUT [OPTIONS of depixelate]
#
#   --tasks NUMBER   into how many tasks of about the same work the film is shared out (16)
#   --sbatch OPTION  a further option for every sbatch, such as --sbatch --partition=post, --sbatch --gpus-per-task=1
#
# Input and output lie on a disk that all nodes have under the same path. DEPIXELATE names the program (depixelate).
# Prints the number of the job that joins.
set -eu

usage() {
    sed -n '/^# usage/,/^# Prints/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

program=${DEPIXELATE:-depixelate}
tasks=16
common="--parsable --requeue"
while [ $# -gt 0 ]; do
    case $1 in
        --tasks) tasks=${2:?}; shift 2 ;;
        --sbatch) common="$common ${2:?}"; shift 2 ;;
        -*) usage ;;
        *) break ;;
    esac
done
[ $# -ge 2 ] || usage
output=$2
name=$(basename -- "$output")

# A line for the shell of a node; each word is quoted.
line() {
    for word; do
        printf "'%s' " "$(printf %s "$word" | sed "s/'/'\\\\''/g")"
    done
}

# shellcheck disable=SC2086 # options of sbatch, a word each
submit() {
    sbatch $common "$@"
}

plan=$(submit --job-name "plan $name" --wrap "$(line "$program" plan --tasks "$tasks" "$@")")
segments=$(submit --job-name "restore $name" --dependency "afterok:$plan" --kill-on-invalid-dep=yes \
    --array "1-$tasks" --wrap "$(line "$program" segment "$output" --task)\"\$SLURM_ARRAY_TASK_ID\"")
submit --job-name "join $name" --dependency "afterok:$segments" --kill-on-invalid-dep=yes \
    --wrap "$(line "$program" join "$output")"
