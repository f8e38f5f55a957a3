"""Text models: the bundled kind, one's own, and transformers'; against Captum, and against the library's own logits."""

from __future__ import annotations

import re

import captum.attr
import numpy as np
import pytest
import torch
from tiny_text_models import OWN, saved_classifier, saved_language_model

from igcli.attribution.explain import explain
from igcli.attribution.quadrature import nodes
from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted
from igcli.bundled.language.network import WordModel
from igcli.bundled.language.words import Words
from igcli.errors import InputError, LabelError, NetworkError, UsageError, WeightsError
from igcli.inputs import TextInput
from igcli.text import own
from igcli.text.language import WordTokeniser
from igcli.text.loading import TextModelChoice, load_text_model
from igcli.text.model import TextModel, TextOptions
from igcli.text.scored import ScoredText

VOCABULARY = ["<unk>", "<eos>", "the", "shareholders", "claimed", "more", "than", "N"]


def language_model():
    torch.manual_seed(4)
    network = WordModel(len(VOCABULARY)).eval()
    return TextModel(network, VOCABULARY, tokeniser=WordTokeniser(Words(VOCABULARY), network), next_word=True)


def own_model(tmp_path, code=OWN):
    (tmp_path / "own.py").write_text(code)
    return load_text_model(TextModelChoice(f"{tmp_path}/own.py:build"))


def read(model, text, **options):
    return model.read(TextInput(text), fit=None, options=TextOptions(**options))


@pytest.fixture(params=["language", "own", "classifier", "causal"])
def model(request, tmp_path):
    if request.param == "language":
        return language_model()
    if request.param == "own":
        return own_model(tmp_path)
    (saved_classifier if request.param == "classifier" else saved_language_model)(tmp_path / "saved")
    return load_text_model(TextModelChoice(f"hf:{tmp_path / 'saved'}", offline=True))


TEXTS = ["a fine film", "the shareholders claimed more", "more", "not a fine film the shareholders claimed"]


def test_texts_of_different_length_share_a_sweep_with_the_answers_they_get_alone(model):
    samples = [read(model, text) for text in TEXTS]
    wanted = Wanted(("integrated", "gradient", "left-integrated"), settings=Settings(steps=6, score="logit"))
    together = explain(model, samples, wanted, budget=5)
    for sample, (outcome,) in zip(samples, together, strict=True):
        ((alone,),) = explain(model, [sample], wanted, budget=100)
        assert outcome.target.index == alone.target.index
        for name in wanted.methods:
            torch.testing.assert_close(outcome.results[name].values, alone.results[name].values, rtol=1e-4, atol=1e-6)


