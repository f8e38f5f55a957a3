from __future__ import annotations

import torch
from torch import nn

from igcli.models.classifier import Classifier, Provenance, View
from igcli.models.labels import Labels


def tiny(network: nn.Module, **options: object) -> Classifier:
    return Classifier(network, Labels(["a", "b"]), **options)  # type: ignore[arg-type]


def test_normalisation_happens_inside() -> None:
    model = tiny(nn.Identity(), mean=(0.5, 0.25, 0.0), std=(0.5, 0.25, 2.0))
    pixels = torch.ones(1, 3, 2, 2)
    assert model(pixels)[0, :, 0, 0].tolist() == [1.0, 3.0, 0.5]
    assert torch.equal(pixels, torch.ones(1, 3, 2, 2))


def test_gradients_flow_to_the_pixels() -> None:
    pixels = torch.zeros(1, 3, 1, 1, requires_grad=True)
    logits = tiny(nn.Identity(), mean=(0.5,) * 3, std=(0.25,) * 3)(pixels)
    (gradient,) = torch.autograd.grad(logits.sum(), pixels)
    assert gradient.flatten().tolist() == [4.0, 4.0, 4.0]


def test_pixels_keep_their_floating_type() -> None:
    assert tiny(nn.Identity())(torch.ones(1, 3, 1, 1, dtype=torch.float64)).dtype == torch.float64


def test_type_and_device_are_the_parameters() -> None:
    model = tiny(nn.Linear(2, 2).double())
    assert (model.dtype, model.device) == (torch.float64, torch.device("cpu"))


def test_a_network_without_parameters_is_on_the_cpu() -> None:
    model = tiny(nn.Identity())
    assert (model.dtype, model.device) == (torch.float32, torch.device("cpu"))


def test_layers_are_named_as_torch_names_them() -> None:
    network = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU()))
    assert tiny(network).layers() == ["0", "1", "1.0"]


def test_freezing_lasts_as_long_as_the_block() -> None:
    network = nn.Sequential(nn.Linear(2, 2), nn.Dropout(), nn.BatchNorm1d(2).eval())
    network[0].bias.requires_grad_(requires_grad=False)
    modes = [module.training for module in network.modules()]
    needs = [parameter.requires_grad for parameter in network.parameters()]
    with tiny(network).frozen():
        assert not any(module.training for module in network.modules())
        assert not any(parameter.requires_grad for parameter in network.parameters())
    assert [module.training for module in network.modules()] == modes
    assert [parameter.requires_grad for parameter in network.parameters()] == needs


def test_what_is_not_said_has_defaults() -> None:
    model = tiny(nn.Identity())
    assert (model.view, model.input_size) == (View(224, 256, 3), 224)
    assert model.provenance == Provenance("Identity")
