from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
import torch

from igcli.errors import WeightsError
from igcli.models.cache import Source, cached_weights, checkpoints_folder

CONTENT = b"weights"
PREFIX = hashlib.sha256(CONTENT).hexdigest()[:8]


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"TORCH_HOME": "/somewhere"},
        {"TORCH_HOME": "~/mine"},
        {"XDG_CACHE_HOME": "/caches"},
        {"TORCH_HOME": "relative", "XDG_CACHE_HOME": "/caches"},
    ],
)
def test_the_folder_is_torch_hubs_whether_torch_is_loaded_or_not(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    expected = Path(torch.hub.get_dir()) / "checkpoints"
    assert checkpoints_folder() == expected
    monkeypatch.delitem(sys.modules, "torch.hub")
    assert checkpoints_folder() == expected


def test_a_folder_set_in_torch_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    assert checkpoints_folder() == tmp_path / "checkpoints"


def test_nothing_cached_is_none(checkpoints: Path) -> None:
    assert cached_weights("a.pth", PREFIX) is None
    assert not checkpoints.exists()


def test_a_whole_file_is_found(checkpoints: Path) -> None:
    checkpoints.mkdir(parents=True)
    (checkpoints / "a.pth").write_bytes(CONTENT)
    assert cached_weights("a.pth", PREFIX) == checkpoints / "a.pth"


def test_a_cut_file_is_refused_with_its_path_and_the_remedy(checkpoints: Path) -> None:
    checkpoints.mkdir(parents=True)
    (checkpoints / "a.pth").write_bytes(CONTENT[:-1])
    with pytest.raises(WeightsError, match="Delete the file") as caught:
        cached_weights("a.pth", PREFIX)
    assert str(checkpoints / "a.pth") in str(caught.value)


def test_a_source_is_read_off_its_address() -> None:
    source = Source.at("https://weights.example/models/net-0123abcd.pth?mirror=1")
    assert (source.filename, source.sha256_prefix) == ("net-0123abcd.pth", "0123abcd")


def test_an_address_that_promises_no_hash_is_refused() -> None:
    with pytest.raises(ValueError, match="no hash"):
        Source.at("https://weights.example/models/net.pth")
