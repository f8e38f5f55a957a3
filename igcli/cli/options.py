"""Options that commands share, spelled the same everywhere, each group passed as one noun.

Help texts and choices come from the registries. How a group of options becomes one noun: ``igcli/cli/grouped.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

import igcli.images.baselines  # noqa: F401 - fills the registry
from igcli.attribution.baselines import JOINT, baseline_forms
from igcli.attribution.methods.method import METHODS
from igcli.attribution.paths.kind import PATHS, check_start
from igcli.attribution.quadrature import DEFAULT_RULE, RULES
from igcli.attribution.result import Settings
from igcli.attribution.scores import SCORES
from igcli.attribution.wanted import Wanted
from igcli.cli import completion
from igcli.cli.given_options import refuse_given, refuse_of_other_methods
from igcli.cli.grouped import grouped
from igcli.cli.param_type import ParamType, TextType
from igcli.cli.path_types import NamedPath, OutputPath
from igcli.images.fit import FITS
from igcli.images.options import PILLOW_LIMIT, ReadOptions
from igcli.registry import Registry
from igcli.sample import BASELINES, WRITTEN_BASELINES


@dataclass(frozen=True)
class Streams:
    """What to print."""

    json: bool
    quiet: bool
    verbose: bool


class StepsType(ParamType):
    """A number, or the word ``auto``."""

    def __init__(self, minimum: int = 1) -> None:
        self.minimum = minimum
        self.name = "N|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """An int, or ``"auto"``."""
        if value == "auto" or isinstance(value, int):
            return value
        if str(value).isdecimal() and int(value) >= self.minimum:
            return int(value)
        return self.fail(f"{value!r} is neither a whole number from {self.minimum} upwards nor 'auto'.", param, ctx)


def typed_options(names: Iterable[str]) -> list[str]:
    """Those of the options that stand on the command line, spelled as there: ``--map-tolerance``."""
    context = click.get_current_context()
    typed = (name for name in names if context.get_parameter_source(name) is ParameterSource.COMMANDLINE)
    return [f"--{name.replace('_', '-')}" for name in typed]


def listed(registry: Registry[Any]) -> str:
    """The registry's names and summaries, for a help text."""
    return "; ".join(f"{entry.name}: {entry.summary.rstrip('.')}" for entry in registry.entries())


#: Endings of what is a file and no folder, whatever a command writes.
_FILES = {
    *(".apng", ".avi", ".bmp", ".gif", ".jpeg", ".jpg", ".mkv", ".mov", ".mp4", ".png", ".tif", ".tiff", ".webm"),
    *(".csv", ".htm", ".html", ".json", ".npz", ".pdf", ".svg", ".webp"),
}


def check_folder(folder: Path, *, formats: Sequence[str] = ()) -> Path:
    """``folder``, unless it is called as a file; ``formats`` are the endings of files that could be asked for."""
    if folder.suffix.lower() not in _FILES or folder.is_dir():
        return folder
    named = f"end it in {', '.join(formats)}, or " if formats else ""
    raise click.UsageError(f"-o {folder} ends as a file that this command does not write: {named}name a folder.")


output_option = click.option(
    "-o", "--output", type=OutputPath(file_okay=False), default=Path("out"), show_default=True,
    callback=lambda _context, _option, folder: check_folder(folder),
    help="Folder for everything that is written.",
)  # fmt: skip

verify_option = click.option(
    "--verify", is_flag=True,
    help="Compare the bytes of photos that are done (SHA-256), not size and time alone.",
)  # fmt: skip

recursive_option = click.option("-r", "--recursive", is_flag=True, help="Search the sub-folders of folders too.")

null_option = click.option("-0", "--null", is_flag=True, help="Paths on stdin (-) end in a NUL, as from find -print0.")