def test_gradient_and_integrated_are_captums(model):
    sample, steps = read(model, TEXTS[1]), 7
    wanted = Wanted(("integrated", "gradient", "input-x-gradient"), settings=Settings(steps=steps, rule="midpoint"))
    ((ours,),) = explain(model, [sample], wanted)
    values, target = sample.packed[None].requires_grad_(), ours.target.index

    def probability(points):
        return model.network(points).softmax(dim=1)

    saliency = captum.attr.Saliency(probability)
    gradient = saliency.attribute(values, target=target, abs=False)[0]
    product = captum.attr.InputXGradient(probability).attribute(values, target=target)[0].detach()
    placed, total = nodes("midpoint", steps), torch.zeros_like(values)
    for alpha, weight in zip(placed.alphas, placed.weights, strict=True):
        point = (float(alpha) * values).detach().requires_grad_()
        total = total + weight * saliency.attribute(point, target=target, abs=False)
    integrated = (total[0] * values[0]).detach()
    method = captum.attr.IntegratedGradients(probability)
    reference = method.attribute(values, target=target, n_steps=200, method="gausslegendre")[0].detach()
    torch.testing.assert_close(ours.results["gradient"].values, gradient, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(ours.results["input-x-gradient"].values, product, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(ours.results["integrated"].values, integrated, rtol=1e-4, atol=1e-6)
    ((exact,),) = explain(model, [sample], Wanted(settings=Settings(steps=200, rule="gauss-legendre")))
    torch.testing.assert_close(exact.results["integrated"].values, reference, rtol=1e-3, atol=1e-5)


def test_the_words_sum_to_the_rise_of_the_score(model):
    wanted = Wanted(settings=Settings(max_steps=512))
    for outcome in explain(model, [read(model, text) for text in TEXTS], wanted):
        result = outcome[0].results["integrated"]
        assert result.completeness.within_tolerance
        scored = ScoredText.of(outcome[0], next_word=model.next_word)
        assert len(scored.numbers["integrated"]) == len(scored.tokens)
        assert sum(scored.numbers["integrated"]) == pytest.approx(result.total, abs=1e-6)


def test_a_continuation_is_the_texts_own_last_word():
    model = language_model()
    sample = read(model, "the shareholders claimed more", continuation=True)
    assert [token.name for token in sample.tokens] == ["the", "shareholders", "claimed"]
    assert sample.target == "index:5"
    with pytest.raises(InputError, match="single word"):
        read(model, "more", continuation=True)


@pytest.mark.parametrize(("text", "words"), [("", "no word"), (" \n", "no word"), ("more " * 40, "at most 20")])
def test_a_text_that_cannot_be_explained_is_refused_in_a_sentence(text, words):
    with pytest.raises(InputError, match=words):
        read(language_model(), text, max_words=20)
    with pytest.raises(InputError, match="characters"):
        read(language_model(), "x" * 10_000, max_words=20)


def test_a_target_is_spelled_as_the_vocabulary_does():
    model = language_model()
    assert model.word("Than") == "index:6"
    assert model.word("1,200") == "index:7"
    assert model.word("top-3") == "top-3"
    assert model.word("name:than") == "name:than"
    with pytest.raises(LabelError, match=r"vocabulary has no word 'thn'.*than"):
        model.word("thn")
    with pytest.raises(LabelError, match="several"):
        model.word("more than")


def test_baselines_of_words():
    model = language_model()
    sample, table = read(model, "claimed more"), model.network.embedding.weight.detach()
    assert torch.equal(model.own_baseline("pad", sample), table[[1, 1]])
    assert torch.equal(model.own_baseline("text:the", sample), table[[2, 2]])
    assert torch.equal(model.own_baseline("text:the shareholders", sample), table[[2, 3]])
    with pytest.raises(UsageError, match="3 words"):
        model.own_baseline("text:the the the", sample)
    with pytest.raises(UsageError, match="no token called mask"):
        model.knows_baseline("mask")
    ((outcome,),) = explain(model, [sample], Wanted(settings=Settings(baseline="text:the", score="logit")))
    at_baseline = model.network(table[[2, 2]][None])[0, outcome.target.index]
    assert outcome.score.at_baseline == pytest.approx(at_baseline.item(), abs=1e-5)


def test_the_table_is_not_scaled_with_the_words():
    """With tied weights only the rows that were looked up go along the path."""
    model = language_model()
    before = model.network.embedding.weight.clone()
    ((outcome,),) = explain(model, [read(model, "the the")], Wanted(settings=Settings(score="logit")))
    assert torch.equal(before, model.network.embedding.weight)
    zero = model.network(torch.zeros(1, 2, 200))[0, outcome.target.index]
    assert outcome.score.at_baseline == pytest.approx(zero.item(), abs=1e-6)


def test_the_docstrings_example_is_the_tested_one():
    example = "\n".join(line.removeprefix("    ") for line in own.__doc__.partition("For example::")[2].splitlines())
    code = example[: example.index("The code is run")]
    scope = {}
    exec(code, scope)
    made = scope["build"]()
    assert made(made.embed(made.tokenize("a fine film"))[None]).shape == (1, 2)
    bare = re.sub(r"\s+|#.*|torch\.manual_seed\(0\)", "", code)
    assert bare == re.sub(r"\s+|torch\.manual_seed\(0\)", "", OWN)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("labels = ", "names = "), "'labels', the names"),
        (("def embed", "def embedded"), "'embed', a method"),
    ],
)
def test_what_a_network_of_ones_own_lacks_is_named(tmp_path, change, words):
    with pytest.raises(UsageError, match=words):
        own_model(tmp_path, OWN.replace(*change))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("text.lower().split()", "text.lower()"), "list of strings"),
        (("return self.table(torch.tensor(known))", "return self.table(torch.tensor(known[:1]))"), "one row for each"),
        (("return text.lower().split()", "return text.nonsense()"), "AttributeError"),
    ],
)
def test_what_a_network_of_ones_own_returns_wrongly_is_said(tmp_path, change, words):
    model = own_model(tmp_path, OWN.replace(*change))
    with pytest.raises(NetworkError, match=words):
        read(model, "a fine film")


