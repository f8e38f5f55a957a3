from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
import torch

from igcli.errors import NetworkUnavailable, WeightsError
from igcli.models.weights_store import (
    Source,
    cached_files,
    cached_weights,
    checkpoints_folder,
    fetch_weights,
    is_whole,
)

from .conftest import Server

CONTENT = b"weights"
NAME = f"net-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth"
SOURCE = Source.at(f"https://weights.example/{NAME}")


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
    assert cached_weights(SOURCE) is None
    assert not checkpoints.exists()


def test_a_whole_file_is_found(checkpoints: Path) -> None:
    checkpoints.mkdir(parents=True)
    (checkpoints / NAME).write_bytes(CONTENT)
    assert cached_weights(SOURCE) == checkpoints / NAME


def test_a_cut_file_is_refused_with_its_path_and_the_remedy(checkpoints: Path) -> None:
    checkpoints.mkdir(parents=True)
    (checkpoints / NAME).write_bytes(CONTENT[:-1])
    with pytest.raises(WeightsError, match="Delete the file") as caught:
        cached_weights(SOURCE)
    assert str(checkpoints / NAME) in str(caught.value)


def test_a_source_is_read_off_its_address() -> None:
    source = Source.at("https://weights.example/models/net-0123abcd.pth?mirror=1")
    assert (source.filename, source.sha256_prefix) == ("net-0123abcd.pth", "0123abcd")


def test_an_address_that_promises_no_hash_is_refused() -> None:
    with pytest.raises(ValueError, match="no hash"):
        Source.at("https://weights.example/models/net.pth")


@pytest.fixture
def served(server: Server) -> Source:
    return Source.at(server.serves(f"/{NAME}", CONTENT))


def test_weights_are_fetched_once_into_torchs_folder(served: Source, server: Server, checkpoints: Path) -> None:
    assert fetch_weights(served)
    assert not fetch_weights(served)
    assert served.place == checkpoints / NAME
    assert served.place.read_bytes() == CONTENT
    assert server.asked == [f"/{NAME}"]
    assert cached_files() == {NAME}


def test_a_damaged_file_is_recognised_and_replaced(served: Source, checkpoints: Path) -> None:
    assert is_whole(served) is None
    checkpoints.mkdir(parents=True)
    served.place.write_bytes(CONTENT[:3])
    assert is_whole(served) is False
    assert fetch_weights(served)
    assert is_whole(served) is True


def test_a_damaged_file_stays_where_it_cannot_be_fetched_again(server: Server, checkpoints: Path) -> None:
    source = Source.at(f"{server.address}/{NAME}")
    checkpoints.mkdir(parents=True)
    source.place.write_bytes(CONTENT[:3])
    with pytest.raises(NetworkUnavailable, match="404"):
        fetch_weights(source)
    assert source.place.read_bytes() == CONTENT[:3]


def test_a_file_larger_than_published_is_not_fetched(server: Server, checkpoints: Path) -> None:
    with pytest.raises(NetworkUnavailable, match="more than the 3"):
        fetch_weights(Source.at(server.serves(f"/{NAME}", CONTENT), largest=3))
