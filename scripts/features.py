"""EfficientNet-lite0 as the trainer reads it, out of a file of PyTorch's, without PyTorch.

Such a file is a row of pickles (a number to know it by, a version, facts about the machine, the tensors, the order of
their memory) and that memory. A pickle can call anything that it names. This one comes from outside, so that it may name
nothing but what a dictionary of tensors is made of.
"""

import hashlib
import json
import math
import pickle
import struct
from array import array
from collections import OrderedDict

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
    return {name: (values(*where), where[2]) for name, where in tensors.items()}


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
    header, data = {}, b""
    for name, (values, shape) in sorted(arrays.items()):
        start = len(data)
        data += values.tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, len(data)]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    content = struct.pack("<Q", len(text)) + text + data
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ValueError(f"{source.name} made other numbers than expected")
    target.write_bytes(content)
