"""The page of results, ``README.md`` next to this file: each script writes its own tables between two markers."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).with_name("README.md")


def write(section: str, text: str, *, page: Path = PAGE) -> None:
    """Replace what lies between ``<!-- section -->`` and ``<!-- /section -->``; ``ValueError`` without them."""
    old = page.read_text(encoding="utf-8")
    between = re.compile(rf"(<!-- {re.escape(section)} -->\n).*?(<!-- /{re.escape(section)} -->)", re.DOTALL)
    if not between.search(old):
        raise ValueError(f"{page} has no section {section}")
    page.write_text(between.sub(lambda found: f"{found[1]}{text.strip()}\n{found[2]}", old), encoding="utf-8")


def machine() -> str:
    """On what the numbers were measured, in words."""
    import platform

    import torch

    return f"Python {platform.python_version()}, torch {torch.__version__}, {platform.system()} {platform.machine()}"
