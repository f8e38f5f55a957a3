"""What the scripts of a page read: all of the content but pictures and the numbers of pixels, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from igcli.attribution.methods.method import METHODS
from igcli.attribution.scores import PROBABILITIES
from igcli.rendering.numbers import finite
from igcli.rendering.page.content import MAP_LEVELS, Cell, MapPage, PhotoPage, ReportPage, Table
from igcli.rendering.page.style_tables import check_style, painted_styles

Plain = dict[str, Any]

_DIGITS = 7  # of a number on a curve: no screen shows more


def index_of(page: ReportPage) -> Plain:
    """Plain data, with the keys that the scripts use."""
    check_style(page.style)
    names = {each.method for photo in page.photos for each in photo.maps}
    return {
        "title": page.title,
        "probabilities": list(PROBABILITIES),
        "style": page.style,
        "percentile": page.scale.percentile,
        "ceilings": {name: top for name in sorted(names) if (top := page.scale.of(name).maximum) is not None},
        "styles": [
            {"name": name, "legend": style.legend, "signed": style.signed}
            for name, style in painted_styles(page.style).items()
        ],
        "methods": {entry.name: entry.summary for entry in METHODS.entries() if entry.name in names},
        "black": _is_dimmed(page.origin.settings),
        "photos": [_photo(photo) for photo in page.photos],
        "evaluation": {
            "tables": [_table(table) for table in page.tables],
            "charts": [asdict(chart) for chart in page.charts],
        },
        "caveat": page.origin.caveat,
        "failures": list(page.failures),
        "origin": _origin(page),
    }


def script_json(plain: Plain) -> str:
    """JSON in ASCII that no HTML block can be ended by; numbers that JSON does not have become null."""
    text = json.dumps(finite(plain), allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _photo(photo: PhotoPage) -> Plain:
    curve, frames = photo.curve, photo.frames
    return {
        "name": photo.name,
        "type": photo.photo.media_type,
        "width": photo.photo.width,
        "height": photo.photo.height,
        "top": [[each.label, each.amount, each.index == photo.target.index] for each in photo.top],
        "target": {**asdict(photo.target), "amount": photo.target.amount},
        "score": asdict(photo.score),
        "maps": [_map(each) for each in photo.maps],
        "curve": {
            "alphas": _short(curve.alphas),
            "scores": _short(curve.scores),
            "importance": None if curve.mean_importance is None else _short(curve.mean_importance),
        },
        "frames": None
        if frames is None
        else {
            "alphas": _short(frames.alphas),
            "levels": frames.levels,
            "tops": list(frames.tops),
            "width": frames.width,
            "height": frames.height,
        },
        "split": None if photo.split is None else asdict(photo.split),
        "notes": list(photo.notes),
        "truth": photo.truth and {"label": photo.truth.label, "correct": photo.truth.is_class(photo.top[0].index)},
    }


def _map(each: MapPage) -> Plain:
    return {
        "method": each.method,
        "levels": each.levels,
        "top": each.top,
        "total": each.total,
        "completeness": {**asdict(each.completeness), "words": each.completeness.words},
        "steps": each.steps,
        "evaluations": each.gradient_evaluations,
    }


def _table(table: Table) -> Plain:
    rows = [[asdict(cell) if isinstance(cell, Cell) else cell for cell in row] for row in table.rows]
    return {"title": table.title, "columns": list(table.columns), "rows": rows, "note": table.note}


def _origin(page: ReportPage) -> Plain:
    network, origin = page.origin.network, page.origin
    facts: list[tuple[str, str | None]] = [
        ("network", network.name),
        ("weights", network.weights),
        ("SHA-256 of the weights", network.sha256),
        *[(name, _said(value)) for name, value in origin.settings.items()],
        ("versions", ", ".join(f"{name} {version}" for name, version in origin.versions.items())),
        ("kept in this page", _kept(page)),
    ]
    return {"facts": [[name, value] for name, value in facts if value], "command": origin.command}


def _kept(page: ReportPage) -> str:
    """How finely, as a sentence: whether the page's pictures are those of the command line."""
    if not page.photos:
        return ""
    frames = [photo.frames for photo in page.photos if photo.frames is not None]
    steps = min((each.levels for photo in page.photos for each in photo.maps), default=MAP_LEVELS)
    said = f"maps in {steps} steps to each side of zero"
    if any(photo.photo.media_type == "image/jpeg" for photo in page.photos):
        said += " and photos as JPEG: colours differ slightly from those of ig explain"
    if not frames:
        return said
    most, levels = max(len(each.alphas) for each in frames), min(each.levels for each in frames)
    halved = any(each.frames is not None and each.frames.width < each.photo.width for each in page.photos)
    size = ", at half the photo's size" if halved else ""
    return f"{said}; interior gradients at {most} points, in {levels + 1} levels{size}"


def _said(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else "" if value is None else str(value)


def _short(numbers: tuple[float, ...]) -> list[float]:
    return [float(f"{number:.{_DIGITS}g}") for number in numbers]


def _is_dimmed(settings: Mapping[str, object]) -> bool:
    """Whether the points of the path are the photo, darker."""
    return settings.get("baseline") == "black" and settings.get("path", "straight") == "straight"
