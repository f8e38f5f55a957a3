from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from igcli.models.assembly import assemble

FILE = Path("weights.pt")
CPU = torch.device("cpu")


class Shifted(nn.Module):
    """Has a buffer that no state dict holds."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 2)
        self.register_buffer("shift", torch.full((2,), 5.0), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x) + self.shift


def test_buffers_outside_the_state_dict_keep_their_values() -> None:
    state = {"linear.weight": torch.eye(2), "linear.bias": torch.zeros(2)}
    network = assemble(Shifted, state, device=CPU, file=FILE)
    assert network(torch.tensor([1.0, 2.0])).tolist() == [6.0, 7.0]


def test_every_floating_type_becomes_float32_and_counters_stay_integers() -> None:
    stored = {k: v.double() if v.is_floating_point() else v for k, v in nn.BatchNorm2d(3).state_dict().items()}
    network = assemble(lambda: nn.BatchNorm2d(3), stored, device=CPU, file=FILE)
    assert {str(value.dtype) for value in network.state_dict().values()} == {"torch.float32", "torch.int64"}


def test_files_older_than_the_batch_counter_fit() -> None:
    build = lambda: nn.Sequential(nn.BatchNorm2d(3))  # noqa: E731
    stored = {k: v for k, v in build().state_dict().items() if not k.endswith("num_batches_tracked")}
    network = assemble(build, stored, device=CPU, file=FILE)
    assert not any(value.is_meta for value in network.state_dict().values())
