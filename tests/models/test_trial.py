"""A network whose output depends on the rest of a batch, or that takes one picture, is recognised and run so."""

from __future__ import annotations

import copy
import warnings
from pathlib import PurePath

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from toys import SIDE, random_picture, small_network

import igcli
from igcli.attribution.budget import Budget
from igcli.attribution.path import Path
from igcli.attribution.views.layers import layer_distances
from igcli.errors import NetworkError, UsageError
from igcli.images.options import View
from igcli.models.assembly import fill
from igcli.models.batching import ONLY_ONE
from igcli.models.classifier import Classifier
from igcli.models.model import Model
from igcli.models.trial import try_out


class Small(nn.Module):
    """Four logits that a change of brightness moves."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())
        self.head = nn.Linear(24, 4)

    def forward(self, x: Tensor) -> Tensor:
        return 20 * self.head(self.body(x))


class BatchStatistics(Small):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3, track_running_stats=False)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.norm(x))


class BatchWideMinimum(Small):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x - x.min())


class SoftmaxOverTheBatch(Small):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).softmax(dim=0) * self.head(self.body(x))


class BranchesOnTheMean(Small):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x if x.mean() > 0.5 else 1 - x)


class OnlyOne(Small):
    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x).view(1, 24))


class NeverOne(Small):
    """Squeezes the batch of one away before it needs it."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).squeeze().log_softmax(dim=1)


class Reentrant(Small):
    def forward(self, x: Tensor) -> Tensor:
        return self.head(checkpoint(self.body, x, use_reentrant=True))


class RemadeLeaf(Small):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.detach().requires_grad_())


class WithoutBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return x.clone()


class OwnFunction(Small):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(WithoutBackward.apply(x))


