"""Does memory grow with the number of steps? Peak memory of 1,000 steps over that of 50, at the same chunk.

python tests/benchmarks/memory.py
"""

from __future__ import annotations

import subprocess
import sys

CHUNK = 8
PROGRAM = f"""
import resource, sys, igcli
from pathlib import Path
model = igcli.load_model("caltech101", device="cpu")
photo = igcli.read_image(Path("sample_images/motorcycle.jpg"), view=model.view)
igcli.attribute(model, photo, steps=int(sys.argv[1]), budget=igcli.Budget({CHUNK}))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(steps: int) -> float:
    """Peak resident memory in MiB of a process that explains one photo."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(steps)], capture_output=True, text=True, check=True)
    return int(done.stdout) / (1024 if sys.platform != "darwin" else 2**20)


def main() -> None:
    few, many = peak(50), peak(1000)
    print(
        f"peak memory at a chunk of {CHUNK}: 50 steps {few:.0f} MiB, 1000 steps {many:.0f} MiB, ratio {many / few:.3f}"
    )
    if many > 1.1 * few:
        sys.exit("memory grows with the number of steps")


if __name__ == "__main__":
    main()
