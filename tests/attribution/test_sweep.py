import pytest
import torch
from torch import nn
from toys import classifier, random_picture, small_network

from igcli.attribution.budget import Budget
from igcli.attribution.explain import explain
from igcli.attribution.network import forward
from igcli.attribution.path import Path
from igcli.attribution.quadrature import nodes
from igcli.attribution.result import Settings
from igcli.attribution.scores import Score
from igcli.attribution.sweep import MOST_TOGETHER, Chunk, Consumer, PathRun, sweep
from igcli.attribution.wanted import Wanted
from igcli.errors import NetworkError, NumericalError


class Collector(Consumer):
    def start(self, path, nodes):
        self.chunks: list[Chunk] = []

    def take(self, chunk):
        self.chunks.append(chunk)

    def gradients(self):
        return torch.cat([chunk.gradients for chunk in self.chunks])


def run_of(picture, *, steps=9, target=1, kind="softmax"):
    path = Path.of(picture)
    return PathRun(path, Score(kind, target), nodes("midpoint", steps), [Collector()])


def slow_gradient(model, pixels, alpha, target):
    """One point at a time, in the plainest way."""
    point = (alpha * pixels.double()).to(model.dtype)[None].requires_grad_()
    model(point).softmax(1)[0, target].backward()
    return point.grad[0]


def test_gradients_are_those_of_one_point_at_a_time(small_double):
    pictures = [random_picture(seed=s, dtype=torch.float64) for s in range(3)]
    runs = [run_of(p, steps=5 + i, target=i) for i, p in enumerate(pictures)]
    sweep(small_double, runs, budget=Budget(4))
    small_double.network.eval()
    for i, (picture, run) in enumerate(zip(pictures, runs, strict=True)):
        for alpha, got in zip(run.nodes.alphas, run.consumers[0].gradients(), strict=True):
            torch.testing.assert_close(got, slow_gradient(small_double, picture.pixels, alpha, i), rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 7, 11, 100])
def test_every_point_of_every_walk_is_visited_once_in_order_whatever_the_chunk(small, size):
    runs = [run_of(random_picture(seed=s), steps=4 + s) for s in range(3)]
    count = sweep(small, runs, budget=Budget(size))
    assert count == 4 + 5 + 6
    for run in runs:
        chunks = run.consumers[0].chunks
        alphas = torch.cat([chunk.alphas for chunk in chunks]).double().numpy()
        assert alphas == pytest.approx(run.nodes.alphas, abs=1e-7)
        assert all(len(chunk.alphas) <= size for chunk in chunks)
        assert [chunk.start for chunk in chunks] == [sum(len(c.alphas) for c in chunks[:i]) for i in range(len(chunks))]


def test_pictures_share_chunks(small):
    calls = []
    small.network.register_forward_pre_hook(lambda _, inputs: calls.append(len(inputs[0])))
    sweep(small, [run_of(random_picture(seed=s), steps=4) for s in range(4)], budget=Budget(8))
    assert calls == [8, 8]


def test_leaves_mode_parameters_gradients_hooks_and_pictures_as_they_were(small, picture):
    small.network.train()
    small.network[1].eval()
    small.network[0].weight.requires_grad_(False)
    small.network[4].weight.grad = torch.ones_like(small.network[4].weight)
    modes = [m.training for m in small.network.modules()]
    needs = [p.requires_grad for p in small.network.parameters()]
    state = {k: v.clone() for k, v in small.network.state_dict().items()}
    before = picture.pixels.clone()
    sweep(small, [run_of(picture)], budget=Budget(4))
    assert [m.training for m in small.network.modules()] == modes
    assert [p.requires_grad for p in small.network.parameters()] == needs
    assert all(torch.equal(v, state[k]) for k, v in small.network.state_dict().items())
    assert (small.network[4].weight.grad == 1).all()
    assert small.network[9].weight.grad is None
    assert not any(m._forward_hooks or m._backward_hooks for m in small.network.modules())
    assert torch.equal(picture.pixels, before)
    assert not picture.pixels.requires_grad


def test_the_mode_is_restored_when_the_network_raises(picture):
    class Breaks(nn.Module):
        def forward(self, x):
            raise ZeroDivisionError

    model = classifier(Breaks(), classes=2)
    model.network.train()
    with pytest.raises(NetworkError, match=r"ZeroDivisionError when given 3 x 3 x 12 x 12 pixels.*--batch-size 1"):
        sweep(model, [run_of(picture)], budget=Budget(4))
    assert model.network.training