def test_a_classifiers_logits_are_the_librarys_own(tmp_path):
    network, tokenizer = saved_classifier(tmp_path / "bert")
    model = load_text_model(TextModelChoice(f"hf:{tmp_path / 'bert'}", offline=True))
    for text in TEXTS:
        expected = network(**tokenizer(text, return_tensors="pt")).logits
        torch.testing.assert_close(model(read(model, text).packed[None]), expected, rtol=1e-4, atol=1e-5)
    assert list(model.labels) == ["bad", "good"]


def test_special_tokens_stay_at_the_baseline(tmp_path):
    network, tokenizer = saved_classifier(tmp_path / "bert")
    model = load_text_model(TextModelChoice(f"hf:{tmp_path / 'bert'}", offline=True))
    sample = read(model, "a fine film playing")
    assert [token.shown for token in sample.tokens] == ["a", "fine", "film", "play", "ing"]
    assert [token.spaced for token in sample.tokens] == [False, True, True, True, False]
    around = network.get_input_embeddings()(torch.tensor([[tokenizer.cls_token_id, tokenizer.sep_token_id]]))
    baseline = torch.cat([around[:, :1], torch.zeros(1, 5, 16), around[:, 1:]], dim=1)
    expected = network(inputs_embeds=baseline, attention_mask=torch.ones(1, 7)).logits
    torch.testing.assert_close(model(torch.zeros(1, 5, 16)), expected, rtol=1e-4, atol=1e-5)


def test_a_causal_models_logits_are_the_librarys_own_at_the_last_place(tmp_path):
    network, tokenizer = saved_language_model(tmp_path / "gpt")
    model = load_text_model(TextModelChoice(f"hf:{tmp_path / 'gpt'}", offline=True))
    for text in TEXTS[:3]:
        expected = network(**tokenizer(text, return_tensors="pt")).logits[:, -1]
        torch.testing.assert_close(model(read(model, text).packed[None]), expected, rtol=1e-4, atol=1e-5)
    assert model.word("than") == f"index:{tokenizer.convert_tokens_to_ids('than')}"
    with pytest.raises(InputError, match="takes 16"):
        read(model, "more " * 17)


def test_weights_that_are_no_safetensors_are_refused(tmp_path):
    saved_classifier(tmp_path / "bert")
    (tmp_path / "bert" / "model.safetensors").unlink()
    torch.save({"x": torch.zeros(1)}, tmp_path / "bert" / "pytorch_model.bin")
    with pytest.raises(WeightsError, match=r"model\.safetensors"):
        load_text_model(TextModelChoice(f"hf:{tmp_path / 'bert'}", offline=True))


def test_without_the_extra_one_sentence_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    with pytest.raises(UsageError, match=r"pip install 'igcli\[hf\]'"):
        load_text_model(TextModelChoice("hf:anything"))


@pytest.mark.parametrize("name", ["nothing", "caltech101"])
def test_a_name_that_means_no_text_model(name):
    with pytest.raises(UsageError, match="language"):
        load_text_model(TextModelChoice(name))


def test_numbers_of_words_are_sums_over_the_embedding():
    model = language_model()
    ((outcome,),) = explain(model, [read(model, "claimed more")], Wanted(("integrated", "gradient")))
    scored = ScoredText.of(outcome, next_word=True)
    values = outcome.results["gradient"].values
    np.testing.assert_allclose(scored.numbers["gradient"], values.abs().sum(dim=1), rtol=1e-5)
    values = outcome.results["integrated"].values
    np.testing.assert_allclose(scored.numbers["integrated"], values.sum(dim=1), rtol=1e-4, atol=1e-9)
