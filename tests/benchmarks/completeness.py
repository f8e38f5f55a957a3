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
    model = igcli.load_model("caltech101", device="cpu")
    with test_photographs(Path(sys.argv[1]), PHOTOS) as files:
        fixed, auto = [], []
        for photo in tqdm(list(pictures(model, files))):
            fixed.append(igcli.attribute(model, photo, steps=64).completeness.relative_gap)
            auto.append(igcli.attribute(model, photo, steps="auto"))
    gaps = np.array(fixed)
    print(f"64 midpoint steps, {PHOTOS} photos: median relative gap {np.median(gaps):.2%}, "
          f"90th percentile {np.percentile(gaps, 90):.2%}, worst {gaps.max():.2%}")  # fmt: skip
    met = [result for result in auto if result.completeness.within_tolerance]
    capped = [result for result in auto if not result.completeness.within_tolerance]
    print(f"--steps auto: {len(met)} within 1 %, {len(capped)} at the cap of {auto[0].settings.max_steps} steps; "
          f"median of {np.median([result.gradient_evaluations for result in auto]):.0f} gradients")  # fmt: skip
    assert all(result.steps >= result.settings.max_steps / 2 for result in capped)


if __name__ == "__main__":
    main()
