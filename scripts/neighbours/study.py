#!/usr/bin/env python3
"""How should a network that restores pixelated faces in film use neighbouring frames?

    study.py --faces DIR --out DIR [--only NAME …] [--steps N] [--seed N]

trains each variant from scratch on the same clips, measures it on faces held out, and appends a line to
OUT/results.jsonl. What is there is not done again."""

import argparse
import json
import time
from pathlib import Path

import torch

import clips as data
from clips import Clips
from measure import evaluate
from networks import operations
from run import restore
from spans import SPANS
from variants import VARIANTS


def charbonnier(x, mask):
    return (torch.sqrt(x * x + 1e-4) * mask).sum() / (3 * mask.sum())


def loss(batch, variant, network, targets):
    made = restore(batch, variant, network, targets, warm=1)
    total, errors = 0.0, []
    for t, picture in zip(targets, made):
        mask = batch.cut(batch.mask, t)
        errors.append(picture - batch.cut(batch.truth, t))
        total = total + charbonnier(errors[-1], mask + 0.05)
        if variant.temporal and len(errors) > 1:
            last, known = data.moved(errors[-2], batch.square[:, t - 1], batch.square[:, t])
            both = known * mask * data.cut(batch.mask[:, t - 1], batch.square[:, t])
            total = total + variant.temporal * charbonnier(errors[-1] - last, both)
    return total / len(targets)


class Trainee:
    """A network on its way; what it has learnt is kept in a file."""

    def __init__(self, name, args):
        self.name, self.variant, self.args = name, VARIANTS[name], args
        torch.manual_seed(args.seed)
        self.network = self.variant.network()
        self.optimizer = torch.optim.Adam(self.network.parameters(), 1.0, betas=(0.9, 0.99))
        self.curve, self.step, self.seconds = [], 0, 0.0
        self.file = args.out / f"{name}-{args.seed}-{args.steps}.pt"
        if self.file.exists():
            state = torch.load(self.file)
            self.network.load_state_dict(state.pop("network"))
            self.optimizer.load_state_dict(state.pop("optimizer"))
            self.__dict__.update(state)

    def learn(self, batch):
        began = time.process_time()
        left = 1 - self.step / self.args.steps
        rate = self.args.rate * min(1, (self.step + 1) / 30) * (0.02 + 0.98 * min(1, 1.6 * left))
        self.optimizer.param_groups[0]["lr"] = rate
        self.optimizer.zero_grad()
        loss(batch, self.variant, self.network, SPANS[self.args.reach].targets).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        self.seconds += time.process_time() - began

    def keep(self, held):
        """Measure on few clips, for the curve, and save."""
        cells = evaluate(held, self.variant, self.network, SPANS[self.args.reach], 6, seed=5)
        self.curve.append([self.step, sum(cell["gain"] for cell in cells.values()) / len(cells)])
        state = dict(network=self.network.state_dict(), optimizer=self.optimizer.state_dict())
        state |= dict(curve=self.curve, step=self.step, seconds=self.seconds)
        part = self.file.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.file)
        return f"{time.strftime('%X')} {self.name} step {self.step}: {self.curve[-1][1]:+.3f} dB, {self.seconds:.0f} s"

    def result(self, held):
        line = dict(name=self.name, seed=self.args.seed, steps=self.step, operations=operations(self.network))
        cells = evaluate(held, self.variant, self.network, SPANS[self.args.reach], self.args.count, seed=7)
        return line | dict(seconds=round(self.seconds), curve=self.curve, cells=cells)


def train(names, args, stills, held):
    """Train side by side, on the same clips: to make them costs as much as to learn from them."""
    group = [Trainee(name, args) for name in names]
    for step in range(min(trainee.step for trainee in group), args.steps):
        g = torch.Generator().manual_seed(1_000_000 * args.seed + step)
        batch = Clips(stills, g, SPANS[args.reach].clips, SPANS[args.reach].frames)
        for trainee in group:
            if trainee.step == step:
                trainee.learn(batch)
                if trainee.step % 300 == 0 or trainee.step == args.steps:
                    print(trainee.keep(held), flush=True)
    return group


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", required=True, help="folder of JPEG pictures of one face each, 128 px wide")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="*", choices=VARIANTS)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reach", type=int, choices=SPANS, default=4, help="how far neighbours may be, frames")
    parser.add_argument("--count", type=int, default=24, help="clips of each kind to measure with")
    args = parser.parse_args()
    fitting = [name for name, variant in VARIANTS.items() if SPANS[args.reach].holds(variant.frames)]
    args.only = fitting if args.only is None else args.only
    if far := [name for name in args.only if name not in fitting]:
        parser.error(f"{', '.join(far)}: neighbours are further away than clips are long; give a larger --reach")
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    stills, held = data.load(args.faces, args.out / "stills.npy")
    results = args.out / "results.jsonl"
    lines = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    done = {(line["name"], line["seed"], line["steps"]) for line in lines}
    names = [name for name in args.only if (name, args.seed, args.steps) not in done]
    for trainee in train(names, args, stills, held) if names else []:
        with open(results, "a") as file:
            file.write(json.dumps(trainee.result(held)) + "\n")


if __name__ == "__main__":
    main()
