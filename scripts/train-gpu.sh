#!/usr/bin/env bash
# Spend some minutes of a rented NVIDIA GPU on a training of the cascade, or go on with it on a CPU. See --help.
set -euo pipefail

usage() {
    cat <<'END'
usage: train-gpu.sh [--minutes N] [--device cuda:N|cpu] [--python PYTHON] FOLDER [-- OPTION …]

FOLDER is what you carry to the machine:

    depixelate-train, libonnxruntime.so    both as `make trainer` leaves them in target/trainer/release
    faces.tar, faces.txt or faces          the pictures, as --faces of the trainer takes them
    recipe.toml                            files that it names are looked for in FOLDER
    efficientnet-lite0.safetensors         if it is there, --features of the trainer; `make features` fetches it

and FOLDER/run is what you carry back: checkpoints, log, pictures, the report, and model.onnx, the model as it
stands. PYTHON (python3) must have PyTorch 2.11 for CUDA: its libraries are the libtorch that is used. Options
behind -- are handed to `depixelate-train cascade`.

All is checked before the training starts. It stops with a checkpoint after --minutes (12), and on Ctrl-C. The same
command goes on from there, on any machine: one that has no GPU, but the libtorch that the trainer was built with,
takes --device cpu, and --minutes for as long as the rest may last.
END
}

fail() {
    echo "train-gpu: $*" >&2
    exit 1
}

minutes=12
device=cuda:0
python=python3
while [[ ${1-} == --?* ]]; do
    [[ $1 != --help ]] || { usage; exit; }
    [[ $# -ge 2 ]] || fail "$1 needs a value; see --help"
    case $1 in
    --minutes) minutes=$2 ;;
    --device) device=$2 ;;
    --python) python=$2 ;;
    *) fail "unknown option $1; see --help" ;;
    esac
    shift 2
done
[[ $# -ge 1 ]] || { usage >&2; exit 2; }
[[ $device =~ ^(cpu|cuda:[0-9]+)$ ]] || fail "a device is cpu or cuda:N, such as cuda:0"
# A PYTHON with a folder in its name must be found from inside FOLDER too.
[[ $python != */* ]] || python=$(realpath -s "$python")
cd "$1" || fail "there is no folder $1"
shift
[[ $# -eq 0 || $1 == -- ]] || fail "'$1' is one argument too many; options of the trainer stand behind --"
shift $(($# > 0))

trainer=./depixelate-train
[[ -x $trainer ]] || fail "$PWD holds no program depixelate-train"
[[ -f libonnxruntime.so ]] || fail "$PWD holds no libonnxruntime.so, without which no model is exported"
[[ -f recipe.toml ]] || fail "$PWD holds no recipe.toml"
for faces in faces.tar faces.txt faces none; do
    [[ ! -e $faces ]] || break
done
[[ $faces != none ]] || fail "$PWD holds no pictures: neither faces.tar nor faces.txt nor a folder faces"
[[ ! -f efficientnet-lite0.safetensors ]] || set -- --features efficientnet-lite0.safetensors "$@"

if [[ $device == cuda:* ]]; then
    nvidia-smi --query-gpu=index,name,driver_version,memory.total --format=csv,noheader ||
        fail "nvidia-smi finds no GPU"
    # What PyTorch can use, the trainer can: both load the same libraries.
    libraries=$("$python" - "${device#cuda:}" <<'END'
import os, sys
try:
    import torch
except ImportError as error:
    sys.exit(f"{sys.executable}: {error}")
if not torch.__version__.startswith("2.11.0"):
    sys.exit(f"this is PyTorch {torch.__version__}, the trainer needs 2.11.0")
if int(sys.argv[1]) >= torch.cuda.device_count():
    sys.exit(f"PyTorch (CUDA {torch.version.cuda}) can use {torch.cuda.device_count()} GPUs; is the driver too old?")
print(os.path.join(os.path.dirname(torch.__file__), "lib"))
END
    ) || fail "this Python cannot lend its libtorch"
    [[ -f $libraries/libtorch_cuda.so ]] || fail "$libraries has no libtorch_cuda.so"
    export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    precision=mixed
else
    precision=auto
fi
missing=$(ldd "$trainer" | awk '/=> not found/ { print $1 }' | paste -s -d ' ')
[[ -z $missing ]] || fail "the trainer does not find $missing"
export ORT_DYLIB_PATH=$PWD/libonnxruntime.so
"$trainer" cascade --recipe recipe.toml "$@" --print-recipe >/dev/null || fail "the trainer does not take this recipe"

# A rented machine may go away at any time; two minutes at most go with it.
"$trainer" cascade --device "$device" --precision "$precision" --max-minutes "$minutes" --checkpoint-minutes 2 \
    --faces "$faces" --recipe recipe.toml --out run "$@"
"$trainer" report --run run
"$trainer" export --run run --out run/model.onnx
