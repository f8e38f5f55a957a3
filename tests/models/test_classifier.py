from __future__ import annotations

import json

import torch
from torch import nn

from igcli.images.options import View
from igcli.models.classifier import Classifier
from igcli.models.labels import Labels
from igcli.models.model import Provenance


def tiny(network: nn.Module, **options: object) -> Classifier:
    return Classifier(network, Labels(["a", "b"]), **options)  # type: ignore[arg-type]


def test_normalisation_happens_inside() -> None:
    model = tiny(nn.AdaptiveAvgPool2d(1), mean=(0.5, 0.25, 0.0), std=(0.5, 0.25, 2.0))
    pixels = torch.ones(1, 3, 2, 2)
    assert model(pixels)[0].tolist() == [1.0, 3.0, 0.5]
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


def test_labels_may_be_any_names() -> None:
    model = Classifier(nn.Flatten(), ["cat", "dog"])
    assert isinstance(model.labels, Labels)
    assert model.labels.find("DOG") == 1


def test_two_preparations_of_one_network_can_be_told_apart() -> None:
    plain = tiny(nn.Flatten())
    others = [
        tiny(nn.Flatten(), view=View(size=96)),
        tiny(nn.Flatten(), mean=(0.5,)),
        tiny(nn.Flatten(), multi_label=True),
        tiny(nn.Flatten(), ends_in_sigmoid=True),
        Classifier(nn.Flatten(), ["a", "c"]),
    ]
    assert all(json.loads(json.dumps(other.preparation)) != plain.preparation for other in others)
    assert tiny(nn.Flatten()).preparation == plain.preparation


def test_a_single_output_is_two_classes_where_two_have_names() -> None:
    pixels = torch.tensor([3.0, -2.0])[:, None, None, None]
    assert tiny(nn.Flatten())(pixels).tolist() == [[-1.5, 1.5], [1.0, -1.0]]
    assert Classifier(nn.Flatten(), ["score"])(pixels).tolist() == [[3.0], [-2.0]]


def test_probabilities_are_shares_or_each_for_itself() -> None:
    logits = torch.tensor([1.0, -2.0])
    assert torch.equal(tiny(nn.Identity()).probabilities(logits), logits.softmax(0))
    assert torch.equal(tiny(nn.Identity(), multi_label=True).probabilities(logits), logits.sigmoid())


def test_probabilities_after_sigmoid_are_taken_back_to_logits_and_even_0_and_1_are_finite() -> None:
    logits = torch.tensor([[-4.0, 0.0, 3.0]])[..., None, None]
    model = tiny(nn.Sequential(nn.Sigmoid(), nn.Flatten()), multi_label=True, ends_in_sigmoid=True)
    torch.testing.assert_close(model(logits), logits.flatten(1))
    certain = tiny(nn.Flatten(), ends_in_sigmoid=True)(torch.tensor([0.0, 1.0, 0.5])[None, :, None, None])
    assert torch.isfinite(certain).all()
    assert certain[0, 0] < -50 < 50 < certain[0, 1]


def test_multi_label_outputs_that_happen_to_sum_to_one_are_not_taken_for_a_softmax() -> None:
    model = tiny(nn.Flatten(), multi_label=True)
    assert model.recognised(torch.tensor([[0.5, 0.5], [0.25, 0.75]])) is model


def test_rows_that_are_not_finite_say_nothing_about_a_softmax() -> None:
    model, nothing = tiny(nn.Flatten()), torch.full((1, 2), torch.nan)
    assert model.recognised(torch.cat([nothing, torch.tensor([[0.5, 0.5]])])).ends_in_softmax
    assert model.recognised(nothing) is model
    assert model.recognised(torch.cat([nothing, torch.tensor([[0.5, 0.6]])])) is model


def test_what_is_not_said_has_defaults() -> None:
    model = tiny(nn.Identity())
    assert (model.view, model.input_size) == (View(224, 256, 3), 224)
    assert model.provenance == Provenance("Identity")
