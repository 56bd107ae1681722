"""A variant at work on clips."""

import torch

import motion
from clips import CROP, sample


def planes(clips, variant, frame):
    return torch.cat([motion.neighbour(clips, frame, frame + k, variant.align) for k in variant.frames], 1)


def restore(clips, variant, network, frames, warm=0):
    """Restored crops of `frames`, one after another; a recurrence starts `warm` frames earlier."""
    if not variant.last:
        own = torch.cat([clips.cut(clips.own, t) for t in frames])
        more = torch.cat([planes(clips, variant, t) for t in frames]) if variant.frames else None
        made = network(own, **{variant.enter: more} if variant.frames else {})
        return made.split(clips.clips)
    made, last = [], None
    for t in range(frames[0] - warm, frames[-1] + 1):
        first = torch.zeros(clips.clips, 4, CROP, CROP)
        if last is not None:
            known = torch.cat([last, torch.ones_like(last[:, :1])], 1)
            points = motion.aligned(clips, t, t - 1, variant.last)
            first = sample(known, points - clips.square[:, t - 1, None, None])
        trunk = None
        if variant.frames and variant.enter == "first":
            first = torch.cat([first, planes(clips, variant, t)], 1)
        elif variant.frames:
            trunk = planes(clips, variant, t)
        with torch.set_grad_enabled(torch.is_grad_enabled() and t >= frames[0]):
            last = network(clips.cut(clips.own, t), first, trunk)
        made.append(last)
    return made[warm:]
