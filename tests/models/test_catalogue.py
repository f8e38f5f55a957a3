"""The table of published networks says what torchvision's metadata says."""

from __future__ import annotations

import torchvision

from igcli.models.catalogue import catalogue, find_published


def rows_of_torchvision() -> list[str]:
    models = torchvision.models
    rows = []
    for name in models.list_models(module=models):
        sets = models.get_model_weights(name)
        for each in sets:
            if not each.meta.get("categories"):
                continue  # features for a detector, no classifier
            megabytes = round(each.meta["_file_size"] * 2**20 / 1e6)
            mark, size = "*" if each == sets.DEFAULT else "-", each.transforms().crop_size[0]
            file = each.url.rpartition("/")[2]
            rows.append(f"{name} {each.name} {mark} {size} {len(each.meta['categories'])} {megabytes} {file}")
    return rows


def test_the_table_is_torchvisions_own_metadata():
    written = [
        f"{e.name} {e.weights} {'*' if e.default else '-'} {e.size} {e.classes} {e.megabytes} {e.filename}"
        for e in catalogue()
    ]
    assert written == rows_of_torchvision()  # if not, write its right side into catalogue.py


def test_every_file_is_where_torchvision_says_and_promises_a_hash():
    models = torchvision.models
    addresses = {each.url for name in models.list_models(module=models) for each in models.get_model_weights(name)}
    for entry in catalogue():
        assert entry.source.url in addresses
        assert len(entry.source.sha256_prefix) >= 8


def test_a_name_alone_means_the_default_weights():
    assert find_published("resnet50").weights == torchvision.models.ResNet50_Weights.DEFAULT.name
    assert find_published("resnet50@IMAGENET1K_V1").filename == "resnet50-0676ba61.pth"
    assert find_published("resnet50@MINE") is None
    assert find_published("mine") is None
