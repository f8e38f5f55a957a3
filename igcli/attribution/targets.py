"""Which classes to explain: what a person asks for, and what the network says, turned into class indices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from igcli.errors import LabelError
from igcli.lazy import torch
from igcli.models.labels import Labels


@dataclass(frozen=True)
class RankedClass:
    """A class, its name, and the probability in [0, 1] that the network gives it."""

    index: int
    label: str
    probability: float

    @property
    def amount(self) -> float:
        """What ranks it: the probability."""
        return self.probability

    def __str__(self) -> str:
        return f"{self.label} {100 * self.probability:.1f} %"


@dataclass(frozen=True)
class RankedValue(RankedClass):
    """A number that a regression estimates, in its own unit; its probability is NaN."""

    value: float

    @property
    def amount(self) -> float:
        """The value itself."""
        return self.value

    def __str__(self) -> str:
        return f"{self.label} {self.value:.4g}"


@dataclass(frozen=True)
class TrueClass:
    """What a photo shows, as people call it; ``index`` is ``None`` where the network has no class of that name."""

    index: int | None
    label: str

    def is_class(self, index: int) -> bool | None:
        """Whether a class of the network is this one; ``None`` where the network does not have it."""
        return None if self.index is None else index == self.index


@lru_cache(maxsize=4096)  # a folder of thousands of photos names a few
def true_class(name: str, labels: Labels) -> TrueClass:
    """The class that a name means, as for :func:`resolve_targets`."""
    try:
        index = labels.find(name)
    except LabelError:
        return TrueClass(None, name)
    return TrueClass(index, labels[index])


def ranking(
    logits: torch.Tensor, labels: Labels, *, count: int = 5, multi_label: bool = False, regression: bool = False
) -> tuple[RankedClass, ...]:
    """The ``count`` most probable classes for logits (K,), most probable first; each for itself if multi-label.

    Of a regression the largest numbers, as :class:`RankedValue`.
    """
    if regression:
        values, indices = logits.double().topk(min(count, len(logits)))
        return tuple(
            RankedValue(i, labels[i], float("nan"), v) for i, v in zip(indices.tolist(), values.tolist(), strict=True)
        )
    probabilities = logits.double().sigmoid() if multi_label else logits.double().softmax(dim=0)
    values, indices = probabilities.topk(min(count, len(logits)))
    return tuple(RankedClass(i, labels[i], p) for i, p in zip(indices.tolist(), values.tolist(), strict=True))


def check_targets(wanted: Sequence[str | int], labels: Labels) -> None:
    """Raise ``LabelError`` now for what could never be resolved, before any picture is read."""
    for target in wanted:
        count = _top_count(target)
        if count is None:
            labels.find(target)
        elif not 1 <= count <= len(labels):
            raise LabelError(f"The target {target!r} asks for {count} classes: this model has {len(labels)}.")


def count_classes(target: str | int) -> int:
    """How many classes a target names: N for ``"top-N"``, one else."""
    return _top_count(target) or 1


def resolve_targets(
    wanted: Sequence[str | int],
    logits: torch.Tensor,
    labels: Labels,
    *,
    multi_label: bool = False,
    regression: bool = False,
) -> list[RankedClass]:
    """Each wanted class once, in the order asked for.

    Parameters
    ----------
    wanted
        ``"top"``, ``"top-3"``, an index, or a class name; several allowed.
    logits
        (K,) at the photo itself: what ``top`` refers to, and where the probabilities come from.
    multi_label
        Classes do not exclude each other.
    regression
        Outputs are numbers, and not classes.
    """
    check_targets(wanted, labels)
    ranked = ranking(logits, labels, count=len(labels), multi_label=multi_label, regression=regression)
    by_rank = {each.index: each for each in ranked}
    chosen: dict[int, RankedClass] = {}
    for target in wanted:
        count = _top_count(target)
        indices = [labels.find(target)] if count is None else list(by_rank)[:count]
        chosen.update((index, by_rank[index]) for index in indices if index not in chosen)
    return list(chosen.values())


def _top_count(target: str | int) -> int | None:
    match = re.fullmatch(r"top(?:-(\d{1,9}))?", str(target).strip(), re.IGNORECASE)
    return int(match[1] or 1) if match else None
