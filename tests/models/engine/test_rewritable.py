"""Which networks are rewritten, with every torch in the stated range."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from igcli.models.engine.rewritable import may_be_rewritten

MODULE = torch.nn.modules.module
REGISTERING = (
    MODULE.register_module_forward_hook,
    MODULE.register_module_forward_pre_hook,
    MODULE.register_module_full_backward_hook,
    MODULE.register_module_full_backward_pre_hook,
)


@pytest.fixture(autouse=True)
def _as_in_torch_2_6(monkeypatch):
    """Without the private function that torch 2.7 and later have."""
    monkeypatch.delattr(MODULE, "_has_any_global_hook", raising=False)


def test_a_network_of_torchs_own_modules_may_be():
    assert may_be_rewritten(nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU()))


@pytest.mark.parametrize("register", REGISTERING, ids=lambda register: register.__name__)
def test_a_hook_on_every_module_forbids_it_until_it_is_gone(register):
    network = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU())
    hook = register(lambda *_: None)
    try:
        assert not may_be_rewritten(network)
    finally:
        hook.remove()
    assert may_be_rewritten(network)
