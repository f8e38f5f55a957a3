import pytest
import torch
from torch import nn
from torch.nn import functional
from toys import small_network

import igcli
from igcli.errors import UsageError
from igcli.models.module_activations import with_module_activations


class Reused(nn.Module):
    """One ReLU for two places, another as a function, a third as a method, a fourth in place."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.relu = nn.Linear(4, 6), nn.Linear(6, 6), nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.relu(self.second(self.relu(self.first(x))))
        x = functional.max_pool2d(x[:, None, None], (1, 2), padding=(0, 1), stride=1)[:, 0, 0]
        return functional.relu(x - 0.1) + torch.relu(0.2 - x) + (x - 0.3).relu()


def relus(network):
    return [module for module in network.modules() if isinstance(module, nn.ReLU)]


def test_every_activation_is_a_module_of_its_own_and_the_function_is_the_same():
    torch.manual_seed(0)
    network = Reused().eval()
    copy = with_module_activations(network)
    pixels = torch.randn(7, 4)
    torch.testing.assert_close(copy(pixels), network(pixels), rtol=0, atol=0)
    assert len(relus(copy)) == 5
    assert not any(relu.inplace for relu in relus(copy))
    assert sum(isinstance(module, nn.MaxPool2d) for module in copy.modules()) == 1


def test_the_network_itself_is_left_alone():
    network = small_network().train()
    before = [type(module) for module in network.modules()]
    copy = with_module_activations(network)
    assert [type(module) for module in network.modules()] == before
    assert network.training
    assert not copy.training
    assert not set(map(id, network.parameters())) & set(map(id, copy.parameters()))


def test_googlenets_functional_relus_become_modules():
    model = igcli.load_model("caltech101", device="cpu")
    copy = with_module_activations(model.network)
    pixels = torch.rand(2, 3, 96, 96)
    torch.testing.assert_close(model.through(copy, pixels), model(pixels), rtol=1e-4, atol=1e-4)
    assert len(relus(model.network)) == 0
    assert len(relus(copy)) == 57  # as many as convolutions


def test_a_network_that_decides_on_its_way_is_refused_in_a_sentence():
    class Decides(nn.Module):
        def forward(self, x):
            return x if x.sum() > 0 else -x

    with pytest.raises(UsageError, match="choose another method"):
        with_module_activations(Decides())
