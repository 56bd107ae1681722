"""Clips of moving faces made from stills, and what their mosaics show.

Pictures are −1 … 1; lengths are pixels of a canvas on which a crop is 64 px wide, half of the product's 128."""

import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from mosaic import Lattice, compress

CANVAS, CROP, MOSAIC = 96, 64, 49.0  # a mosaic of 49 px times the margin of 1.3 is a crop
PHOTO_PER_PIXEL = 1.45  # the face of a still of 128 px is about 70 px high
CENTRE = torch.tensor([64.0, 64.0])  # of the still's face
EYES, MOUTH = [(-12.0, -9.0), (12.0, -9.0)], (0.0, 18.0)  # from there, in the still's pixels
LATTICES = ["standing", "following", "jittering"]
MOTIONS = ["still", "talk", "fast"]


def load(folder, cache):
    """Stills [n, 3, 128, 128] in bytes: those to train with and those held out."""
    folder, cache = Path(folder), Path(cache)
    names = sorted(path.name for path in folder.glob("*.jpg"))
    if not names:
        raise SystemExit(f"{folder} holds no .jpg; give --faces a folder of faces of 128 px")
    if not cache.exists():
        pictures = [np.asarray(Image.open(folder / name).convert("RGB").resize((128, 128))) for name in names]
        part = cache.with_suffix(".part.npy")
        np.save(part, np.stack(pictures).transpose(0, 3, 1, 2))
        part.replace(cache)
    pictures = torch.from_numpy(np.load(cache))
    if len(pictures) != len(names):
        raise SystemExit(f"{cache} is of {len(pictures)} pictures, {folder} holds {len(names)}; give another --out")
    held = torch.tensor([i % 20 == 0 or name.startswith("congress_000") for i, name in enumerate(names)])
    return pictures[~held], pictures[held]


def uniform(g, shape, low, high):
    return low + (high - low) * torch.rand(shape, generator=g)


def wander(g, clips, frames, scale):
    """Smooth random signals [clips, frames], about ±`scale`."""
    time = torch.arange(frames)
    signal = torch.zeros(clips, frames)
    for _ in range(3):
        turn, phase = uniform(g, (clips, 1), 0.1, 1.2), uniform(g, (clips, 1), 0, 2 * math.pi)
        signal += torch.sin(turn * time + phase) * uniform(g, (clips, 1), 0, 1)
    return signal * scale / 1.5


