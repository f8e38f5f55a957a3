"""A photo's part of a report on the disk, so that a run that was interrupted need not explain it again."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from igcli.attribution.result import Completeness, ScoreEnds
from igcli.attribution.targets import Estimate, Ranked
from igcli.errors import OutputError
from igcli.jobs.files import read_own
from igcli.rendering.page.content import CurvePage, Encoded, FramesPage, MapPage, PhotoPage, SplitPage


def page_bytes(page: PhotoPage) -> bytes:
    """The page as JSON; pictures and numbers in base64."""
    return (json.dumps(asdict(page), default=_base64) + "\n").encode()


def load_page(path: Path) -> PhotoPage:
    """What :func:`page_bytes` has made.

    Raises
    ------
    OutputError
        If another version of igcli has written it.
    """
    plain: dict[str, Any] = json.loads(read_own(path))
    try:
        return _page_of(plain)
    except (KeyError, TypeError) as error:
        raise OutputError(
            f"{path} was written by another version of igcli. Add --overwrite to explain again."
        ) from error


def _page_of(plain: dict[str, Any]) -> PhotoPage:
    frames, split = plain["frames"], plain["split"]
    return PhotoPage(
        name=plain["name"],
        photo=Encoded(**_with_data(plain["photo"])),
        top=tuple(map(_ranked, plain["top"])),
        target=_ranked(plain["target"]),
        score=ScoreEnds(**plain["score"]),
        maps=tuple(
            MapPage(**{**_with_data(each), "completeness": Completeness(**each["completeness"])})
            for each in plain["maps"]
        ),
        curve=CurvePage(**_with_tuples(plain["curve"])),
        frames=None if frames is None else FramesPage(**_with_tuples(_with_data(frames))),
        split=None if split is None else SplitPage(**split),
        notes=tuple(plain["notes"]),
    )


def _ranked(plain: Mapping[str, Any]) -> Ranked:
    return Estimate(**plain) if "value" in plain else Ranked(**plain)


def _base64(data: object) -> str:
    if not isinstance(data, bytes):
        raise TypeError(f"{type(data).__name__} is no part of a page")
    return base64.b64encode(data).decode("ascii")


def _with_data(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {**plain, "data": base64.b64decode(plain["data"])}


def _with_tuples(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
