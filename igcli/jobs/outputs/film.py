"""The interior gradients of one photo as files: an animation or a folder of frames, the sheet of Fig. 3, the record."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from igcli.attribution.quadrature import nodes
from igcli.attribution.result import Explanation, Settings
from igcli.attribution.wanted import Wanted
from igcli.errors import ImageError, UsageError
from igcli.images.options import ReadOptions
from igcli.images.reading import read_upright
from igcli.jobs.item import Explained
from igcli.jobs.outputs.record import Done, Outputs, Record, png
from igcli.jobs.outputs.saturation import even_alphas, path_entry, saturation_of
from igcli.jobs.plan import Plan
from igcli.lazy import np
from igcli.rendering.animation import ANIMATIONS, Timing, encode, frame_files
from igcli.rendering.film import Film, Look, draw_frames, in_proportion, sharper_photo, size_of
from igcli.rendering.sheet import SHEET_ALPHAS, film_sheet

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

#: In place of an ending: the frames one by one, in a folder.
FRAMES = "frames"

#: More frames than this are thinned out where they come from the points of an integration.
MOST_FRAMES = 101

BLANK = "the gradient is zero everywhere on the path, so there is nothing to see in it."


@dataclass(frozen=True)
class Filming:
    """What to make of the interior gradients.

    Attributes
    ----------
    look
        Of every frame.
    timing
        When frames change.
    ending
        A name in ``ANIMATIONS``, or ``FRAMES``.
    sheet
        Add the sheet of the paper's Fig. 3.
    alphas
        The points to show, or none for those of the paper: ``count`` of them in the animation, ten on the sheet.
    count
        Frames of the animation, evenly from α = 0 to 1.
    """

    look: Look = field(default_factory=Look)
    timing: Timing = field(default_factory=Timing)
    ending: str = ".gif"
    sheet: bool = False
    alphas: tuple[float, ...] = ()
    count: int = 51

    def check(self) -> None:
        """Raise ``UsageError`` for settings that make no animation."""
        self.look.check()
        if self.ending != FRAMES:
            ANIMATIONS[self.ending]
        if len(self.frame_alphas) < 2:
            raise UsageError("An animation needs at least 2 different points: give more --frames or --alphas.")

    @property
    def frame_alphas(self) -> tuple[float, ...]:
        """The points of the animation, rising."""
        return tuple(sorted(set(self.alphas))) or even_alphas(self.count)

    def sheet_alphas(self, path: str = Settings.path) -> tuple[float, ...]:
        """The points of the sheet, rising; none without one.

        Scores rise early on the straight path, where the paper's points crowd. Of another ``path`` that is not known.
        """
        if not self.sheet:
            return ()
        usual = SHEET_ALPHAS if path == Settings.path else even_alphas(len(SHEET_ALPHAS))
        return self.frame_alphas if self.alphas else usual

    def wanted(self, wanted: Wanted) -> Wanted:
        """``wanted`` without methods, with the interior gradients at these points."""
        shown = {*self.frame_alphas, *self.sheet_alphas(wanted.settings.path)}
        return replace(wanted, methods=(), interior=sorted(shown))


def write_animation(plan: Plan, item: Explained, *, filming: Filming) -> Done:
    """Draw and write the animation of one photo and class, the sheet if wanted, and the record.

    Raises
    ------
    ImageError
        If the photo has fewer pixels than the look asks for.
    """
    started = time.perf_counter()
    outputs, explanation = Outputs(plan, item), item.explanation
    prefix = "" if plan.name else "interior."
    film = film_of(explanation, filming.look, reading=plan.reading)
    files = {"animation": save_animation(outputs, at_points(film, filming.frame_alphas), filming, prefix=prefix)}
    if filming.sheet:
        files["sheet"] = _save_sheet(outputs, at_points(film, filming.sheet_alphas(plan.wanted.settings.path)), filming)
    views = {
        **path_entry(plan, explanation),
        "animation": animation_entry(filming, frames=len(filming.frame_alphas)),
        "saturation": saturation_of(explanation.trace),
    }
    timing = {"draw": time.perf_counter() - started}
    caveat = "" if film.frames.any() else BLANK
    return outputs.save_record(f"{prefix}json", views=views, timing=timing, shown=files, caveat=caveat)


def film_of(explanation: Explanation, look: Look, *, reading: ReadOptions) -> Film:
    """The film of one explanation whose ``interior`` was asked for; its photo as large as the frames need."""
    picture, interior = explanation.picture, explanation.interior
    if interior is None:
        raise ValueError("this explanation has kept no interior gradients")
    photo = picture.image()
    source = picture.source or picture.path
    if look.size is not None and look.size > photo.width and source is not None:
        upright = read_upright(source, options=reading, sha256=picture.sha256, channels=len(picture.pixels))
        photo = sharper_photo(upright, picture.placement, size=(look.size, in_proportion(look.size, photo.size)))
    label, kind = explanation.target.label, explanation.score.kind
    film = Film(photo, interior.frame_alphas, interior.frames, explanation.trace, label, kind)
    try:
        size_of(film, look)
    except UsageError as error:  # this photo's problem, not that of the others
        raise ImageError(str(error)) from error
    return film


def few_frames(film: Film) -> Film:
    """The film, thinned out evenly to at most ``MOST_FRAMES``."""
    chosen = thinned(len(film.alphas))
    return replace(film, alphas=film.alphas[chosen], frames=film.frames[chosen])


def thinned(count: int) -> np.ndarray:
    """Evenly spread positions among ``count``, both ends with them: all of them, or ``MOST_FRAMES``."""
    return np.linspace(0, count - 1, min(count, MOST_FRAMES)).round().astype(int)


def frame_points(wanted: Wanted) -> list[float] | str:
    """Points among those of the rule, at most ``MOST_FRAMES``; with ``auto`` only the sweep knows them."""
    settings = wanted.settings
    if settings.steps == "auto":
        return "nodes"
    alphas = nodes(settings.rule, int(settings.steps)).alphas
    return [float(alpha) for alpha in alphas[thinned(len(alphas))]]


def save_animation(outputs: Outputs, film: Film, filming: Filming, *, prefix: str = "interior.") -> Path:
    """Write the animation, or the folder of frames; returns where it is."""
    frames = draw_frames(film, filming.look)
    if filming.ending != FRAMES:
        return outputs.save(
            f"{prefix}{filming.ending[1:]}", encode(frames, ending=filming.ending, timing=filming.timing)
        )
    outputs.claim("interior")
    paths = [outputs.save(f"interior/{name}", data) for name, data in frame_files(film, frames)]
    for stale in _frames_in(paths[0].parent):
        if stale not in paths:  # of an earlier run with other points: the folder is one film
            stale.unlink()
    return paths[0].parent


def animation_entry(filming: Filming, *, frames: int) -> Record:
    """The entry ``animation`` of a record."""
    entry = {"frames": frames, "format": filming.ending.lstrip("."), **asdict(filming.look)}
    if filming.ending == FRAMES:
        return entry
    return {**entry, "durations_ms": filming.timing.durations(frames), "loop": filming.timing.loop}


def _save_sheet(outputs: Outputs, film: Film, filming: Filming) -> Path:
    explanation, model = outputs.item.explanation, outputs.plan.model
    sheet = sheet_of(outputs.plan, explanation, film, look=filming.look)
    return outputs.save("sheet.png", png(sheet, model, explanation, alphas=film.alphas.tolist()))


def sheet_of(plan: Plan, explanation: Explanation, film: Film, *, look: Look) -> Image.Image:
    """The sheet of a film, with the network and where the path starts in its footer."""
    model = plan.model
    notes = [f"{model.provenance.name}; {plan.wanted.settings.path_words}."]
    # Tiles keep the frames' own size: the sheet is six of them wide.
    look = replace(look, size=None)
    title = explanation.picture.name
    return film_sheet(film, title=title, look=look, notes=(*notes, *([model.caveat] if model.caveat else [])))


def at_points(film: Film, alphas: tuple[float, ...]) -> Film:
    """The film with these of its frames only."""
    chosen = np.isin(film.alphas, alphas)
    return replace(film, alphas=film.alphas[chosen], frames=film.frames[chosen])


def _frames_in(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if re.fullmatch(r"\d+_alpha_\d\.\d+\.png", path.name))
