"""The numbers of all photos put together: means with intervals and paired comparisons, as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Literal

from igcli.evaluation.map_views import base_of
from igcli.evaluation.metrics.metric import Curve, Metric, arrow
from igcli.evaluation.reliability import reliability
from igcli.evaluation.statistics import Band, Estimate, Resampling, band, best_marked, estimate, win_rates
from igcli.jobs.evaluating.card import Card
from igcli.jobs.outputs.record import Record
from igcli.lazy import np
from igcli.tables import csv_bytes


@dataclass
class Column:
    """One metric over all photos, or all mosaics.

    Attributes
    ----------
    controls
        Maps that are controls, which :attr:`reliability` leaves out.
    values
        Map to one number per photo; NaN where there is none.
    reasons
        Map to why there is none, and how often.
    curves
        Curve to map to the curves of the photos that have one, by their places.
    clusters
        Which cluster each photo is of, where intervals are over clusters; else nothing.
    """

    name: str
    metric: Metric
    protocol: str
    controls: Sequence[str] = ()
    photos: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    values: dict[str, list[float]] = field(default_factory=dict)
    reasons: dict[str, list[str]] = field(default_factory=dict)
    curves: dict[str, dict[str, dict[int, Curve]]] = field(default_factory=dict)
    clusters: list[str] = field(default_factory=list)

    def add(self, card: Card, maps: Sequence[str], *, cluster: str | None = None) -> None:
        """The numbers of the named maps on one more card; a map that only other photos have has none."""
        if cluster is not None:
            self.clusters.append(cluster)
        self.photos.append(str(card.image["path"]))
        self.targets.append(card.target["label"])
        for name in dict.fromkeys((*self.values, *maps)):
            found = card.measured[self.name].get(name) if name in maps else None
            self.values.setdefault(name, [np.nan] * (len(self.photos) - 1)).append(found.value if found else np.nan)
            reason = found.reason if found else "There is no such map of this photo."
            self.reasons.setdefault(name, [""] * (len(self.photos) - 1)).append(reason)
            for curve_name, curve in (found.curves if found else {}).items():
                thin = Curve(curve.fractions.astype(np.float32), curve.values.astype(np.float32))
                self.curves.setdefault(curve_name, {}).setdefault(name, {})[len(self.photos) - 1] = thin

    @cached_property
    def resampling(self) -> Resampling:
        """What intervals draw: photos, or their clusters."""
        return Resampling.over(self.clusters)

    @cached_property
    def estimates(self) -> dict[str, Estimate]:
        """Mean and interval of every map's numbers."""
        return {name: estimate(values, resampling=self.resampling) for name, values in self.values.items()}

    @cached_property
    def best(self) -> str | None:
        """The map that is better than every other by the paired intervals, if there is one."""
        return best_marked(self.values, direction=self.metric.direction, resampling=self.resampling)

    @cached_property
    def quartiles(self) -> dict[str, list[float]]:
        """Lower quartile, median and upper quartile of every map's numbers; NaN where there are none."""
        return {
            name: np.nanquantile(values, (0.25, 0.5, 0.75)).tolist() if self.estimates[name].count else [np.nan] * 3
            for name, values in self.values.items()
        }

    @cached_property
    def reliability(self) -> float:
        """Krippendorff's α of the maps' ranks over the photos, without controls; NaN for fewer than three maps."""
        return reliability({name: values for name, values in self.values.items() if name not in self.controls})

    @cached_property
    def bands(self) -> dict[str, dict[str, Band]]:
        """Curve to map to its mean over the photos."""
        return {
            name: {
                each: band(list(curves.values()), resampling=self.resampling.of(list(curves)))
                for each, curves in by_map.items()
            }
            for name, by_map in self.curves.items()
        }

    def title_of(self, curve: str) -> str:
        """The title of a chart of one of the ``bands``."""
        return self.name if curve == self.name else f"{self.name}: {curve}"

    def cell(self, name: str) -> str:
        """A map's mean, interval and star as tables have them; a dash where there is no number."""
        found = self.estimates.get(name)
        if found is None or not found.count:
            return "–"
        star = " *" if self.best == name else ""
        if self.metric.with_quartiles:
            lower, median, upper = (_fixed(value, scale=max(self.quartiles[name])) for value in self.quartiles[name])
            star += f"; median {median} ({lower} to {upper})"
        return f"{estimate_text(found)}{star}"

    @cached_property
    def record(self) -> Record:
        """The metric's part of the record."""
        wins = win_rates(self.values, direction=self.metric.direction, resampling=self.resampling)
        return {
            "direction": self.metric.direction,
            "protocol": self.protocol,
            "parameters": asdict(self.metric),
            "photos": len(self.photos),
            "maps": {
                name: {
                    **estimate_entry(found),
                    "quartiles": self.quartiles[name],
                    "why_missing": dict(Counter(filter(None, self.reasons[name]))),
                }
                for name, found in self.estimates.items()
            },
            "best": self.best,
            "reliability": self.reliability,
            "better_than": {
                one: {other: estimate_entry(wins[one, other]) for other in self.values if other != one}
                for one in self.values
            },
        }


