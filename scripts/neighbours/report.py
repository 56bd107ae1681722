#!/usr/bin/env python3
"""Tables and pictures of a study: report.py --out DIR writes table.md, curves.svg, slices.png and stills.png there.

Pictures need the faces, too (--faces DIR), and show `single` beside the variant of --show."""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import clips as data
from clips import CROP, LATTICES, MOTIONS, Clips
from motion import aligned
from run import restore
from variants import VARIANTS

SIDE = 3  # pixels of a picture for one of a crop
ESTIMATES = ["phase", "translated", "registered"]


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def tables(lines):
    """One table of all variants, then cell by cell; each beside `single` of the same seed and steps."""
    single = {(line["seed"], line["steps"]): line["cells"] for line in lines if line["name"] == "single"}
    head = ["variant", "steps", "seed", "M MAC", "dB over bicubic", "dB over single"]
    head += ["flicker", "along motion", "dB, projected", "flicker, projected"]
    rows, cells = [head], list(lines[0]["cells"])
    gains, flickers, alongs = ([["variant", "steps", "seed", *cells]] for _ in range(3))
    for line in lines:
        base = single.get((line["seed"], line["steps"]))
        if base is None:
            continue
        own = line["cells"]
        average = lambda key: mean(cell[key] for cell in own.values())
        over = {name: own[name]["psnr"] - base[name]["psnr"] for name in cells}
        projected = mean(own[name]["psnr_projected"] - base[name]["psnr_projected"] for name in cells)
        start = [line["name"], line["steps"], line["seed"]]
        rows.append([*start, round(line["operations"] / 1e6), f"{average('gain'):+.2f}", f"{mean(over.values()):+.2f}"])
        rows[-1] += [f"{average('flicker'):.2f}", f"{average('along'):.2f}"]
        rows[-1] += [f"{projected:+.2f}", f"{average('flicker_projected'):.2f}"]
        gains.append([*start, *(f"{over[name]:+.2f}" for name in cells)])
        flickers.append([*start, *(f"{own[name]['flicker']:.2f}" for name in cells)])
        alongs.append([*start, *(f"{own[name]['along']:.2f}" for name in cells)])
    titled = [("Means of all kinds", rows), ("PSNR over single, dB", gains), ("Flicker ÷ bicubic's", flickers)]
    titled += [("Flicker along the true motion ÷ bicubic's", alongs)]
    return "\n\n".join(f"### {title}\n\n{markdown(rows)}" for title, rows in titled) + "\n"


def markdown(rows):
    rows = [f"| {' | '.join(map(str, row))} |" for row in rows]
    return "\n".join([rows[0], "|---" * (rows[0].count("|") - 1) + "|", *rows[1:]])


def curves(lines, path):
    from matplotlib import pyplot

    pyplot.rcParams["svg.hashsalt"] = "neighbours"  # the same file for the same numbers
    longest = max(line["steps"] for line in lines)
    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    for line in lines:
        if line["steps"] == longest:
            axes.plot(*zip(*line["curve"]), label=line["name"])
    axes.set(xlabel="steps", ylabel="PSNR over bicubic, dB")
    axes.legend(fontsize=6)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def registration(held):
    """Errors of estimated motion, one and two frames away, in pixels of the crop; `none` takes no motion."""
    rows = [["lattice, motion", "none", *ESTIMATES]]
    for lattice in LATTICES:
        for motion in MOTIONS:
            g = torch.Generator().manual_seed(3)
            clips = Clips(held, g, 24, 10, lattice, motion, 6)
            mask, row = clips.cut(clips.mask, 5)[:, 0], [f"{lattice} {motion}"]
            for align in ("none", *ESTIMATES):
                away = [aligned(clips, 5, 5 + k, align) - aligned(clips, 5, 5 + k, "true") for k in (-2, -1, 1, 2)]
                row.append(f"{mean(((a.norm(dim=3) * mask).sum() / mask.sum()).item() for a in away):.2f}")
            rows.append(row)
    return f"\n### Errors of estimated motion, px\n\n{markdown(rows)}\n"


