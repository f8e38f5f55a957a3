"""How help is laid out: options under headings, those that most people need first.

``--help`` has the first sentence of an option and leaves rare ones out, so that a command fits two screens;
``--help-all`` has all of it. The
reference of all commands is made of the same parts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click

from igcli.cli.defaults import WithDefaults

#: Options by heading, in the order in which they are shown.
SECTIONS: dict[str, tuple[str, ...]] = {
    "Most used": ("output", "model", "method", "target", "style", "recursive"),
    "Input": (
        *("files", "column", "whole", "max_words", "sample"),
        *("truth", "only", "subset", "crops", "crop_confidence"),
        *("null", "fit", "window", "bands", "background", "no_exif_rotate", "max_pixels", "allow_truncated"),
    ),
    "Model": (
        *(
            "weights",
            "weights_key",
            "labels",
            "outputs",
            "output_index",
            "input_size",
            "resize",
            "channels",
            "mean",
            "std",
        ),
        *("value_range", "interpolation", "model_arg", "trust_pickle", "trust_model_file", "device", "precision"),
        *("batch_size", "compile", "offline", "layers"),
    ),
    "Method": (
        *("continuation", "compare"),
        *("score", "against", "path", "baseline", "steps", "rule", "tolerance", "map_tolerance", "max_steps", "phi"),
        *("smooth", "smooth_sigma", "references", "ig2_step", "guided_fraction", "guided_distance"),
        *("seed", "points", "alphas", "lowpass", "regions"),
    ),
    "Drawing": (
        *("cmap", "scale", "percentile", "colour_bar"),
        *("panel", "full_size", "save_arrays", "animation", "saturation", "mean_map", "report", "font", "sheet"),
        *("side_by_side", "size", "frames", "fps", "normalize", "loop", "title"),
    ),
    "Run": (
        *("predict_only", "overwrite", "verify", "on_error", "workers"),
        *("engine", "ray_address", "ray_actors", "ray_cpus"),
        *("json", "quiet", "verbose", "debug", "help_all", "help"),
    ),
}

#: Options for one method, one kind of network, cluster or file: ``--help-all`` has them, and ``--help`` does not.
RARE = {
    *("weights_key", "ig2_step", "references", "guided_fraction", "guided_distance", "phi", "smooth_sigma"),
    *("ray_address", "ray_actors", "ray_cpus", "crops", "crop_confidence", "interpolation", "max_pixels"),
    *("output_index", "resize", "model_arg", "no_exif_rotate", "allow_truncated", "rule", "bands", "map_tolerance"),
    "compile",
}

#: The heading of a command's options that no section names.
OWN = "Options"
#: Longer lists of choices stand in the text of ``--help``, and not before it.
_LONGEST_CHOICES = 26


class IgCommand(WithDefaults):
    """A command with its options under headings, and ``--help-all``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(
            click.Option(
                ["--help-all"], is_flag=True, expose_value=False, is_eager=True, callback=_show_all,
                help="Show all options, and each in full.",
            )
        )  # fmt: skip

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options under their headings: in one sentence each, or in full where ``--help-all`` was given."""
        in_full = bool(ctx.meta.get("igcli.help_all"))
        for heading, options in sections(self.get_params(ctx)):
            records = (full_record(option, ctx) if in_full else short_record(option, ctx) for option in options)
            shown = [record for record in records if record is not None]
            if shown:
                with formatter.section(heading):
                    formatter.write_dl(shown, col_max=28)


def command() -> Callable[[Callable[..., Any]], IgCommand]:
    """``click.command`` for the commands of ``ig``."""
    return click.command(cls=IgCommand)


def sections(params: Iterable[click.Parameter]) -> Iterator[tuple[str, list[click.Option]]]:
    """The options that are shown, by heading: the most used ones, those of the command alone, all others."""
    options = {_name(param): param for param in params if isinstance(param, click.Option) and not param.hidden}
    named = {name for names in SECTIONS.values() for name in names}
    own = [option for name, option in options.items() if name not in named]
    for heading, names in SECTIONS.items():
        found = [options[name] for name in names if name in options]
        if found:
            yield heading, found
        if heading == "Most used" and own:
            yield OWN, own


def _name(option: click.Option) -> str:
    """``--help-all`` as ``help_all``: click's own ``--help`` has another name than its spelling."""
    return "help" if "--help" in option.opts else str(option.name)


def full_record(option: click.Option, ctx: click.Context) -> tuple[str, str] | None:
    """How the option is spelled, and all that is said of it."""
    return option.get_help_record(ctx)


def short_record(option: click.Option, ctx: click.Context) -> tuple[str, str] | None:
    """How the option is spelled, and its first sentence; a long list of choices follows it. Nothing of rare ones."""
    record = full_record(option, ctx)
    if record is None or option.name in RARE:
        return None
    spelled, text = record
    first = re.split(r"(?<=\.)\s", text, maxsplit=1)[0].strip()
    names, _, values = spelled.rpartition(" ")
    if len(spelled) > _LONGEST_CHOICES and "|" in values:
        spelled = f"{names} NAME"
        first = f"{first} {values.strip('[]').replace('|', ', ')}."
    default = re.search(r"\[default: ([^\];]*)", text)
    if default and not re.match(r"\(|0\.0$", default[1]) and "[default" not in first and option.show_default:
        first = f"{first} [{default[1]}]"
    return re.sub(r" (INTEGER|FLOAT)( RANGE)?$", " N", spelled), first


def _show_all(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - as click calls it
    if value and not ctx.resilient_parsing:
        ctx.meta["igcli.help_all"] = True
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()
