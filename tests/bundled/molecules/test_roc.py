"""ROC-AUC, against counting pairs of an active and an inactive."""

from __future__ import annotations

import math

import pytest
import torch

from igcli.bundled.molecules.roc import mean_auc, task_auc


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_share_of_pairs_in_the_right_order(seed):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randint(0, 6, (40,), generator=generator).float()  # with ties
    labels = torch.randint(0, 2, (40,), generator=generator).float()
    labels[::7] = torch.nan
    pairs = [(a, b) for a in scores[labels == 1].tolist() for b in scores[labels == 0].tolist()]
    expected = sum((a > b) + (a == b) / 2 for a, b in pairs) / len(pairs)
    assert task_auc(scores, labels) == pytest.approx(expected)


def test_a_task_of_one_kind_has_none_and_is_left_out_of_the_mean():
    scores, labels = torch.tensor([[0.0, 1.0], [1.0, 0.0]]), torch.tensor([[0.0, 1.0], [1.0, 1.0]])
    assert math.isnan(task_auc(scores[:, 1], labels[:, 1]))
    assert mean_auc(scores, labels) == 1.0
