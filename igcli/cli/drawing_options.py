"""How maps are drawn: the style, its colours, and what counts as full brightness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from igcli.cli.grouped import grouped
from igcli.cli.options import listed
from igcli.cli.param_type import ParamType
from igcli.cli.session import Session
from igcli.errors import UsageError
from igcli.jobs.item import items_of
from igcli.jobs.outputs.maps import Drawing
from igcli.jobs.outputs.shared_scale import MOST_MEASURED, kept_scale, measured_scale
from igcli.jobs.plan import Job
from igcli.rendering.scaling import Scale
from igcli.rendering.styles import STYLES, style_of


def _style(style: str, cmap: str | None) -> str:
    """The style's name, with the colour map after a colon."""
    if cmap is None:
        return style
    name = f"{style}:{cmap}"
    try:
        style_of(name)
    except UsageError as error:
        raise click.BadParameter(str(error), param_hint="'--cmap'") from None
    return name


def _complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    import matplotlib as mpl

    return [CompletionItem(name) for name in mpl.colormaps if name.startswith(incomplete)]


#: ``--style`` and ``--cmap``, as ``style``.
style_options = grouped(
    "style",
    _style,
    click.option("--style", type=click.Choice(list(STYLES)), default="lit", show_default=True,
                 help=f"How maps are shown. {listed(STYLES)}."),
    click.option("--cmap", metavar="NAME", shell_complete=_complete,
                 help="The colours, for the styles "
                      f"{', '.join(name for name, style in STYLES.items() if style.coloured)}. A colour map of "
                      "matplotlib, such as viridis; for signed one with a middle, such as coolwarm."),
)  # fmt: skip


class ScaleType(ParamType):
    """``photo``, ``shared``, or the value at full brightness."""

    name = "photo|shared|FLOAT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The word, or a positive number."""
        if value in ("photo", "shared"):
            return value
        try:
            return Scale(maximum=float(value)).maximum
        except (ValueError, UsageError):
            return self.fail(f"{value!r} is neither photo, nor shared, nor a number above 0.", param, ctx)


def _scale(percentile: float, scale: str | float) -> Scale:
    if isinstance(scale, float):
        given = click.get_current_context().get_parameter_source("percentile")
        if given is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError("--scale FLOAT says what is shown at full brightness: leave --percentile out.")
        return Scale(percentile, maximum=scale)
    return Scale(percentile, shared={} if scale == "shared" else None)


percentile_option = click.option(
    "--percentile", type=click.FloatRange(0, 100, min_open=True), default=99.0, show_default=True,
    help="Importances above this percentile are shown at full brightness.",
)  # fmt: skip

#: ``--percentile`` and ``--scale``, as ``scale``.
scale_options = grouped(
    "scale",
    _scale,
    percentile_option,
    click.option("--scale", type=ScaleType(), default="photo", show_default=True, metavar=ScaleType.name,
                 help="Full brightness by each photo's own percentile, or the same for all. shared: the percentile "
                      f"over the maps of all photos, by method, measured on up to {MOST_MEASURED} of them; or the "
                      "value itself, in units of the map: of the score, where a map sums to its rise."),
)  # fmt: skip


def scale_of_run(run: Session, job: Job, drawing: Drawing, *, overwrite: bool) -> Scale:
    """The scale, with what photos share measured, or as an earlier run into the folder has kept it; which is said."""
    scale = drawing.scale
    if scale.shared is None:
        return scale
    methods: Sequence[str] = job.plan.wanted.methods
    kept = None if overwrite or not run.several else kept_scale(job.plan.output, scale, methods)
    if kept is not None:
        run.console.note(f"Full brightness, as an earlier run has measured it: {_words(kept)}")
        return kept
    items = items_of(run.found, name=job.plan.name)
    run.console.note(f"Measuring the full brightness on {_photos(min(len(items), MOST_MEASURED))} first.")
    found, photos = measured_scale(job, items, scale, style=drawing.style, lowpass=drawing.lowpass)
    run.console.note(f"Full brightness over {_photos(photos)} of {len(items)}: {_words(found)}")
    return found


def _photos(count: int) -> str:
    return f"{count} photo{'s' * (count != 1)}"


def _words(scale: Scale) -> str:
    return ", ".join(f"{name} {maximum:.4g}" for name, maximum in (scale.shared or {}).items()) or "nothing to see"