class Motion:
    """How heads, cameras and faces move: maps from points of a frame (canvas) to points of the still."""

    def __init__(self, g, clips, frames, kind=None):
        draw = torch.rand(clips, 1, generator=g)
        # Pixels a frame: some stand still, most sway, some are fast (3 % of the face).
        speed = torch.where(draw < 0.25, 0 * draw, uniform(g, (clips, 1), 0.05, 0.5))
        speed = torch.where(draw > 0.75, uniform(g, (clips, 1), 0.5, 1.5), speed)
        turning = uniform(g, (clips, 1), -0.4, 0.4)
        sway = torch.where(draw < 0.25, 0.2, 1.0)
        shake = uniform(g, (clips, 1), 0, 0.4) * (torch.rand(clips, 1, generator=g) < 0.5)
        if kind == "still":
            speed, sway, shake = 0 * speed, 0 * sway, 0 * shake
        elif kind == "talk":
            speed, sway, shake = uniform(g, (clips, 1), 0.1, 0.4), 1 + 0 * sway, 0.5 * shake
        elif kind == "fast":
            speed, turning, shake = 1 + 0 * speed, 0 * turning, 0.5 * shake
        heading = uniform(g, (clips, 1), 0, 2 * math.pi) + turning * torch.arange(frames)
        path = torch.stack([torch.cos(heading), torch.sin(heading)], 2).mul(speed[..., None]).cumsum(1)
        path = path - (path.amax(1, keepdim=True) + path.amin(1, keepdim=True)) / 2
        self.camera = torch.randn(clips, frames, 2, generator=g) * shake[..., None]
        middle = CANVAS / 2 + uniform(g, (clips, 1, 2), -3, 3)
        self.head = middle + path + self.camera
        self.behind = middle + self.camera
        self.angle = wander(g, clips, frames, 0.05) * sway + uniform(g, (clips, 1), -0.1, 0.1)
        zoom = uniform(g, (clips, 1), math.log(0.85), math.log(1.1))
        self.scale = PHOTO_PER_PIXEL * torch.exp(wander(g, clips, frames, 0.015) * sway + zoom)
        self.still_scale = PHOTO_PER_PIXEL * torch.exp(zoom)
        self.jaw = wander(g, clips, frames, 3.0) * uniform(g, (clips, 1), 0, 1)
        self.smile = wander(g, clips, frames, 1.5) * uniform(g, (clips, 1), 0, 1)
        blink = wander(g, clips, frames, 1.0)
        self.lids = torch.relu(blink - 0.4) * 1.2
        self.gain = 1 + wander(g, clips, frames, 0.03)

    def still(self, points, frame):
        """Where the still shows what lies at `points` [clips, h, w, 2] of `frame`, in its pixels from the face."""
        away = points - self.head[:, frame, None, None]
        cos, sin = (f(self.angle[:, frame])[:, None, None] for f in (torch.cos, torch.sin))
        scale = self.scale[:, frame, None, None]
        x = (cos * away[..., 0] + sin * away[..., 1]) * scale
        y = (-sin * away[..., 0] + cos * away[..., 1]) * scale
        # Inside an ellipse the head, outside what is behind it, which moves with the camera only.
        inside = torch.sigmoid(8 * (1.25 - torch.sqrt((x / 36) ** 2 + (y / 46) ** 2)))
        behind = (points - self.behind[:, frame, None, None]) * self.still_scale[:, :, None, None]
        x = inside * x + (1 - inside) * behind[..., 0]
        y = inside * y + (1 - inside) * behind[..., 1]
        mx, my = x - MOUTH[0], y - MOUTH[1]
        lip = torch.exp(-(mx**2 / 200 + (my - 5) ** 2 / 90))
        corner = torch.exp(-(mx**2 / 200 + my**2 / 60))
        dx = -self.smile[:, frame, None, None] * corner * mx / 8
        dy = -self.jaw[:, frame, None, None] * lip
        for ex, ey in EYES:
            near = torch.exp(-((x - ex) ** 2 / 60 + (y - ey) ** 2 / 18))
            dy = dy + self.lids[:, frame, None, None] * near * (y - ey)
        return torch.stack([x + dx, y + dy], 3)

    def partner(self, points, frame, other, rounds=3):
        """Where in `other` lies what is at `points` of `frame`."""
        goal, found = self.still(points, frame), points + (self.head[:, other] - self.head[:, frame])[:, None, None]
        for _ in range(rounds):
            found = found - (self.still(found, other) - goal) / self.scale[:, other, None, None, None]
        return found


def grid(size):
    y, x = torch.meshgrid(torch.arange(size) + 0.5, torch.arange(size) + 0.5, indexing="ij")
    return torch.stack([x, y], 2)


def sample(pictures, points):
    """`pictures` [n, c, h, w] at `points` [n, h′, w′, 2], in pixels; what lies outside is 0."""
    side = pictures.shape[-1]
    return F.grid_sample(pictures, 2 * points / side - 1, "bilinear", "zeros", align_corners=False)


