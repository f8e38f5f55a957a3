"""What numbers are required of an evaluation: how it is written, and whether it is met.

    requirement  = quantity comparison number          "low(localisation:integrated) >= 0.45"
    quantity     = part | "low(" part ")" | "high(" part ")"
    part         = measure | "difference(" measure ")"
    measure      = metric ":" map [ "@" class ]
    comparison   = ">=" | "<=" | ">" | "<"

A measure is the mean over the photos, or over those of which the class is explained. ``low`` and ``high`` are the ends
of its 95 % interval; ``difference`` is now less earlier, over the photos that both have. Nothing is evaluated as code.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from igcli.errors import UsageError
from igcli.evaluation.exclusions import counted
from igcli.evaluation.statistics import Estimate, estimate
from igcli.jobs.evaluating.earlier import Difference
from igcli.jobs.evaluating.table import Column
from igcli.jobs.outputs.record import Record
from igcli.lazy import np
from igcli.models.labels import Labels

_COMPARISONS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_EXAMPLE = '"localisation:integrated >= 0.5"'


@dataclass(frozen=True)
class Requirement:
    """One number that is required.

    Attributes
    ----------
    text
        As it was written.
    label
        Only photos of which this class is explained; empty for all.
    bound
        Which number: the mean, or an end of its interval.
    of_difference
        Whether it is of the difference to an earlier evaluation.
    """

    text: str
    metric: str
    map: str
    comparison: str
    limit: float
    label: str = ""
    bound: Literal["mean", "low", "high"] = "mean"
    of_difference: bool = False

    def on(self, labels: Labels, *, metrics: Collection[str], maps: Collection[str] | None) -> Requirement:
        """The same with the class's name as the model has it.

        Parameters
        ----------
        metrics, maps
            What is measured; ``None`` where maps are known only once they are read.

        Raises
        ------
        UsageError
            When it names a metric or a map that is not measured, or no class of the model.
        """
        if self.metric not in metrics:
            raise UsageError(
                f"--require {self.text!r}: {self.metric} is not measured here. Add --metric {self.metric}, or name one "
                f"of {', '.join(metrics)}."
            )
        if maps is not None and self.map not in maps:
            raise UsageError(
                f"--require {self.text!r}: there is no map called {self.map!r} here. Name one of "
                f"{'; '.join(maps)}, or add what is missing with --method."
            )
        return replace(self, label=labels[labels.find(self.label)]) if self.label else self

    def check(self, column: Column | None, difference: Difference | None) -> Checked:
        """Whether it is met by what was measured; ``difference`` is that to an earlier evaluation."""
        if column is None or self.map not in column.values:
            return Checked(self, math.nan, "No photo was measured by it.")
        if self.of_difference and difference is None:
            return Checked(self, math.nan, "There is no earlier evaluation to compare with.")
        if self.of_difference and difference is not None and self.map not in difference.values:
            return Checked(self, math.nan, difference.reason or f"The earlier evaluation has no map {self.map}.")
        values = difference.values[self.map] if self.of_difference and difference else column.values[self.map]
        places = [place for place, label in enumerate(column.targets) if self.label in ("", label)]
        if not places:
            return Checked(self, math.nan, f"There is no photo of which {self.label!r} is explained.")
        found = estimate(np.asarray(values, float)[places], resampling=column.resampling.of(places))
        number = float(getattr(found, self.bound))
        return Checked(self, number, "" if math.isfinite(number) else self._why_none(found), found.count)

    def _why_none(self, found: Estimate) -> str:
        if not found.count:
            return "No photo has a number" + (" in both evaluations." if self.of_difference else ".")
        return f"There is no interval: {found.drawn} independent sample{'s' * (found.drawn != 1)} of it."


@dataclass(frozen=True)
class Checked:
    """A requirement with the number that was found; NaN, and the reason, where there is none.

    Attributes
    ----------
    photos
        How many have a number.
    """

    requirement: Requirement
    found: float
    reason: str = ""
    photos: int = 0

    @property
    def met(self) -> bool | None:
        """``None`` where there is no number."""
        if not math.isfinite(self.found):
            return None
        return bool(_COMPARISONS[self.requirement.comparison](self.found, self.requirement.limit))

    @property
    def verdict(self) -> str:
        """In words: ``met``, ``not met``, ``no number``."""
        return {True: "met", False: "not met", None: "no number"}[self.met]

    @property
    def line(self) -> str:
        """One line of text."""
        more = (
            f" ({self.reason})" if self.met is None else f", found {self.number} over {counted(self.photos, 'photo')}"
        )
        return f"required {self.requirement.text}: {self.verdict}{more}"

    @property
    def number(self) -> str:
        """What was found, with at least three digits, and so many that it does not look like the limit."""
        limit = self.requirement.limit
        digits = (f"{self.found:.{count}g}" for count in range(3, 17))
        return next((text for text in digits if float(text) != limit or self.found == limit), repr(self.found))

    @property
    def record(self) -> Record:
        """What the record says of it."""
        return {
            "required": self.requirement.text,
            "found": self.found,
            "photos": self.photos,
            "met": self.met,
            "reason": self.reason or None,
        }


def check_all(
    requirements: Sequence[Requirement], columns: Sequence[Column], differences: dict[str, Difference]
) -> list[Checked]:
    """All requirements, in their order; ``differences`` are by metric."""
    by_name = {column.name: column for column in columns}
    return [each.check(by_name.get(each.metric), differences.get(each.metric)) for each in requirements]


def parsed_requirement(text: str) -> Requirement:
    """A requirement as it is written.

    Raises
    ------
    ValueError
        In a sentence, for what is none.
    """
    found = re.fullmatch(r"(.*?)\s*(>=|<=|>|<)\s*([^<>=]*)", text.strip(), re.DOTALL)
    if found is None:
        raise ValueError(f"{text!r} compares nothing: write a measure, >=, <=, > or <, and a number, as {_EXAMPLE}.")
    written, comparison, number = found[1], found[2], found[3].strip()
    try:
        limit = float(number)
    except ValueError:
        limit = math.nan
    if not math.isfinite(limit):
        raise ValueError(f"{text!r} ends in {number!r}, which is no number: write it as {_EXAMPLE}.")
    bound, part = _called(written, ("low", "high"))
    difference, measure = _called(part, ("difference",))
    metric, colon, rest = measure.partition(":")
    name, at, label = rest.partition("@")
    parts = {"metric": metric.strip(), "map": name.strip(), **({"class": label.strip()} if at else {})}
    if not colon or re.search(r"[()\s]", parts["metric"]) or not all(parts.values()):
        lacking = next((part for part, given in parts.items() if not given), "metric")
        what = f"names no {lacking}" if colon and not parts[lacking] else "is no METRIC:MAP"
        raise ValueError(
            f"{text!r}: {written!r} {what}. Write METRIC:MAP or METRIC:MAP@CLASS, as it is or in difference(), low() "
            "or high(): low(difference(aopc:integrated)) >= 0."
        )
    return Requirement(
        text.strip(),
        parts["metric"],
        parts["map"],
        comparison,
        limit,
        label=parts.get("class", ""),
        bound="low" if bound == "low" else "high" if bound == "high" else "mean",
        of_difference=bool(difference),
    )


def _called(text: str, names: Sequence[str]) -> tuple[str, str]:
    """The function that stands around the text, if it is one of ``names``, and what is in it."""
    text = text.strip()
    for name in names:
        if (inner := re.fullmatch(rf"{name}\s*\((.*)\)", text, re.DOTALL)) is not None:
            return name, inner[1].strip()
    return "", text
