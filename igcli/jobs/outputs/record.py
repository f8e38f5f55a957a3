"""Records: plain data of the schema family ``igcli/1``, enough to compute the numbers again.

Every record and every line of JSON is made by :func:`new_record`; ``record.schema.json``, next to this file, describes
all of them.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from igcli.attribution.result import Attribution, Explanation
from igcli.images.picture import Picture
from igcli.jobs.files import write_whole
from igcli.jobs.plan import ModelFacts
from igcli.rendering.numbers import finite

SCHEMA = "igcli/1"
Record = dict[str, Any]


def new_record(*, picture: Picture | None = None, network: ModelFacts | None = None, **entries: Any) -> Record:
    """A record with these entries.

    Parameters
    ----------
    picture
        The photo that it is about: its entry ``image``.
    network
        The network that its numbers are of: its entry ``model``, and the versions that numbers can depend on.
    """
    return {
        "schema": SCHEMA,
        **({} if picture is None else {"image": image_entry(picture)}),
        **({} if network is None else {"model": _model_entry(network)}),
        **entries,
        **({} if network is None else {"versions": versions()}),
    }


def record_of(
    model: ModelFacts,
    explanation: Explanation,
    results: Sequence[Record],
    *,
    files: Mapping[str, str],
    timing: Mapping[str, float],
    views: Mapping[str, Record] | None = None,
    columns: Mapping[str, str] | None = None,
) -> Record:
    """Everything about one picture and one class, plain data.

    ``views`` are further sections, by name; ``columns`` is what a list of photos said of this one.
    """
    return new_record(
        picture=explanation.picture,
        network=model,
        prediction=[asdict(ranked) for ranked in explanation.prediction],
        target=asdict(explanation.target),
        score=asdict(explanation.score),
        results=list(results),
        **(views or {}),
        **({"columns": dict(columns)} if columns else {}),
        files=dict(files),
        timing={name: round(seconds, 4) for name, seconds in timing.items()},
    )


def image_entry(picture: Picture) -> Record:
    """Which photo, and what of it the model saw; ``path`` as it was given, ``absolute`` from wherever it is read."""
    width, height = picture.original_size
    path = picture.path
    return {
        "path": None if path is None else _text(str(path)),
        "absolute": None if path is None else absolute(path),
        "sha256": picture.sha256,
        "file": None if picture.state is None else asdict(picture.state),
        "width": width,
        "height": height,
        "fit": picture.placement.fit,
        "box": [round(edge, 3) for edge in picture.placement.box],
        "notes": list(picture.notes),
    }


def absolute(path: Path) -> str:
    """The absolute path of a file as records have it."""
    return _text(os.path.abspath(path))  # noqa: PTH100 - links are not followed


def _model_entry(model: ModelFacts) -> Record:
    """Which network, and how its products were computed, with the error where that was measured.

    Also the reason, where no two pictures went through it together.
    """
    error = {} if model.precision_error is None else {"precision_error": model.precision_error}
    alone = {"one_at_a_time": model.one_at_a_time} if model.one_at_a_time else {}
    return {**asdict(model.provenance), "input_size": model.input_size, "precision": model.precision, **error, **alone}


def result_entry(result: Attribution, *, device: str, batch_size: int, drawing: Mapping[str, Any]) -> Record:
    """One method's part of the record."""
    settings = {**asdict(result.settings), "rule": result.settings.placed_by}
    return {
        "method": result.method,
        "settings": {**settings, "device": device, "batch_size": batch_size},
        "sum": result.total,
        "completeness": asdict(result.completeness),
        "steps": result.steps,
        "gradient_evaluations": result.gradient_evaluations,
        "forward_evaluations": result.forward_evaluations,
        "extras": dict(result.extras),
        "premise": result.premise or None,
        "drawing": dict(drawing),
    }


def to_json(record: Record, *, indent: int | None = None) -> str:
    """The record as JSON text; numbers that JSON does not have become null."""
    return _text(json.dumps(finite(record), indent=indent, ensure_ascii=False, allow_nan=False))


def write_record(path: Path, record: Record) -> None:
    """Write the record as a file of JSON, whole."""
    write_whole(path, (to_json(record, indent=2) + "\n").encode())


def typed() -> str:
    """The command line, quoted for the shell."""
    return shlex.join(["ig", *sys.argv[1:]])


@cache
def versions() -> dict[str, str]:
    """The versions that numbers can depend on."""
    packages = ("igcli", "torch", "torchvision", "numpy", "pillow")
    return {"python": platform.python_version(), **{package: version(package) for package in packages}}


def _text(name: str) -> str:
    """The text with ``?`` for what UTF-8 does not have: names of files can be any bytes."""
    return name.encode("utf-8", "replace").decode()
