"""A compiled network against the plain one: truth is what the network returns without torch's compiler."""

from __future__ import annotations

import os
import pickle
import shutil
from copy import copy, deepcopy
from itertools import chain

import numpy as np
import pytest
import torch
from torch import nn
from toys import SIDE, classifier, random_picture, small_network

import igcli
from igcli.attribution.path import Path
from igcli.models.engine.compiled import DIFFERS, FEW, HOOKS, PROGRAM, SIZE

needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, (os.environ.get("CXX", "g++"), "clang++"))), reason="torch compiles with a C++ compiler"
)


class Noted(nn.Module):
    """Notes the size of every batch that goes through it without being compiled."""

    def __init__(self) -> None:
        super().__init__()
        self.network = small_network()
        self.plain: list[int] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not torch.compiler.is_compiling():
            self.plain.append(len(x))
        return self.network(x)


def pictures(count: int, side: int = SIDE) -> torch.Tensor:
    pixels = torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(count))
    return pixels.contiguous(memory_format=torch.channels_last)


def answers(model: igcli.Classifier, pixels: torch.Tensor) -> list[torch.Tensor]:
    """Logits forward only, logits and a gradient."""
    points = pixels.clone().requires_grad_()
    with model.frozen():
        logits = model(points)
        (gradient,) = torch.autograd.grad(logits[:, 1].sum(), points)
        with torch.no_grad():
            return [model(pixels), logits.detach(), gradient]


def assert_rounding_apart(one: list[torch.Tensor], other: list[torch.Tensor]) -> None:
    for own, its in zip(one, other, strict=True):
        torch.testing.assert_close(its, own, rtol=0, atol=1e-5 * float(own.abs().max()))


@pytest.fixture(scope="module")
def noted() -> igcli.Classifier:
    """Of a user's own code, compiled."""
    model = classifier(Noted(), classes=5)
    model.compile(warn=pytest.fail)
    return model


@pytest.fixture(scope="module")
def rewritten() -> igcli.Classifier:
    """Of torch's modules, which are rewritten, and then compiled."""
    model = classifier(small_network(), classes=5)
    model.compile(warn=pytest.fail)
    return model


@needs_compiler
def test_batches_of_many_sizes_are_compiled_once_and_give_the_same(noted):
    sizes = (SIZE, FEW + 1, SIZE + FEW + 2, 3 * SIZE)
    noted.network.plain.clear()
    counted = [answers(noted.optimised(), pictures(size)) for size in sizes]
    assert noted.network.plain == []
    for size, found in zip(sizes, counted, strict=True):
        assert_rounding_apart(answers(noted, pictures(size)), found)


@needs_compiler
@pytest.mark.parametrize("pixels", [pictures(FEW), pictures(SIZE, side=20)], ids=["few pictures", "another shape"])
def test_what_was_not_compiled_for_goes_through_the_plain_network(noted, pixels):
    noted.network.plain.clear()
    found = answers(noted.optimised(), pixels)
    assert noted.network.plain == [len(pixels)] * 2
    assert_rounding_apart(answers(noted, pixels), found)


@needs_compiler
def test_a_rewritten_network_gives_the_same_compiled(rewritten):
    plain, quick = classifier(rewritten.network, classes=5), rewritten.optimised()
    assert type(quick.network).__name__ == "_Compiled"
    for size in (2, SIZE, 2 * SIZE + 2):
        assert_rounding_apart(answers(plain, pictures(size)), answers(quick, pictures(size)))


@needs_compiler
@pytest.mark.parametrize("targets", [("top",), ("class b", "class d", "class a")], ids=["one class", "three"])
@pytest.mark.parametrize("method", ["integrated", "smooth-gradient", "grad-cam", "ig2"])
def test_maps_are_those_of_the_plain_network(rewritten, targets, method):
    plain, pictures = classifier(rewritten.network, classes=5), [random_picture(seed=seed) for seed in (1, 2)]
    wanted = igcli.Wanted((method,), targets=targets, settings=igcli.Settings(steps=20))
    own, its = (igcli.explain(model, pictures, wanted) for model in (plain, rewritten))
    for one, other in zip(chain(*own), chain(*its), strict=True):
        values = one.results[method].values
        torch.testing.assert_close(other.results[method].values, values, rtol=0, atol=1e-4 * float(values.abs().max()))


@needs_compiler
def test_distances_of_layers_are_those_of_the_plain_network(rewritten):
    plain, path = classifier(rewritten.network, classes=5), Path.of(random_picture())
    own, its = (
        igcli.layer_distances(model, path, np.linspace(0, 1, 5), budget=igcli.Budget(4)) for model in (plain, rewritten)
    )
    assert len(own.layers) > 1
    assert own.layers == its.layers
    np.testing.assert_array_equal(own.l2, its.l2)


@needs_compiler
def test_a_hook_is_run_by_the_network_as_it_is(rewritten):
    seen = []
    handle = rewritten.network[0].register_forward_hook(lambda *_: seen.append(1))
    with handle, rewritten.frozen():
        rewritten.optimised()(pictures(4))
    assert seen == [1]
    assert type(rewritten.optimised().network).__name__ == "_Compiled"


@needs_compiler
def test_a_network_that_changes_afterwards_gives_what_it_gives_now(rewritten):
    model = classifier(deepcopy(rewritten.network), classes=5)
    model.compile(warn=pytest.fail)
    with torch.no_grad():
        model.network[0].weight.mul_(2)
    assert_rounding_apart(answers(model, pictures(4)), answers(model.optimised(), pictures(4)))


@needs_compiler
def test_copies_are_not_compiled(rewritten):
    assert type(copy(rewritten).optimised().network).__name__ != "_Compiled"
    assert type(pickle.loads(pickle.dumps(rewritten)).optimised().network).__name__ != "_Compiled"


@needs_compiler
def test_a_network_that_draws_random_numbers_stays_as_it_is():
    class Drawing(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.flatten(1)[:, :5] * torch.rand(5)

    assert_left_alone(classifier(Drawing(), classes=5), DIFFERS)


def test_a_torchscript_program_stays_as_it_is():
    assert_left_alone(classifier(torch.jit.trace(small_network().eval(), pictures(2)), classes=5), PROGRAM)


def test_a_network_with_hooks_stays_as_it_is():
    model = classifier(small_network(), classes=5)
    model.network[0].register_forward_hook(lambda *_: None)
    assert_left_alone(model, HOOKS)


def assert_left_alone(model: igcli.Classifier, reason: str) -> None:
    before, said = model.optimised(), list[str]()
    model.compile(warn=said.append)
    assert len(said) == 1
    assert reason in said[0]
    assert model.optimised().network is before.network
