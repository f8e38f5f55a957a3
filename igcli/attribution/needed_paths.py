"""Which paths a sample is explained along: of which kind, from which baselines, to which of its noisy copies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from igcli.attribution.baselines import all_baselines, names_references
from igcli.attribution.methods.method import METHODS, Method
from igcli.attribution.path import Path
from igcli.attribution.paths.kind import check_sample, find_path, own_start_of
from igcli.attribution.reference_path import ReferencePath, in_turns
from igcli.attribution.wanted import Wanted, steps_alone
from igcli.lazy import torch
from igcli.models.model import Model
from igcli.sample import Sample


class PathKey(NamedTuple):
    """Which of a sample's paths: its kind, its baseline, and to which copy: 0 is the sample, noisy ones follow."""

    kind: str
    baseline: int
    copy: int


def paths_to(
    sample: Sample,
    copies: Sequence[torch.Tensor],
    wanted: Wanted,
    *,
    model: Model,
    place: Callable[[torch.Tensor], torch.Tensor] | None = None,
) -> dict[PathKey, Path]:
    """Every path to a sample or one of its copies that a method or a view needs; and all to the sample itself.

    Parameters
    ----------
    copies
        The sample's packed values where the model has them, then those of its noisy copies.
    place
        Brings baselines there: ``model.place``, unless several samples share theirs.

    Raises
    ------
    UsageError, ImageError
        For a baseline or a path that the sample cannot have.
    """
    settings, users = wanted.settings, (None, *(METHODS[name] for name in wanted.methods))
    kinds = dict.fromkeys(kind_of_path(user, wanted) for user in users)
    found_baselines = all_baselines(settings.baseline, sample, model=model, seed=settings.seed)
    baselines = list(map(place or model.place, found_baselines))
    if names_references(settings.baseline):
        turns = in_turns(len(baselines), steps_alone(settings), seed=settings.seed)
        references = tuple(baselines[turn] for turn in turns)
        return {
            PathKey(settings.path, 0, c): ReferencePath(
                references[0], copy, sample.layout, sample.further, references=references
            )
            for c, copy in enumerate(copies)
        }
    found: dict[PathKey, Path] = {}
    for name in kinds:
        check_sample(name, sample.layout, sample.name)
        kind = find_path(name).for_model(model)
        starts = baselines[:1] if own_start_of(name) else baselines
        keys = [PathKey(name, b, c) for b in range(len(starts)) for c in range(len(copies))]
        needed = {key for user in users for key in paths_of(user, wanted, keys)}
        for key in keys:
            if key in needed or key.copy == 0:
                found[key] = kind.path(starts[key.baseline], copies[key.copy], sample.layout, sample.further)
    return found


def copies_of(method: type[Method] | None, wanted: Wanted) -> int:
    """How many noisy copies a method averages over, 0 for the sample itself; ``None`` stands for the views."""
    return wanted.settings.smooth or (0 if method is None else method.copies)


def kind_of_path(method: type[Method] | None, wanted: Wanted) -> str:
    """The path that a method takes; ``None`` stands for the views."""
    return (method is not None and method.path) or wanted.settings.path


def paths_of(method: type[Method] | None, wanted: Wanted, keys: Iterable[PathKey], *, kind: str = "") -> list[PathKey]:
    """Those of the paths that a method needs, or along another kind: of all baselines, unless these are alike to it."""
    copies = copies_of(method, wanted)
    one = method is not None and not method.from_baseline
    along = kind or kind_of_path(method, wanted)
    return [
        key
        for key in keys
        if key.kind == along
        and (1 <= key.copy <= copies if copies else key.copy == 0)
        and not (one and key.baseline > 0)
    ]