target_option = click.option(
    "-t", "--target", multiple=True, default=("top",), show_default=True, metavar="top|top-N|INDEX|LABEL",
    help="The class to explain; may be repeated. Where classes are called by numbers, a number is a name; index:N and "
         "name:TEXT say which is meant.",
)  # fmt: skip
score_option = click.option(
    "--score", type=click.Choice(list(SCORES)), default="softmax", show_default=True,
    help=f"What is explained. {listed(SCORES)}.",
)  # fmt: skip
_BASELINES = f"{listed(BASELINES)}; {listed(WRITTEN_BASELINES)}"
baseline_option = click.option(
    "--baseline", default="black", show_default=True, metavar="|".join((*baseline_forms(), "FILE")),
    shell_complete=completion.baseline_names,
    help=f"Where the path starts. {_BASELINES}; or an image file, cropped like the photo if of the same size.",
)  # fmt: skip
seed_option = click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True,
    help="Seed of the noise, the same for every photo.",
)  # fmt: skip
path_option = click.option(
    "--path", default=Settings.path, show_default=True, metavar="|".join((*PATHS, "FILE.py:FUNCTION")),
    shell_complete=completion.path_names,
    help=f"How the photo comes in. {listed(PATHS)}; or code of your own, which is run: a function of (values, "
         "baseline) that returns one from alphas (N,) to points (N, ...).",
)  # fmt: skip
baselines_option = click.option(
    "--baseline", multiple=True, default=("black",), show_default=True,
    metavar="|".join((*baseline_forms(), "noise:N", "FILE", "FOLDER")), shell_complete=completion.baseline_names,
    help=f"Where the path starts; several are averaged over. {_BASELINES}; noise:N: N seeds; or an image "
         "file, cropped like the photo if it has the same size; or a folder of photos, whose mean is taken by --steps "
         "samples.",
)  # fmt: skip
against_option = click.option(
    "--against", metavar="top|INDEX|LABEL", help="For --score margin: the class to compare with (why A, not B).",
)  # fmt: skip
averaging_options = (
    click.option("--smooth", type=click.IntRange(0), default=0, metavar="N",
                 help="Average every map over N noisy copies of the photo."),
    click.option("--smooth-sigma", type=click.FloatRange(0), default=0.15, show_default=True,
                 help="The noise's standard deviation, as a share of the value range."),
)  # fmt: skip
phi_option = click.option(
    "--phi", type=click.FloatRange(0, 1, max_open=True), default=0.9, show_default=True,
    help="Share of the score's rise at which left- and right-integrated are split, and the curve of a photo's report. "
         "The split is the first point at which the score has passed it.",
)  # fmt: skip


quadrature_options = (
    click.option("--steps", type=StepsType(), default="auto", show_default=True,
                 help="Points on the path, or auto: as many as the tolerance needs. auto places them where the score "
                      "moves, and adds more until the completeness gap is within the tolerance."),
    click.option("--rule", type=click.Choice(list(RULES)),
                 help=f"How the points are placed where --steps is a number. {listed(RULES)}. "
                      f"[default: {DEFAULT_RULE}]"),
    click.option("--tolerance", type=click.FloatRange(0, min_open=True), default=0.01, show_default=True,
                 help="The relative completeness gap that counts as small. Of a probability, a gap of a tenth of it "
                      "(0.001 by default) is small however little the probability rises."),
    click.option("--map-tolerance", type=click.FloatRange(0, min_open=True), metavar="FLOAT",
                 help="With --steps auto: go on until the estimated error of the integrated map (map_error in the "
                      "record) is small too, at most --max-steps points. Example: --map-tolerance 0.03."),
    click.option("--max-steps", type=click.IntRange(1), default=256, show_default=True,
                 help="The most points that --steps auto takes."),
)  # fmt: skip


def _wanted(
    target: tuple[str, ...],
    baseline: str | tuple[str, ...],
    method: tuple[str, ...] = (),
    references: Path | None = None,
    **settings: Any,
) -> Wanted:
    given = click.get_current_context().get_parameter_source("baseline") is not ParameterSource.DEFAULT
    check_start(settings["path"], baseline_given=given)
    refuse_max_steps(settings.get("steps", "auto"))
    if method:
        refuse_of_other_methods(method, smooth=settings["smooth"] > 0)
    joint = baseline if isinstance(baseline, str) else JOINT.join(baseline)
    folder = None if references is None else str(references)
    return Wanted(tuple(dict.fromkeys(method)), target, Settings(baseline=joint, references=folder, **settings))


