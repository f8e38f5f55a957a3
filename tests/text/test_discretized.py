"""Discretized integrated gradients: the path, against plain loops; its numbers, against closed forms."""

from __future__ import annotations

import pytest
import torch
from text.test_models import TEXTS, language_model, own_model, read
from tiny_text_models import OWN, saved_classifier, saved_language_model
from toys import classifier, random_picture, small_network

import igcli
from igcli.attribution.explain import explain
from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted
from igcli.errors import UsageError
from igcli.models.model import Provenance
from igcli.text import discretized
from igcli.text.discretized import ANCHORS, AnchoredPath, anchors, vocabulary_of
from igcli.text.loading import TextModelChoice, load_text_model
from igcli.text.model import TextModel
from igcli.text.sample import Text
from igcli.text.tokens import Token


def made_up(words=80, size=5, count=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    table = torch.randn(words, size, generator=generator)
    return table[:count], torch.zeros(count, size), table


def loops(word, baseline, table, count):
    """The anchors of one word, as the paper has them; every word of the table is a neighbour."""
    used, point, found = {min(range(len(table)), key=lambda row: (table[row] - word).norm())}, word, [word]
    for _ in range(count):
        best = None
        for row in range(len(table)):
            if row in used:
                continue
            monotone = table[row].clone()
            for axis in range(len(word)):
                low, high = sorted((float(point[axis]), float(baseline[axis])))
                if not low <= float(table[row][axis]) <= high:
                    monotone[axis] = point[axis] + (baseline[axis] - point[axis]) / count
            change = float((table[row] - monotone).norm())
            if best is None or change < best[0]:
                best = change, row, monotone
        used.add(best[1])
        point = best[2]
        found.append(point)
    return torch.stack([baseline, *reversed(found)])


@pytest.mark.parametrize("seed", range(3))
def test_the_anchors_are_those_of_plain_loops(seed):
    words, baseline, table = made_up(seed=seed)
    found = anchors(words, baseline, table)
    assert found.shape == (ANCHORS + 2, 3, 5)
    for place in range(3):
        torch.testing.assert_close(found[:, place], loops(words[place], baseline[place], table, ANCHORS))


@pytest.mark.parametrize("seed", range(3))
def test_every_coordinate_only_moves_towards_its_end(seed):
    words, baseline, table = made_up(words=200, seed=seed)
    baseline = table[100:103]
    found = anchors(words, baseline, table)
    assert torch.equal(found[0], baseline)
    assert torch.equal(found[-1], words)
    assert bool((found.diff(dim=0) * (words - baseline) >= -1e-6).all())


def test_same_anchors_for_every_number_of_words_at_once(monkeypatch):
    words, baseline, table = made_up(count=7)
    together = anchors(words, baseline, table)
    monkeypatch.setattr(discretized, "_AT_ONCE", 1)
    torch.testing.assert_close(anchors(words, baseline, table), together)


def test_a_tiny_vocabulary_has_as_many_anchors_as_it_has_other_words():
    words, baseline, table = made_up(words=4)
    assert len(anchors(words, baseline, table)) == 3 + 2


def test_from_a_word_the_path_lies_nearer_to_words_than_the_straight_one():
    words, _, table = made_up(words=400, size=12, count=6)
    baseline = table[100:101].expand(6, -1)
    found = anchors(words, baseline, table)
    shares = torch.linspace(0, 1, len(found))[:, None, None]
    straight = torch.lerp(baseline[None], words[None], shares)

    def distance(points):
        return torch.cdist(points[1:-1].flatten(0, 1), table).min(dim=1).values.mean()

    assert distance(found) < distance(straight)


def path_of(model, sample):
    ends = sample.packed
    return discretized.Discretized().for_model(model).path(torch.zeros_like(ends), ends, sample.layout, ())


def test_the_path_passes_its_anchors_and_its_moves_sum_to_the_way():
    model = language_model()
    sample = read(model, "claimed more than")
    path = path_of(model, sample)
    assert isinstance(path, AnchoredPath)
    last = len(path.anchors) - 1
    torch.testing.assert_close(path.at(torch.arange(last + 1) / last), path.anchors, atol=1e-5, rtol=1e-4)
    assert torch.equal(path.at(torch.tensor([0.0, 1.0])), torch.stack([path.baseline, path.end]))
    edges = torch.linspace(0, 1, 14).double().numpy()
    torch.testing.assert_close(path.moves(edges[:-1], edges[1:]).sum(dim=0), path.displacement)


@pytest.mark.parametrize("kind", ["language", "classifier", "causal"])
def test_numbers_sum_to_the_rise_and_texts_share_a_sweep(kind, tmp_path):
    if kind == "language":
        model = language_model()
    else:
        (saved_classifier if kind == "classifier" else saved_language_model)(tmp_path / "saved")
        model = load_text_model(TextModelChoice(f"hf:{tmp_path / 'saved'}", offline=True))
    samples = [read(model, text) for text in TEXTS]
    wanted = Wanted(("discretized", "integrated"), settings=Settings(score="logit", tolerance=0.002, max_steps=1024))
    for (outcome,) in explain(model, samples, wanted):
        found, straight = outcome.results["discretized"], outcome.results["integrated"]
        assert found.completeness.within_tolerance
        assert found.settings.path == "discretized"
        assert straight.settings.path == "straight"
        assert found.total == pytest.approx(outcome.score.rise, abs=0.002 * max(1, abs(outcome.trace.span)))
        assert not torch.allclose(found.values, straight.values, rtol=1e-3)


def test_of_a_linear_network_it_is_what_integrated_gradients_are():
    table = made_up(words=60)[2]

    class Words:
        def tokenise(self, text):
            return [Token(word, int(word), word) for word in text.split()]

        def embed(self, tokens):
            return table[[token.number for token in tokens]]

        def table(self):
            return table

        def special(self, name):
            return None

    class Linear(torch.nn.Module):
        def forward(self, embeddings):
            weights = torch.arange(1.0, 16).reshape(3, 5)
            return torch.stack([(embeddings * weights).sum(dim=(1, 2)), embeddings.sum(dim=(1, 2))], dim=1)

    model = TextModel(Linear(), ["a", "b"], tokeniser=Words(), provenance=Provenance("linear"))
    sample = Text(table[[3, 7, 9]], [Token(str(n), n, str(n)) for n in (3, 7, 9)])
    found = igcli.attribute(model, sample, method="discretized", target=0, score="logit", steps=7)
    torch.testing.assert_close(
        found.values, table[[3, 7, 9]] * torch.arange(1.0, 16).reshape(3, 5), rtol=1e-4, atol=1e-5
    )


def test_a_network_of_ones_own_needs_to_say_its_words(tmp_path):
    model = own_model(tmp_path)
    expected = model.network.table.weight
    torch.testing.assert_close(vocabulary_of(model), expected)
    (tmp_path / "silent").mkdir()
    silent = own_model(tmp_path / "silent", OWN.replace("words", "known_words"))
    with pytest.raises(UsageError, match="which words it knows"):
        igcli.attribute(silent, read(silent, "a fine film"), method="discretized")


def test_pictures_have_no_words():
    with pytest.raises(UsageError, match="which words it knows"):
        igcli.attribute(classifier(small_network(), classes=5), random_picture(), method="discretized")
