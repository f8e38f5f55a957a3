"""DeepLIFT with the rescale rule (Shrikumar et al. 2017, arXiv 1704.02685), by Captum."""

from __future__ import annotations

from collections import Counter

from igcli.attribution.methods.from_captum import FromCaptum, captum_attr
from igcli.attribution.methods.method import METHODS
from igcli.attribution.methods.premises import listed, nonlinearities
from igcli.errors import UsageError
from igcli.lazy import torch
from igcli.models.model import Model

#: What Captum has a rule for, where it is a module of its own.
_RULES = ("ELU", "LeakyReLU", "ReLU", "Sigmoid", "Softplus", "Tanh", "softmax")


@METHODS("deep-lift", summary="differences from the baseline passed back layer by layer (Captum)")
class DeepLift(FromCaptum):
    """Multipliers Δout/Δin in place of gradients at every activation, times x − x′."""

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
            f"DeepLIFT has no rule for parts of this network ({listed(without)}): the gradient at the input stands in, "
            "and the map need not sum to the score's rise; its gap says how far off it is."
        )

    def attributed(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        """(1, C, H, W), in score units."""
        if self.context.model.batching.one_at_a_time:
            raise UsageError(
                "deep-lift passes photo and baseline through the network in one batch, and this network must be given "
                "one picture at a time: use --method integrated."
            )
        baseline = self.context.path.baseline[None].clone()
        found: torch.Tensor = captum_attr().DeepLift(network).attribute(pixels, baselines=baseline)
        return found
