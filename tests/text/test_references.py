"""Expected gradients over texts (arXiv 1906.10670): the baselines in a file of texts, and what is said of the mean."""

from __future__ import annotations

import math

import pytest
import torch
from text.test_models import language_model, read

from igcli.attribution.explain import explain
from igcli.attribution.reference_path import in_turns
from igcli.attribution.result import Settings
from igcli.attribution.sample_mean import SampleMean
from igcli.attribution.wanted import Wanted
from igcli.errors import UsageError
from igcli.rendering.words import terminal_lines
from igcli.text import model as text_model
from igcli.text.scored import ScoredText


def explained(model, sample, baseline, **more):
    settings = Settings(baseline=str(baseline), score="logit", steps=30, **more)
    ((outcome,),) = explain(model, [sample], Wanted(targets=("index:3",), settings=settings))
    return outcome


def names_at(model, file, sample):
    """The vocabulary's numbers of each baseline's words."""
    table = model.network.embedding.weight.detach()
    rows = model.baselines_from(file, sample)
    return sorted(torch.cdist(each, table).argmin(dim=1).tolist() for each in rows)


def test_of_one_text_it_is_integrated_gradients_from_that_text(tmp_path):
    model = language_model()
    file = tmp_path / "one.txt"
    file.write_text("the shareholders claimed\n")
    sample = read(model, "claimed more than")
    mean = explained(model, sample, file)
    one = explained(model, sample, "text:the shareholders claimed")
    found, expected = mean.results["integrated"], one.results["integrated"]
    torch.testing.assert_close(found.values, expected.values, rtol=1e-4, atol=1e-6)
    assert mean.score.at_baseline == pytest.approx(one.score.at_baseline, abs=1e-6)


def test_it_is_the_mean_over_samples_in_plain_loops(tmp_path):
    model = language_model()
    file = tmp_path / "three.csv"
    file.write_text("id,text\n1,the shareholders claimed\n2,more than more\n3,than the the\n")
    sample = read(model, "claimed more than")
    found = explained(model, sample, file, seed=5).results["integrated"]
    references, end = model.baselines_from(file, sample, seed=5), sample.packed
    total = torch.zeros_like(end)
    for place, turn in enumerate(in_turns(3, 30, seed=5)):
        point = torch.lerp(references[turn], end, (place + 0.5) / 30)[None].requires_grad_()
        (gradient,) = torch.autograd.grad(model.network(point)[0, 3], point)
        total += gradient[0] * (end - references[turn]) / 30
    torch.testing.assert_close(found.values, total, rtol=1e-3, atol=1e-6)
    assert found.completeness.sums_to == "mean rise"
    assert found.completeness.within_tolerance is None


def test_a_shorter_text_begins_again_and_a_longer_one_is_cut_off(tmp_path):
    model, file = language_model(), tmp_path / "texts.txt"
    file.write_text("the more\n\nthan\nthe shareholders claimed more than\n")
    sample = read(model, "claimed more than claimed")
    the, shareholders, claimed, more, than = range(2, 7)
    expected = [[the, more, the, more], [than] * 4, [the, shareholders, claimed, more]]
    assert names_at(model, file, sample) == sorted(expected)


def test_a_file_that_has_changed_is_read_again(tmp_path):
    model, file = language_model(), tmp_path / "texts.txt"
    sample = read(model, "claimed")
    for words in ("the", "more\nthan"):
        file.write_text(words)
        assert len(model.baselines_from(file, sample)) == len(words.split())


def test_of_very_many_texts_some_are_drawn_and_it_is_said(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(text_model, "MOST_REFERENCES", 5)
    model, file = language_model(), tmp_path / "texts.txt"
    file.write_text("the\nmore\n" * 50)
    assert len(model.baselines_from(file, read(model, "claimed"))) == 5
    assert "5 of its 100 texts" in caplog.text


def test_a_file_without_a_text_is_refused(tmp_path):
    file = tmp_path / "texts.txt"
    file.write_text("\n \n")
    model = language_model()
    with pytest.raises(UsageError, match="no text to start from"):
        model.baselines_from(file, read(model, "claimed"))


def test_the_sample_itself_is_no_baseline(tmp_path):
    file = tmp_path / "texts.txt"
    file.write_text("claimed more\n")
    model = language_model()
    with pytest.raises(UsageError, match="has only"):
        explained(model, read(model, "claimed more"), file)


@pytest.mark.parametrize("wanted", [Wanted(("input-x-gradient",)), Wanted(("left-integrated",)), Wanted(alphas=(0.5,))])
def test_what_has_no_mean_over_texts_is_refused(tmp_path, wanted):
    file = tmp_path / "texts.txt"
    file.write_text("the\n")
    model = language_model()
    settings = Settings(baseline=str(file))
    with pytest.raises(UsageError, match="list"):
        explain(model, [read(model, "claimed")], Wanted(wanted.methods, settings=settings, alphas=wanted.alphas))


def test_the_standard_error_is_said_with_the_sum(tmp_path):
    file = tmp_path / "texts.txt"
    file.write_text("the\nmore\nthan\n")
    model = language_model()
    scored = ScoredText.of(explained(model, read(model, "claimed more"), file), next_word=True)
    mean = scored.means["integrated"]
    assert (mean.baselines, mean.samples) == (3, 30)
    assert mean.sum_error > 0
    head, *_, sums = terminal_lines(scored, colour=False, width=100)
    assert "in the mean over the baselines" in head
    assert f"the mean over 3 baselines, 30 samples; standard error of the sum {mean.sum_error:.2g}" in sums


def test_only_a_mean_has_such_errors():
    assert SampleMean.of({"map_error": 0.1}, 30) is None
    unknown = SampleMean.of({"baselines": 1.0, "sum_error": None, "map_error": None}, 1)
    assert math.isnan(unknown.sum_error)
