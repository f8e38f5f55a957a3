"""How informative a baseline is: what the network predicts there.

A map says what moved the score away from its value at the baseline. The baseline stands for the absence of evidence as
far as the prediction there is spread evenly over the classes, and above all gives the explained class little ("a
baseline must be near-uniform in its prediction", how-to of arXiv 1703.01365).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from igcli.lazy import torch
from igcli.models.model import Model

#: Probability of the explained class at the baseline from which on, if it is half of that at the photo too, the map
#: explains the smaller part of the prediction.
_NOTABLE = 0.1


@dataclass(frozen=True)
class BaselinePrediction:
    """The prediction at the baseline; of several baselines, the mean of their predictions.

    Attributes
    ----------
    label, probability
        Its most probable class, and how probable.
    target
        The probability of the explained class.
    entropy_bits, entropy_share
        Its entropy, and that as a share of log2 K, the entropy of K equally probable classes: 1 where nothing is known.
        ``None`` where classes do not exclude each other, and where there is but one.
    """

    label: str
    probability: float
    target: float
    entropy_bits: float | None = None
    entropy_share: float | None = None

    def concern(self, at_photo: float, label: str) -> str:
        """A sentence where the explained class, of probability ``at_photo`` at the photo, is there before the photo is.

        Empty where its probability at the baseline is less than half of that, or little in itself.
        """
        if self.target < max(_NOTABLE, at_photo / 2):
            return ""
        there, here = (f"{100 * probability:.0f} %" for probability in (self.target, at_photo))
        return (
            f"the network gives the baseline alone {there} {label}, the photo {here}: the map explains the difference "
            "only; try another --baseline."
        )


def predict_at_baselines(logits: torch.Tensor, model: Model, *, target: int) -> BaselinePrediction | None:
    """The mean of the predictions from the logits (B, K) at the baselines; ``None`` for a regression."""
    if model.regression:
        return None
    predicted = model.probabilities(logits.double()).mean(dim=0)
    top = int(predicted.argmax())
    shown = BaselinePrediction(model.labels[top], float(predicted[top]), float(predicted[target]))
    if model.multi_label or len(predicted) < 2:
        return shown
    bits = float(torch.special.entr(predicted).sum()) / math.log(2)
    return replace(shown, entropy_bits=bits, entropy_share=bits / math.log2(len(predicted)))
