"""What the commands of the same names draw and write, from Python: for a notebook or a script.

Images are PIL's. What is a file of its own, an animation or a page, is written, and shows itself in a notebook.
"""

from __future__ import annotations

import html
import io
import os
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from igcli.attribution.attribute import explain_in_groups, named_settings, samples_of
from igcli.attribution.budget import Budget
from igcli.attribution.explain import require_model
from igcli.attribution.result import Explanation
from igcli.attribution.targets import count_classes
from igcli.attribution.wanted import Wanted
from igcli.errors import UsageError
from igcli.jobs.files import write_whole
from igcli.jobs.outputs.comparison import comparison_sheet
from igcli.jobs.outputs.film import Filming, at_points, film_of, sheet_of
from igcli.jobs.outputs.maps import Drawing, all_wanted, panel_of
from igcli.jobs.outputs.report import check_free, wanted_for_pages, write_report
from igcli.jobs.outputs.saturation import even_alphas, subject_of
from igcli.jobs.plan import Job
from igcli.models.model import Model
from igcli.rendering.animation import encode
from igcli.rendering.film import Look, draw_frames
from igcli.rendering.page.content import detail_for, title_of
from igcli.rendering.page.photo_page import photo_page
from igcli.rendering.saturation_plot import saturation_plot

if TYPE_CHECKING:
    from PIL import Image

    from igcli.images.picture import Picture

#: A page of more bytes is not shown inside a notebook, which would keep it.
_MOST_SHOWN = 20_000_000


@dataclass(frozen=True)
class OutputFile(os.PathLike[str]):
    """A file that was written; a notebook shows what is in it."""

    path: Path

    def __fspath__(self) -> str:
        return os.fspath(self.path)

    def _repr_html_(self) -> str | None:
        """The animation, or the page in a frame; ``None`` where the file has been removed."""
        if not self.path.is_file():
            return None
        if (size := self.path.stat().st_size) > _MOST_SHOWN:
            return f"<p>{html.escape(str(self.path))} ({size / 1e6:.0f} MB): open it in a browser.</p>"
        data, kind = self.path.read_bytes(), self.path.suffix.lower().lstrip(".")
        if kind not in ("html", "htm"):
            return (
                f'<img alt="{html.escape(self.path.name)}" src="data:image/{kind};base64,{b64encode(data).decode()}">'
            )
        page = html.escape(data.decode("utf-8", "replace"))
        return f'<iframe srcdoc="{page}" style="width: 100%; height: 720px; border: 0"></iframe>'


def panel(
    model: Model,
    picture: Picture,
    *,
    target: str | int = "top",
    methods: Sequence[str] = (),
    style: str = "lit",
    **settings: Any,
) -> Image.Image:
    """The sheet of ``ig explain --panel``: photo, scores, integrated gradients, the gradient, and further ``methods``.

    Parameters
    ----------
    style
        A name in ``STYLES``.
    settings
        Of :class:`~igcli.attribution.result.Settings`, here and in the functions below.

    Raises
    ------
    IgError
        Here and below, with a sentence that says what to do.
    """
    drawing = Drawing(style=style, panel=True)
    drawing.check()
    wanted = all_wanted(_wanted(methods, (target,), settings), drawing)
    job, explanation = _of_one_class(model, picture, wanted, only="panel")
    return _image(panel_of(job.plan.model, explanation, drawing=drawing))


def compare(
    model: Model,
    picture: Picture,
    *,
    targets: Sequence[str | int] = ("top",),
    methods: Sequence[str] = ("integrated",),
    style: str = "lit",
    **settings: Any,
) -> Image.Image:
    """The sheet of ``ig compare``: a row for each class, a column for each method, and how alike the maps are."""
    drawing = Drawing(style=style)
    drawing.check()
    job, explanations = _explained(model, picture, _wanted(methods, targets, settings), only="compare")
    return comparison_sheet(job, explanations, drawing=drawing)[0]


def saturation(
    model: Model,
    pictures: Picture | Sequence[Picture],
    *,
    target: str | int = "top",
    points: int = 101,
    **settings: Any,
) -> Image.Image:
    """The plot of ``ig saturation``: scores and mean importance over α, of one picture or with quartiles of several.

    Parameters
    ----------
    points
        On the path, evenly from α = 0 to 1.
    """
    if points < 2:
        raise UsageError(f"A curve has 2 points or more, not {points}.")
    wanted = replace(_wanted((), (target,), settings), alphas=even_alphas(points))
    job, explanations = _explained(model, pictures, wanted)
    one = explanations[0]
    title = f"{one.picture.name}, {one.target.label}" if len(explanations) == 1 else ""
    return _image(saturation_plot([each.trace for each in explanations], subject_of(job.plan, title=title)))


