"""Which tensors of a file are the network's; what is ignored is named, and nothing is loaded in part."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torchvision.models import mnasnet0_5, resnet18, resnet34

from igcli.errors import WeightsError
from igcli.models.assembly import assemble, fill
from igcli.models.named_tensors import without_prefix
from igcli.models.select_tensors import select_tensors

FILE = Path("weights.pth")
CPU = torch.device("cpu")


def build() -> nn.Module:
    torch.manual_seed(0)
    layers = OrderedDict(conv=nn.Conv2d(3, 2, 3), norm=nn.BatchNorm2d(2), fc=nn.Linear(2, 4))
    return nn.Sequential(layers)


STATE = build().state_dict()


def prefixed(prefix: str, state: dict[str, Tensor] = STATE) -> dict[str, Tensor]:
    return {prefix + key: value for key, value in state.items()}


def loaded(state: dict[str, Tensor]) -> list[str]:
    """What is said when the network in ``state`` is loaded, which must be the whole one and no other."""
    said: list[str] = []
    network = assemble(build, state, device=CPU, file=FILE, warn=said.append)
    assert all(torch.equal(value, STATE[key]) for key, value in network.state_dict().items())
    return said


@pytest.mark.parametrize(
    "prefix",
    ["", "module.", "_orig_mod.", "module._orig_mod.", "net.", "model.module.", "_forward_module.model.", "a.b."],
)
def test_whatever_a_wrapper_put_before_all_names_is_taken_off(prefix: str) -> None:
    assert loaded(prefixed(prefix)) == []


@pytest.mark.parametrize(
    "names",
    [
        {"conv.weight": "conv.module.weight", "conv.bias": "conv.module.bias"},
        {"fc.weight": "_orig_mod.fc.weight", "fc.bias": "module._orig_mod.fc.bias"},
        {"norm.weight": "norm._checkpoint_wrapped_module.weight"},
    ],
)
def test_wrappers_of_a_part_of_the_network_are_taken_off(names: dict[str, str]) -> None:
    assert loaded({names.get(key, key): value for key, value in STATE.items()}) == []


@pytest.mark.parametrize("prefix", ["", "model.", "net.", "module."])
@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({"criterion.weight": torch.ones(4)}, "criterion.weight"),
        ({"n_averaged": torch.tensor(3)}, "n_averaged"),
        ({"val_acc.tp": torch.ones(2), "val_acc.fp": torch.ones(2)}, r"val_acc\.\* \(2\)"),
        ({"val_best.min_value": torch.tensor(float("inf"))}, "val_best.min_value"),
        ({"loss_fn.weight": torch.ones(4).to("meta")}, "loss_fn.weight"),
        (prefixed("model_ema.", {k: v + 1 for k, v in STATE.items()}), r"model_ema\.\* \(9\)"),
        (prefixed("ema_model.module.", {k: v + 1 for k, v in STATE.items()}), r"ema_model\.\* \(9\)"),
    ],
)
def test_what_lies_next_to_the_network_is_left_out_and_named(prefix: str, extra: dict[str, Tensor], said: str) -> None:
    (message,) = loaded(prefixed(prefix) | extra)
    assert message.startswith("weights.pth: ignored")
    assert re.search(said, message)


def test_what_a_profiler_counts_in_every_layer_is_left_out() -> None:
    assert "total_ops" in loaded(STATE | {"total_ops": torch.zeros(1), "conv.total_ops": torch.zeros(1)})[0]


def test_a_moving_average_alone_is_the_network() -> None:
    assert "n_averaged" in loaded(AveragedModel(build()).state_dict())[0]
    assert loaded(prefixed("model_ema.")) == []


def test_of_two_networks_none_is_guessed() -> None:
    with pytest.raises(WeightsError, match=r"several networks of this kind, under 'query\.', 'other\.'"):
        loaded(prefixed("query.") | prefixed("other."))


def test_two_values_for_one_name_are_refused() -> None:
    with pytest.raises(WeightsError, match=r"two values for conv\.weight"):
        loaded(STATE | {"module.conv.weight": torch.zeros(2, 3, 3, 3)})


def test_a_larger_network_with_the_same_names_is_another_network() -> None:
    state = {key: torch.zeros(value.shape) for key, value in resnet34(num_classes=3).state_dict().items()}
    for prefix in ("", "model."):
        with pytest.raises(WeightsError, match=r"another network than ResNet: \d+ unexpected \(layer1"):
            assemble(lambda: resnet18(num_classes=3), prefixed(prefix, state), device=CPU, file=FILE, warn=pytest.fail)


@pytest.mark.parametrize("missing", list(STATE)[:2])
def test_a_network_that_is_not_whole_is_refused(missing: str) -> None:
    part = {key: value for key, value in prefixed("model.").items() if key != f"model.{missing}"}
    with pytest.raises(WeightsError, match="missing"):
        loaded(part | {"criterion.weight": torch.ones(4)})


def test_a_layer_more_is_not_left_out() -> None:
    with pytest.raises(WeightsError, match=r"1 unexpected \(conv2\.weight\)"):
        loaded(STATE | {"conv2.weight": torch.ones(2, 2, 3, 3)})


def test_a_name_that_begins_as_a_wrappers_is_the_networks_own() -> None:
    network = nn.Sequential(OrderedDict(module=nn.Linear(2, 2), fc=nn.Linear(2, 2)))
    state = network.state_dict()
    assert list(select_tensors(state, network, file=FILE, warn=pytest.fail)) == list(state)


@pytest.mark.parametrize("wrap", [nn.Identity, nn.DataParallel])
def test_the_versions_by_which_torch_understands_old_files_are_kept(wrap: Callable[[nn.Module], nn.Module]) -> None:
    network = mnasnet0_5(num_classes=2)
    state = network.state_dict() if wrap is nn.Identity else wrap(network).state_dict()
    other = mnasnet0_5(num_classes=2)
    other.load_state_dict(select_tensors(state, other, file=FILE, warn=pytest.fail))  # refuses unknown versions


def unusable(value: Tensor) -> str:
    with pytest.raises(WeightsError) as caught:
        loaded(STATE | {"fc.weight": value})
    return str(caught.value)


@pytest.mark.filterwarnings("ignore")  # torch's own on sparse and quantised tensors
def test_tensors_without_values_or_in_another_layout_are_refused_with_what_to_save() -> None:
    dense = STATE["fc.weight"]
    assert "no values" in unusable(dense.to("meta"))
    for sparse in (dense.to_sparse(), dense.to_sparse_csr()):
        assert "to_dense()" in unusable(sparse)
    assert "dequantize()" in unusable(torch.quantize_per_tensor(dense, 0.1, 0, torch.qint8))
    assert "int8, and the network's is float32" in unusable(torch.ones(4, 2, dtype=torch.int8))


@pytest.mark.parametrize("shape", [(10**6, 10**6), (10**12, 1)])
def test_one_number_that_stands_for_a_million_million_is_refused(shape: tuple[int, int]) -> None:
    for stride in ((0, 0), (1, 0)):
        if stride == (0, 0) or shape[0] == 10**6:
            value = torch.zeros(10**6 if stride[0] else 1).as_strided(shape, stride)
            assert "1,000,000,000,000 values" in unusable(value)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_the_first_key_that_is_not_finite_is_named(bad: float) -> None:
    assert "fc.weight has values that are not finite" in unusable(torch.full((4, 2), bad))
    if hasattr(torch, "float8_e5m2"):
        assert "not finite" in unusable(torch.full((4, 2), bad).to(torch.float8_e5m2))


def test_shapes_far_beyond_the_networks_are_refused_before_they_are_copied() -> None:
    assert "fc.weight is 40000x2000 and should be 4x2" in unusable(torch.empty(40000, 2000))


def test_a_network_with_a_state_that_is_no_tensor_is_a_sentence() -> None:
    class Extra(nn.Linear):
        def get_extra_state(self) -> object:
            return {"a": 1}

        def set_extra_state(self, state: object) -> None:
            pass

    network = Extra(2, 2)
    state = without_prefix({"weight": torch.ones(2, 2), "bias": torch.ones(2)}, "")
    with pytest.raises(WeightsError, match="_extra_state"):
        fill(network, select_tensors(state, network, file=FILE, warn=pytest.fail), file=FILE)
