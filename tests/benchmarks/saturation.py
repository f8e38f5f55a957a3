"""Where do scores and layers saturate on real photographs? ``ig saturation`` on 60 photos of the test part.

python tests/benchmarks/saturation.py caltech101.zip [output folder]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from photographs import test_photographs

PHOTOS = 60


def main() -> None:
    output = sys.argv[2] if len(sys.argv) > 2 else "out/saturation"
    with test_photographs(Path(sys.argv[1]), PHOTOS) as files:
        arguments = [
            "saturation",
            *map(str, files),
            "-o",
            output,
            "--model",
            "caltech101",
            "--points",
            "51",
            "--layers",
        ]
        subprocess.run([sys.executable, "-m", "igcli", *arguments], check=True)


if __name__ == "__main__":
    main()
