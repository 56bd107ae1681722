#!/usr/bin/env python3
"""Feature networks as the trainer reads them, out of files of PyTorch's, without PyTorch.

    scripts/features.py vgg19-….pth vgg19.safetensors

makes the file that --features names of torchvision's VGG16 or VGG19. EfficientNet-lite0 comes by `setup.py features`.

A file of PyTorch's is a row of pickles (a number to know it by, a version, facts about the machine, the tensors, the
order of their memory) and that memory, or an archive of the tensors' pickle and a file for each piece of memory. A pickle
can call anything that it names. This one comes from outside, so that it may name nothing but what a dictionary of tensors
is made of.
"""

import hashlib
import json
import math
import pickle
import struct
import sys
import zipfile
from array import array
from collections import OrderedDict
from pathlib import Path

MAGIC = 0x1950A86A20F9469CFC6C
# What is divided by in a batch norm is this much above the variance; TensorFlow's value for these networks.
EPSILON = 1e-3
# How many blocks each stage has.
BLOCKS = (1, 2, 2, 3, 3, 4, 1)
# Of the file that `convert` writes. All is calculated in the same order and rounded once, so that no machine differs.
SHA256 = "bc4312b2656b5a16daf68789a034c59a8c1fe72065dfc0cb9d89bb0a2e02c20c"


def tensor(storage, offset, shape, strides, *_):
    """Where a tensor's values are. The memory itself may be empty yet: it stands behind the pickles."""
    return storage, offset, shape, strides


def values(storage, offset, shape, strides):
    """A tensor's values, the last index the fastest. TensorFlow's weights lie in another order."""
    length = math.prod(shape)
    if tuple(strides) == tuple(math.prod(shape[place + 1:]) for place in range(len(shape))):
        return storage[offset:offset + length]
    places = [offset]
    for size, stride in zip(shape, strides):
        places = [place + index * stride for place in places for index in range(size)]
    return array(storage.typecode, [storage[place] for place in places])


class Unpickler(pickle.Unpickler):
    """Reads dictionaries of tensors; `storages` has their memory by its key."""

    ALLOWED = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): tensor,
        ("torch", "FloatStorage"): "f",
        ("torch", "LongStorage"): "q",
    }

    def __init__(self, file):
        super().__init__(file)
        self.storages = {}

    def find_class(self, module, name):
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a dictionary of tensors")
        return self.ALLOWED[module, name]

    def persistent_load(self, identity):
        _, type_code, key, *_ = identity
        return self.storages.setdefault(key, array(type_code))


def read(path):
    """The tensors of PyTorch's file, by name: values and shape."""
    tensors = read_archive(path) if zipfile.is_zipfile(path) else read_row(path)
    return {name: (values(*where), where[2]) for name, where in tensors.items()}


def read_archive(path):
    """The tensors of a file of PyTorch's present format, by name, and where their values are."""
    with zipfile.ZipFile(path) as archive:
        (pickled,) = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        with archive.open(pickled) as file:
            unpickler = Unpickler(file)
            tensors = unpickler.load()
        for key, storage in unpickler.storages.items():
            storage.frombytes(archive.read(f"{pickled.removesuffix('.pkl')}/{key}"))
    return tensors


def read_row(path):
    """The same of the old format."""
    with path.open("rb") as file:
        if Unpickler(file).load() != MAGIC:
            raise pickle.UnpicklingError(f"{path.name} is no file of PyTorch's old format")
        version_and_machine = 2
        for _ in range(version_and_machine):
            Unpickler(file).load()
        unpickler = Unpickler(file)
        tensors = unpickler.load()
        for key in Unpickler(file).load():
            storage = unpickler.storages[key]
            (length,) = struct.unpack("<q", file.read(8))
            storage.frombytes(file.read(length * storage.itemsize))
    return tensors


def layers():
    """The convolutions but the last, which is the classifier's: the trainer's name, PyTorch's, its batch norm's."""
    yield "stem", "_conv_stem", "_bn0"
    places = [f"stage{stage}.{index}" for stage, count in enumerate(BLOCKS) for index in range(count)]
    for number, place in enumerate(places):
        block = f"_blocks.{number}"
        if number > 0:
            yield f"{place}.expand", f"{block}._expand_conv", f"{block}._bn0"
        yield f"{place}.depthwise", f"{block}._depthwise_conv", f"{block}._bn1"
        yield f"{place}.project", f"{block}._project_conv", f"{block}._bn2"


def folded(tensors, convolution, norm):
    """Weight, its shape, and bias of a convolution that does its batch norm's work as well."""
    weight, shape = tensors[f"{convolution}.weight"]
    gamma, beta, mean, variance = (
        tensors[f"{norm}.{name}"][0] for name in ("weight", "bias", "running_mean", "running_var")
    )
    scales = [g / math.sqrt(v + EPSILON) for g, v in zip(gamma, variance)]
    size = len(weight) // shape[0]
    scaled = array("f", [w * scales[index // size] for index, w in enumerate(weight)])
    return scaled, shape, array("f", [b - m * s for b, m, s in zip(beta, mean, scales)])


def convert(source, target):
    """Write the network in `source`, a file of PyTorch's, to `target`, a safetensors file."""
    tensors = read(source)
    arrays = {}
    for name, convolution, norm in layers():
        weight, shape, bias = folded(tensors, convolution, norm)
        arrays[f"{name}.weight"] = weight, shape
        arrays[f"{name}.bias"] = bias, shape[:1]
    content = safetensors(arrays)
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ValueError(f"{source.name} made other numbers than expected")
    target.write_bytes(content)


def safetensors(arrays):
    """The bytes of a safetensors file of these arrays with their shapes, by name."""
    header, data, end = {}, [], 0
    for name, (numbers, shape) in sorted(arrays.items()):
        data.append(numbers.tobytes())
        start, end = end, end + len(data[-1])
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(data)


def vgg(source, target):
    """Write the convolutions of torchvision's VGG16 or VGG19 in `source` to `target`, a safetensors file."""
    arrays = {name: it for name, it in read(source).items() if name.startswith("features.")}
    kernels = [shape for name, (numbers, shape) in arrays.items() if name.endswith(".weight") and numbers.typecode == "f"]
    if len(kernels) not in (13, 16) or any(len(shape) != 4 or shape[2:] != (3, 3) for shape in kernels):
        raise ValueError(f"{source.name} holds no VGG16 or VGG19 of torchvision's without batch norm: "
                         f"{len(kernels)} kernels of 3 × 3 where there should be 13 or 16")
    part = target.with_suffix(".partial")
    part.write_bytes(safetensors(arrays))
    part.replace(target)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: features.py VGG.pth OUT.safetensors")
    source, target = map(Path, sys.argv[1:])
    if target.exists():
        sys.exit(f"features.py: {target} is there already")
    try:
        vgg(source, target)
    except (OSError, ValueError, pickle.UnpicklingError, EOFError, zipfile.BadZipFile) as error:
        sys.exit(f"features.py: {source}: {error}")


if __name__ == "__main__":
    main()
