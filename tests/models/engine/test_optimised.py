import pickle
from copy import copy, deepcopy

import pytest
import torch
from families import FAMILIES, build, made_up_state
from torch import nn
from toys import classifier, small_network

from igcli.models.classifier import Classifier
from igcli.models.engine.optimised import _Optimised
from models.engine.same import assert_same, kinds, pictures, trained


def double(network: nn.Module, *, classes: int = 5) -> Classifier:
    return classifier(trained(network), classes=classes)


def of_family(name: str) -> Classifier:
    network = build(name)
    network.load_state_dict(made_up_state(name))
    return double(network, classes=7)


#: Networks whose first convolution is not strided, or not the first thing that happens.
OTHER_STEMS = ("vgg11",)


@pytest.mark.parametrize("name", FAMILIES)
def test_torchvisions_networks_compute_the_same(name):
    model, side = of_family(name), FAMILIES[name]
    quick = model.optimised()
    assert quick is not model
    assert kinds(quick.network).count("Stem") == (name not in OTHER_STEMS)
    fixed = name.startswith(("vit", "swin"))
    for height, width in ((side, side), *(() if fixed else [(side + 1, side + 6)])):
        assert_same(model, quick, pictures(2, 3, height, width), tolerance=1e-10)
    # DenseNet's other batch norms come before convolutions, and behind sums of many
    assert kinds(quick.network).count("BatchNorm2d") == (62 if name == "densenet121" else 0)


@pytest.mark.parametrize("name", ["regnety_002", "efficientnet_b0", "vit_tiny_patch16_224"])
def test_timms_networks_compute_the_same(name):
    timm = pytest.importorskip("timm")
    side = {"vit_tiny_patch16_224": 48}.get(name, 50)
    size = {"img_size": side} if name.startswith("vit") else {}
    torch.manual_seed(0)
    model = double(timm.create_model(name, num_classes=7, **size), classes=7)
    quick = model.optimised()
    assert "Stem" in kinds(quick.network)
    assert not any(kind.startswith("BatchNorm") for kind in kinds(quick.network))
    assert_same(model, quick, pictures(2, 3, side, side), tolerance=1e-10)


def test_in_float32_it_differs_by_rounding_alone(small):
    quick, pixels = small.optimised(), pictures(4, 3, 12, 12).float()
    assert quick is not small
    small.network.eval()
    torch.testing.assert_close(quick(pixels), small(pixels), rtol=1e-5, atol=1e-4)  # logits are in the tens


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_precision_and_order_of_memory_are_the_networks_own(dtype):
    model = of_family("resnet18")
    model.network.to(dtype).to(memory_format=torch.channels_last)
    quick = model.optimised()
    assert quick.dtype == dtype
    assert quick._channels_last
    assert {tensor.dtype for tensor in quick.network.state_dict().values()} <= {dtype, torch.int64}


def test_the_original_is_left_as_it_is(small):
    small.network.train()
    names, state = small.layers(), deepcopy(small.network.state_dict())
    quick = small.optimised()
    with quick.frozen():
        quick(pictures(2, 3, 12, 12).float())
    assert small.layers() == names
    assert all(module.training for module in small.network.modules())
    assert all(parameter.requires_grad for parameter in small.network.parameters())
    assert all(torch.equal(value, state[name]) for name, value in small.network.state_dict().items())


def test_in_training_mode_it_is_made_for_evaluation(small_double):
    small_double.network.train()
    quick = small_double.optimised()
    small_double.network.eval()
    assert_same(small_double, quick, pictures(2, 3, 12, 12))


def test_it_is_made_once(small):
    assert small.optimised().network is small.optimised().network
    quick = small.optimised()
    assert quick.optimised() is quick


def one_weight(model):
    with torch.no_grad():
        model.network[0].weight[0, 0, 0, 0] += 1


def a_statistic(model):
    model.network[1].running_mean += 1


def new_weights(model):
    model.network.load_state_dict({k: v + 1 for k, v in model.network.state_dict().items()})


def another_parameter(model):
    model.network[0].weight = nn.Parameter(model.network[0].weight.detach() * 2)


def other_storage(model):
    model.network[0].weight.data = model.network[0].weight.data * 2


def another_module(model):
    model.network[2] = nn.Tanh()


def another_mean(model):
    model.mean = (0.1, 0.2, 0.3)


def another_setting(model):
    model.network[1].eps = 0.5


def a_tuple_set(model):
    model.network[0].padding = (2, 2)


