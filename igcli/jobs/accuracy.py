"""How often the most probable class is the true one, and which classes are taken for which: counts over photos."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from igcli.jobs.outputs.record import Record

#: The quantile of the normal distribution that leaves 2.5 % above it.
_Z = 1.959963984540054


class Accuracy:
    """Counts over records of photos whose true class is known.

    Attributes
    ----------
    photos
        Photos whose true class is one of the network's.
    correct, among_five
        Those of them whose true class is the most probable one, and is among the five most probable.
    unknown
        Photos of each true class that the network does not have: they are not counted otherwise.
    """

    def __init__(self) -> None:
        self.photos = self.correct = self.among_five = 0
        self.unknown: Counter[str] = Counter()
        self._pairs: Counter[tuple[int, str, int, str]] = Counter()

    def take(self, record: Record) -> None:
        """Count the photo of a record, if it says the true class."""
        truth, prediction = record.get("truth"), record.get("prediction")
        if not truth or not prediction:
            return
        if truth["index"] is None:
            self.unknown[truth["label"]] += 1
            return
        self.photos += 1
        self.correct += bool(truth["correct"])
        self.among_five += truth["index"] in [each["index"] for each in prediction[:5]]
        first = prediction[0]
        self._pairs[truth["index"], truth["label"], first["index"], first["label"]] += 1

    def __bool__(self) -> bool:
        """Whether any photo has a true class."""
        return bool(self.photos or self.unknown)

    @property
    def record(self) -> Record:
        """The entry ``accuracy`` of ``run.json``; wrong pairs of classes come first, the most frequent at the top."""
        low, high = wilson(self.correct, self.photos)
        pairs = sorted(self._pairs.items(), key=lambda each: (each[0][0] == each[0][2], -each[1], each[0]))
        return {
            "photos": self.photos,
            "correct": self.correct,
            "top1": _share(self.correct, self.photos),
            "top1_low": low,
            "top1_high": high,
            "top5": _share(self.among_five, self.photos),
            "unknown_classes": dict(sorted(self.unknown.items())),
            "confusion": [_pair(*pair, count) for pair, count in pairs],
        }

    @property
    def sentence(self) -> str:
        """The accuracy in words, for a line at the end of a run."""
        if not self.photos:
            return f"Accuracy: none of the {sum(self.unknown.values())} true classes is one of the network's."
        low, high = wilson(self.correct, self.photos)
        left = f"; {sum(self.unknown.values())} of classes that the network lacks" if self.unknown else ""
        return (
            f"Accuracy {_percent(self.correct / self.photos)} ({self.correct} of {self.photos}; 95 % interval "
            f"{_percent(low)} to {_percent(high)}), among the first five {_percent(self.among_five / self.photos)}"
            f"{left}"
        )


def wilson(correct: int, photos: int) -> tuple[float, float]:
    """The 95 % interval of a share: E. B. Wilson, 1927, JASA 22 (158), 209-212; NaN of no photos."""
    if not photos:
        return math.nan, math.nan
    share, square = correct / photos, _Z * _Z
    middle = (share + square / (2 * photos)) / (1 + square / photos)
    half = _Z * math.sqrt(share * (1 - share) / photos + square / (4 * photos**2)) / (1 + square / photos)
    return max(0.0, middle - half), min(1.0, middle + half)


def wrong_pairs(accuracy: Accuracy, count: int) -> Sequence[str]:
    """The most frequent of those confusions that are not alone, as ``"7 cat taken for dog"``."""
    pairs = [each for each in accuracy.record["confusion"] if each["truth_index"] != each["predicted_index"]]
    often = [each for each in pairs if each["count"] > 1]
    return [f"{each['count']} {each['truth']} taken for {each['predicted']}" for each in often[:count]]


def _pair(truth_index: int, truth: str, predicted_index: int, predicted: str, count: int) -> dict[str, Any]:
    indices = {"truth_index": truth_index, "predicted_index": predicted_index}
    return {"truth": truth, "predicted": predicted, **indices, "count": count}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
