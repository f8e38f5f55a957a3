"""What a method is: a consumer of the sweep that ends with one map, or a computation of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from igcli.attribution.sweep import Consumer
from igcli.lazy import torch
from igcli.registry import Registry

if TYPE_CHECKING:
    from igcli.attribution.budget import Budget
    from igcli.attribution.path import Path
    from igcli.attribution.result import PathEnd, ScoreEnds, Settings
    from igcli.attribution.scores import Score
    from igcli.models.model import Model


@dataclass(frozen=True)
class MethodContext:
    """What a method explains: one network, one path, one score; and with what settings.

    Attributes
    ----------
    path
        From one baseline to the sample or to a noisy copy of it; on the network's device, in its precision.
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
    """A consumer that turns the gradients along one path into an attribution map."""

    #: Whether the map's values promise to sum to F(x) − F(x′), the more exactly the more points there are.
    complete: bool = False
    #: What the values are meant to sum to otherwise, by the method's own rules: F(x) − F(x′) is the rise, F(x) the
    #: score, F(x) − F(end) the rise from the end of a path of its own. A network that the rules do not cover breaks it,
    #: or too few steps; the gap shows it.
    sums_to: Literal["rise", "score", "end", ""] = ""
    #: The path that it takes whatever ``Settings.path`` says; empty for the one that this says.
    path: str = ""
    #: Whether its mean over reference samples can be taken with one point of the path from each.
    over_references: bool = False
    #: Whether the map depends on where the path starts.
    from_baseline: bool = True
    #: Noisy copies of the sample that the method averages over by itself.
    copies: int = 0
    #: Whether a value of the map is its input's own: false for maps made of larger patches.
    pixelwise: bool = True
    #: The scores that it can explain; none listed means all.
    scores: tuple[str, ...] = ()
    #: Whether the number of points on the path matters to it.
    uses_steps: bool = True

    def __init__(self, context: MethodContext) -> None:
        self.context = context

    @classmethod
    def check_available(cls) -> None:
        """Raise ``UsageError`` if the method needs a package that is not installed."""

    @classmethod
    def check_network(cls, model: Model) -> None:
        """Raise ``UsageError`` if the method cannot be computed for this network, or would mean nothing."""

    @classmethod
    def unmet_premise(cls, model: Model) -> str:  # noqa: ARG003 - for the methods that have one
        """What the method relies on and this network does not have, in a sentence; empty where nothing is missing.

        It is asked of each network once, by :func:`~igcli.attribution.methods.premises.unmet_premises`.
        """
        return ""

    def finish(self) -> torch.Tensor:
        """The signed map, of the path's shape: in score units for complete methods, per input unit for others."""
        raise NotImplementedError

    def expected_sum(self) -> float:
        """What the values are meant to sum to, once the map is finished."""
        ends = self.context.ends
        return ends.at_image if self.sums_to == "score" else ends.rise

    def expected_error(self) -> float | None:
        """The expected L2 distance of the map, summed over its axis, from what it approximates; NaN if unknown.

        ``None`` for a method that has no estimate.
        """
        return None

    def extras(self) -> Mapping[str, float]:
        """Numbers of the method's own for the record, once the map is finished."""
        return {}

    def path_ends(self) -> Sequence[PathEnd]:
        """Where paths of the method's own ended, if it looks for other classes."""
        return ()


class OwnPath(Method):
    """A method that the shared sweep cannot serve: it chooses its own points, or asks for more than gradients.

    Attributes
    ----------
    gradient_evaluations, forward_evaluations
        Gradients taken, and passes forward only, once the map is finished.
    """

    integrates = False

    def __init__(self, context: MethodContext) -> None:
        super().__init__(context)
        self.gradient_evaluations = self.forward_evaluations = 0

    @classmethod
    def follow(cls, methods: Sequence[OwnPath]) -> None:
        """Compute what can be computed for several samples and classes at once, before each is finished."""


def _check_kind(kind: type[Method]) -> None:
    """Raise ``TypeError`` for what cannot be a method."""
    if not (isinstance(kind, type) and issubclass(kind, Method)):
        raise TypeError("a method is a class derived from igcli.attribution.methods.method.Method")


METHODS: Registry[type[Method]] = Registry("method", check=_check_kind)
