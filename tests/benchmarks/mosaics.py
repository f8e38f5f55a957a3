"""Does each class's map lie on its own object? Mosaics of two test photos of different classes, both as targets.

python tests/benchmarks/mosaics.py caltech101.zip
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from photographs import pictures, test_photographs
from tqdm import tqdm

import igcli
from igcli.attribution.explain import explain
from igcli.attribution.wanted import Wanted
from igcli.evaluation.similarity import similarity

PHOTOS = 100
MOSAICS = 24
SURE = 0.9
METHODS = ("integrated", "gradient", "left-integrated")


def main() -> None:
    model = igcli.load_model("caltech101", device="cpu")
    with test_photographs(Path(sys.argv[1]), PHOTOS) as files:
        sure = []
        for photo in pictures(model, files):
            ((found,),) = explain(model, [photo], Wanted(("gradient",)))
            if found.target.probability >= SURE:
                sure.append((photo.pixels, found.target))
    pairs = [(a, b) for a, b in pairwise(sure) if a[1].index != b[1].index][:MOSAICS]
    shares: dict[str, list[float]] = {method: [] for method in METHODS}
    alike: dict[str, list[float]] = {method: [] for method in METHODS}
    for (left, one), (right, two) in tqdm(pairs):
        # The middle half of each photo: 112 of its 224 columns, at its own size.
        mosaic = igcli.Picture(torch.cat([left[:, :, 56:168], right[:, :, 56:168]], dim=2))
        wanted = Wanted(METHODS, (one.index, two.index), igcli.Settings(steps=32))
        (both,) = explain(model, [mosaic], wanted)
        for method in METHODS:
            for found, own in zip(both, (slice(0, 112), slice(112, 224)), strict=True):
                importance = found.results[method].values.abs().sum(dim=0)
                shares[method].append((importance[:, own].sum() / importance.sum()).item())
            alike[method].append(similarity(*(found.results[method].values for found in both)).places_in_common)
    for method in METHODS:
        own, most = np.mean(shares[method]), np.mean(np.array(shares[method]) > 0.5)
        print(f"{method}, {len(pairs)} mosaics: {own:.1%} of a class's importance lies on its own half, in the mean;")
        print(f"  more than half of it in {most:.0%} of the maps; {np.mean(alike[method]):.0%} of the places in common")
    assert len(pairs) >= 20
    assert np.mean(shares["integrated"]) > 0.5


if __name__ == "__main__":
    main()