def sheet(
    model: Model,
    picture: Picture,
    *,
    target: str | int = "top",
    alphas: Sequence[float] = (),
    look: Look | None = None,
    **settings: Any,
) -> Image.Image:
    """The sheet of ``ig animate --sheet``: the photo, the interior gradients at ``alphas``, the trend of their mean.

    Parameters
    ----------
    alphas
        Two or more in [0, 1]; those of the paper's Fig. 3 if none are given.
    """
    if not all(0 <= alpha <= 1 for alpha in alphas):
        raise UsageError("alphas are numbers from 0 to 1, such as [0, 0.1, 0.5, 1].")
    filming = Filming(look or Look(), sheet=True, alphas=tuple(alphas))
    filming.check()
    wanted = _wanted((), (target,), settings)
    shown = filming.sheet_alphas(wanted.settings.path)
    job, explanation = _of_one_class(model, picture, replace(wanted, interior=shown), only="sheet")
    film = film_of(explanation, filming.look, reading=explanation.picture.options)
    return sheet_of(job.plan, explanation, at_points(film, shown), look=filming.look)


def animate(
    model: Model,
    picture: Picture,
    path: str | os.PathLike[str] = "interior.gif",
    *,
    target: str | int = "top",
    frames: int = Filming.count,
    look: Look | None = None,
    **settings: Any,
) -> OutputFile:
    """Write the animation of ``ig animate``: the interior gradients while the photo fades in.

    Parameters
    ----------
    path
        Ends in ``.gif``, ``.webp`` or ``.png``; a file that is there is replaced.
    frames
        Evenly from α = 0 to 1.
    """
    written = Path(path)
    filming = Filming(look or Look(), ending=written.suffix.lower(), count=frames)
    filming.check()
    wanted = filming.wanted(_wanted((), (target,), settings))
    _, explanation = _of_one_class(model, picture, wanted, only="animate")
    film = film_of(explanation, filming.look, reading=explanation.picture.options)
    drawn = draw_frames(at_points(film, filming.frame_alphas), filming.look)
    write_whole(written, encode(drawn, ending=filming.ending, timing=filming.timing))
    return OutputFile(written)


def report(
    model: Model,
    pictures: Picture | Sequence[Picture],
    path: str | os.PathLike[str] = "report.html",
    *,
    targets: Sequence[str | int] = ("top",),
    methods: Sequence[str] = ("integrated",),
    title: str = "",
    **settings: Any,
) -> OutputFile:
    """Write the page of ``ig report``: photos, maps, animations and curves in one HTML file.

    Parameters
    ----------
    path
        An earlier report of that name is replaced; another file is not.
    title
        What stands above it.
    """
    written = Path(path)
    check_free(written, overwrite=False)
    wanted = wanted_for_pages(_wanted(methods, targets, settings))
    job, samples = _job(model, pictures, wanted)
    names = {id(each): each.name if each.path else f"{each.name} {n}" for n, each in enumerate(samples, 1)}
    detail = detail_for(len(samples) * sum(map(count_classes, targets)))
    found = explain_in_groups(model, samples, wanted, budget=job.budget)
    pages = [photo_page(each, name=names[id(each.sample)], detail=detail) for each in found]
    name = samples[0].name if len(samples) == 1 else f"{len(samples)} photos"
    write_report(
        written,
        job.plan,
        photos=pages,
        title=title or title_of(name),
        command=f"igcli.report(model, pictures, {path!r})",
    )
    return OutputFile(written)


def _wanted(methods: Sequence[str], targets: Sequence[str | int], settings: dict[str, Any]) -> Wanted:
    for name, value in (("methods", methods), ("targets", targets)):
        if isinstance(value, str | int):
            raise UsageError(f"There can be several {name}: give a list, as in {name}=[{value!r}].")
    return Wanted(tuple(methods), tuple(targets), named_settings(settings))


def _explained(model: Model, pictures: Any, wanted: Wanted, *, only: str = "") -> tuple[Job, list[Explanation]]:
    """The job, and an explanation for every class of every picture; ``only`` is the function that takes one picture."""
    job, samples = _job(model, pictures, wanted, only=only)
    return job, list(explain_in_groups(model, samples, wanted, budget=job.budget))


def _of_one_class(model: Model, picture: Any, wanted: Wanted, *, only: str) -> tuple[Job, Explanation]:
    if count_classes(wanted.targets[0]) > 1:
        raise UsageError(f"{only}() shows one class, and {wanted.targets[0]!r} names more: use compare().")
    job, (explanation,) = _explained(model, picture, wanted, only=only)
    return job, explanation


def _job(model: Model, pictures: Any, wanted: Wanted, *, only: str = "") -> tuple[Job, list[Any]]:
    """The job, and the pictures as a list; raises ``UsageError`` for what are no pictures of this model."""
    require_model(model)
    if only and isinstance(pictures, list | tuple):
        raise UsageError(f"{only}() shows one picture: write [igcli.{only}(model, each) for each in pictures].")
    samples: list[Any] = list(samples_of(model, pictures))
    if not samples:
        raise UsageError("There is no picture: give one, or a list of them.")
    for sample in samples:
        model.check(sample)
    job = Job.of(model, wanted, budget=Budget.of(model, None))
    _ = job.classifier  # nothing else is drawn here
    return replace(job, plan=replace(job.plan, fit=samples[0].placement.fit)), samples


def _image(png: bytes) -> Image.Image:
    from PIL import Image

    image: Image.Image = Image.open(io.BytesIO(png))
    image.load()
    return image.convert("RGB")
