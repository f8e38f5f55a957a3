from __future__ import annotations

import numpy as np
import pytest

from igcli.rendering.numbers import digits_for, probability_text, score_text


@pytest.mark.parametrize(("probability", "shown"), [
    (1.0, "100.0 %"), (0.99999, "> 99.9 %"), (0.989469, "98.9 %"), (0.001, "0.1 %"), (1e-9, "< 0.1 %"), (0.0, "0.0 %"),
])  # fmt: skip
def test_a_probability_never_claims_a_false_certainty(probability, shown):
    assert probability_text(probability) == shown


def test_only_scores_that_are_probabilities_are_percentages():
    assert score_text(0.5, "softmax") == score_text(0.5, "sigmoid") == "50.0 %"
    assert score_text(12.345, "logit") == "12.3"


def test_alphas_are_written_with_as_many_digits_as_distinguish_them():
    assert digits_for(np.array([0.0, 0.5, 1.0])) == 2
    assert digits_for(np.array([0.001, 0.002])) == 3
    assert digits_for(np.array([1e-9, 2e-9])) == 6
