from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch

from igcli.errors import UsageError
from igcli.models.devices import (
    PRECISIONS,
    available_devices,
    check_precision,
    exact_numbers,
    numbers,
    resolve_device,
)

BACKENDS = torch.backends


def machine(monkeypatch: pytest.MonkeyPatch, *, cuda: int = 0, mps: bool = False) -> None:
    """Pretend to be a machine with these devices."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


def test_auto_prefers_cuda_then_mps_then_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, cuda=2, mps=True)
    assert resolve_device("auto") == torch.device("cuda")
    machine(monkeypatch, mps=True)
    assert resolve_device("auto") == torch.device("mps")
    machine(monkeypatch)
    assert resolve_device("auto") == torch.device("cpu")


@pytest.mark.parametrize("name", ["cpu", "cuda", "cuda:0", "cuda:1", "mps"])
def test_a_device_that_is_there_is_given_by_its_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, cuda=2, mps=True)
    assert resolve_device(name) == torch.device(name)


@pytest.mark.parametrize("name", ["cuda:2", "mps"])
def test_a_device_that_is_not_there_is_answered_with_those_that_are(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, cuda=2)
    with pytest.raises(UsageError, match=f"{name} is not available. This machine has: cuda:0, cuda:1, cpu"):
        resolve_device(name)


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:-1", "CPU", "", "cpu:0"])
def test_a_name_that_is_none_is_answered_with_the_names(name: str) -> None:
    with pytest.raises(UsageError, match="Choose from: auto, cpu"):
        resolve_device(name)


def test_the_cpu_is_always_there() -> None:
    assert available_devices()[-1] == "cpu"


def settings() -> dict[str, object]:
    """All that torch says about reduced precision, by its older and its newer names."""
    found: dict[str, Callable[[], object]] = {
        "products": torch.get_float32_matmul_precision,
        "cuda products": lambda: BACKENDS.cuda.matmul.allow_tf32,
        "cuda convolutions": lambda: BACKENDS.cudnn.allow_tf32,
    }
    if hasattr(BACKENDS.cudnn, "conv"):
        found |= {
            "new products": lambda: BACKENDS.cuda.matmul.fp32_precision,
            "new convolutions": lambda: BACKENDS.cudnn.conv.fp32_precision,
            "new recurrences": lambda: BACKENDS.cudnn.rnn.fp32_precision,
            "cpu products": lambda: BACKENDS.mkldnn.matmul.fp32_precision,
            "cpu convolutions": lambda: BACKENDS.mkldnn.conv.fp32_precision,
        }
    return {name: _read(value) for name, value in found.items()}


def _read(value: Callable[[], object]) -> object:
    try:
        return value()
    except RuntimeError:  # older and newer settings contradict each other
        return "mixed"


def fast_the_older_way() -> None:
    BACKENDS.cuda.matmul.allow_tf32 = True
    BACKENDS.cudnn.allow_tf32 = True


def fast_products() -> None:
    torch.set_float32_matmul_precision("medium")


def fast_the_newer_way() -> None:
    if not hasattr(BACKENDS.cudnn, "conv"):
        pytest.skip("this torch has the older settings only")
    BACKENDS.cuda.matmul.fp32_precision = "tf32"
    BACKENDS.cudnn.conv.fp32_precision = "tf32"


@pytest.fixture
def clean() -> Iterator[None]:
    """Leaves torch's own defaults."""
    yield
    torch.set_float32_matmul_precision("highest")
    BACKENDS.cudnn.allow_tf32 = True
    if hasattr(BACKENDS.cudnn, "conv"):
        for operation in (BACKENDS.cuda.matmul, BACKENDS.mkldnn.matmul, BACKENDS.mkldnn.conv):
            operation.fp32_precision = "none"


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("prepare", [lambda: None, fast_the_older_way, fast_products, fast_the_newer_way])
def test_exact_numbers_allow_no_short_cut_and_restore_the_callers_settings(prepare: Callable[[], None]) -> None:
    prepare()
    before = settings()
    with exact_numbers():
        inside = settings()
    assert settings() == before
    assert set(inside.values()) <= {"highest", "ieee", False, "mixed"}
    assert "mixed" not in inside.values() or "mixed" in before.values()


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("precision", PRECISIONS)
def test_settings_are_restored_when_the_block_fails(precision: str) -> None:
    fast_the_older_way()
    before = settings()
    with pytest.raises(ZeroDivisionError), numbers(precision):
        raise ZeroDivisionError
    assert settings() == before


needs_the_newer_settings = pytest.mark.skipif(
    not hasattr(BACKENDS.cudnn, "conv"), reason="this torch has the older settings only"
)


@pytest.mark.usefixtures("clean")
def test_tf32_is_for_nvidia_gpus_alone() -> None:
    with numbers("tf32"):
        inside = settings()
    assert inside["cuda products"] is inside["cuda convolutions"] is True
    assert inside.get("cpu products", "ieee") == inside.get("cpu convolutions", "ieee") == "ieee"


@needs_the_newer_settings
@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("prepare", [lambda: None, fast_the_older_way, fast_products, fast_the_newer_way])
def test_bfloat16_is_for_the_cpu_and_torch_can_still_read_its_older_settings(prepare: Callable[[], None]) -> None:
    prepare()
    before = settings()
    with numbers("bfloat16"):
        inside = settings()
    assert settings() == before
    assert inside["cpu products"] == inside["cpu convolutions"] == "bf16"
    assert "mixed" not in inside.values() or "mixed" in before.values()


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_block_in_a_block_leaves_the_outer_one_as_it_was(precision: str) -> None:
    with numbers(precision):
        before = settings()
        with exact_numbers():
            assert set(settings().values()) <= {"highest", "ieee", False}
        assert settings() == before


@needs_the_newer_settings
@pytest.mark.usefixtures("clean")
def test_sums_along_the_path_are_exact_whatever_the_products_are() -> None:
    weights, gradients = torch.rand(16), torch.randn(16, 3, 64, 64)
    exact = torch.einsum("n,nchw->chw", weights.double(), gradients.double())
    with numbers("bfloat16"):
        found = torch.einsum("n,nchw->chw", weights, gradients)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), exact, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("precision", "device", "remedy"),
    [
        ("tf32", "cpu", "use --precision float32"),
        ("tf32", "mps", "use --precision float32"),
        ("bfloat16", "mps", "use --precision float32"),
        ("bfloat16", "cuda", "use --precision tf32"),
    ],
)
def test_a_precision_that_the_device_has_not_is_refused(precision: str, device: str, remedy: str) -> None:
    with pytest.raises(UsageError, match=f"this is {device}: {remedy}"):
        check_precision(precision, torch.device(device))


@pytest.mark.parametrize(("precision", "device"), [("float32", "cpu"), ("float32", "mps"), ("tf32", "cuda")])
def test_a_precision_that_the_device_has_is_not(precision: str, device: str) -> None:
    check_precision(precision, torch.device(device))


def test_bfloat16_needs_a_torch_that_has_switches_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("igcli.models.devices._has_newer_switches", lambda: True)
    check_precision("bfloat16", torch.device("cpu"))
    monkeypatch.setattr("igcli.models.devices._has_newer_switches", lambda: False)
    with pytest.raises(UsageError, match=r"torch 2\.9"):
        check_precision("bfloat16", torch.device("cpu"))
