"""How many photos saturate, as files: plots, tables and one record of all.

Only the curves of a photo are kept: memory is bounded over hundreds of photos.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from igcli.attribution.needed_paths import paths_to
from igcli.attribution.result import Explanation, ScoreEnds
from igcli.attribution.targets import RankedClass
from igcli.attribution.views.layers import LayerDistances, layer_distances
from igcli.attribution.views.saturation import PHI, quartiles, saturation_statistics, settles_at
from igcli.attribution.views.trace import Trace
from igcli.inputs import TextInput
from igcli.jobs.files import write_whole
from igcli.jobs.item import Explained, Item, Outcome
from igcli.jobs.outputs.record import Record, image_entry, new_record, write_record
from igcli.jobs.pipeline import process
from igcli.jobs.plan import Job, Plan
from igcli.jobs.pool import PoolSize
from igcli.lazy import np
from igcli.rendering.layer_plot import SETTLED, layer_plot
from igcli.rendering.plots import PlotContext
from igcli.rendering.saturation_plot import saturation_plot
from igcli.tables import csv_bytes


@dataclass(frozen=True)
class PhotoCurves:
    """One photo, or another input, and one class: the curves along its path.

    Attributes
    ----------
    subject
        What records say of the input: its entry ``image``, or ``input``.
    name
        The file or the input, as the tables name it.
    """

    subject: Record
    name: str
    target: RankedClass
    score: ScoreEnds
    trace: Trace
    layers: LayerDistances | None = None

    @property
    def alpha_star(self) -> float | None:
        """Where the score has made 90 % of its rise; ``None`` if it does not move."""
        return saturation_statistics([self.trace]).alpha_stars[0]

    @property
    def record(self) -> Record:
        """One photo's part of the record."""
        return {
            **self.subject,
            "target": asdict(self.target),
            "score": asdict(self.score),
            "saturation": saturation_of(self.trace),
        }


def even_alphas(count: int) -> tuple[float, ...]:
    """``count`` points from 0 to 1, both ends among them."""
    # Rounded: 0.06 is then 0.06 in the tables, and the same point wherever else it is asked for.
    return tuple(np.linspace(0, 1, count).round(9).tolist())


def path_entry(plan: Plan, explanation: Explanation) -> dict[str, Record]:
    """The entry ``path`` of a record: the score and the mean importance at every point visited."""
    trace = explanation.trace
    importance = None if trace.mean_importance is None else trace.mean_importance.tolist()
    curves = {"alphas": trace.alphas.tolist(), "scores": trace.scores.tolist(), "mean_importance": importance}
    return {"path": {"settings": plan.path_settings, **curves}}


def measure_saturation(job: Job, item: Explained, *, layers: Sequence[str] = ()) -> PhotoCurves:
    """Keep the curves of one photo; ``layers`` are the names of those whose distances to take too, forward only."""
    explanation = item.explanation
    distances = _mean_distances(job, explanation, layers) if layers else None
    if isinstance(item.found, TextInput):
        subject, name = {"input": item.found.record}, str(item.found.path)
    else:
        image = image_entry(explanation.picture)
        subject, name = {"image": image}, str(image["path"])
    return PhotoCurves(subject, name, explanation.target, explanation.score, explanation.trace, distances)


def measure_curves(
    job: Job,
    items: Iterable[Item],
    *,
    layers: Sequence[str] = (),
    pool_size: PoolSize | None = None,
    on_points: Callable[[int], None] | None = None,
) -> Iterator[Outcome[PhotoCurves]]:
    """Keep the curves of inputs; ``layers`` as for :func:`measure_saturation`, which need the network itself."""
    pool_size = pool_size and replace(pool_size, processes=False)

    def write(_plan: Plan, item: Explained) -> PhotoCurves:
        return measure_saturation(job, item, layers=layers)

    return process(job, items, write, pool_size=pool_size, on_points=on_points)


def write_saturation(
    plan: Plan, measured: Sequence[PhotoCurves], *, failed: int, ending: str, unit: str = ""
) -> Record:
    """Write the plots, the tables and the record of all photos; returns the record.

    ``saturation.png``, ``.csv`` and ``.json``, or under the plan's name; with layers ``layers.png``, ``.csv`` and
    ``.json`` too.
    """
    name = plan.name or "saturation"
    title = f"{Path(measured[0].name).name}, {measured[0].target.label}" if len(measured) == 1 else ""
    subject = subject_of(plan, title=title, unit=unit)
    traces = [each.trace for each in measured]
    kinds = [f"{name}{ending}", f"{name}.csv"]
    write_whole(plan.output / kinds[0], saturation_plot(traces, subject, ending=ending))
    write_whole(plan.output / kinds[1], csv_bytes(_CURVES, _curve_rows(measured)))
    distances = [each.layers for each in measured if each.layers is not None]
    if distances:
        prefix = f"{plan.name}.layers" if plan.name else "layers"
        own = [f"{prefix}{ending}", f"{prefix}.csv", f"{prefix}.json"]
        write_whole(plan.output / own[0], layer_plot(distances, subject, ending=ending))
        write_whole(plan.output / own[1], csv_bytes(_DISTANCES, _distance_rows(measured)))
        write_record(plan.output / own[2], _common_record(plan, count=len(distances), **_layers_entry(distances)))
        kinds += own
    record = _common_record(
        plan,
        count=len(measured),
        failed=failed,
        **_together(traces),
        **{"photos" if plan.fitting else "inputs": [each.record for each in measured]},
        files=[*kinds, f"{name}.json"],
    )
    write_record(plan.output / f"{name}.json", record)
    return record


