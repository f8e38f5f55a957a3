"""Every method of igcli's own on values of any shape, against closed forms and Captum, for every chunk size."""

from functools import cache

import captum.attr
import numpy as np
import pytest
import torch
from torch import nn

import igcli
from igcli.attribution.baselines import noisy_copy
from igcli.attribution.budget import Budget
from igcli.attribution.explain import explain
from igcli.attribution.methods.method import METHODS
from igcli.attribution.quadrature import nodes
from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted
from igcli.errors import UsageError
from igcli.models.model import Model
from igcli.sample import Sample

OWN = [name for name in METHODS if METHODS[name].__module__.rpartition(".")[2] in (
    "decision", "gradient", "guided_integrated", "idgi", "integrated", "split")]  # fmt: skip


def random(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(sum(shape)), dtype=torch.float64) + 0.1


SAMPLES = {
    "features": Sample(random(7)),
    "sequence": Sample(random(5, 4), summed_axis=-1),
    "picture": igcli.Picture(random(3, 4, 5)),
    "pair": Sample((random(3, 4), random(2)), summed_axis=(-1, None)),
}
SIZES = [1, 3, 100]
STEPS = 9


def flat(values):
    tensors = values if isinstance(values, tuple) else (values,)
    return torch.cat([tensor.flatten() for tensor in tensors])


class Polynomial(nn.Module):
    """Outputs Σ aᵢ xᵢ² + bᵢ xᵢ over all values of all inputs; linear without ``bent``."""

    def __init__(self, count, *, bent=True):
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.square = nn.Parameter(torch.rand(count, generator=generator, dtype=torch.float64) * bent)
        self.linear = nn.Parameter(torch.randn(count, generator=generator, dtype=torch.float64))

    def forward(self, *inputs):
        x = torch.cat([each.flatten(1) for each in inputs], dim=1)
        return torch.stack([x.square() @ self.square + x @ self.linear, x.sum(dim=1)], dim=1)

    def gradient(self, x):
        return (2 * self.square * x + self.linear).detach()


@cache
def polynomial(kind, *, bent=True):
    network = Polynomial(len(flat(SAMPLES[kind].values)), bent=bent)
    made = igcli.Classifier if kind == "picture" else Model
    return made(network, ["value", "sum"])


def attributed(kind, method, *, size=7, bent=True, **settings):
    return igcli.attribute(
        polynomial(kind, bent=bent),
        SAMPLES[kind],
        method=method,
        target="value",
        score="logit",
        budget=size,
        **settings,
    )


