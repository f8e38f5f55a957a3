"""How far a map is from the true one, and how many gradients a rule needs for a small error.

The error is the relative L2 distance of the maps as they are drawn before they are normalised, summed over the
channels, from a reference: very many midpoints by igcli, in float32 like all others. What another library would get
is computed by igcli at that library's nodes and weights: the same numbers but for rounding, and for the max-pooling and
ReLU choices that rounding tips over (some 1e-4 of the map, now and then 1e-3). The benchmark prints how much it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from tqdm import tqdm

import igcli

if TYPE_CHECKING:
    from rivals import Subject

T = TypeVar("T")


def drawn(values: torch.Tensor) -> torch.Tensor:
    """A map (C, H, W) as (H, W), before it is normalised."""
    return values.double().sum(dim=0)


def distance(values: torch.Tensor, truth: torch.Tensor) -> float:
    """The relative L2 distance of two maps (C, H, W)."""
    return float((drawn(values) - drawn(truth)).norm() / drawn(truth).norm())


class Reference:
    """The true maps, each made when it is first asked for, and kept in ``folder``, if given, for other runs."""

    def __init__(self, model: igcli.Classifier, *, midpoints: int, folder: Path | None = None) -> None:
        self._model, self.midpoints, self._folder = model, midpoints, folder
        self._maps: dict[object, torch.Tensor] = {}
        self._errors: dict[tuple[object, str, int], float] = {}

    def prepare(self, subjects: Sequence[Subject]) -> None:
        """Make them all, with a bar to look at."""
        for subject in tqdm(subjects, desc=f"references of {self.midpoints} midpoints", leave=False):
            self.of(subject)

    def of(self, subject: Subject) -> torch.Tensor:
        """The true map (C, H, W)."""
        if subject.file not in self._maps:
            self._maps[subject.file] = self._kept(subject)
        return self._maps[subject.file]

    def _kept(self, subject: Subject) -> torch.Tensor:
        if self._folder is None:
            return self.values(subject, "midpoint", self.midpoints)
        photo = hashlib.sha256(subject.picture.pixels.numpy().tobytes()).hexdigest()[:16]
        weights = str(self._model.provenance.sha256)[:16]
        file = self._folder / f"{photo}-{weights}-{subject.target}-{self.midpoints}.npy"
        if not file.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            np.save(file, self.values(subject, "midpoint", self.midpoints).numpy())
        return torch.from_numpy(np.load(file))

    def error(self, subject: Subject, rule: str, steps: int) -> float:
        """The error of a rule's map."""
        key = (subject.file, rule, steps)
        if key not in self._errors:
            self._errors[key] = distance(self.values(subject, rule, steps), self.of(subject))
        return self._errors[key]

    def values(self, subject: Subject, rule: str, steps: int) -> torch.Tensor:
        """The map (C, H, W) that the engine gets at a rule's nodes and weights."""
        return igcli.attribute(self._model, subject.picture, target=subject.target, steps=steps, rule=rule).values


def first_that_holds(
    counts: Sequence[int], subjects: Sequence[T], error: Callable[[T, int], float], *, limit: float, allowed_over: int
) -> int | None:
    """The first count at which no more than ``allowed_over`` subjects are over the limit, or ``None``.

    A count is given up at the first subject too many: with the hardest subjects first, all counts that do not suffice
    together cost less than the one that does.
    """
    for count in counts:
        over = 0
        for subject in subjects:
            over += error(subject, count) > limit
            if over > allowed_over:
                break
        else:
            return count
    return None
