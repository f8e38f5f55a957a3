"""How much of integrated gradients comes from where the score is saturated? Left and right part on 100 test photos.

python tests/benchmarks/left_right.py caltech101.zip
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from photographs import pictures, test_photographs
from tqdm import tqdm

import igcli

PHOTOS = 100
STEPS = 64  # by the authors' right Riemann sum; they took 200


def main() -> None:
    model = igcli.load_model("caltech101", device="cpu")
    with test_photographs(Path(sys.argv[1]), PHOTOS) as files:
        photos = list(pictures(model, files))
    extras = [
        igcli.attribute(model, photo, method="left-integrated", steps=STEPS, rule="right").extras
        for photo in tqdm(photos)
    ]
    print(
        f"{len(extras)} photos, softmax, black baseline, {STEPS} steps, phi 0.9: lower quartile, median, upper quartile"
    )
    for name in ("alpha_star", "right_over_left", "left_share", "right_share"):
        values = np.array([each[name] for each in extras])
        low, middle, high = np.nanpercentile(values, (25, 50, 75))
        print(f"{name}: {low:.3f}  {middle:.3f}  {high:.3f}")
    larger = np.mean([each["right_over_left"] > 1 for each in extras])
    print(f"the right part is the larger one in {larger:.0%} of the photos")


if __name__ == "__main__":
    main()