class BackwardOfDarkPicturesAlone(Small):
    """Its backward pass fails on light pictures."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(WithoutBackward.apply(x) if x.min() > 0.5 else x)


class Lazy(Small):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.LazyLinear(4)


DEPENDENT = [BatchStatistics, BatchWideMinimum, SoftmaxOverTheBatch, BranchesOnTheMean]


def classifier(network: nn.Module, **how: object) -> Classifier:
    return Classifier(network, list("abcd"), view=View(SIDE, SIDE), **how)


def pictures() -> list[igcli.Picture]:
    dark, light = random_picture(seed=1), random_picture(seed=2)
    dark.pixels.mul_(0.4)
    light.pixels.mul_(0.3).add_(0.7)
    return [dark, light]


@pytest.mark.parametrize("kind", DEPENDENT)
def test_each_picture_gets_the_answer_that_it_gets_alone(kind: type[nn.Module]) -> None:
    network = kind().eval()
    pixels = torch.stack([each.pixels for each in pictures()])
    with torch.no_grad():
        alone = torch.cat([network(pixels[:1]), network(pixels[1:])])
        assert not torch.allclose(network(pixels), alone, rtol=0.05)  # the network is one of those meant
        with pytest.warns(UserWarning, match="depends on the other pictures"):
            found = classifier(network)(pixels)
    torch.testing.assert_close(found, alone)


@pytest.mark.parametrize("kind", DEPENDENT)
def test_explanations_do_not_depend_on_neighbours_nor_on_the_size_of_a_chunk(kind: type[nn.Module]) -> None:
    first, second = pictures()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = [igcli.attribute(classifier(kind()), each, steps=4, target="b", budget=1) for each in pictures()]
        wanted = igcli.Wanted(targets=("b",), settings=igcli.Settings(steps=4))
        for budget in (7, Budget(7)):
            found = igcli.explain(classifier(kind()), [first, second], wanted, budget=budget)
            for (each,), own in zip(found, expected, strict=True):
                torch.testing.assert_close(each.results["integrated"].values, own.values)
                assert each.score.at_image == pytest.approx(own.score.at_image)


def test_the_gradient_is_that_of_the_picture_alone() -> None:
    network, (picture, _) = BatchStatistics().eval(), pictures()
    pixels = picture.pixels[None].clone().requires_grad_()
    (expected,) = torch.autograd.grad(network(pixels).softmax(1)[0, 1], pixels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = igcli.attribute(classifier(network), picture, method="gradient", target="b", steps=4)
    torch.testing.assert_close(found.values, expected[0])


def test_a_network_is_tried_and_warned_of_once() -> None:
    model = classifier(BatchStatistics())
    with pytest.warns(UserWarning, match="depends") as caught:
        igcli.explain(model, pictures(), igcli.Wanted(settings=igcli.Settings(steps=4)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        igcli.explain(copy.copy(model), pictures(), igcli.Wanted(settings=igcli.Settings(steps=4)))
    assert len(caught) == 1
    assert Budget.of(model, 8).size == 1


def test_layers_are_compared_one_picture_at_a_time() -> None:
    model = classifier(BatchStatistics())
    path = Path.of(random_picture())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        many = layer_distances(model, path, [0.1, 0.5, 0.9], layers=["body.0"], budget=Budget(3))
        one = layer_distances(model, path, [0.1, 0.5, 0.9], layers=["body.0"], budget=Budget(1))
    assert many.l2 == pytest.approx(one.l2)


@pytest.mark.parametrize("network", [small_network(classes=4), Small()], ids=["plain", "own"])
def test_networks_that_answer_each_picture_by_itself_keep_their_batches(network: nn.Module) -> None:
    model = classifier(network)
    assert model.batching.one_at_a_time == ""
    assert Budget.of(model, 8).size == 8


def test_a_network_in_training_mode_is_tried_in_evaluation_mode() -> None:
    network = small_network(classes=4).train()
    assert classifier(network).batching.one_at_a_time == ""
    assert network.training


def test_a_network_that_answers_at_random_is_not_said_to_depend_on_the_batch() -> None:
    network = nn.Sequential(Small(), nn.Dropout(0.5))
    network[1].eval = lambda: None  # type: ignore[method-assign]
    network[1].train = lambda _mode: network[1]  # type: ignore[method-assign]
    trial = try_out(classifier(network))
    assert trial.changing
    assert trial.batching.one_at_a_time == ""


def test_a_network_for_one_picture_only_is_given_one() -> None:
    assert try_out(classifier(OnlyOne())).batching.one_at_a_time == ONLY_ONE
    with pytest.warns(UserWarning, match="one picture at a time"):
        found = igcli.explain(classifier(OnlyOne()), pictures(), igcli.Wanted(settings=igcli.Settings(steps=4)))
    assert all(isinstance(each, igcli.Explanation) for (each,) in found)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_network_that_takes_no_single_picture_is_given_it_twice_over() -> None:
    model = classifier(NeverOne())
    pixels = pictures()[0].pixels[None]
    with torch.no_grad():
        _ = model.batching
        torch.testing.assert_close(model(pixels), Small.forward(model.network, pixels).log_softmax(1))


@pytest.mark.filterwarnings("ignore")
def test_a_trace_for_four_pictures_is_given_each_four_times_over() -> None:
    class Four(Small):
        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.body(x).view(4, 24))

    trace = torch.jit.trace(Four().eval(), torch.rand(4, 3, SIDE, SIDE))
    model = classifier(trace)
    assert model.batching.copies == 4
    pixels = torch.stack([each.pixels for each in pictures()])
    with torch.no_grad():
        torch.testing.assert_close(model(pixels), Small()(pixels) / 20)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Reentrant, "use_reentrant=False"),
        (RemadeLeaf, "has no gradient"),
        (OwnFunction, "when its gradient by the input was taken"),
        (Lazy, "head is a lazy layer that has no weights yet"),
    ],
)
def test_what_has_no_gradient_or_no_weights_is_a_sentence_at_once(kind: type[nn.Module], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        try_out(classifier(kind()))


def test_quantised_layers_are_a_sentence() -> None:
    if not torch.backends.quantized.supported_engines or torch.backends.quantized.engine == "none":
        pytest.skip("this torch has no quantised layers")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = torch.ao.quantization.quantize_dynamic(Small().eval(), {nn.Linear}, dtype=torch.qint8)
    with pytest.raises(UsageError, match="no gradient"):
        try_out(classifier(network))


@pytest.mark.parametrize("method", ["integrated", "guided-integrated"])
def test_what_the_backward_pass_raises_later_is_the_networks_error(method: str) -> None:
    model = classifier(BackwardOfDarkPicturesAlone())
    light = pictures()[1]
    model.batching  # noqa: B018 - its warning is another test's
    with pytest.raises(NetworkError, match=r"NotImplementedError .*gradient by the input"):
        igcli.attribute(model, light, method=method, steps=4, baseline="white")


def test_lazy_layers_are_filled_by_a_file_of_weights() -> None:
    filled = Lazy()
    filled(torch.rand(1, 3, SIDE, SIDE))
    network = Lazy()
    fill(network, filled.state_dict(), file=PurePath("lazy.pth"))
    torch.testing.assert_close(network.head.weight, filled.head.weight)


def test_a_model_of_other_samples_is_tried_on_the_ends_of_its_first_batch() -> None:
    class Centred(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return (x - x.mean(dim=0)) @ torch.eye(5)

    rows = torch.rand(3, 5, generator=torch.Generator().manual_seed(0))
    with pytest.warns(UserWarning, match="depends on the other"):
        found = Model(Centred(), list("abcde"))(rows)
    assert found.abs().max() < 1e-6  # a sample alone is its own mean
    assert Model(nn.Linear(5, 4), list("abcd")).batching.one_at_a_time == ""