@pytest.mark.parametrize(
    "change",
    [
        one_weight,
        a_statistic,
        new_weights,
        another_parameter,
        other_storage,
        another_module,
        another_mean,
        another_setting,
        a_tuple_set,
    ],
)
def test_changes_are_noticed(small_double, change):
    pixels = pictures(2, 3, 12, 12)
    small_double.network.eval()
    before = small_double.optimised()(pixels)
    change(small_double)
    quick = small_double.optimised()
    assert not torch.allclose(quick(pixels), before)
    assert_same(small_double, quick, pixels)


def test_another_precision_is_noticed(small):
    small.optimised()
    small.network.double().eval()
    assert_same(small, small.optimised(), pictures(2, 3, 12, 12))


def listen(*_):
    return None


@pytest.mark.parametrize(
    "register",
    [
        lambda network: network.register_forward_hook(listen),
        lambda network: network[2].register_forward_pre_hook(listen),
        lambda network: network[0].register_full_backward_hook(listen),
        lambda network: network[4].register_full_backward_pre_hook(listen),
        lambda network: nn.modules.module.register_module_forward_hook(listen),
    ],
)
def test_a_network_with_hooks_is_left_alone_until_they_are_gone(small, register):
    assert small.optimised() is not small
    handle = register(small.network)
    try:
        assert small.optimised() is small
    finally:
        handle.remove()
    assert small.optimised() is not small


class Own(nn.Sequential):
    """Computes the same, but who knows."""


def replaced_forward():
    network = small_network()
    network[5].forward = lambda x: x.clamp(0)
    return network


@pytest.mark.parametrize(
    "network",
    [
        Own(*small_network()),
        nn.Sequential(Own(*small_network())),
        replaced_forward(),
        torch.fx.symbolic_trace(small_network()),
        nn.Sequential(nn.Conv2d(3, 5, 12), nn.Flatten()),
    ],
    ids=["own", "own inside", "forward replaced", "a graph", "nothing to gain"],
)
def test_what_is_not_known_or_gains_nothing_is_left_alone(network):
    model = classifier(network, classes=5)
    assert model.optimised() is model


def test_weights_that_are_computed_from_others_are_so_afterwards():
    model = classifier(small_network(), classes=5)
    nn.utils.parametrizations.weight_norm(model.network[0])
    model.network.double().eval()
    pixels = pictures(2, 3, 12, 12)
    assert_same(model, model.optimised(), pixels)
    with torch.no_grad():
        model.network[0].parametrizations.weight.original0 *= 3
    assert_same(model, model.optimised(), pixels)


def test_what_cannot_be_traced_is_left_alone(monkeypatch):
    def decides(self, x):
        return nn.Sequential.forward(self, x) if x.sum() > 0 else x

    class Decides(nn.Sequential):
        __module__ = "timm.models.decides"
        forward = decides

    model = classifier(Decides(*small_network()), classes=5)
    assert model.optimised() is model


def test_copies_do_not_carry_it_along(small):
    assert small.optimised()._faster is None
    for other in (copy(small), deepcopy(small), pickle.loads(pickle.dumps(small))):
        assert other._faster is None
        assert other.optimised() is not other


def test_it_can_be_made_and_used_in_a_callers_inference_mode(small_double):
    small_double.network.eval()
    with torch.inference_mode():
        quick = small_double.optimised()
    assert_same(small_double, quick, pictures(2, 3, 12, 12))


def test_an_error_on_the_way_is_raised_and_not_printed(capfd):
    class Joins(nn.Module):
        def forward(self, x):
            return torch.cat([x, x[:1]], 1)

    network = _Optimised(torch.fx.symbolic_trace(Joins()))
    assert network(torch.ones(1, 2)).shape == (1, 4)
    with pytest.raises(RuntimeError):
        network(torch.ones(2, 2))
    assert capfd.readouterr().err == ""


def test_what_was_not_rewritten_is_shared():
    model = of_family("resnet18")
    own = {tensor.data_ptr() for tensor in model.network.parameters()}
    others = [name for name, tensor in model.optimised().network.named_parameters() if tensor.data_ptr() not in own]
    assert [name for name in others if "conv" not in name and "downsample" not in name and "stem" not in name] == []
    assert model.network.fc.weight.data_ptr() in {p.data_ptr() for p in model.optimised().network.parameters()}


def test_what_is_recognised_of_it_stays_quick(small_double):
    quick = small_double.optimised()
    probabilities = torch.tensor([[0.5, 0.5, 0, 0, 0]]).double()
    recognised = quick.recognised(probabilities)
    assert recognised.ends_in_softmax
    assert recognised.network is quick.network
    pixels = pictures(2, 3, 12, 12)
    assert torch.equal(recognised.outputs(pixels), quick.outputs(pixels))
