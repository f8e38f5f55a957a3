"""Explaining many files: read, explain in groups that fill a chunk, draw, write, record.

One file that cannot be read or explained does not stop the others; an output folder that cannot be written to does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from igcli.attribution.budget import Budget
from igcli.attribution.explain import FIRST_AUTO_STEPS, Wanted, explain
from igcli.attribution.result import Explanation
from igcli.errors import ImageError, NumericalError, OutputError
from igcli.images.finding import Found
from igcli.images.options import ReadOptions
from igcli.images.picture import Picture
from igcli.images.reading import read_image
from igcli.jobs.drawing import PANEL_METHODS, Drawing, Product, panel_of, products_of
from igcli.jobs.files import check_writable, write_whole
from igcli.jobs.naming import output_stems, with_target
from igcli.jobs.record import Record, record_of, result_entry, to_json
from igcli.models.classifier import Classifier


@dataclass(frozen=True)
class ExplainJob:
    """What to do with every file.

    Attributes
    ----------
    model
        Loaded, on its device.
    wanted
        Methods, classes, score, path.
    drawing
        Pictures and arrays to leave.
    fit
        A name in ``FITS``.
    reading
        How to read files.
    output
        The folder that everything is written to.
    """

    model: Classifier
    wanted: Wanted
    drawing: Drawing = field(default_factory=Drawing)
    fit: str = "crop"
    reading: ReadOptions = field(default_factory=ReadOptions)
    output: Path = Path("out")

    def check(self) -> None:
        """Raise ``IgError`` for what can be seen to be wrong before any picture is read."""
        self.wanted.check(self.model)
        self.drawing.check()
        check_writable(self.output)

    @property
    def all_wanted(self) -> Wanted:
        """What the sweep must find out, the panel's own methods included."""
        extra = PANEL_METHODS if self.drawing.panel else ()
        return replace(self.wanted, methods=tuple(dict.fromkeys((*self.wanted.methods, *extra))))


@dataclass(frozen=True)
class Done:
    """One picture and one class, explained and written; ``files`` maps a method to its overlay."""

    found: Found
    explanation: Explanation
    record: Record
    files: dict[str, Path]
    blank: bool


@dataclass(frozen=True)
class Failed:
    """One picture that could not be explained, and why: a sentence without the file's name."""

    found: Found
    reason: str


def explain_files(
    job: ExplainJob, files: Sequence[Found], *, budget: Budget, on_points: Callable[[int], None] | None = None
) -> Iterator[Done | Failed]:
    """Explain ``files``; yields each as soon as its outputs are on the disk, in order.

    Raises
    ------
    OutputError
        When a file cannot be written; those written before are whole.
    OutOfMemory
        When a single picture does not fit into the device's memory.
    """
    stems = output_stems([found.relative for found in files])
    steps = job.wanted.settings.steps
    group = max(1, budget.size // (FIRST_AUTO_STEPS if steps == "auto" else int(steps)))
    for start in range(0, len(files), group):
        named = list(zip(files, stems, strict=True))[start : start + group]
        yield from _explain_group(job, named, budget=budget, on_points=on_points)


def write_index(output: Path, outcomes: Sequence[Done | Failed]) -> Path:
    """``index.jsonl``: one record a line, in input order."""
    lines = [to_json(outcome.record) for outcome in outcomes if isinstance(outcome, Done)]
    path = output / "index.jsonl"
    write_whole(path, "".join(f"{line}\n" for line in lines).encode())
    return path


def _explain_group(
    job: ExplainJob, named: Sequence[tuple[Found, Path]], *, budget: Budget, on_points: Callable[[int], None] | None
) -> Iterator[Done | Failed]:
    started = time.perf_counter()
    pictures = [_read(job, found) for found, _ in named]
    read = time.perf_counter()
    readable = [picture for picture in pictures if isinstance(picture, Picture)]
    explained = (
        iter(explain(job.model, readable, job.all_wanted, budget=budget, on_points=on_points)) if readable else iter(())
    )
    swept = time.perf_counter()
    timing = {"read": (read - started) / len(named), "explain": (swept - read) / max(len(readable), 1)}
    for (found, stem), picture in zip(named, pictures, strict=True):
        if isinstance(picture, Failed):
            yield picture
            continue
        outcomes = next(explained)
        for outcome in outcomes:
            if isinstance(outcome, Explanation):
                own = with_target(stem, outcome.target.label) if len(outcomes) > 1 else stem
                yield _write(job, found, own, outcome, timing=timing, budget=budget)
            else:
                yield Failed(found, str(outcome))


def _read(job: ExplainJob, found: Found) -> Picture | Failed:
    try:
        return read_image(found.path, view=job.model.view, fit=job.fit, options=job.reading)
    except ImageError as error:
        return Failed(found, str(error))


def _write(
    job: ExplainJob, found: Found, stem: Path, explanation: Explanation, *, timing: dict[str, float], budget: Budget
) -> Done | Failed:
    started = time.perf_counter()
    device = str(job.model.device)
    entries, overlays, files, blank = [], {}, {}, False
    try:
        for method in job.wanted.methods:
            result = explanation.results[method]
            for product in products_of(job.model, explanation, result, drawing=job.drawing, reading=job.reading):
                path = _save(job, stem, product)
                files[product.suffix] = path.relative_to(job.output).as_posix()
                if product.drawn is not None:
                    overlays[method], drawn = path, product.drawn
            blank = blank or drawn.blank
            drawing = {
                "style": job.drawing.style,
                "aggregation": drawn.aggregation,
                "percentile": job.drawing.scale.percentile,
                "ceiling": drawn.ceiling,
            }
            entries.append(result_entry(result, device=device, batch_size=budget.size, drawing=drawing))
        if job.drawing.panel:
            product = panel_of(job.model, explanation, drawing=job.drawing)
            files[product.suffix] = _save(job, stem, product).relative_to(job.output).as_posix()
    except (NumericalError, ImageError) as error:
        return Failed(found, str(error))
    timing = {**timing, "draw": time.perf_counter() - started}
    record = record_of(job.model, explanation, entries, files=files, timing=timing)
    write_whole(_beside(job.output, stem, "json"), (to_json(record, indent=2) + "\n").encode())
    return Done(found, explanation, record, overlays, blank)


def _save(job: ExplainJob, stem: Path, product: Product) -> Path:
    path = _beside(job.output, stem, product.suffix)
    write_whole(path, product.data)
    return path


def _beside(output: Path, stem: Path, suffix: str) -> Path:
    path = output / stem.parent / f"{stem.name}.{suffix}"
    if not path.parent.resolve().is_relative_to(output.resolve()):
        raise OutputError(f"{path} would lie outside {output}. Remove the link that leads there.")
    return path
