"""Where on the path to take a given number of gradients: every placement simulated from gradients taken once.

    python tests/benchmarks/placements.py --model efficientnet_lite0 --zip imagenet-sample.zip --photos 40

Of each photo the gradients at M midpoints are reduced to the inner products of their maps (M x M): the error of any
weights on these points, against the mean over all of them, is a quadratic form. Points lie on the nearest of the M.
What was computed is kept in ``-o``: the same command goes on where it was stopped, and compares what is there.
"""

from __future__ import annotations

import argparse
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

import igcli
from igcli.attribution.adaptive.cells import Cells
from igcli.attribution.adaptive.profile import EVEN_SHARE, PROBE_ALPHAS, density
from igcli.attribution.budget import Budget
from igcli.attribution.network import forward, probe
from igcli.attribution.path import Path as Straight
from igcli.attribution.quadrature import nodes
from igcli.attribution.sweep import Chunk, Consumer, PathRun, sweep

COUNTS = (23, 34, 50)
GRID, BATCH = 512, 8


class _Maps(Consumer):
    def __init__(self) -> None:
        self.rows: list[torch.Tensor] = []  # maps of single points, summed over the channels

    def take(self, chunk: Chunk) -> None:
        self.rows.append((chunk.gradients * chunk.path.displacement).sum(dim=1).flatten(1))


def store(model: igcli.Classifier, photo: Path, target: Path, *, midpoints: int) -> None:
    """The inner products of one photo's maps, and the probabilities at the probe's points and both ends."""
    picture, budget, maps = igcli.read_image(photo, view=model.view), Budget(BATCH), _Maps()
    score = igcli.Score("softmax", int(forward(model, [picture], budget=budget)[0].argmax()))
    path = Straight.of(picture)
    probed = score.of(probe(model, [path], np.array([0.0, *PROBE_ALPHAS, 1.0]), budget=budget)[0])
    sweep(model, [PathRun(path, score, nodes("midpoint", midpoints), [maps])], budget=budget)
    np.savez(target, gram=((rows := torch.cat(maps.rows).double()) @ rows.T).numpy(), probe=probed.numpy())


class Photo:
    """One photo's inner products, (M, M), and the density that the probe gives it."""

    def __init__(self, file: Path) -> None:
        stored = np.load(file)
        self.gram, self.m = stored["gram"], len(stored["gram"])
        self.probed = density(np.array([0.0, *PROBE_ALPHAS, 1.0]), stored["probe"], probability=True)
        steps = np.diag(self.gram)[1:] + np.diag(self.gram)[:-1] - 2 * np.diag(self.gram, 1)
        self.v = np.interp(np.linspace(0, 1, GRID), np.linspace(0, 1, self.m - 1), steps / steps.sum())

    def error(self, alphas: np.ndarray, widths: np.ndarray) -> float:
        """The relative L2 distance of the map with these points and weights from that of all M."""
        weights = np.bincount(self.places(alphas), widths, self.m)
        off, even = weights - 1 / self.m, np.full(self.m, 1 / self.m)
        return float(np.sqrt(max(off @ self.gram @ off, 0) / (even @ self.gram @ even)))

    def places(self, alphas: np.ndarray) -> np.ndarray:
        return np.clip((alphas * self.m).astype(int), 0, self.m - 1)

    def of(self, cells: Cells) -> float:
        return self.error(cells.alphas, np.diff(cells.edges))

    def stratified(self, cells: Cells) -> float:
        draws, widths = np.random.default_rng(0).random((20, len(cells))), np.diff(cells.edges)
        return float(np.sqrt(np.mean([self.error(cells.edges[:-1] + u * widths, widths) ** 2 for u in draws])))

    def two_levels(self, count: int) -> float:
        """The error where half of the points are placed by the probe, the others where the gradient changes most."""
        cells = Cells.placed(count // 2, self.probed)
        while len(cells) < count:
            at = self.places(cells.alphas)
            changes = self.gram[at, at][1:] + self.gram[at, at][:-1] - 2 * self.gram[at[1:], at[:-1]]
            v = np.pad(changes / np.diff(cells.alphas), 1, mode="edge")
            lengths = np.diff([0.0, *cells.alphas, 1.0]) * np.array([2, *[1] * (len(cells) - 1), 2])  # one-sided ends
            cells = cells.refined(v * lengths**3, min(3, count - len(cells)))
        return self.of(cells)


def learned(others: list[Photo], power: float) -> np.ndarray:
    """A density on the grid from the median over photos of v to a power: 1/3 for midpoints, 1/4 for √M."""
    median = np.median([each.v for each in others], axis=0)
    log = np.convolve(np.pad(np.log(median + 1e-12), 16, mode="edge"), np.hanning(35)[1:-1] / 17, mode="valid")
    return np.exp(power * log) / np.exp(power * log).sum()


def compare(photos: list[Photo], count: int) -> dict[str, list[float]]:
    """Placement to the error of every photo; what is learned is from the other photos."""
    even, found = np.full(GRID, 1 / GRID), dict[str, list[float]]()
    for photo in photos:
        third, root = (learned([each for each in photos if each is not photo], power) for power in (1 / 3, 1 / 4))
        steep = (photo.probed - EVEN_SHARE * even) / (1 - EVEN_SHARE)
        densities = {
            "the probe and an even share (`--steps auto`)": photo.probed,
            "even": even,
            "learned: cube root of v": third,
            "learned: √M": root,
            "probe 70 %, learned 30 % in place of even": 0.7 * steep + 0.3 * third,
        }
        errors = {name: photo.of(Cells.placed(count, each)) for name, each in densities.items()}
        errors["probe, a random point in each cell"] = photo.stratified(Cells.placed(count, photo.probed))
        errors["two levels: half by the probe, half by the changes"] = photo.two_levels(count)
        found = {name: [*found.get(name, ()), error] for name, error in errors.items()}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--model", default="caltech101")
    parser.add_argument(
        "--zip", type=Path, help="photos/*.jpg or test/CATEGORY/*.jpg; without it what is kept is compared"
    )
    parser.add_argument("--photos", type=int, default=40)
    parser.add_argument("--midpoints", type=int, default=400)
    parser.add_argument("-o", "--output", type=Path, default=Path("out/placements"))
    chosen = parser.parse_args()
    (folder := chosen.output / chosen.model).mkdir(parents=True, exist_ok=True)
    if chosen.zip:
        model = igcli.load_model(chosen.model)
        with zipfile.ZipFile(chosen.zip) as source, tempfile.TemporaryDirectory() as unpacked:
            names = sorted(n for n in source.namelist() if n.startswith(("photos/", "test/")) and n.endswith(".jpg"))
            for place in tqdm(range(chosen.photos)):
                target = folder / f"{place:04d}.npz"
                if not target.exists():
                    photo = Path(source.extract(names[place * len(names) // chosen.photos], unpacked))
                    store(model, photo, target, midpoints=chosen.midpoints)
    photos = [Photo(file) for file in sorted(folder.glob("*.npz"))]
    by_count = [compare(photos, count) for count in COUNTS]
    print(
        f"{chosen.model}, {len(photos)} photos, error: median, 90th percentile\n\n| placement", *COUNTS, "", sep=" | "
    )
    print("| --- " * (len(COUNTS) + 1) + "|")
    for name in by_count[0]:
        cells = (f"{np.median(each[name]):.1%}, {np.percentile(each[name], 90):.1%}" for each in by_count)
        print("| " + " | ".join([name, *cells]) + " |")


if __name__ == "__main__":
    main()
