"""One photo before and after a part of it is blacked out: score, maps, one sheet, one record.

Source: arXiv 1611.02639, Fig. 1b: what the map holds important may be irrelevant to the score.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from igcli.attribution.result import Explanation
from igcli.errors import UsageError
from igcli.images.masking import ablated, box_mask, top_mask
from igcli.images.picture import Picture
from igcli.images.source import Found
from igcli.jobs.files import write_whole
from igcli.jobs.outputs.comparison import (
    columns_of,
    entry_of,
    footer_of,
    read_and_explain,
    sheet_path,
    tile_of,
    words_of,
)
from igcli.jobs.outputs.lowpassed import lowpassed, shown_as
from igcli.jobs.outputs.maps import Drawing
from igcli.jobs.outputs.record import Record, new_record, png, write_record
from igcli.jobs.outputs.shared_scale import scale_over
from igcli.jobs.plan import Job
from igcli.jobs.runs.lock import lock_of_photo
from igcli.lazy import np
from igcli.rendering.comparison import Comparison, ComparisonRow, draw_comparison


@dataclass(frozen=True)
class Ablation:
    """What to black out: exactly one of these.

    Attributes
    ----------
    box
        (left, top, right, bottom) in pixels of what the model sees.
    mask
        A picture file, fitted as the photo is; where it is light, the photo is blacked out.
    top
        This percentage of the pixels, the most important ones of the first method's map.
    keep
        All but this percentage.
    """

    box: tuple[int, int, int, int] | None = None
    mask: Path | None = None
    top: float | None = None
    keep: float | None = None

    def check(self) -> None:
        """Raise ``UsageError`` unless exactly one is given."""
        given = [name for name, value in asdict(self).items() if value is not None]
        if len(given) != 1:
            several = f"not {' and '.join('--' + name for name in given)} together" if given else "one is needed"
            raise UsageError(f"What is to be blacked out? Give --box, --mask, --top or --keep: {several}.")

    def describe(self, method: str) -> str:
        """A phrase for notes and titles."""
        if self.box is not None:
            return f"the box {','.join(map(str, self.box))} blacked out"
        if self.mask is not None:
            return f"the mask {self.mask.name} blacked out"
        if self.top is not None:
            return f"the top {self.top:g} % of {method} blacked out"
        return f"all but the top {self.keep:g} % of {method} blacked out"


@dataclass(frozen=True)
class Ablated:
    """Before and after, and what was written."""

    before: Explanation
    after: Explanation
    share: float
    what: str
    record: Record
    sheet: str


def ablate_photo(job: Job, found: Found, ablation: Ablation, *, drawing: Drawing) -> Ablated:
    """Explain, black out, explain the same class again; writes ``<stem>.ablate.png`` and ``.json``.

    Raises
    ------
    UsageError
        For several classes, or a box outside the photo.
    ImageError, NumericalError, OutputError
        When something cannot be read, explained or written.
    """
    ablation.check()
    plan = job.present_plan
    method = plan.wanted.methods[0]
    picture = job.picture(found)
    before, *others = (lowpassed(each, drawing.lowpass) for each in read_and_explain(job, picture))
    if others:
        raise UsageError("One class is explained before and after: give one --target.")
    mask, what = _mask(job, ablation, before, method), ablation.describe(shown_as(method, drawing.lowpass, of=method))
    # The same class, even where the network now says another; and the same rival, where the score has one.
    settings = replace(plan.wanted.settings, against=before.score.against)
    wanted = replace(plan.wanted, targets=(before.target.index,), settings=settings)
    again = replace(job, plan=replace(plan, wanted=wanted))
    (after,) = (lowpassed(each, drawing.lowpass) for each in read_and_explain(again, ablated(picture, mask, note=what)))
    sheet = sheet_path(plan, found, kind="ablate")
    drawing = replace(drawing, scale=scale_over((before, after), drawing.scale, style=drawing.style))
    share = float(mask.mean())
    table = _table(job, before, after, f"{what} ({100 * share:.1f} % of the pixels)", drawing)
    sheet_bytes = png(draw_comparison(table), plan.model, before, ablation=what)
    entries: dict[str, Any] = {
        name: {"prediction": [asdict(ranked) for ranked in each.prediction], **entry_of(job, each, drawing)}
        for name, each in (("before", before), ("after", after))
    }
    record = new_record(
        picture=picture,
        network=plan.model,
        ablation={**asdict(ablation), "mask": ablation.mask and str(ablation.mask), "what": what, "share": share},
        change=after.score.at_image - before.score.at_image,
        **entries,
        files={"png" if plan.name else "ablate.png": sheet.relative_to(plan.output).as_posix()},
    )
    with lock_of_photo(plan.output, sheet.relative_to(plan.output), kind="ablate"):  # one run writes both files
        write_whole(sheet, sheet_bytes)
        write_record(sheet.with_suffix(".json"), record)
    return Ablated(before, after, share, what, record, str(sheet))


def _mask(job: Job, ablation: Ablation, before: Explanation, method: str) -> np.ndarray:
    if ablation.box is not None:
        return box_mask(before.picture, ablation.box)
    if ablation.mask is not None:
        return _mask_from_file(job, ablation.mask, before.picture)
    percent = ablation.keep if ablation.top is None else ablation.top
    mask = top_mask(before.results[method].values, percent or 0.0)
    return mask if ablation.keep is None else ~mask


def _mask_from_file(job: Job, path: Path, picture: Picture) -> np.ndarray:
    read = job.picture(path)
    if read.original_size != picture.original_size:
        width, height = picture.original_size
        raise UsageError(f"The mask {path} must be as large as the photo, {width}x{height} pixels.")
    mask: np.ndarray = (read.pixels.mean(dim=0) > 0.5).numpy()
    if not mask.any():
        raise UsageError(f"The mask {path} is dark where the model looks: nothing would be blacked out.")
    return mask


def _table(job: Job, before: Explanation, after: Explanation, what: str, drawing: Drawing) -> Comparison:
    def row(heading: str, each: Explanation) -> ComparisonRow:
        maps = [tile_of(each, method, drawing) for method in each.results]
        says = each.prediction[0]
        other = () if says.index == each.target.index else (f"the top prediction is {says.label}",)
        lines = (f"{each.target.label}: {words_of(each)[0]}", *words_of(each)[1:], *other)
        return ComparisonRow(heading, lines, (each.picture.image(), *maps))

    scores = f"{before.score.at_image:.4g} before, {after.score.at_image:.4g} after"
    change = f"{before.target.label}: {before.score.kind} {scores}."
    return Comparison(
        title=before.picture.name,
        columns=("What the model saw", *columns_of(before.results, drawing)),
        rows=(row("Before", before), row("After", after)),
        footer=(f"After: {what}.", change, *footer_of(job, drawing)),
        warning=job.model.caveat,
    )