#: What the places of an input are called, and the numbers there.
_PLACES = {
    "photo": ("pixel", "pixel value"),
    "text": ("word", "embedding"),
    "molecule": ("atom or pair", "feature"),
}


def subject_of(plan: Plan, *, title: str, unit: str = "") -> PlotContext:
    """The title and labels of a plot; ``unit`` is what an input is called, by default photo or text."""
    settings = plan.wanted.settings
    chosen = unit or ("photo" if plan.fitting else "text")
    name = plan.model.provenance.name
    return PlotContext(name, settings.score, title, settings.path_words, chosen, *_PLACES[chosen])


def saturation_of(trace: Trace) -> Record:
    """The entry ``saturation`` of one photo."""
    return {"phi": PHI, "alpha_star": saturation_statistics([trace]).alpha_stars[0]}


#: Columns of the tables.
_CURVES = ("path", "target", "alpha", "softmax", "logit", "mean_importance", "score")
_DISTANCES = ("path", "target", "layer", "alpha", "l2", "relative_l2", "cosine")


def _mean_distances(job: Job, explanation: Explanation, layers: Sequence[str]) -> LayerDistances:
    """The distances along the explanation's path; the mean over paths, where there are several baselines."""
    picture = explanation.picture
    alphas = explanation.trace.alphas
    paths = paths_to(picture, [job.model.place(picture.packed)], job.plan.wanted, model=job.model).values()
    each = [layer_distances(job.model, path, alphas, layers=layers, budget=job.budget) for path in paths]
    l2, cosine = np.mean([d.l2 for d in each], axis=0), np.mean([d.cosine for d in each], axis=0)
    return replace(each[0], l2=l2, cosine=cosine)


def _common_record(plan: Plan, **entries: Any) -> Record:
    return new_record(network=plan.model, settings={**plan.path_settings, **plan.fitting}, **entries)


def _together(traces: Sequence[Trace]) -> Record:
    """The entry ``saturation`` of all photos."""
    all_of_them = saturation_statistics(traces)
    lower, median, upper = all_of_them.quartiles or (None, None, None)
    return {
        "saturation": {
            "phi": all_of_them.phi,
            "alpha_star": {"lower_quartile": lower, "median": median, "upper_quartile": upper},
            "share_before_half": all_of_them.share_before_half,
            "scores_that_do_not_move": all_of_them.alpha_stars.count(None),
        }
    }


def _layers_entry(distances: Sequence[LayerDistances]) -> Record:
    """Medians over the photos, layer by layer, and where each layer settles."""
    first, entries = distances[0], []
    for number, layer in enumerate(first.layers):
        l2 = quartiles([(each.alphas, each.relative_l2[number]) for each in distances]).median
        cosine = quartiles([(each.alphas, each.cosine[number]) for each in distances]).median
        entries.append(
            {
                "layer": layer,
                "settles_at": settles_at(first.alphas, cosine, below=SETTLED),
                "median_norm_at_photo": float(np.median([each.norms[number] for each in distances])),
                "median_relative_l2": l2.tolist(),
                "median_cosine": cosine.tolist(),
            }
        )
    return {"settled_below_cosine": SETTLED, "alphas": first.alphas.tolist(), "layers": entries}


def _curve_rows(measured: Sequence[PhotoCurves]) -> Iterator[tuple[object, ...]]:
    for each in measured:
        trace = each.trace
        columns = (trace.alphas, trace.softmax, trace.logit, trace.mean_importance, trace.scores)
        empty = [None] * len(trace.alphas)
        for numbers in zip(*(empty if column is None else column.tolist() for column in columns), strict=True):
            yield (each.name, each.target.label, *numbers)


def _distance_rows(measured: Sequence[PhotoCurves]) -> Iterator[tuple[object, ...]]:
    for each in measured:
        if each.layers is None:
            continue
        table = np.stack([each.layers.l2, each.layers.relative_l2, each.layers.cosine], axis=2).tolist()
        for layer, rows in zip(each.layers.layers, table, strict=True):
            for alpha, row in zip(each.layers.alphas.tolist(), rows, strict=True):
                yield (each.name, each.target.label, layer, alpha, *row)
