import pytest
import torch
from torch import nn
from torch.nn import functional

from igcli.models.engine.pooling import put_relus_behind_pools
from igcli.models.engine.tracing import is_max_pool, is_relu
from models.engine.same import answers, pictures, rewritten


def convolution() -> nn.Conv2d:
    """Multiples of 1/4 from pixels in multiples of 1/4: many are equal, many negative, and none is rounded."""
    made = nn.Conv2d(2, 4, 2).double().requires_grad_(requires_grad=False)
    made.weight.copy_(torch.randint(-2, 3, made.weight.shape, generator=torch.Generator().manual_seed(2)))
    made.bias.fill_(-0.25)
    return made


def quarters(*shape: int):
    return (pictures(*shape) * 4).round() / 4


class Calls(nn.Module):
    """A ReLU before a max pool, both written in some way."""

    def __init__(self, relu, pool) -> None:
        super().__init__()
        self.convolution, self.relu, self.pool = convolution(), relu, pool

    def forward(self, x):
        return self.pool(self.relu(self.convolution(x)))


def assert_moved(network: nn.Module, pixels, *, times: int = 1) -> None:
    moved, done = rewritten(network, put_relus_behind_pools)
    assert done == [times]
    behind = [is_relu(moved, user) for node in moved.graph.nodes if is_max_pool(moved, node) for user in node.users]
    assert sum(behind) == times
    assert sum(is_relu(moved, node) for node in moved.graph.nodes) == max(times, 1)
    for own, its in zip(answers(network.eval(), pixels), answers(moved, pixels), strict=True):
        assert torch.equal(own, its)  # not a bit of difference, wherever the largest are equal or none is above zero


@pytest.mark.parametrize("relu", [nn.ReLU(), nn.ReLU(inplace=True), functional.relu, functional.relu_, torch.relu])
def test_every_way_to_write_a_relu_is_moved(relu):
    assert_moved(Calls(relu, nn.MaxPool2d(2)), quarters(2, 2, 9, 9))


@pytest.mark.parametrize(
    "pool",
    [
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.MaxPool2d(3, 2, 1),
        nn.MaxPool2d(3, 1, 1),
        nn.MaxPool2d(2, dilation=2),
        lambda x: functional.max_pool2d(x, kernel_size=3, stride=2, ceil_mode=True),
        lambda x: torch.max_pool2d(x, 2),
    ],
)
def test_every_kind_of_max_pool_keeps_its_output_and_gradient(pool):
    for side in (8, 9, 10):
        assert_moved(Calls(functional.relu, pool), quarters(2, 2, side, side))


def test_several_are_moved_one_by_one():
    network = nn.Sequential(
        convolution(), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 2, 1).double(), nn.ReLU(), nn.MaxPool2d(2)
    )
    assert_moved(network, quarters(1, 2, 9, 9), times=2)


class Read(nn.Module):
    """Something else reads what the ReLU returns, or what it may have overwritten."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what, self.convolution = what, convolution()
        self.pool, self.relu = nn.MaxPool2d(2), nn.ReLU(inplace=True)

    def forward(self, x):
        y = self.convolution(x)
        if self.what == "the ReLU's input":
            return self.pool(self.relu(y)) + y[:, :, ::2, ::2]
        if self.what == "a view of it":
            return self.pool(self.relu(y[:, :2])).sum(1, keepdim=True) + y[:, :, ::2, ::2]
        z = self.relu(y)
        return self.pool(z) + z[:, :, ::2, ::2]


@pytest.mark.parametrize("what", ["the ReLU's input", "a view of it", "its output"])
def test_a_relu_that_others_depend_on_stays(what):
    assert_moved(Read(what), quarters(2, 2, 9, 9), times=0)


def test_a_pool_that_tells_where_its_maxima_were_stays():
    network = Calls(nn.ReLU(), nn.MaxPool2d(2, return_indices=True))
    assert rewritten(network, put_relus_behind_pools)[1] == [0]
