"""How exact are the numbers on real photographs? Completeness gaps on 100 photos of the test part.

python tests/benchmarks/completeness.py caltech101.zip
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from photographs import pictures, test_photographs
from tqdm import tqdm

import igcli

PHOTOS = 100


def main() -> None:
    archive, autos = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else PHOTOS
    model = igcli.load_model("caltech101", device="cpu")
    with test_photographs(archive, PHOTOS) as files:
        photos = list(pictures(model, files))
    gaps = np.array([igcli.attribute(model, photo, steps=64).completeness.relative_gap for photo in tqdm(photos)])
    print(
        f"64 midpoint steps, {PHOTOS} photos: median relative gap {np.median(gaps):.2%}, "
        f"90th percentile {np.percentile(gaps, 90):.2%}, worst {gaps.max():.2%}",
        flush=True,
    )
    chosen = [photos[i * PHOTOS // autos] for i in range(autos)]
    auto = [igcli.attribute(model, photo, steps="auto") for photo in tqdm(chosen)]
    capped = [result for result in auto if not result.completeness.within_tolerance]
    median = np.median([result.gradient_evaluations for result in auto])
    print(
        f"--steps auto, {autos} of them: {autos - len(capped)} within 1 %, {len(capped)} at the cap of "
        f"{auto[0].settings.max_steps} steps; median of {median:.0f} gradients"
    )
    assert all(result.steps == result.settings.max_steps for result in capped)


if __name__ == "__main__":
    main()
