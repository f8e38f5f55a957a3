"""Mosaics: their protocol is arXiv 2109.15035's, their tiles are torchvision's resize and crop at half the size."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms

from igcli.errors import UsageError
from igcli.evaluation.exclusions import Exclusion
from igcli.evaluation.mosaics import QUADRANTS, Mosaic, MosaicPlan, listing, plan_mosaics, read_mosaics
from igcli.evaluation.photo_classes import PhotoClasses, read_classes
from igcli.images.options import View
from igcli.models.labels import Labels

LABELS = Labels(["ant", "bee", "cat", "dog", "eel"])
VIEW = View(24, 28)
HALF = [transforms.Resize(14), transforms.CenterCrop(12), transforms.ToTensor()]


def listed(**counts: int) -> PhotoClasses:
    """So many photos a class, that need not exist."""
    names = {name: tuple(Path(f"{name}/{k}.png") for k in range(count)) for name, count in counts.items()}
    return PhotoClasses({LABELS.find(name): photos for name, photos in names.items()})


def folder_of(folder: Path, **counts: int) -> PhotoClasses:
    rng = np.random.default_rng(0)
    for name, count in counts.items():
        (folder / name).mkdir()
        for k in range(count):
            Image.fromarray(rng.integers(0, 256, (40, 50, 3), np.uint8)).save(folder / name / f"{k}.png")
    return read_classes(folder, LABELS)


def plans(classes: PhotoClasses, count: int = 60, seed: int = 0) -> list[MosaicPlan]:
    return plan_mosaics(classes, LABELS, count=count, seed=seed)


def test_a_mosaic_has_two_photos_of_its_class_and_two_of_two_others():
    for plan in plans(listed(ant=3, bee=4, cat=2, dog=5)):
        assert sum(plan.own) == 2
        classes = Counter(tile.target for tile in plan.tiles)
        assert sorted(classes.values()) == [1, 1, 2]
        assert len({tile.photo for tile in plan.tiles}) == 4
        assert plan.label == LABELS[plan.target]


def test_with_two_classes_both_other_quadrants_show_the_other_one():
    for plan in plans(listed(ant=3, bee=2)):
        assert sorted(Counter(tile.target for tile in plan.tiles).values()) == [2, 2]
        assert len({tile.photo for tile in plan.tiles}) == 4


def test_a_class_with_one_photo_is_shown_beside_others_and_never_explained():
    lonely = plans(listed(ant=3, bee=1))
    assert {plan.label for plan in lonely} == {"ant"}
    assert {tile.photo for plan in lonely for tile in plan.tiles} >= {Path("bee/0.png")}


def test_every_class_is_the_target_equally_often_and_every_photo_of_it_too():
    found = plans(listed(ant=4, bee=4, cat=4), count=12)
    assert Counter(plan.label for plan in found) == {"ant": 4, "bee": 4, "cat": 4}
    shown = Counter(tile.photo for plan in found for tile in plan.tiles)
    assert set(shown.values()) == {4}


def test_the_quadrants_are_shuffled():
    found = plans(listed(ant=4, bee=4, cat=4), count=200)
    assert len({plan.own for plan in found}) == 6
    assert Counter(plan.own for plan in found).most_common()[-1][1] > 15


def test_the_same_seed_gives_the_same_mosaics_and_more_of_them_begin_alike():
    classes = listed(ant=4, bee=3, cat=5, dog=1)
    assert plans(classes, 9, seed=3) == plans(classes, 30, seed=3)[:9]
    assert plans(classes, 9, seed=3) != plans(classes, 9, seed=4)


def test_names_count_from_one_and_the_listing_has_a_row_for_each():
    found = plans(listed(ant=2, bee=2), 2)
    head, first, second = listing(found).splitlines()
    assert head == "mosaic,target,label," + ",".join(QUADRANTS)
    assert first.startswith("mosaic-0001.png,")
    assert second.startswith("mosaic-0002.png,")
    assert first.count("*") == 2


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"ant": 5}, "only photos of ant"),
        ({"ant": 1, "bee": 1}, "ant, bee"),
        ({}, "no photos of the model's classes"),
    ],
)
def test_too_few_classes_or_photos_are_refused(counts, words):
    with pytest.raises(UsageError, match=words):
        plans(listed(**counts))


def test_a_folder_of_unknown_classes_says_what_was_wrong_with_the_first(tmp_path):
    (tmp_path / "unicorn").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "unicorn" / "1.png")
    with pytest.raises(UsageError, match="No class is called 'unicorn'"):
        plans(read_classes(tmp_path, LABELS))


@pytest.mark.parametrize("count", [0, -1])
def test_no_mosaics_are_refused(count):
    with pytest.raises(UsageError, match="at least one"):
        plans(listed(ant=2, bee=2), count)


def read(found: list[MosaicPlan], view: View = VIEW, **extra: int) -> list[Mosaic]:
    mosaics = list(read_mosaics(found, view, **extra))
    assert all(isinstance(mosaic, Mosaic) for mosaic in mosaics)
    return mosaics


def test_each_quadrant_is_torchvisions_resize_and_crop_of_its_photo_at_half_the_size(tmp_path):
    found = plans(folder_of(tmp_path, ant=3, bee=3, cat=2), 5)
    for plan, mosaic in zip(found, read(found), strict=True):
        assert mosaic.picture.pixels.shape == (3, 24, 24)
        places = [(rows, columns) for rows in (0, 12) for columns in (0, 12)]
        for tile, own, (top, left) in zip(plan.tiles, plan.own, places, strict=True):
            expected = transforms.Compose(HALF)(Image.open(tile.photo))
            assert torch.equal(mosaic.picture.pixels[:, top : top + 12, left : left + 12], expected)
            assert (mosaic.area.mask[top : top + 12, left : left + 12] == own).all()
        assert mosaic.area.covered == 0.5


def test_tiles_of_the_views_size_make_the_authors_mosaics_of_twice_its_side(tmp_path):
    (mosaic,) = read(plans(folder_of(tmp_path, ant=2, bee=2), 1), tile=24)
    steps = [transforms.Resize(28), transforms.CenterCrop(24), transforms.ToTensor()]
    expected = transforms.Compose(steps)(Image.open(mosaic.plan.tiles[3].photo))
    assert torch.equal(mosaic.picture.pixels[:, 24:, 24:], expected)
    assert mosaic.area.mask.shape == (48, 48)


@pytest.mark.parametrize("view", [View(25, 28), View(24, 28, 1), View(1, 1), View(25, 20)])
def test_the_mosaic_has_the_models_size_and_channels(tmp_path, view):
    (mosaic,) = read(plans(folder_of(tmp_path, ant=2, bee=2), 1), view)
    assert mosaic.picture.pixels.shape == (view.channels, view.size, view.size)
    assert mosaic.area.mask.shape == (view.size, view.size)


def test_the_picture_is_called_as_the_plan_and_its_digest_follows_the_photos(tmp_path):
    found = plans(folder_of(tmp_path, ant=2, bee=2), 1)
    (first,), (again,) = read(found), read(found)
    assert first.picture.name == "mosaic-0001.png"
    assert first.picture.original_size == (24, 24)
    assert first.picture.sha256 == again.picture.sha256
    Image.new("RGB", (9, 9)).save(found[0].tiles[2].photo)
    assert read(found)[0].picture.sha256 != first.picture.sha256


def test_the_png_holds_the_very_pixels(tmp_path):
    (mosaic,) = read(plans(folder_of(tmp_path, ant=2, bee=2), 1))
    saved = Image.open(io.BytesIO(mosaic.png()))
    assert saved.format == "PNG"
    assert torch.equal(transforms.ToTensor()(saved), mosaic.picture.pixels)


def test_a_photo_that_cannot_be_read_leaves_out_its_mosaics_and_no_others(tmp_path):
    found = plans(folder_of(tmp_path, ant=3, bee=3, cat=3), 9)
    broken = found[0].tiles[0].photo
    broken.write_bytes(b"no picture")
    outcomes = list(read_mosaics(found, VIEW))
    for plan, outcome in zip(found, outcomes, strict=True):
        assert isinstance(outcome, Exclusion) == (broken in [tile.photo for tile in plan.tiles])
    assert outcomes[0].reason == "photo cannot be read"
    assert str(broken) in outcomes[0].sentence
    assert any(isinstance(outcome, Mosaic) for outcome in outcomes)


def test_mosaics_are_read_one_at_a_time(tmp_path, monkeypatch):
    found = plans(folder_of(tmp_path, ant=3, bee=3), 9)
    stream = read_mosaics(found, VIEW)
    next(stream)
    found[1].tiles[0].photo.unlink()
    assert isinstance(next(stream), Exclusion)


def test_tiles_without_pixels_are_refused(tmp_path):
    with pytest.raises(UsageError, match="tiles are 0 pixels"):
        list(read_mosaics([], VIEW, tile=0))
