#!/bin/sh
# Train the small recipe of every system, one after the other, draw their curves, and compare the restorers on the same
# faces. What was stopped goes on where it was; what is finished is left alone.
#
# usage: systems.sh TRAINER FACES OUT
set -eu
trainer=$1
faces=$2
out=$3

# Networks as small as these take half the time when their threads need not wait for each other.
export OMP_NUM_THREADS=1

train() {
    system=$1
    name=$2
    shift 2
    run="$out/$name"
    "$trainer" "$system" --recipe "recipes/$name-small.toml" --faces "$faces" --out "$run" "$@"
    "$trainer" report --run "$run" --curves "$run/curves.svg"
}

for system in pix2pix pixelcyclegan scgan srgan esrgan realesrgan dcgan stylegan2; do
    train "$system" "$system"
done
train stylegan2 gpen-prior
train gpen gpen --start-from "$out/gpen-prior/stylegan2.safetensors"

for generator in dcgan stylegan2; do
    "$trainer" sample --model "$out/$generator/$generator.onnx" --out "$out/$generator/grid.png"
done

set --
for system in pix2pix pixelcyclegan scgan srgan esrgan realesrgan gpen; do
    set -- "$@" --model "$out/$system/$system.onnx"
done
"$trainer" experiment tile-size --faces "$faces" --held-out --limit 24 --out "$out/comparison" --model models/default.onnx "$@"
