"""Published weights on this machine: fetched, taken over and checked by their hashes."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from igcli.errors import NetworkUnavailable, UsageError, WeightsError
from igcli.models import catalogue, keeping
from igcli.models.catalogue import Published
from igcli.models.keeping import cached_files, fetch_weights, import_weights, is_whole, place_of, published_entry

from .conftest import Server

CONTENT = b"the weights of a network" * 1000
NAME = f"net-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth"
ENTRY = Published("net", "V1", default=True, size=224, classes=10, megabytes=1, filename=NAME)


@pytest.fixture(autouse=True)
def published(monkeypatch: pytest.MonkeyPatch, checkpoints: Path) -> None:
    """The catalogue with one network of ours before torchvision's."""
    whole = (ENTRY, *catalogue.catalogue())
    monkeypatch.setattr(catalogue, "catalogue", lambda: whole)
    monkeypatch.setattr(keeping, "catalogue", lambda: whole)


@pytest.fixture
def address(server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(catalogue, "ADDRESS", server.address + "/")
    return server.serves(f"/{NAME}", CONTENT)


def test_weights_are_fetched_once_into_torchs_folder(address: str, server: Server, checkpoints: Path) -> None:
    assert fetch_weights(ENTRY)
    assert not fetch_weights(ENTRY)
    assert place_of(ENTRY) == checkpoints / NAME
    assert place_of(ENTRY).read_bytes() == CONTENT
    assert server.asked == [f"/{NAME}"]
    assert cached_files() == {NAME}


def test_a_damaged_file_is_told_and_replaced(address: str, checkpoints: Path) -> None:
    assert is_whole(ENTRY) is None
    checkpoints.mkdir(parents=True)
    place_of(ENTRY).write_bytes(CONTENT[:100])
    assert is_whole(ENTRY) is False
    assert fetch_weights(ENTRY)
    assert is_whole(ENTRY) is True


def test_a_damaged_file_stays_where_no_other_can_be_had(server: Server, checkpoints: Path, monkeypatch) -> None:
    monkeypatch.setattr(catalogue, "ADDRESS", server.address + "/")
    checkpoints.mkdir(parents=True)
    place_of(ENTRY).write_bytes(CONTENT[:100])
    with pytest.raises(NetworkUnavailable, match="404"):
        fetch_weights(ENTRY)
    assert place_of(ENTRY).read_bytes() == CONTENT[:100]


def test_a_file_is_taken_over_by_its_hash_whatever_its_name(tmp_path: Path, checkpoints: Path) -> None:
    (tmp_path / "download (1)").write_bytes(CONTENT)
    assert import_weights(tmp_path / "download (1)") == ENTRY
    assert place_of(ENTRY).read_bytes() == CONTENT
    assert [path.name for path in checkpoints.iterdir()] == [NAME]


def test_what_is_not_published_is_not_taken_over(tmp_path: Path, checkpoints: Path) -> None:
    (tmp_path / "mine.pth").write_bytes(b"mine")
    (tmp_path / NAME).write_bytes(CONTENT[:-1])
    with pytest.raises(WeightsError, match="--weights"):
        import_weights(tmp_path / "mine.pth")
    with pytest.raises(WeightsError, match="is damaged"):
        import_weights(tmp_path / NAME)
    assert not checkpoints.exists()


def test_a_cache_that_cannot_be_written_to_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "net.pth").write_bytes(CONTENT)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "file"))
    with pytest.raises(WeightsError, match="TORCH_HOME"):
        import_weights(tmp_path / "net.pth")


@pytest.mark.parametrize(
    ("name", "said"), [("resnet5", "Did you mean 'resnet50'"), ("resnet50@V9", "IMAGENET1K_V2"), ("zzz", "ig models")]
)
def test_an_unknown_name_is_a_sentence(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        published_entry(name)


def test_other_weights_of_a_network_are_another_entry() -> None:
    assert published_entry("net@V1") == ENTRY
    assert replace(published_entry("resnet50@IMAGENET1K_V1"), default=True) != published_entry("resnet50")
