"""Whether the schema of JSON keeps what the last release promised: keys, that they are there, and their types.

python tests/distribution/json_promise.py

The last release is the newest tag ``v…`` that the clone has; without one there is nothing to compare.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SCHEMA = "igcli/jobs/outputs/record.schema.json"


def broken(before: Any, now: Any, place: str = "") -> Iterator[str]:
    """What a reader of ``before`` would miss in ``now``, both schemas or parts of them, by place."""
    if not isinstance(before, dict) or not isinstance(now, dict):
        return
    if gone := set(before.get("required", ())) - set(now.get("required", ())):
        yield f"{place}: {', '.join(sorted(gone))} need not be there any more"
    if further := _types(now) - _types(before) if _types(before) else set():
        yield f"{place}: may be {', '.join(sorted(further))} now"
    for group in ("$defs", "properties"):
        for name, part in before.get(group, {}).items():
            inner = f"{place}/{name}"
            if name not in now.get(group, {}):
                yield f"{inner}: is gone"
            else:
                yield from broken(part, now[group][name], inner)
    for group in ("items", "additionalProperties"):
        yield from broken(before.get(group), now.get(group), f"{place}/*")


def _types(schema: dict[str, Any]) -> set[str]:
    """The types that a value may have; every integer is a number."""
    given = schema.get("type", [])
    types = {given} if isinstance(given, str) else set(given)
    return types | {"integer"} if "number" in types else types


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    tags = _git("tag", "--list", "v*", "--sort=-version:refname").split()
    if tags:
        found = list(broken(json.loads(_git("show", f"{tags[0]}:{SCHEMA}")), json.loads((ROOT / SCHEMA).read_text())))
        sys.exit("\n".join([f"Since {tags[0]}:", *found]) if found else 0)
    print("There is no release yet to compare with.")
