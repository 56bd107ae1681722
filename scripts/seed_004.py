#!/usr/bin/env python3
"""Generators of faces and restorers of blurred ones, from training to one page: samples of DCGAN and StyleGAN2, a film
from face to face, GPEN beside Real-ESRGAN on three strengths of blur, and ten rounds of each on its own output.

Trains the small recipe of each system (about an hour on one core), then draws and measures on pictures that were held
out. What was stopped goes on where it was, and what is finished is left alone.
"""

import argparse
import html
import pathlib
import subprocess
import sys

STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;display:block;overflow-x:auto}td,th{padding:.2em .8em;text-align:right;border-bottom:1px solid #ddd}
td:first-child,th:first-child{text-align:left}img{max-width:100%;image-rendering:pixelated}figcaption{color:#555}"""

NOTICE = (
    "Every face on this page is invented or guessed by a network: none proves anybody's identity. The networks are the "
    "small recipes, which show that a system learns and how it errs, not what its published size can do."
)


class Trainer:
    """The program, and the pictures that it works on."""

    def __init__(self, arguments):
        self.program, self.recipes = arguments.trainer, arguments.recipes
        self.pictures, self.out, self.limit = arguments.pictures, arguments.out, arguments.limit

    def run(self, *arguments):
        """Run a command of the program; gives what it printed."""
        line = [str(self.program), *map(str, arguments)]
        print("+", *line, flush=True)
        done = subprocess.run(line, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"{line[1]} ended with status {done.returncode}; what is finished is kept in {self.out}")
        print(done.stdout, end="", flush=True)
        return done.stdout.strip()

    def train(self, system, name, *more):
        """Train the small recipe `name` of `system`; gives the folder of its run."""
        run = self.out / name
        recipe = self.recipes / f"{name}-small.toml"
        self.run(system, "--recipe", recipe, "--faces", self.pictures, "--out", run, *more)
        self.run("report", "--run", run, "--curves", run / "curves.svg")
        return run

    def experiment(self, which, name, models, *more):
        """Run an experiment on held-out pictures; gives the folder of its results."""
        out = self.out / name
        named = [argument for model in models for argument in ("--model", model)]
        pictures = ["--faces", self.pictures, "--held-out", "--limit", self.limit]
        self.run("experiment", which, *pictures, "--out", out, *named, *more)
        return out


class Page:
    """A page in the folder of all results."""

    def __init__(self, folder):
        self.folder, self.parts = folder, []

    def heading(self, text):
        self.parts.append(f"<h2>{html.escape(text)}</h2>")

    def text(self, text):
        self.parts.append(f"<p>{html.escape(text)}</p>")

    def picture(self, file, caption):
        """A picture, if it is there."""
        if file.is_file():
            shown = html.escape(file.relative_to(self.folder).as_posix())
            self.parts.append(f'<figure><img src="{shown}" alt=""><figcaption>{html.escape(caption)}</figcaption></figure>')

    def markdown(self, text):
        """Tables and lines of text, as the experiments write them."""
        rows = []
        for line in [*text.splitlines(), ""]:
            if line.startswith("|"):
                cells = [cell.strip() for cell in line.strip("|").split("|")]
                if not all(set(cell) <= set("-: ") for cell in cells):
                    rows.append(cells)
                continue
            if rows:
                self.parts.append(table(rows))
                rows = []
            if line.strip():
                self.text(line.strip("# "))

    def write(self, title):
        """Write it; gives its path."""
        path = self.folder / "index.html"
        body = "\n".join(self.parts)
        half = path.with_suffix(".half")
        half.write_text(
            f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
            f"<h1>{title}</h1><p><strong>{NOTICE}</strong></p>{body}</html>\n"
        )
        half.replace(path)
        return path


def table(rows):
    """HTML of a table's cells, the head first."""
    line = lambda cells, kind: "<tr>" + "".join(f"<{kind}>{html.escape(cell)}</{kind}>" for cell in cells) + "</tr>"
    return "<table>" + line(rows[0], "th") + "".join(line(row, "td") for row in rows[1:]) + "</table>"


def generators(trainer, page):
    """DCGAN and StyleGAN2: samples beside what they were trained with, and a film."""
    for name, title, more in [("dcgan", "DCGAN", []), ("stylegan2", "StyleGAN2-ADA", ["--truncation", 0.7])]:
        run = trainer.train(name, name)
        model = ["--model", run / f"{name}.onnx", *more]
        trainer.run("sample", *model, "--out", run / "samples.png")
        near = trainer.run("sample", *model, "--grid", 6, "--faces", trainer.pictures, "--out", run / "neighbours.png")
        trainer.run("interpolate", *model, "--grid", 4, "--out", run / "film.png")
        page.heading(f"{title}: faces of random numbers")
        page.picture(run / "samples.png", "Nobody's faces.")
        page.picture(run / "film.png", "On the way from each face to others, and back to the first.")
        page.picture(run / "neighbours.png", f"Below each row the nearest pictures of the training: {near}.")
        page.picture(run / "curves.svg", "The training.")


def restorers(trainer, page):
    """GPEN beside Real-ESRGAN: blurred pictures, and their own output."""
    enlarger = trainer.train("realesrgan", "realesrgan")
    prior = trainer.train("stylegan2", "gpen-prior")
    gpen = trainer.train("gpen", "gpen", "--start-from", prior / "stylegan2.safetensors")
    models = [gpen / "gpen.onnx", enlarger / "realesrgan.onnx"]
    page.heading("GPEN and Real-ESRGAN on blurred faces")
    blur = trainer.experiment("blur", "blur", models)
    page.markdown((blur / "blur.md").read_text())
    for picture in ["blur.png", "blur-film.png", "blur.svg"]:
        page.picture(blur / picture, "Radius by radius, in the order of the table.")
    for growth, what in [(1.0, "at one size"), (1.1, "growing by a tenth in each round")]:
        page.heading(f"Ten rounds of each on its own output, {what}")
        rounds = trainer.experiment("repeat", f"rounds-{growth}", models, "--growth", growth)
        page.picture(rounds / "rounds.png", "Rounds across; each model from the blurred and from the clean face.")
        page.picture(rounds / "rounds-film.png", "The same as a film.")
        page.picture(rounds / "rounds.svg", "The figures by round.")
        page.markdown((rounds / "rounds.md").read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trainer", type=pathlib.Path, help="the program depixelate-train")
    parser.add_argument("pictures", type=pathlib.Path, help="pictures of one face each: a folder or a tar file")
    parser.add_argument("out", type=pathlib.Path, help="folder for all that is made; its page is index.html")
    parser.add_argument("--recipes", type=pathlib.Path, default="recipes", help="folder of the recipes *-small.toml")
    parser.add_argument("--limit", type=int, default=24, help="pictures that are blurred and go round")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(arguments)
    page = Page(arguments.out)
    generators(trainer, page)
    restorers(trainer, page)
    print(f"written: {page.write('Generated and restored faces')}")


if __name__ == "__main__":
    main()
