"""The table of published networks says what torchvision's metadata says."""

from __future__ import annotations

import pytest
import torchvision

from igcli.models.catalogue import Published, catalogue, find_published

WRITTEN_FROM = "0.29."
"""The torchvision whose metadata the table is; other releases may know more networks and prefer other weights."""


def published_by_torchvision() -> list[Published]:
    models = torchvision.models
    found = []
    for name in models.list_models(module=models):
        sets = models.get_model_weights(name)
        for each in sets:
            if not each.meta.get("categories"):
                continue  # features for a detector, no classifier
            size, classes = each.transforms().crop_size[0], len(each.meta["categories"])
            megabytes, file = round(each.meta["_file_size"] * 2**20 / 1e6), each.url.rpartition("/")[2]
            found.append(Published(name, each.name, each == sets.DEFAULT, size, classes, megabytes, file))
    return found


def row(entry: Published) -> str:
    mark = "*" if entry.default else "-"
    return f"{entry.name} {entry.weights} {mark} {entry.size} {entry.classes} {entry.megabytes} {entry.filename}"


@pytest.mark.skipif(not torchvision.__version__.startswith(WRITTEN_FROM), reason="written from another torchvision")
def test_the_table_is_the_whole_metadata_of_the_torchvision_it_was_written_from():
    # if not, write the right side into catalogue.py
    assert list(map(row, catalogue())) == list(map(row, published_by_torchvision()))


def test_what_the_table_says_of_a_set_of_weights_holds_for_every_torchvision_that_has_it():
    theirs = {(each.name, each.weights): each for each in published_by_torchvision()}
    shared = [entry for entry in catalogue() if (entry.name, entry.weights) in theirs]
    assert len(shared) > 100
    for entry in shared:
        own = theirs[entry.name, entry.weights]
        assert (entry.size, entry.classes, entry.filename) == (own.size, own.classes, own.filename)


def test_every_file_is_where_torchvision_says_and_promises_a_hash():
    models = torchvision.models
    addresses = {each.url for name in models.list_models(module=models) for each in models.get_model_weights(name)}
    files = {address.rpartition("/")[2] for address in addresses}
    for entry in catalogue():
        assert entry.source.url in addresses or entry.filename not in files
        assert len(entry.source.sha256_prefix) >= 8


def test_a_name_alone_means_the_default_weights():
    for name in ("resnet50", "swin_t", "googlenet"):
        assert find_published(name).default
        assert [entry.weights for entry in catalogue() if entry.name == name and entry.default] == [
            find_published(name).weights
        ]
    assert find_published("resnet50@IMAGENET1K_V1").filename == "resnet50-0676ba61.pth"
    assert find_published("resnet50@MINE") is None
    assert find_published("mine") is None
