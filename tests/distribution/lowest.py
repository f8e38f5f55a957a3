"""The lowest versions that ``pyproject.toml`` allows, all together, as constraints for pip: ``torch==2.6`` and so on.

python tests/distribution/lowest.py > lowest.txt
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def lowest(dependencies: list[str]) -> list[str]:
    """``name==version`` for each ``name>=version``; what is written in another way is an error."""
    found = [re.fullmatch(r"([\w.-]+)>=([\d.]+)", each) for each in dependencies]
    assert all(found), "every dependency is written as name>=version"
    return [f"{each[1]}=={each[2]}" for each in found if each]


if __name__ == "__main__":
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    print(*lowest(project["dependencies"]), sep="\n")
