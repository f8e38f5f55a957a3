"""Boxes in Pascal VOC XML, one file per photo.

In the format the top left pixel is (1, 1) and ``xmax``, ``ymax`` are the last pixels of the object (VOC2012
development kit, §2.5), so that the box from 1 to the width is the whole photo: one is taken off ``xmin`` and ``ymin``.

A file may come from anywhere. It is parsed by expat with any DOCTYPE refused, hence without entities of its own,
neither external nor such as multiply; attributes are not kept.
"""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from igcli.evaluation.ground_truth.annotation import Annotated, AnnotationError, Box, named, read_bytes

LARGEST_FILE = 10_000_000
"""Bytes; a photo with a thousand boxes takes a third of a million."""


def read_voc(path: Path, *, folder: Path | None = None) -> Annotated:
    """What one XML file says.

    The photo is the one that ``<filename>`` names, in the sub-folder of ``folder`` in which the XML file lies; where
    there is no such name (or the ``%s`` that some of ImageNet's files have), the XML file's own.

    Raises
    ------
    AnnotationError
        For a file that is no such XML; it names the line.
    """
    root = _parsed(read_bytes(path, limit=LARGEST_FILE), path)
    if root.tag != "annotation":
        raise AnnotationError(f"{path} is XML of another kind: it begins with <{root.tag}>, not with <annotation>.")
    written = named(root.findtext("filename", "")).name
    name = path.stem if written in ("", "%s") else written
    below = path.parent.relative_to(folder).as_posix() if folder else ""
    boxes = tuple(_box(entry, path) for entry in root.findall("object"))
    return Annotated(named(below) / name, boxes, _size(root))


def _parsed(data: bytes, path: Path) -> Element:
    """The elements and their text; each knows its line as ``line``."""
    builder, parser = TreeBuilder(), expat.ParserCreate()

    def start(tag: str, _: dict[str, str]) -> None:
        builder.start(tag, {"line": str(parser.CurrentLineNumber)})

    def refuse(*_: object) -> None:
        line = parser.CurrentLineNumber
        raise AnnotationError(f"{path} line {line} has a DOCTYPE, which is refused since it can do harm; remove it.")

    parser.StartElementHandler = start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)  # noqa: FBT003
    except (expat.ExpatError, LookupError, ValueError) as error:  # the latter two for an unknown encoding
        line = parser.CurrentLineNumber
        raise AnnotationError(
            f"{path} line {line} is not XML ({error}); export the file again, or remove it."
        ) from None
    root: Element = builder.close()
    return root


def _box(entry: Element, path: Path) -> Box:
    """The box of one object; with NaN for edges that are missing or no numbers, so that it alone is left out."""
    around = entry.find("bndbox")
    written = entry if around is None else around
    left, top, right, bottom = (_edge(written, side) for side in ("xmin", "ymin", "xmax", "ymax"))
    label = (entry.findtext("name") or "").strip() or None
    return Box(left - 1, top - 1, right, bottom, label, f"{path} line {written.get('line')}")


def _edge(around: Element, side: str) -> float:
    try:
        return float(around.findtext(side) or "")
    except ValueError:
        return math.nan


def _size(root: Element) -> tuple[int, int] | None:
    """As stated; some tools write nothing, or 0."""
    try:
        width, height = (float(root.findtext(f"size/{side}", "0")) for side in ("width", "height"))
    except ValueError:
        return None
    stated = math.isfinite(width) and math.isfinite(height) and width >= 1 and height >= 1
    return (int(width), int(height)) if stated else None
