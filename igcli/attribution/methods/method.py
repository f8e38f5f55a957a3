"""What a method is: a consumer of the sweep that ends with one map, or something that finds its own way to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from igcli.attribution.sweep import Consumer
from igcli.lazy import torch
from igcli.registry import Registry

if TYPE_CHECKING:
    from igcli.attribution.budget import Budget
    from igcli.attribution.path import Path
    from igcli.attribution.result import ScoreEnds, Settings
    from igcli.attribution.scores import Score
    from igcli.models.model import Model


@dataclass(frozen=True)
class Question:
    """What a method is to answer: one network, one path, one score.

    Attributes
    ----------
    path
        From one baseline to the photo or to a noisy copy of it; on the network's device, in its precision.
    ends
        The score at both ends of this very path.
    steps
        How many points of the path to use.
    """

    model: Model
    path: Path
    score: Score
    ends: ScoreEnds
    settings: Settings
    steps: int
    budget: Budget


class Method(Consumer):
    """A consumer that turns the gradients of one walk into an attribution map."""

    #: Whether the map's values promise to sum to F(x) − F(x′).
    complete: bool = False
    #: Whether the map depends on where the path starts.
    from_baseline: bool = True
    #: Noisy copies of the photo that the method averages over by itself.
    copies: int = 0
    #: Whether a pixel's value is its own: false for maps made of larger patches.
    pixelwise: bool = True
    #: The scores that it can explain; none listed means all.
    scores: tuple[str, ...] = ()
    #: Whether the number of points on the path matters to it.
    uses_steps: bool = True

    def __init__(self, question: Question) -> None:
        self.question = question

    @classmethod
    def check_available(cls) -> None:
        """Raise ``UsageError`` if the method needs a package that is not installed."""

    def finish(self) -> torch.Tensor:
        """The signed map, (C, H, W): in score units for complete methods, in score per pixel unit for others."""
        raise NotImplementedError

    def expected_error(self) -> float | None:
        """The expected L2 distance of the map, summed over channels, from what it approximates; NaN if unknown.

        ``None`` for a method that has no estimate.
        """
        return None

    def extras(self) -> Mapping[str, float]:
        """Numbers of the method's own for the record, once the map is finished."""
        return {}


class OwnPath(Method):
    """A method that the shared sweep cannot serve: it chooses its own points, or asks for more than gradients.

    Attributes
    ----------
    evaluations, looked
        Gradients taken, and passes forward only, once the map is finished.
    """

    integrates = False

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.evaluations = self.looked = 0


METHODS: Registry[type[Method]] = Registry("method")
