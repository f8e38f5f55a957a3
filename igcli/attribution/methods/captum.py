"""Methods that Captum computes (the extra ``igcli[captum]``), at the sample itself rather than along the path.

They get a copy of the network (``network_copy.py``), and values of any shape as one tensor (1, ...).
"""

from __future__ import annotations

from collections import Counter
from importlib.util import find_spec
from typing import Any, ClassVar

from igcli.attribution.methods.method import METHODS
from igcli.attribution.methods.network_copy import OnNetworkCopy
from igcli.attribution.methods.premises import ACTIVATIONS, counts_in_words, nonlinearities
from igcli.errors import UsageError
from igcli.lazy import torch
from igcli.models.model import Model
from igcli.sample import Layout

#: What Captum's DeepLIFT has a rule for, where it is a module of its own.
_RULES = ("ELU", "LeakyReLU", "ReLU", "Sigmoid", "Softplus", "Tanh", "softmax")

#: Activations that gate a channel rather than pass a signal on.
_GATES = ("Sigmoid", "Hardsigmoid")

#: Patches for occlusion that fit along the shorter side; each overlaps the next by half.
PATCHES = 14


class FromCaptum(OnNetworkCopy):
    """A method that Captum computes."""

    computed_by = "Captum"

    @classmethod
    def check_available(cls) -> None:
        """Raise ``UsageError`` with how to install the extra."""
        if find_spec("captum") is None:
            raise UsageError('This method is computed by Captum, which is not installed: pip install "igcli[captum]".')


class ChangesReLUs(FromCaptum):
    """A gradient in which every ReLU passes the signal back in another way, as Captum's class of this name does."""

    class_name: ClassVar[str]

    def attributed(self, network: torch.nn.Module, values: torch.Tensor) -> torch.Tensor:
        """In score per input unit."""
        found: torch.Tensor = getattr(_captum(), self.class_name)(network).attribute(values)
        return found

    @classmethod
    def unmet_premise(cls, model: Model) -> str:
        """Without ReLUs it is the gradient."""
        return few_relus(model)


@METHODS("deconvolution", summary="the signal passed back through ReLUs applied to itself, not to the photo (Captum)")
class Deconvolution(ChangesReLUs):
    """Every ReLU is applied to the backward signal, whatever the forward one was (arXiv 1311.2901)."""

    class_name = "Deconvolution"


@METHODS("deep-lift", summary="differences from the baseline passed back layer by layer (Captum)")
class DeepLift(FromCaptum):
    """Multipliers Δout/Δin in place of gradients at every activation, times x − x′: the rescale rule of DeepLIFT.

    Shrikumar et al. 2017, arXiv 1704.02685.
    """

    from_baseline = True
    sums_to = "rise"

    @classmethod
    def unmet_premise(cls, model: Model) -> str:
        """Operations without a rule pass the gradient instead, and the sum is no longer the rise."""
        without: Counter[str] = Counter()
        for (name, is_module), count in nonlinearities(model.network).items():
            if not (is_module and name in _RULES):
                without[name] += count
        if not without:
            return ""
        return (
            f"DeepLIFT has no rule for parts of this network ({counts_in_words(without)}): the gradient at the input "
            "stands in, and the map need not sum to the score's rise; its gap says how far off it is."
        )

    def attributed(self, network: torch.nn.Module, values: torch.Tensor) -> torch.Tensor:
        """In score units."""
        if self.context.model.batching.one_at_a_time:
            raise UsageError(
                "deep-lift passes photo and baseline through the network in one batch, and this network must be given "
                "one picture at a time: use --method integrated."
            )
        baseline = self.context.path.baseline[None].clone()
        found: torch.Tensor = _captum().DeepLift(network).attribute(values, baselines=baseline)
        return found


@METHODS("guided-backprop", summary="the gradient, with ReLUs passing back only what is positive (Captum)")
class GuidedBackprop(ChangesReLUs):
    """Every ReLU drops negative signals too, on top of those that it stops by itself (arXiv 1412.6806)."""

    class_name = "GuidedBackprop"


@METHODS("lrp", summary="the raw output passed back layer by layer, --score logit only (Captum)")
class Lrp(FromCaptum):
    """Each layer shares its relevance out over its inputs in proportion to their contributions: the ε rule.

    Layer-wise relevance propagation, Bach et al. 2015.
    """

    scores = ("logit",)
    sums_to = "score"

    def attributed(self, network: torch.nn.Module, values: torch.Tensor) -> torch.Tensor:
        """In score units."""
        del network.softmax  # not part of the logit, and Captum would ask for its rule
        found: torch.Tensor = _captum().LRP(network).attribute(values)
        return found


@METHODS("occlusion", summary="what the score loses when a patch shows the baseline: forward passes only (Captum)")
class Occlusion(FromCaptum):
    """F(x) − F(x with a patch of the baseline), the mean over the patches that cover a value (arXiv 1311.2901)."""

    from_baseline = True
    gradients = 0
    changes_activations = False
    pixelwise = False

    def attributed(self, network: torch.nn.Module, values: torch.Tensor) -> torch.Tensor:
        """In score units; each value along the axis that is summed over gets an equal part."""
        budget, baseline = self.context.budget, self.context.path.baseline[None]
        window, strides, joined = patches(self.context.path.layout, tuple(values.shape[1:]))

        def work(start: int, stop: int) -> torch.Tensor:
            with torch.no_grad():
                found: torch.Tensor = (
                    _captum()
                    .Occlusion(network)
                    .attribute(
                        values.detach(),
                        window,
                        strides=strides,
                        baselines=baseline,
                        perturbations_per_eval=stop - start,
                    )
                )
            return found / joined

        return next(budget.chunks(budget.size, work))


def few_relus(model: Model) -> str:
    """What to say of a network without ReLUs, or with other activations besides; empty if there is nothing."""
    found = nonlinearities(model.network)
    relus = found["ReLU", True]
    others: Counter[str] = Counter()
    for (name, _), count in found.items():
        if name in ACTIVATIONS and name not in (*_GATES, "ReLU"):
            others[name] += count
    if not relus:
        instead = f" (it has {counts_in_words(others)})" if others else ""
        return f"This network has no ReLU{instead}, so that the map is the plain gradient."
    if others:
        return (
            f"Only the {relus} ReLUs of this network pass the signal back in the method's way; its other activations "
            f"({counts_in_words(others)}) do as in the plain gradient."
        )
    return ""


def patches(layout: Layout, shape: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Size and step of what is covered at once, and how many values along the summed axis share what it loses.

    The summed axis is covered whole, and a patch of places along the others. Values that count by themselves have no
    neighbours: they are covered one by one.
    """
    axis = None if layout.packed else layout.axes[0]
    if axis is None:
        return (1,) * len(shape), (1,) * len(shape), 1
    side = max(1, min((size for place, size in enumerate(shape) if place != axis), default=1) // PATCHES)
    window = tuple(size if place == axis else side for place, size in enumerate(shape))
    strides = tuple(size if place == axis else max(1, side // 2) for place, size in enumerate(shape))
    return window, strides, shape[axis]


def _captum() -> Any:
    """Captum's package of methods; imported here alone, as it is large and optional."""
    import captum.attr

    return captum.attr
