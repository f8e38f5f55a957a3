"""Reads photographs of a zip, of Caltech-101's the test part, spread over its classes, for the other benchmarks."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import igcli


@contextmanager
def test_photographs(archive: Path, count: int) -> Iterator[list[Path]]:
    """``count`` files, evenly spaced in the sorted test part, or in all, unpacked for the time of the block."""
    with zipfile.ZipFile(archive) as source, tempfile.TemporaryDirectory() as folder:
        every = sorted(n for n in source.namelist() if n.endswith(".jpg"))
        names = [name for name in every if name.startswith("test/")] or every
        chosen = [names[i * len(names) // count] for i in range(count)]
        yield [Path(source.extract(name, folder)) for name in chosen]


def pictures(model: igcli.Classifier, files: list[Path]) -> Iterator[igcli.Picture]:
    """The files as ``model`` sees them, one at a time."""
    for file in files:
        yield igcli.read_image(file, view=model.view)