def expected(kind, method, *, bent=True):
    """The closed form of a method's map, flat, for ``STEPS`` midpoints."""
    network, sample = polynomial(kind, bent=bent).network, SAMPLES[kind]
    x, points = flat(sample.values), nodes("midpoint", STEPS)

    def integral(some):
        return x * sum(w * network.gradient(a * x) for a, w in zip(some.alphas, some.weights, strict=True))

    def score(alpha):
        return network(alpha * x[None])[0, 0].item()

    if method in ("integrated", "guided-integrated"):
        return (network.square * x**2 + network.linear * x).detach()
    if method == "gradient":
        return network.gradient(x)
    if method == "input-x-gradient":
        return network.gradient(x) * x
    if method == "smooth-gradient":
        copies = [noisy_copy(sample, n, seed=0, sigma=0.15).flatten() for n in range(25)]
        return torch.stack([network.gradient(copy) for copy in copies]).mean(dim=0)
    if method == "decision":
        gradients = [network.gradient(a * x) for a in points.alphas]
        return x * sum(w * g * (g @ x) for w, g in zip(points.weights, gradients, strict=True))
    if method == "idgi":
        edges = [0.0, *points.alphas[1:], 1.0]
        squares = [network.gradient(a * x).square() for a in points.alphas]
        rises = np.diff([score(edge) for edge in edges])
        return sum(rise * square / square.sum() for rise, square in zip(rises, squares, strict=True))
    left = np.cumsum([(score(a) - score(0)) / (score(1) - score(0)) > 0.9 for a in points.alphas]) == 0
    points.weights[~left if method == "left-integrated" else left] = 0
    return integral(points)


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("method", OWN)
@pytest.mark.parametrize("size", SIZES)
def test_every_method_of_our_own_gives_its_closed_form_on_every_shape(kind, method, size):
    bent = method != "guided-integrated"  # on a straight score every path gives the same
    found = attributed(kind, method, size=size, bent=bent, steps=STEPS)
    torch.testing.assert_close(flat(found.parts), expected(kind, method, bent=bent), rtol=1e-10, atol=1e-12)
    values = SAMPLES[kind].values
    assert [part.shape for part in found.parts] == [
        each.shape for each in (values if isinstance(values, tuple) else (values,))
    ]


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("size", SIZES)
def test_the_adaptive_path_is_the_same_for_every_shape_and_chunk_size(kind, size):
    found = attributed(kind, "integrated", size=size)
    torch.testing.assert_close(flat(found.parts), expected(kind, "integrated"), rtol=2e-2, atol=1e-2)
    assert found.completeness.within_tolerance
    torch.testing.assert_close(found.values, attributed(kind, "integrated", size=2).values, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("kind", SAMPLES)
def test_what_else_a_sweep_shows_is_summed_over_the_samples_own_axis(kind):
    sample, network = SAMPLES[kind], polynomial(kind).network
    wanted = Wanted(("integrated",), ("value",), Settings(score="logit", steps=STEPS), interior=(0.5, 1.0))
    ((found,),) = explain(polynomial(kind), [sample], wanted, budget=4)
    x = flat(sample.values)
    for alpha, frame in zip((0.5, 1.0), found.interior.frames, strict=True):
        sizes = network.gradient(alpha * x).abs()
        if kind == "pair":
            summed = torch.cat([sizes[:12].reshape(3, 4).sum(dim=1), sizes[12:]])
        else:
            summed = sizes.reshape(sample.packed.shape)
            summed = summed if sample.summed_axis is None else summed.sum(dim=sample.summed_axis)
        np.testing.assert_allclose(frame, summed.numpy(), rtol=1e-6)
        assert found.trace.importance_at(alpha) == pytest.approx(summed.mean().item())


class Bent(nn.Module):
    """A network of ReLUs over all values of all inputs."""

    def __init__(self, count):
        super().__init__()
        torch.manual_seed(1)
        self.inner = nn.Sequential(nn.Linear(count, 16), nn.Tanh(), nn.Linear(16, 3)).double()

    def forward(self, *inputs):
        return self.inner(torch.cat([each.flatten(1) for each in inputs], dim=1))


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("method", ["integrated", "gradient", "input-x-gradient"])
def test_where_captum_has_the_method_it_gives_the_same(kind, method):
    values = SAMPLES[kind].values
    network = Bent(len(flat(values)))
    model = (igcli.Classifier if kind == "picture" else Model)(network, ["a", "b", "c"])
    settings = {"steps": 12, "rule": "gauss-legendre"} if method == "integrated" else {"steps": 12}
    found = igcli.attribute(model, SAMPLES[kind], method=method, target=1, score="logit", budget=5, **settings)
    inputs = tuple(each[None].requires_grad_() for each in (values if isinstance(values, tuple) else (values,)))

    def function(*batch):
        return network(*batch)[:, 1]

    theirs = {
        "integrated": lambda: captum.attr.IntegratedGradients(function).attribute(inputs, n_steps=12),
        "gradient": lambda: captum.attr.Saliency(function).attribute(inputs, abs=False),
        "input-x-gradient": lambda: captum.attr.InputXGradient(function).attribute(inputs),
    }[method]()
    torch.testing.assert_close(
        flat(found.parts), flat(tuple(each[0].detach() for each in theirs)), rtol=1e-7, atol=1e-9
    )


class Reader(nn.Module):
    """A network of sequences of any length (N, L, D) and a mask (N, L) of the words that count."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(2)
        self.word, self.head = nn.Linear(4, 6).double(), nn.Linear(6, 3).double()

    def forward(self, words, mask):
        seen = torch.tanh(self.word(words)) * mask[:, :, None]
        return self.head(seen.sum(dim=1))


def read_samples():
    lengths = (5, 3, 5, 4)
    masks = [torch.ones(length, dtype=torch.bool) for length in lengths]
    masks[0][3:] = False
    return [
        Sample(random(length, 4) * (1 + i), summed_axis=-1, further=(mask,))
        for i, (length, mask) in enumerate(zip(lengths, masks, strict=True))
    ]


@pytest.mark.parametrize("steps", [10, "auto"])
@pytest.mark.parametrize("size", SIZES)
def test_samples_of_different_shape_share_a_sweep_and_keep_their_masks(steps, size):
    model, samples = Model(Reader(), ["a", "b", "c"]), read_samples()
    settings = Settings(steps=steps, baseline="zero+noise:2")
    together = explain(model, samples, Wanted(tuple(OWN), settings=settings), budget=size)
    for sample, (outcome,) in zip(samples, together, strict=True):
        for method in OWN:
            alone = igcli.attribute(model, sample, method=method, steps=steps, baseline="zero+noise:2")
            torch.testing.assert_close(outcome.results[method].values, alone.values, rtol=1e-9, atol=1e-12)
            assert outcome.sample is sample
            assert outcome.results[method].values.shape == sample.values.shape
    assert together[0][0].results["integrated"].values[3:].abs().max() == 0
    assert together[0][0].results["integrated"].values[:3].abs().min() > 0


def test_points_of_one_shape_go_through_the_network_together():
    model, calls = Model(Reader(), ["a", "b", "c"]), []
    model.network.register_forward_pre_hook(lambda _, inputs: calls.append((len(inputs[0]), inputs[0].shape[1])))
    explain(model, read_samples(), Wanted(("integrated",), settings=Settings(steps=4)), budget=Budget(8))
    assert sorted(calls[-3:]) == [(4, 3), (4, 4), (8, 5)]


class Graph:
    """A further input that is not a tensor."""

    def __init__(self, edges):
        self.edges = edges


class Spread(nn.Module):
    """A network of nodes' features (N, V, D) and one graph."""

    def __init__(self):
        super().__init__()
        self.factors = nn.Parameter(torch.tensor([1.0, 2.0], dtype=torch.float64))

    def forward(self, features, graph):
        return (features + graph.edges @ features).square().sum(dim=(1, 2))[:, None] * self.factors


def test_further_inputs_that_are_no_tensors_are_handed_on_as_they_are():
    first, second = Graph(torch.eye(3).double()), Graph(torch.zeros(3, 3).double())
    features = [random(3, 2), random(3, 2) + 1, random(3, 2)]
    samples = [Sample(x, summed_axis=1, further=(g,)) for x, g in zip(features, (first, second, first), strict=True)]
    model = Model(Spread(), ["a", "b"])
    found = explain(model, samples, Wanted(("integrated",), (1,), Settings(score="logit", steps=5)), budget=4)
    for x, factor, (outcome,) in zip(features, (8, 2, 8), found, strict=True):
        torch.testing.assert_close(outcome.results["integrated"].values, factor * x**2)


def test_what_is_no_sample_is_refused_in_a_sentence():
    model = Model(nn.Linear(3, 2), ["a", "b"])
    for values in (torch.ones(3), None, "row"):
        with pytest.raises(UsageError, match=r"igcli\.Sample"):
            igcli.attribute(model, values)
    with pytest.raises(UsageError, match=r"floating-point.*further inputs"):
        igcli.attribute(model, Sample(torch.ones(3, dtype=torch.int64)))
    with pytest.raises(UsageError, match="floating-point"):
        igcli.attribute(model, Sample((torch.ones(3), torch.ones(0))))


def test_what_a_network_of_features_raises_is_said_in_its_own_words():
    with pytest.raises(igcli.IgError, match=r"when given 2 x 4 values\. Try"):
        igcli.attribute(Model(nn.Linear(3, 2), ["a", "b"]), Sample(torch.ones(4)))


class One(Bent):
    def forward(self, x):
        return self.inner(x.flatten(1))


class Two(Bent):
    def forward(self, x, y):
        return self.inner(torch.cat([x.flatten(1), y.flatten(1)], dim=1))


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.filterwarnings("ignore::UserWarning")  # Captum announces its hooks
def test_deep_lift_takes_every_shape_as_captum_does(kind):
    values = SAMPLES[kind].values
    network = (Two if kind == "pair" else One)(len(flat(values)))  # traceable, as for this method it has to be
    model = (igcli.Classifier if kind == "picture" else Model)(network, ["a", "b", "c"])
    found = igcli.attribute(model, SAMPLES[kind], method="deep-lift", target=1, score="logit")
    inputs = tuple(each[None].clone().requires_grad_() for each in (values if isinstance(values, tuple) else (values,)))
    theirs = captum.attr.DeepLift(network).attribute(inputs, target=1)
    torch.testing.assert_close(flat(found.parts), flat(tuple(each[0].detach() for each in theirs)))
    assert found.completeness.relative_gap < 1e-9


@pytest.mark.parametrize("kind", ["features", "sequence", "pair"])
def test_occlusion_covers_each_place_of_a_straight_score_by_what_it_adds(kind):
    sample, network = SAMPLES[kind], polynomial(kind, bent=False).network
    found = attributed(kind, "occlusion", bent=False)
    adds = (network.linear * flat(sample.values)).detach().reshape(sample.packed.shape)
    if kind == "sequence":  # a word's dimensions are covered together, and share what that loses
        adds = adds.sum(dim=1, keepdim=True).expand_as(adds) / adds.shape[1]
    torch.testing.assert_close(found.values, adds)
