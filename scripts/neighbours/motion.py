"""Motion between frames: estimated from what a restorer sees, or true."""

import torch
import torch.nn.functional as F

from clips import CROP, grid, sample

REACH = 16  # pixels; faster is not looked for
LUMA = torch.tensor([0.299, 0.587, 0.114])


def phase_correlation(first, second, block):
    """Shift [n, 2] in pixels from `first` to `second` [n, 3, 64, 64], smooth surfaces of mosaics with `block` [n]."""
    window = torch.hann_window(CROP, periodic=False)
    window = window[:, None] * window
    spectra = []
    for pictures in (first, second):
        grey = torch.einsum("c,ncyx->nyx", LUMA, pictures)
        mean = (grey * window).sum((1, 2), keepdim=True) / window.sum()
        spectra.append(torch.fft.rfft2((grey - mean) * window))
    cross = spectra[1] * spectra[0].conj()
    fy, fx = torch.fft.fftfreq(CROP), torch.fft.rfftfreq(CROP)
    # Blocks say nothing of frequencies above half a turn each.
    reach = 0.35 / block[:, None, None]
    low = torch.exp(-(fx**2 + fy[:, None] ** 2) / (2 * reach**2))
    surface = torch.fft.irfft2(cross / cross.abs().clamp(min=1e-6) ** 0.8 * low, s=(CROP, CROP))
    surface = torch.fft.fftshift(surface, dim=(1, 2))
    middle = CROP // 2
    near = surface[:, middle - REACH : middle + REACH + 1, middle - REACH : middle + REACH + 1]
    peak = near.flatten(1).argmax(1)
    y, x = peak // (2 * REACH + 1) + middle - REACH, peak % (2 * REACH + 1) + middle - REACH
    n = torch.arange(len(first))
    parts = []
    for dy, dx, at in ((0, 1, x), (1, 0, y)):
        before, here, after = (surface[n, y + k * dy, x + k * dx] for k in (-1, 0, 1))
        bend = (before - 2 * here + after).clamp(max=-1e-9)
        parts.append(at - middle + (0.5 * (before - after) / bend).clamp(-0.5, 0.5))
    return torch.stack(parts, 1)


def shifted(clips, frame, other):
    """Points of `other` [n, 64, 64, 2] for the crop of `frame`: one shift, by phase correlation of the surfaces."""
    first, second = clips.cut(clips.surface, frame), clips.cut(clips.surface, other, frame)
    shift = phase_correlation(first, second, clips.block[:, 0])
    return points_of(clips, frame) + shift[:, None, None]


def blurred(pictures, sigma):
    """`pictures` [n, c, h, w] blurred by Gaussians of `sigma` [n] pixels."""
    n, c, height, width = pictures.shape
    taps = torch.exp(-(torch.arange(-9, 10.0) ** 2) / (2 * sigma[:, None] ** 2))
    taps = (taps / taps.sum(1, keepdim=True)).repeat_interleave(c, 0)
    flat = F.pad(pictures.reshape(1, n * c, height, width), (9, 9, 9, 9), mode="replicate")
    flat = F.conv2d(flat, taps[:, None, None, :], groups=n * c)
    return F.conv2d(flat, taps[:, None, :, None], groups=n * c).reshape(pictures.shape)


def registered(clips, frame, other, terms=4, rounds=5, prior=0.05):
    """As `shifted`, a shift, turn and zoom (4 terms) or a shift (2) that least squares of blurred surfaces find.

    After Lucas and Kanade, 1981. Only the insides of both mosaics count. `prior` draws the motion to none, as a share
    of what the pictures say."""
    if not hasattr(clips, "blurred"):
        mask = clips.mask.flatten(0, 1)
        sigma = (0.3 * clips.lattice.block).clamp(min=0.5)
        known = blurred(mask, sigma)
        surface = blurred(clips.surface.flatten(0, 1) * mask, sigma) / known.clamp(min=1e-3)
        inner = (2 * blurred(mask, 0.5 * clips.lattice.block) - 1).clamp(min=0) * mask
        clips.blurred = torch.cat([surface, inner], 1).unflatten(0, (clips.clips, clips.frames))
    first, second = clips.blurred[:, frame], clips.blurred[:, other]
    points = points_of(clips, frame)
    few = points[:, ::2, ::2]
    middle = few.mean((1, 2), keepdim=True)

    def basis(points):
        x, y = ((points - middle) / 24).unbind(3)
        one, zero = torch.ones_like(x), torch.zeros_like(x)
        return torch.stack([torch.stack(v, 3) for v in ((one, zero), (zero, one), (x, y), (-y, x))[:terms]], 1)

    bend = basis(few)
    at = lambda shift: sample(first, few + torch.tensor(shift))
    target = at((0.0, 0.0))
    slopes = torch.stack([at((0.5, 0.0)) - at((-0.5, 0.0)), at((0.0, 0.5)) - at((0.0, -0.5))], 4)[:, :3]
    jacobian = torch.einsum("nkyxd,ncyxd->nkcyx", bend, slopes).flatten(2)
    found = torch.zeros(len(first), terms)
    for _ in range(rounds):
        seen = sample(second, few + torch.einsum("nk,nkyxd->nyxd", found, bend))
        weight = target[:, 3:] * seen[:, 3:]
        error = target[:, :3] - seen[:, :3]
        # Brightness may drift.
        error = error - (error * weight).sum((2, 3), True) / weight.sum((2, 3), True).clamp(min=1)
        weighted = jacobian * weight.expand(-1, 3, -1, -1).flatten(1)[:, None]
        normal = weighted @ jacobian.transpose(1, 2)
        stay = prior * normal.diagonal(dim1=1, dim2=2).mean(1) + 1e-3
        goal = (weighted @ error.flatten(1)[..., None])[..., 0] - stay[:, None] * found
        found = found + torch.linalg.solve(normal + stay[:, None, None] * torch.eye(terms), goal).clamp(-3, 3)
    return points + torch.einsum("nk,nkyxd->nyxd", found, basis(points))


def true(clips, frame, other):
    return clips.motion.partner(points_of(clips, frame), frame, other)


def none(clips, frame, other):
    return points_of(clips, frame)


ALIGN = {
    "none": none,
    "phase": shifted,
    "translated": lambda *which: registered(*which, terms=2),
    "registered": registered,
    "true": true,
}


def aligned(clips, frame, other, align):
    """Points of `other` for the crop of `frame`; found once."""
    found = clips.__dict__.setdefault("found", {})
    which = frame, other, align
    if which not in found:
        found[which] = ALIGN[align](clips, frame, other)
    return found[which]


def points_of(clips, frame):
    """Where the pixels of the crop of `frame` lie on the canvas."""
    return grid(CROP) + clips.square[:, frame, None, None].float()


def neighbour(clips, frame, other, align):
    """The planes [n, 7, 64, 64] that tell of `other`, for the crop of `frame`."""
    if align == "none":
        return clips.cut(clips.neighbour, other, frame)
    return sample(clips.neighbour[:, other], aligned(clips, frame, other, align))
