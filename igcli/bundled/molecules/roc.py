"""The area under the ROC curve of each task, over the molecules that were measured for it."""

from __future__ import annotations

import torch
from torch import Tensor


def task_auc(scores: Tensor, labels: Tensor) -> float:
    """The chance that an active's score is above an inactive's, ties counted half; NaN without both kinds.

    Parameters
    ----------
    scores, labels
        (N,); labels 1, 0, or NaN for what was not measured.
    """
    active, inactive = scores[labels == 1].double(), scores[labels == 0].double()
    if not len(active) or not len(inactive):
        return float("nan")
    inactive = inactive.sort().values
    below = torch.searchsorted(inactive, active)
    up_to = torch.searchsorted(inactive, active, right=True)
    return float((below + up_to).double().mean() / 2 / len(inactive))


def mean_auc(scores: Tensor, labels: Tensor) -> float:
    """The mean over the tasks (N, K) that have both kinds."""
    each = torch.tensor([task_auc(scores[:, k], labels[:, k]) for k in range(labels.shape[1])])
    return float(each.nanmean())
