"""Whether a source distribution has every file that git has, and so all that the Makefile's commands need.

python tests/distribution/sdist.py dist/*.tar.gz
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def missing_from(archive: Path) -> set[str]:
    """The files that git has and the distribution has not."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    with tarfile.open(archive) as opened:
        held = {name.partition("/")[2] for name in opened.getnames()}
    return {name for name in tracked if name} - held


if __name__ == "__main__":
    if not (ROOT / ".git").exists():
        print("This is no clone: what git has is not known.")
        sys.exit()
    missing = missing_from(Path(sys.argv[1]))
    sys.exit(f"Not in the distribution: {', '.join(sorted(missing))}" if missing else 0)