def refuse_max_steps(steps: int | str) -> None:
    """Raise ``click.UsageError`` for ``--max-steps`` beside a number of steps."""
    if steps != "auto":
        refuse_given(("max_steps",), "is for --steps auto: leave it out, or leave out --steps.")


wanted_options = grouped(
    "wanted",
    _wanted,
    click.option("-m", "--method", multiple=True, default=("integrated",), show_default=True,
                 type=click.Choice(list(METHODS)), help=f"Method; may be repeated. {listed(METHODS)}."),
    target_option,
    score_option,
    against_option,
    path_option,
    baselines_option,
    *quadrature_options,
    phi_option,
    click.option("--references", type=NamedPath(exists=True, file_okay=False), metavar="DIR",
                 help="For ig2: a folder of photos of other classes. Without it, the baseline. Three are compared "
                      "with; those that the model takes for the photo's classes of ranks 2 to 4 come first."),
    click.option("--ig2-step", type=click.FloatRange(0, min_open=True), default=1.0, show_default=True,
                 help="For ig2: the L2 length of a step. In pixel units; shorter ones bring the map's sum nearer to "
                      "the score's rise, and need more --steps to reach another class."),
    click.option("--guided-fraction", type=click.FloatRange(0, 1), default=0.25, show_default=True,
                 help="For guided-integrated: the share of the values that moves at once. Published figures also have "
                      "0.1 and 0.5."),
    click.option("--guided-distance", type=click.FloatRange(0, 1), default=0.02, show_default=True,
                 help="For guided-integrated: how far a value may be from the straight path. 1 is without bounds, as "
                      "in several published figures."),
    *averaging_options,
    seed_option,
)  # fmt: skip

# For what shows the path itself: no method and no quadrature, as nothing is added up.
path_options = grouped(
    "wanted", _wanted, target_option, score_option, against_option, path_option, baseline_option, seed_option
)

fit_option = click.option(
    "--fit", type=click.Choice(list(FITS)),
    help=f"How the photo becomes the input. {listed(FITS)}. [default: as the model says, else crop]",
)  # fmt: skip


def _bands(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"{text!r} is no list of bands, such as 4,3,2.") from None


def _reading(no_exif_rotate: bool, **rest: Any) -> ReadOptions:  # noqa: FBT001
    return ReadOptions(exif_rotate=not no_exif_rotate, **rest)


reading_options = grouped(
    "reading",
    _reading,
    click.option("--background", default="white", show_default=True, metavar="COLOUR",
                 help="Colour behind transparent pixels: a name or #rrggbb."),
    click.option("--no-exif-rotate", is_flag=True, help="Ignore the camera's orientation mark, as torchvision does."),
    click.option("--max-pixels", type=click.IntRange(1), default=PILLOW_LIMIT, show_default=True,
                 help="Larger pictures are refused before they are decoded."),
    click.option("--allow-truncated", is_flag=True,
                 help="Explain the readable part of a damaged file; the record notes it."),
    click.option("--window", default="file", show_default=True, metavar="LOW,HIGH|file|full|percentile",
                 help="Sample values that become black and white in pictures of more than 8 bits. Two numbers, a DICOM "
                      "file's own window, the whole range, or each picture's own 0.5th to 99.5th percentile."),
    click.option("--bands", type=TextType("N,N,N", _bands), default=(),
                 help="Which bands are drawn of pictures with other than 1 or 3 channels. Counted from 1: three "
                      "as red, green and blue, as in 4,3,2, or one as grey. Maps are of all bands. "
                      "[default: the first three, of two the first]"),
)  # fmt: skip


def _note_debug(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001
    ctx.meta["igcli.debug"] = ctx.meta.get("igcli.debug", False) or value


debug_option = click.option(
    "--debug", is_flag=True, expose_value=False, is_eager=True, callback=_note_debug,
    help="Show the traceback of an error.",
)  # fmt: skip

stream_options = grouped(
    "streams",
    Streams,
    click.option("--json", is_flag=True, help="Print one JSON record per line instead of sentences."),
    click.option("-q", "--quiet", is_flag=True, help="No progress, no warnings, no lines: files and exit status only."),
    click.option("-v", "--verbose", is_flag=True, help="Say which model, device and batch size are used."),
)  # fmt: skip