@pytest.mark.parametrize("surrounding", [torch.no_grad, torch.inference_mode])
def test_works_where_the_caller_has_switched_gradients_off(small, picture, surrounding):
    run = run_of(picture)
    with surrounding():
        sweep(small, [run], budget=Budget(4))
    assert run.consumers[0].gradients().abs().max() > 0


class Fragile(nn.Module):
    """Not finite for bright pictures: in the logits, or only in the gradients."""

    def __init__(self, where):
        super().__init__()
        self.inner, self.where = small_network(), where

    def forward(self, x):
        bright = x.amax(dim=(1, 2, 3)) > 2
        logits = self.inner(x)
        if self.where == "logits":
            return logits + torch.where(bright, torch.nan, 0.0)[:, None]
        still = torch.where(bright, 0.0, 1.0)  # a square root at 0 has an infinite slope, and 0 · ∞ is not a number
        root = (x.flatten(1).sum(1).square() * (1 - still) * 0 + still).sqrt()
        return logits + (root - still)[:, None]


@pytest.mark.parametrize("where", ["logits", "gradients"])
def test_a_walk_that_is_not_finite_is_given_up_and_the_others_go_on(where):
    model = classifier(Fragile(where), classes=5)
    good, bad = random_picture(seed=1), random_picture(seed=2)
    good.pixels.mul_(0.5)
    runs = [run_of(good), run_of(bad), run_of(good)]
    sweep(model, runs, budget=Budget(5))
    assert isinstance(runs[1].failure, NumericalError)
    assert f"network's {where} are not finite at α = " in str(runs[1].failure)
    assert runs[0].failure is runs[2].failure is None
    assert len(runs[2].consumers[0].gradients()) == 9


def test_running_out_of_memory_halves_the_chunk_without_counting_anything_twice(small, picture):
    small.network.eval()

    class Narrow(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = small.network

        def forward(self, x):
            if len(x) > 3:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return self.inner(x)

    narrow = classifier(Narrow(), classes=5)
    run, reference = run_of(picture), run_of(picture)
    budget = Budget(8)
    assert sweep(narrow, [run], budget=budget) == 9
    assert budget.size == 2
    sweep(small, [reference], budget=Budget(2))
    torch.testing.assert_close(run.consumers[0].gradients(), reference.consumers[0].gradients())


def test_forward_gives_the_logits_without_a_graph(small, picture):
    pictures = [random_picture(seed=s) for s in range(5)]
    logits = forward(small, pictures, budget=Budget(2))
    small.network.eval()
    torch.testing.assert_close(logits, small(torch.stack([each.pixels for each in pictures])))
    assert not logits.requires_grad


@pytest.mark.parametrize("size", [1, 3, 100])
def test_several_classes_of_one_picture_go_forward_once_and_get_what_each_gets_alone(small_double, size):
    picture, other = (random_picture(seed=s, dtype=torch.float64) for s in range(2))
    path = Path.of(picture)
    shared = [PathRun(path, Score("softmax", k), nodes("midpoint", 7), [Collector()]) for k in range(4)]
    lone = run_of(other, steps=5)
    forward = []
    handle = small_double.network.register_forward_pre_hook(lambda _, inputs: forward.append(len(inputs[0])))
    assert sweep(small_double, [*shared, lone], budget=Budget(size)) == 4 * 7 + 5
    handle.remove()
    assert sum(forward) == 7 + 5
    for k, run in enumerate(shared):
        alone = run_of(picture, steps=7, target=k)
        sweep(small_double, [alone], budget=Budget(size))
        torch.testing.assert_close(run.consumers[0].gradients(), alone.consumers[0].gradients(), rtol=0, atol=1e-14)


def test_many_classes_are_taken_a_few_at_a_time(small):
    picture = random_picture()
    path = Path.of(picture)
    runs = [PathRun(path, Score("logit", k % 5), nodes("midpoint", 2), [Collector()]) for k in range(11)]
    forward = []
    small.network.register_forward_pre_hook(lambda _, inputs: forward.append(len(inputs[0])))
    assert sweep(small, runs, budget=Budget(16)) == 22
    assert MOST_TOGETHER == 8
    assert sum(forward) == 2 + 2  # eight of them share their two passes, and so do the other three
    assert all(len(run.consumers[0].gradients()) == 2 for run in runs)


def test_explaining_several_classes_shares_the_forward_pass(small, picture):
    forward = []
    small.network.register_forward_pre_hook(lambda _, inputs: forward.append(len(inputs[0])))
    explain(small, [picture], Wanted(targets=("top-3",), settings=Settings(steps=10)))
    assert sum(forward) == 2 + 10
