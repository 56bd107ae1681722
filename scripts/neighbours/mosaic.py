"""Mosaics as pairs of matrices: a lattice of whole pixels is the same along each axis, so its means, its blocks and
the smooth surface through them are `rows @ picture @ columns`."""

import copy
import math

import torch

CELLS = 20  # most blocks along an axis


class Axis:
    """Lattices along one axis, one of each picture: where the first block starts, how wide blocks are, how many."""

    def __init__(self, start, block, count, length):
        place = torch.arange(length) + 0.5 - start[:, None]  # pixels from the lattice's edge to each pixel's middle
        index = torch.floor(place / block[:, None])
        inside = (index >= 0) & (index < count[:, None])
        cells = torch.arange(CELLS)
        #: [pictures, length, CELLS]: 1 where a pixel lies in a block.
        self.spread = ((index[..., None] == cells) & inside[..., None]).float()
        seen = self.spread.sum(1).clamp(min=1)
        #: [pictures, CELLS, length]: means of the blocks' pixels.
        self.gather = self.spread.transpose(1, 2) / seen[..., None]
        self.inside = inside.float()
        self.place = (2 * (place / block[:, None] - index) - 1) * self.inside
        # A block that sticks out of the picture is not seen: its neighbour stands for it.
        visible = self.spread.sum(1) > 0
        first = torch.argmax(visible.float(), 1)
        last = first + visible.sum(1) - 1
        self.cubic = cubic(place / block[:, None] - 0.5, first, last) * self.inside[..., None]


def cubic(at, first, last):
    """Weights [pictures, length, CELLS] of Catmull-Rom interpolation at `at`, in blocks; taps stop at the ends."""
    at = torch.maximum(torch.minimum(at, last[:, None].float()), first[:, None].float())
    base = torch.floor(at)
    t = at - base
    taps = [
        ((-t + 2) * t - 1) * t / 2,
        ((3 * t - 5) * t * t + 2) / 2,
        ((-3 * t + 4) * t + 1) * t / 2,
        (t - 1) * t * t / 2,
    ]
    weights = torch.zeros(*at.shape, CELLS)
    for offset, weight in enumerate(taps, -1):
        cell = (base + offset).long()
        cell = torch.maximum(torch.minimum(cell, last[:, None]), first[:, None])
        weights.scatter_add_(2, cell[..., None], weight[..., None])
    return weights


class Lattice:
    """Lattices of pictures of `size` × `size`: start [pictures, 2] (x, y), block [pictures], count [pictures, 2]."""

    def __init__(self, start, block, count, size):
        self.x = Axis(start[:, 0], block, count[:, 0], size)
        self.y = Axis(start[:, 1], block, count[:, 1], size)
        self.block = block
        #: [pictures, 1, size, size]: 1 inside the mosaic.
        self.mask = (self.y.inside[:, :, None] * self.x.inside[:, None, :])[:, None]

    def of(self, rows):
        """The lattices of some of the pictures."""
        part = copy.copy(self)
        for name in ("x", "y"):
            axis = copy.copy(getattr(self, name))
            axis.__dict__ = {key: value[rows] for key, value in axis.__dict__.items()}
            setattr(part, name, axis)
        part.block, part.mask = self.block[rows], self.mask[rows]
        return part

    def means(self, pictures):
        return self.y.gather[:, None] @ pictures @ self.x.gather[:, None].transpose(2, 3)

    def blocks(self, means):
        return self.y.spread[:, None] @ means @ self.x.spread[:, None].transpose(2, 3)

    def bicubic(self, means):
        return self.y.cubic[:, None] @ means @ self.x.cubic[:, None].transpose(2, 3)

    def pixelate(self, pictures):
        return pictures + self.mask * (self.blocks(self.means(pictures)) - pictures)

    def surface(self, means, rounds=2):
        """A smooth picture whose blocks have the means, nearly."""
        surface = self.bicubic(means)
        for _ in range(rounds):
            surface = surface + self.bicubic(means - self.means(surface))
        return surface

    def places(self):
        """Planes [pictures, 3, size, size]: place in the block along x and y, block side; 0 outside."""
        x = self.x.place[:, None, None, :] * self.mask
        y = self.y.place[:, None, :, None] * self.mask
        # A crop of 64 px stands for one of 128 px.
        side = (torch.log2(2 * self.block) / 4)[:, None, None, None] * self.mask
        return torch.cat([x, y, side], 1)


def dct(size):
    """The orthonormal DCT of every 8 pixels, as a matrix."""
    k = torch.arange(8.0)
    one = torch.cos(math.pi * (k + 0.5) * k[:, None] / 8) * 0.5
    one[0] /= math.sqrt(2)
    return torch.block_diag(*[one] * (size // 8))


YCC = torch.tensor([[0.299, 0.587, 0.114], [-0.169, -0.331, 0.5], [0.5, -0.419, -0.081]])


def compress(pictures, qp):
    """What quantising 8×8 DCT coefficients with H.264's step for `qp` leaves of pictures (0 … 255)."""
    d = dct(pictures.shape[-1])
    step = (2 ** ((qp - 4) / 6))[:, None, None, None]
    ycc = torch.einsum("ij,bjyx->biyx", YCC, pictures)
    terms = d @ ycc @ d.T / step
    # A third of a step for rounding, as encoders do between frames and within them.
    terms = torch.sign(terms) * torch.floor(terms.abs() + 1 / 3) * step
    back = torch.einsum("ij,bjyx->biyx", torch.linalg.inv(YCC), d.T @ terms @ d)
    return back.round().clamp(0, 255)
