"""How true pictures are, and how steady."""

import torch

import motion
from clips import LATTICES, MOTIONS, Clips, cut, moved, sample
from run import restore

WARM = 4


class Sums:
    """Errors of one way to restore."""

    def __init__(self, targets):
        self.targets = targets
        self.psnr, self.steps, self.along, self.area = [], 0.0, 0.0, 0.0

    def add(self, clips, made):
        """`made`: crops of the span's frames that are measured."""
        square, area, last = 0.0, 0.0, None
        for t, picture in zip(self.targets, made):
            mask = clips.cut(clips.mask, t)
            error = 127.5 * (picture.clamp(-1, 1) - clips.cut(clips.truth, t))
            square = square + (error**2 * mask).sum((1, 2, 3)) / 3
            area = area + mask.sum((1, 2, 3))
            if last is not None:
                before, known = moved(last, clips.square[:, t - 1], clips.square[:, t])
                both = known * mask * cut(clips.mask[:, t - 1], clips.square[:, t])
                self.steps += (((error - before) ** 2) * both).sum().item() / 3
                self.area += both.sum().item()
                points = motion.true(clips, t, t - 1) - clips.square[:, t - 1, None, None]
                self.along += (((error - sample(last, points)) ** 2) * both).sum().item() / 3
            last = error
        self.psnr.append(10 * torch.log10(255**2 * area / square))

    def done(self):
        return torch.cat(self.psnr).mean().item(), (self.steps / self.area) ** 0.5, (self.along / self.area) ** 0.5


def projected(clips, frame, picture):
    """`picture` with the block means that were seen."""
    lattice, rows = clips.lattice, torch.arange(clips.clips) * clips.frames + frame
    canvas = clips.seen[:, frame].clone()
    for row, (x, y) in enumerate(clips.square[:, frame].tolist()):
        canvas[row, :, y : y + 64, x : x + 64] = picture[row]
    part = lattice.of(rows)
    missing = part.means(clips.seen[:, frame]) - part.means(canvas)
    return picture + cut(part.surface(missing), clips.square[:, frame])


def cell(held, variant, network, span, count, seed, lattice, kind):
    """PSNR, flicker and so on for one kind of lattice and of motion."""
    sums = {name: Sums(span.measured) for name in ("bicubic", "made", "projected")}
    g = torch.Generator().manual_seed(seed)
    chosen = torch.linspace(0, len(held) - 1, count).long()
    for choose in chosen.split(6):
        # 6 px of this crop are 12 of the product's.
        block = 6 if kind == "fast" else torch.tensor([4.0, 6.0]).repeat(3)[: len(choose)]
        clips = Clips(held, g, len(choose), span.measured_frames, lattice, kind, block, choose)
        made = restore(clips, variant, network, span.measured, WARM)
        sums["bicubic"].add(clips, [clips.cut(clips.bicubic, t) for t in span.measured])
        sums["made"].add(clips, made)
        sums["projected"].add(clips, [projected(clips, t, p) for t, p in zip(span.measured, made)])
    psnr, flicker, along = sums["bicubic"].done()
    out = dict(bicubic=psnr, bicubic_flicker=flicker, bicubic_along=along)
    for name, tail in (("made", ""), ("projected", "_projected")):
        made = sums[name].done()
        out |= {f"psnr{tail}": made[0], f"gain{tail}": made[0] - psnr}
        out |= {f"flicker{tail}": made[1] / flicker, f"along{tail}": made[2] / along}
    return out


def evaluate(held, variant, network, span, count, seed):
    """All cells, `count` clips each."""
    network.eval()
    with torch.no_grad():
        cells = {f"{l} {m}": cell(held, variant, network, span, count, seed, l, m) for l in LATTICES for m in MOTIONS}
    network.train()
    return cells
