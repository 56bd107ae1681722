"""The product's U-net in small, and the places where neighbours' planes enter it."""

import torch
import torch.nn.functional as F
from torch import nn

OWN, NEIGHBOUR, LAST = 9, 7, 4


class Residual(nn.Module):
    """Two convolutions on top of what came; a new one changes nothing."""

    def __init__(self, width):
        super().__init__()
        self.a, self.b = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        nn.init.zeros_(self.b.weight)
        nn.init.zeros_(self.b.bias)

    def forward(self, x):
        return x + self.b(F.relu(self.a(x)))


def residuals(width, count):
    return nn.Sequential(*[Residual(width) for _ in range(count)])


class Network(nn.Module):
    """`first` more planes enter beside the frame's own, `trunk` more by a trunk at a quarter of the resolution."""

    def __init__(self, first=0, trunk=0, widths=(24, 48, 64), blocks=(1, 2, 2)):
        super().__init__()
        self.enter = nn.Conv2d(OWN + first, widths[0], 6, 2, 2)
        self.down = nn.ModuleList(residuals(w, b) for w, b in zip(widths, blocks))
        self.up = nn.ModuleList(residuals(w, b) for w, b in zip(widths[:-1], blocks))
        self.halved = nn.ModuleList(nn.Conv2d(a, b, 3, 2, 1) for a, b in zip(widths, widths[1:]))
        self.doubled = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in zip(widths, widths[1:]))
        self.leave = nn.Conv2d(widths[0], 12, 3, padding=1)
        nn.init.normal_(self.leave.weight, std=1e-3)
        nn.init.zeros_(self.leave.bias)
        if trunk:
            # It starts silent: one that does not can carry the network off before it has learnt anything.
            enter = nn.Conv2d(trunk, widths[1], 8, 4, 2)
            nn.init.zeros_(enter.weight)
            nn.init.zeros_(enter.bias)
            self.trunk = nn.Sequential(enter, Residual(widths[1]))
        self.takes = bool(first), bool(trunk)

    def forward(self, own, first=None, trunk=None):
        base = own[:, :3] + own[:, 3:6] / 3
        x = self.enter(torch.cat([own, first], 1) if self.takes[0] else own)
        return base + F.pixel_shuffle(self.leave(self.level(x, 0, trunk)), 2)

    def level(self, x, level, trunk):
        if level == 1 and self.takes[1]:
            x = x + self.trunk(trunk)
        x = self.down[level](x)
        if level + 1 == len(self.down):
            return x
        y = self.level(self.halved[level](x), level + 1, trunk)
        return self.up[level](x + F.interpolate(self.doubled[level](y), scale_factor=2))


def operations(network, side=64):
    """Multiplications of one crop."""
    count = 0

    def add(module, inputs, output):
        nonlocal count
        count += module.weight.numel() * output.shape[-1] * output.shape[-2]

    hooks = [m.register_forward_hook(add) for m in network.modules() if isinstance(m, nn.Conv2d)]
    planes = [network.enter.weight.shape[1] - OWN, network.trunk[0].weight.shape[1] if network.takes[1] else 0]
    with torch.no_grad():
        network(torch.zeros(1, OWN, side, side), *(torch.zeros(1, p, side, side) for p in planes))
    for hook in hooks:
        hook.remove()
    return count
