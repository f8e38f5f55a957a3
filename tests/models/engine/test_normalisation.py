import pytest
import torch
from torch import nn

from igcli.models.engine.normalisation import absorb_normalisation
from models.engine.same import assert_same, kinds, pictures, rewritten, trained

MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)


class Entrance(nn.Module):
    """Something that is done to the pixels before the first convolution."""

    def __init__(self, how, *convolution, **settings) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.how = how
        self.convolution = nn.Conv2d(*(convolution or (3, 4, 3, 2, 1)), **settings)
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None])
        self.register_buffer("std", torch.tensor(STD)[:, None, None])
        self.register_buffer("picture", torch.rand(3, 8, 8))

    def forward(self, x):
        return self.convolution(self.how(self, x))


def normalised(self, x):
    return (x - self.mean) / self.std


def channel_by_channel(self, x):
    """As torchvision's GoogLeNet and Inception do it."""
    x = (x - self.mean) / self.std
    parts = [torch.unsqueeze(x[:, i], 1) * (0.3 + i) + (0.1 - i) for i in range(3)]
    return torch.cat(parts, 1)


AFFINE = {
    "nothing": lambda self, x: x,
    "normalised": normalised,
    "channel by channel": channel_by_channel,
    "one number for all": lambda self, x: x * 255 - 7,
}
OTHERWISE = {
    "squared": lambda self, x: x * x,
    "a picture subtracted": lambda self, x: x - self.picture,
    "channels mixed": lambda self, x: torch.cat([x[:, i : i + 1] + x[:, :1] for i in range(3)], 1),
    "channels in another order": lambda self, x: torch.cat([torch.unsqueeze(x[:, i], 1) for i in (2, 1, 0)], 1),
    "clipped": lambda self, x: (x - self.mean).clamp(0, 1),
    "shifted by a row": lambda self, x: x.roll(1, 2) / self.std,
    "divided by": lambda self, x: 2 / (x + 1),
    "a channel lost": lambda self, x: (x - self.mean) * torch.tensor([1.0, 0.0, 1.0]).double()[:, None, None],
}


@pytest.mark.parametrize("how", AFFINE)
def test_what_is_affine_in_each_channel_goes_into_the_weights(how):
    network = trained(Entrance(AFFINE[how]))
    taken, done = rewritten(network, absorb_normalisation)
    assert done == [1]
    assert [node.op for node in taken.graph.nodes] == ["placeholder", "call_module", "output"]
    assert kinds(taken)[1:] == ["Stem"]
    for shape in ((8, 8), (9, 11)):
        assert_same(network, taken, pictures(2, 3, *shape))


@pytest.mark.parametrize("how", OTHERWISE)
def test_anything_else_stays_as_it_is(how):
    network = trained(Entrance(OTHERWISE[how]))
    left, done = rewritten(network, absorb_normalisation)
    assert done == [0]
    assert_same(network, left, pictures(2, 3, 8, 8))


@pytest.mark.parametrize(
    ("convolution", "settings"),
    [
        ((3, 4, 3, 1, 1), {}),
        ((3, 4, 3, (2, 1), 1), {}),
        ((3, 6, 3, 2, 1), {"groups": 3}),
        ((3, 4, 3, 2, 1), {"dilation": 2}),
        ((3, 4, 3, 2, "valid"), {}),
        ((3, 4, 3, 2, 1), {"padding_mode": "reflect"}),
    ],
)
def test_convolutions_of_other_kinds_stay(convolution, settings):
    network = trained(Entrance(normalised, *convolution, **settings))
    left, done = rewritten(network, absorb_normalisation)
    assert done == [0]
    assert_same(network, left, pictures(2, 3, 9, 9))


def test_many_input_channels_stay():
    network = trained(nn.Sequential(nn.Conv2d(5, 4, 3, 2)))
    assert rewritten(network, absorb_normalisation)[1] == [0]


def test_pixels_that_others_read_too_reach_them():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolution = nn.Conv2d(3, 3, 2, 2)

        def forward(self, x):
            x = x * 2
            return self.convolution(x) + x[:, :, ::2, ::2]

    network = trained(Twice())
    taken, done = rewritten(network, absorb_normalisation)
    assert done == [1]
    assert_same(network, taken, pictures(2, 3, 8, 8))