def estimate_entry(found: Estimate) -> Record:
    """An estimate as records have it; with the number of clusters where there are any."""
    return {name: value for name, value in asdict(found).items() if value is not None}


#: The columns of evaluation.csv; there is one more where photos have clusters.
CSV_COLUMNS = ("path", "target", "map", "metric", "value", "reason")


def csv_of(columns: Sequence[Column]) -> bytes:
    """The table as CSV, one row per photo, map and metric."""
    more = ("cluster",) if any(column.clusters for column in columns) else ()
    return csv_bytes((*CSV_COLUMNS, *more), _rows(columns))


def _rows(columns: Sequence[Column]) -> Iterator[tuple[object, ...]]:
    for column in columns:
        for name, values in column.values.items():
            for place, value in enumerate(values):
                number = None if np.isnan(value) else float(value)
                own = (
                    column.photos[place],
                    column.targets[place],
                    name,
                    column.name,
                    number,
                    column.reasons[name][place],
                )
                yield (*own, column.clusters[place]) if column.clusters else own


def names_in(columns: Sequence[Column]) -> list[str]:
    """The names of the maps of all columns, in order of first appearance."""
    return list(dict.fromkeys(name for column in columns for name in column.values))


def shown_name(name: str, controls: Sequence[str], premises: Collection[str] = ()) -> str:
    """A map's name as tables have it: with a dagger where the method's premise is not met."""
    return f"{name} (control)" if name in controls else f"{name} †" if base_of(name) in premises else name


def footnotes(columns: Sequence[Column], premises: Mapping[str, str]) -> Iterator[str]:
    """Sentences on the daggers of a table."""
    names = {base_of(name) for name in names_in(columns)}
    yield from (f"† {name}: {sentence}" for name, sentence in premises.items() if name in names)


def lines_of(
    columns: Sequence[Column], controls: Sequence[str], premises: Mapping[str, str] | None = None
) -> Iterator[str]:
    """The table for the terminal: maps in rows, metrics in columns, a star at the best where the intervals say so."""
    names = names_in(columns)
    heads = [f"{column.name} {arrow(column.metric.direction)}" for column in columns]
    rows = [[shown_name(name, controls, premises or ()), *(c.cell(name) for c in columns)] for name in names]
    ranked = [not np.isnan(column.reliability) for column in columns]
    if any(ranked):
        cells = [f"{c.reliability:.2f}" if there else "–" for c, there in zip(columns, ranked, strict=True)]
        rows.append(["reliability α", *cells])
    yield from aligned([["", *heads], *rows])
    yield from footnotes(columns, premises or {})
    if any(ranked):
        yield (
            "reliability α: Krippendorff's, of the ranks that the photos give the maps, controls left out: 1 where "
            "every photo ranks them alike, 0 as by chance"
        )


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The rows of a table as lines, their columns below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def why_missing(columns: Sequence[Column]) -> Iterator[str]:
    """Sentences on the numbers that are missing from the means, and why, with counts."""
    for column in columns:
        counts: dict[str, Counter[str]] = {}
        for name, reasons in column.reasons.items():
            for reason in filter(None, reasons):
                counts.setdefault(reason, Counter())[name] += 1
        for reason, maps in counts.items():
            yield f"{column.name}: {_among(maps, len(column.photos))} without a number. {reason}"


def without_numbers(columns: Sequence[Column], controls: Sequence[str]) -> Iterator[str]:
    """A sentence for every metric that has no number for any photo; the controls' do not count."""
    for column in columns:
        maps = [name for name in column.values if name not in controls]
        if any(column.estimates[name].count for name in maps):
            continue
        reasons = Counter(reason for name in maps for reason in column.reasons[name] if reason)
        why = reasons.most_common(1)[0][0] if reasons else "There is no map to measure."
        photos = len(column.photos)
        yield f"{column.name} has no number for any of {photos} photo{'s' * (photos != 1)}. {why}"


def _among(maps: Mapping[str, int], photos: int) -> str:
    numbers = set(maps.values())
    if len(numbers) == 1:
        return f"{numbers.pop()} of {photos} for {', '.join(maps)}"
    return ", ".join(f"{count} of {photos} for {name}" for name, count in maps.items())


def estimate_text(found: Estimate, *, sign: Literal["", "+"] = "") -> str:
    """``0.123 [0.101, 0.145]``: a mean with its interval, if it has one; with ``sign`` "+", ``+0.123`` and so on."""
    if np.isnan(found.low):
        return f"{found.mean:{sign}.3g}"
    scale = max(abs(found.mean), found.high - found.low)
    mean, low, high = (_fixed(value, scale=scale, sign=sign) for value in (found.mean, found.low, found.high))
    return f"{mean} [{low}, {high}]"


def _fixed(value: float, *, scale: float, sign: Literal["", "+"] = "") -> str:
    """A number with as many decimals as three digits of ``scale`` take; with an exponent where that is below 0.0001."""
    if value == 0 or scale < _ROUNDING:
        return "0"
    digits = max(0, 2 - int(np.floor(np.log10(scale))))
    return f"{value:{sign}.{digits}f}" if digits <= 6 else f"{value:{sign}.2e}"


#: Means and intervals below this are rounding errors.
_ROUNDING = 1e-12
