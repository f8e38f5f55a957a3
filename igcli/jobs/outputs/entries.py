"""Parts of a photo's record: the box that was cut out of it, and its true class."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from igcli.attribution.targets import TrueClass
from igcli.images.crop import Crop


def crop_entry(crop: Crop, size: tuple[int, int]) -> dict[str, Any]:
    """The box in pixels of an upright photo of this (width, height), and the detector's words on it."""
    said = {} if crop.confidence is None else {"confidence": crop.confidence, "category": crop.category}
    return {"box": list(crop.edges(size)), **said}


def truth_entry(truth: TrueClass, predicted: int) -> dict[str, Any]:
    """The true class, and whether it is the predicted one; that is ``None`` for a class the network lacks."""
    return {**asdict(truth), "correct": truth.is_class(predicted)}
