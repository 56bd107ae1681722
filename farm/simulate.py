#!/usr/bin/env python3
"""How long a film takes on many workers, from times that were measured on one: a table and a plot.

    farm/simulate.py measured.json docs/images/farm.svg

measured.json has seconds of one worker, per frame: `plain` to decode, look at, and encode one without a face, `face` more
with one, `look` to look for faces before the work, `index` to read its packet's place, `join` to write it and compare it.
Needs matplotlib.
"""

import argparse
import heapq
import json
import pathlib

# A feature film: two hours at 25 frames a second, a face in every third half minute.
FRAMES, SEGMENT, EVERY = 180_000, 750, 3
WORKERS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
# What a scheduler and a start of the program take, seconds for each task.
START = 2.0


def segments(times):
    """Seconds of each segment."""
    count = FRAMES // SEGMENT
    return [SEGMENT * (times["plain"] + (times["face"] if i % EVERY == 0 else 0.0)) for i in range(count)]


def tasks(work, count):
    """Consecutive segments in `count` tasks, the dearest as cheap as can be."""
    low, high = max(work), sum(work)
    for _ in range(60):
        limit = (low + high) / 2
        runs, left = [0.0], limit
        for one in work:
            if one > left:
                runs.append(0.0)
                left = limit
            runs[-1] += one
            left -= one
        low, high = (low, limit) if len(runs) <= count else (limit, high)
    runs, left = [0.0], high
    for one in work:
        if one > left * (1 + 1e-9):
            runs.append(0.0)
            left = high
        runs[-1] += one
        left -= one
    return runs


def wall(times, workers, count, looked):
    """Seconds until the film is there: planning, tasks on whoever is free, joining."""
    serial = FRAMES * (times["index"] + (times["look"] if looked else 0.0)) + FRAMES * (times["index"] + times["join"])
    free = [0.0] * workers
    for one in tasks(segments(times), count):
        heapq.heapreplace(free, free[0] + START + FRAMES * times["index"] + one)
    return serial, serial + max(free)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measured", type=pathlib.Path)
    parser.add_argument("plot", type=pathlib.Path)
    arguments = parser.parse_args()
    times = json.loads(arguments.measured.read_text())
    alone = sum(segments(times)) + FRAMES * (2 * times["index"] + times["join"])
    rows = {}
    print("| workers | tasks | after a look, minutes | times as fast | by length alone, minutes | times as fast |")
    print("|---|---|---|---|---|---|")
    for workers in WORKERS:
        count = min(max(4 * workers, 8), FRAMES // SEGMENT)
        both = [wall(times, workers, count, looked)[1] for looked in (True, False)]
        rows[workers] = [alone / one for one in both]
        cells = " | ".join(f"{one / 60:.1f} | {alone / one:.1f}" for one in both)
        print(f"| {workers} | {count} | {cells} |")
    draw(rows, arguments.plot)


def draw(rows, path):
    """The same as curves."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "depixelate"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4))
    for index, label in enumerate(["after a look at the film", "by length alone (--by-length)"]):
        axes.plot(list(rows), [row[index] for row in rows.values()], marker="o", label=label)
    axes.plot(list(rows), list(rows), color="#bbb", linestyle=":", label="as many times as workers")
    axes.set(xscale="log", yscale="log", xlabel="workers", ylabel="times as fast as one machine")
    axes.set_xticks(list(rows), [str(workers) for workers in rows])
    axes.legend()
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