def endurance(args, held):
    """PSNR over single, so many frames after a recurrence began: does it drift, and how soon is it of use?"""
    marks = [1, 2, 3, 4, 8, 16, 32]
    rows = [["lattice", *marks]]
    for lattice in LATTICES:
        g = torch.Generator().manual_seed(50)
        clips = Clips(held, g, 12, 40, lattice, "talk", 6, torch.linspace(0, len(held) - 1, 12).long())
        frames = range(4, 4 + marks[-1])
        levels = []
        for name in ("single", args.show):
            made = restore(clips, VARIANTS[name], network(args, name), frames)
            masks = [clips.cut(clips.mask, t) for t in frames]
            errors = [(p - clips.cut(clips.truth, t)) ** 2 * m for t, p, m in zip(frames, made, masks)]
            share = [e.sum((1, 2, 3)) / (3 * m.sum((1, 2, 3))) for e, m in zip(errors, masks)]
            levels.append([-10 * torch.log10(s).mean() for s in share])
        rows.append([lattice, *(f"{levels[1][k - 1] - levels[0][k - 1]:+.2f}" for k in marks)])
    return f"\n### {args.show}: PSNR over single, dB, in its n-th frame\n\n{markdown(rows)}\n"


def network(args, name):
    made = VARIANTS[name].network()
    file = args.out / f"{name}-{args.seed}-{args.steps}.pt"
    if not file.exists():
        raise SystemExit(f"{file} is not there; give --seed and --steps of a network that study.py trained")
    made.load_state_dict(torch.load(file)["network"])
    return made.eval()


def ways(clips, args, names, frames):
    """Canvases [clips, 3, 96, 96] of `frames`, of each way to show them."""
    yield [clips.truth[:, t] for t in frames]
    yield [clips.seen[:, t] for t in frames]
    yield [clips.bicubic[:, t] for t in frames]
    for name in names:
        canvases, warm = [], 4 if VARIANTS[name].last else 0
        for t, crops in zip(frames, restore(clips, VARIANTS[name], network(args, name), frames, warm)):
            canvas = clips.seen[:, t].clone()
            for row, (x, y) in enumerate(clips.square[:, t].tolist()):
                inside = clips.mask[row, t, :, y : y + CROP, x : x + CROP]
                part = canvas[row, :, y : y + CROP, x : x + CROP]
                part += inside * (crops[row] - part)
            canvases.append(canvas)
        yield canvases


def save(picture, path):
    """`picture` [3, h, w], −1 … 1, enlarged."""
    pixels = ((picture + 1) * 127.5).round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
    Image.fromarray(np.repeat(np.repeat(pixels, SIDE, 0), SIDE, 1)).save(path)


def pictures(args, held):
    """Rows of pixels through mouths over time, and stills; from left to right truth, mosaic, bicubic, networks."""
    names = ["single", args.show]
    kinds = [("standing", "fast", 24), ("jittering", "talk", 36), ("standing", "talk", 36)]
    slices, stills = [], []
    for seed, (lattice, motion, length) in enumerate(kinds):
        g = torch.Generator().manual_seed(30 + seed)
        chosen = torch.tensor([20 + 40 * seed, 150 + 30 * seed])
        clips = Clips(held, g, 2, length, lattice, motion, 6, chosen % len(held))
        frames = range(4, length - 2)
        shown = list(ways(clips, args, names, frames))
        for clip in range(2):
            mouth = (clips.motion.head[clip, frames[0], 1] + 18 / clips.motion.scale[clip, 0]).round().long()
            left, top = clips.square[clip, frames[0]].tolist()
            row = [torch.stack([c[clip, :, mouth, 8:-8] for c in way], 1) for way in shown]
            slices.append(torch.cat([torch.nn.functional.pad(r, (0, 2, 0, 2), value=1.0) for r in row], 2))
            stills.append(torch.cat([way[0][clip, :, top : top + CROP, left : left + CROP] for way in shown], 2))
    save(torch.cat(slices, 1), args.out / "slices.png")
    save(torch.cat(stills, 1), args.out / "stills.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="what study.py wrote to")
    parser.add_argument("--faces", help="folder of faces; without it there are no pictures")
    parser.add_argument("--show", default="window-first", choices=VARIANTS)
    parser.add_argument("--steps", type=int, default=600, help="of the networks that are shown")
    parser.add_argument("--seed", type=int, default=1, help="of the networks that are shown")
    args = parser.parse_args()
    file = args.out / "results.jsonl"
    if not file.exists():
        parser.error(f"{file} is not there; run study.py first")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    (args.out / "table.md").write_text(tables(lines))
    curves(lines, args.out / "curves.svg")
    if args.faces:
        torch.set_num_threads(1)
        _, held = data.load(args.faces, args.out / "stills.npy")
        with torch.no_grad():
            pictures(args, held)
            with open(args.out / "table.md", "a") as file:
                file.write(registration(held) + endurance(args, held))


if __name__ == "__main__":
    main()