class Clips:
    """A batch of clips: truth, what is seen, and the lattices. Canvases are [clips, frames, planes, 96, 96]."""

    def __init__(self, stills, g, clips, frames, lattice=None, motion=None, block=None, choose=None):
        if choose is None:
            choose = torch.randint(len(stills), (clips,), generator=g)
        photos = stills[choose].float()
        flip = torch.rand(clips, generator=g) < 0.5
        photos = torch.where(flip[:, None, None, None], photos.flip(3), photos)
        photos = F.avg_pool2d(F.pad(photos, (1, 1, 1, 1), mode="replicate"), 2, 1)  # no finer than the canvas
        self.clips, self.frames = clips, frames
        self.motion = Motion(g, clips, frames, motion)
        frame_points = grid(CANVAS).expand(clips, -1, -1, -1)
        points = torch.stack([self.motion.still(frame_points, t) for t in range(frames)], 1)
        points = (points + CENTRE + 0.5).flatten(0, 1) * (2 / photos.shape[-1]) - 1
        photos = photos[:, None].expand(-1, frames, -1, -1, -1).flatten(0, 1)
        truth = F.grid_sample(photos, points, "bilinear", "reflection", align_corners=False)
        truth = (truth * self.motion.gain.flatten()[:, None, None, None]).clamp(0, 255)
        self.place(g, lattice, block)
        level = uniform(g, (clips, 1), 1, 2).expand(-1, frames).flatten()[:, None, None, None]
        noisy = self.lattice.pixelate(truth) + level * torch.randn(truth.shape, generator=g)
        qp = uniform(g, (clips, 1), 14, 30).expand(-1, frames).flatten()
        seen = compress(noisy, qp) / 127.5 - 1
        means = self.lattice.means(seen)
        smooth = self.lattice.surface(means)
        mask = self.lattice.mask
        split = lambda x: x.unflatten(0, (clips, frames))
        self.truth, self.seen, self.mask = split(truth / 127.5 - 1), split(seen), split(mask)
        self.bicubic = split(seen + mask * (self.lattice.bicubic(means) - seen))
        self.surface = split(seen + mask * (smooth - seen))
        places = self.lattice.places()
        self.neighbour = torch.cat([self.surface, split(places), torch.ones_like(self.mask)], 2)
        self.own = torch.cat([self.seen, 3 * (self.surface - self.seen), split(places)], 2)

    def place(self, g, kind, block):
        """Lay the lattices, and the squares that crops are cut from."""
        clips, frames = self.clips, self.frames
        kinds = torch.randint(3, (clips, 1), generator=g)
        if kind is not None:
            kinds = torch.full((clips, 1), LATTICES.index(kind))
        blocks = torch.randint(3, 9, (clips, 1), generator=g).float()
        if block is not None:
            blocks = torch.as_tensor(block).float().expand(clips)[:, None]
        # Some mosaics fill the crop.
        whole = (torch.rand(clips, 1, generator=g) < 0.1) & (blocks >= 5) & (block is None)
        side = torch.where(whole, 80.0, MOSAIC)
        narrow = torch.randint(3, (clips, 1), generator=g)
        count = torch.round(side / blocks)
        count = torch.stack([count - narrow * ~whole, count], 2).expand(-1, frames, -1)
        jitter = uniform(g, (clips, frames, 2), -1, 1) * (kinds == 2)[..., None]
        corner = self.motion.head + jitter * blocks[..., None] - count * blocks[..., None] / 2
        phase = torch.floor(torch.rand(clips, 1, 2, generator=g) * blocks[..., None])
        standing = torch.round((corner - phase) / blocks[..., None]) * blocks[..., None] + phase
        start = torch.where((kinds == 0)[..., None], standing, torch.round(corner))
        middle = start + count * blocks[..., None] / 2
        self.square = torch.round(middle - CROP / 2).clamp(0, CANVAS - CROP).long()
        self.block, self.count, self.start = blocks, count, start
        flat = blocks.expand(-1, frames).flatten()
        self.lattice = Lattice(start.flatten(0, 1), flat, count.flatten(0, 1), CANVAS)

    def cut(self, canvas, frame, square_of=None):
        """The crop of `frame`, cut with the square of `square_of` or its own."""
        return cut(canvas[:, frame], self.square[:, frame if square_of is None else square_of])


def cut(pictures, square):
    """Crops of `pictures` [n, c, h, w] whose corner is `square` [n, 2]."""
    return torch.stack([p[:, y : y + CROP, x : x + CROP] for p, (x, y) in zip(pictures, square.tolist())])


def moved(crops, square, to):
    """Crops cut at `square`, in the square `to`, and where they are known."""
    shift = (to - square)[:, None, None].float()
    crops = torch.cat([crops, torch.ones_like(crops[:, :1])], 1)
    out = sample(crops, grid(CROP) + shift)
    return out[:, :-1], out[:, -1:]
