import torch
from torch.nn import functional

from igcli.attribution.scores import Score

LOGITS = torch.tensor([[1.0, 2.0, -1.0], [0.0, 0.0, 300.0]])


def test_softmax_is_the_probability():
    torch.testing.assert_close(Score("softmax", 1).of(LOGITS), functional.softmax(LOGITS, 1)[:, 1])


def test_logit_is_the_raw_output():
    assert Score("logit", 2).of(LOGITS).tolist() == [-1.0, 300.0]


def test_log_softmax_is_the_log_of_the_probability_and_finite_where_that_is_zero():
    score = Score("log-softmax", 0).of(LOGITS)
    torch.testing.assert_close(score[0], functional.softmax(LOGITS, 1)[0, 0].log())
    assert score[1].item() == -300
