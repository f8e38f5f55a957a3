"""``--lowpass``: how it is written, and which cut-off ``auto`` stands for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from igcli.cli.param_type import ParamType
from igcli.cli.session import Session
from igcli.errors import UsageError
from igcli.images.lowpass import PUBLISHED_CYCLES, Lowpass
from igcli.jobs.calibration import Cutoff, LowpassChoice, calibration_file, load_cutoffs
from igcli.jobs.plan import Job
from igcli.rendering.styles import style_of


class LowpassType(ParamType):
    """``CYCLES`` or ``auto``, either with ``:signed``; several with commas between, ``none`` among them, if allowed."""

    def __init__(self, *, several: bool = False) -> None:
        self._several = several
        self.name = "none|CYCLES|auto,..." if several else "CYCLES|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A choice; or a tuple of choices and ``None``."""
        if not isinstance(value, str):
            return value
        try:
            if self._several:
                return tuple(dict.fromkeys(None if part == "none" else _choice(part) for part in value.split(",")))
            return _choice(value)
        except ValueError:
            words = "numbers from 1 upwards, auto and none" if self._several else "a number from 1 upwards, or auto"
            return self.fail(f"{value!r} is not what a low-pass takes: {words}, with :signed for the signed map.",
                             param, ctx)  # fmt: skip
        except UsageError as error:
            return self.fail(str(error), param, ctx)


def _choice(text: str) -> LowpassChoice:
    cycles, colon, form = text.strip().partition(":")
    if colon and form not in ("signed", "absolute"):
        raise ValueError(text)
    of = "signed" if form == "signed" else "absolute"
    if cycles == "auto":
        return LowpassChoice("auto", of)  # type: ignore[arg-type]
    number = float(cycles)
    whole = int(number) if number.is_integer() else number
    return LowpassChoice(Lowpass(whole, of).cycles, of)  # type: ignore[arg-type]


lowpass_option = click.option(
    "--lowpass", type=LowpassType(), metavar="CYCLES|auto",
    help="Smooth finished maps: keep waves of at most CYCLES per side. The absolute map is filtered, as "
         "published, and no longer sums to the score; CYCLES:signed filters the signed map. auto: as 'ig evaluate "
         f"--calibrate lowpass' has measured, else {PUBLISHED_CYCLES}.",
)  # fmt: skip


def check_lowpass(choice: LowpassChoice | None, style: str) -> None:
    """Raise ``UsageError`` for a style that would show signs which the absolute map does not have."""
    if choice is not None and choice.of == "absolute" and style_of(style).signed:
        cycles = "auto" if choice.cycles == "auto" else f"{choice.cycles:g}"
        raise UsageError(
            f"--style {style} shows what is for and what is against the class, and a low-pass of the absolute map has "
            f"no sign: write --lowpass {cycles}:signed, or choose another style."
        )


def lowpass_of(run: Session, job: Job, choice: LowpassChoice | None, names: Sequence[str]) -> dict[str, Lowpass]:
    """The low-pass of each named map; those that are best unfiltered are left out. What ``auto`` is, is said."""
    if choice is None:
        return {}
    resolved = choice.resolved(names, cutoffs_of(run, job, [choice], names))
    return {name: lowpass for name, lowpass in resolved.items() if lowpass is not None}


def cutoffs_of(
    run: Session, job: Job, choices: Sequence[LowpassChoice | None], names: Sequence[str]
) -> tuple[Cutoff, ...]:
    """The kept cut-offs, if one of the choices is ``auto``; says which they are."""
    forms = {choice.of for choice in choices if choice is not None and choice.cycles == "auto"}
    if not forms:
        return ()
    path = calibration_file(run.model_name)
    kept = () if path is None else load_cutoffs(path, job.plan.model)
    for form in sorted(forms):
        known = {each.map: each for each in kept if each.of == form}
        for name in names:
            if name in known:
                cycles = "no low-pass" if known[name].cycles is None else f"{known[name].cycles:g} cycles"
                photos = f"{known[name].photos} photo{'s' * (known[name].photos != 1)}"
                run.console.note(f"{name}: {cycles}, as measured on {photos} ({path})")
        if lacking := [name for name in names if name not in known]:
            why = "--model names no model file" if path is None else f"{path} has no other for this network and form"
            run.console.note(f"{', '.join(lacking)}: {PUBLISHED_CYCLES} cycles, the published cut-off; {why}")
    return kept
