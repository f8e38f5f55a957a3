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
    archive = Path(sys.argv[1])
    model = igcli.load_model("caltech101", device="cpu")
    with test_photographs(archive, PHOTOS) as files:
        photos = list(pictures(model, files))
    gaps = np.array([igcli.attribute(model, photo, steps=64).completeness.relative_gap for photo in tqdm(photos)])
    print(
        f"64 midpoint steps, {PHOTOS} photos: median relative gap {np.median(gaps):.2%}, "
        f"90th percentile {np.percentile(gaps, 90):.2%}, worst {gaps.max():.2%}"
    )


if __name__ == "__main__":
    main()
