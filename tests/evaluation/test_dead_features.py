"""What receives no gradient, on networks of which it is known."""

from __future__ import annotations

import pytest
import torch

from igcli.errors import UsageError
from igcli.evaluation.dead_features import dead_features
from igcli.models.model import Model
from igcli.sample import Sample


class Partly(torch.nn.Module):
    """Uses the first two of three features, and one of its two layers; the second feature only above 0."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.unused = torch.nn.Linear(1, 2), torch.nn.Linear(1, 2)
        torch.nn.init.ones_(self.used.weight)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.used(values[..., :1].sum(1)) + self.used(values[..., 1:2].relu().sum(1))


def test_unused_parameters_and_features_are_found():
    model = Model(Partly(), ["a", "b"])
    found = dead_features(model, [Sample(torch.tensor([[1.0, -1.0, 1.0], [1.0, -2.0, 1.0]]), summed_axis=1)])
    assert found.parameters == ("unused.weight", "unused.bias")
    assert found.parameter_count == 4
    assert found.features == ((1, 2),)
    assert found.feature_counts == (3,)


def test_a_feature_that_one_of_the_inputs_uses_is_not_dead():
    model = Model(Partly(), ["a", "b"])
    values = [torch.tensor([[1.0, -1.0, 1.0]]), torch.tensor([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])]
    found = dead_features(model, [Sample(each, summed_axis=1) for each in values])
    assert found.features == ((2,),)


def test_values_without_an_axis_are_counted_one_by_one():
    model = Model(Partly(), ["a", "b"])
    assert dead_features(model, [Sample(torch.ones(2, 3))]).features == ((2, 5),)


def test_the_network_is_as_before():
    network = Partly().train()
    network.used.bias.requires_grad_(False)
    model = Model(network, ["a", "b"])
    before = {name: value.clone() for name, value in network.state_dict().items()}
    dead_features(model, [Sample(torch.ones(2, 3))])
    assert network.training
    assert [parameter.requires_grad for parameter in network.parameters()] == [True, False, True, True]
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_a_network_without_gradient_is_refused():
    class Detached(torch.nn.Module):
        def forward(self, values: torch.Tensor) -> torch.Tensor:
            return values.detach()

    with pytest.raises(UsageError, match="no gradient"):
        dead_features(Model(Detached(), ["a", "b", "c"]), [Sample(torch.ones(3))])
    with pytest.raises(ValueError, match="nothing"):
        dead_features(Model(Detached(), ["a"]), [])


class Attending(torch.nn.Module):
    """Attention that returns its weights too."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = torch.nn.MultiheadAttention(4, 2, bias=False, batch_first=True)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        attended, weights = self.attention(values, values, values)
        return attended.flatten(1) + weights.sum()


def test_the_weights_of_attention_are_alive():
    torch.manual_seed(0)
    model = Model(Attending(), [f"class {number}" for number in range(12)])
    found = dead_features(model, [Sample(torch.randn(3, 4))])
    assert found.parameters == ()
