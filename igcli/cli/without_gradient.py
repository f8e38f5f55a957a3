"""What ``ig check`` and ``ig molecule --check`` say of parameters and input features that receive no gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from igcli.cli.console import Console
from igcli.evaluation.dead_features import DeadFeatures
from igcli.jobs.outputs.record import Record

#: Names that a line shows; with --verbose all.
_SHOWN = 6


def without_gradient_entry(found: DeadFeatures) -> Record:
    """The entry ``without_gradient`` of a record."""
    entry = asdict(found)
    return {**entry, "parameters": list(found.parameters), "features": [list(each) for each in found.features]}


def say_without_gradient(console: Console, found: DeadFeatures, *, on: str, names: Sequence[Sequence[str]]) -> None:
    """Two lines or more: of the parameters, and of each kind of the input's features.

    Parameters
    ----------
    on
        The inputs, in words: ``"a made-up picture"``.
    names
        For each of a sample's tensors what its features are, in the plural, then what each is called.
    """
    console.data(f"Without a gradient on {on}:")
    dead, count = found.parameters, found.parameter_count
    console.data(f"  parameters: {len(dead)} of {count}{_listed(dead)}")
    for name in dead:
        console.detail(f"no gradient: {name}")
    for line in _lines(found, names):
        console.data(line)


def _lines(found: DeadFeatures, names: Sequence[Sequence[str]]) -> Iterator[str]:
    for (kind, *called), dead, count in zip(names, found.features, found.feature_counts, strict=True):
        shown = [called[each] if each < len(called) else str(each) for each in dead]
        yield f"  {kind}: {len(dead)} of {count}{_listed(shown)}"


def _listed(names: Sequence[str]) -> str:
    if not names:
        return ""
    return f" ({', '.join(names[:_SHOWN])}{', ...' if len(names) > _SHOWN else ''})"
