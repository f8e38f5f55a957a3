import logging

import pytest
import torch
from PIL import Image
from toys import random_picture

import igcli
from igcli.errors import UsageError
from igcli.images import baseline_folder
from igcli.images.baseline_folder import baseline_files, read_baseline_folder
from igcli.images.options import View

VIEW = View(size=12, resize=12)


@pytest.fixture
def folder(tmp_path):
    for number in range(6):
        Image.new("RGB", (20 + number, 16), (40 * number, 0, 0)).save(tmp_path / f"{number}.png")
    return tmp_path


def reds(read):
    return [round(float(each[0, 5, 5]) * 255) for each in read]


def test_each_picture_of_the_folder_is_there_once_in_the_models_view(folder):
    read = read_baseline_folder(folder, random_picture(), VIEW, seed=0)
    assert sorted(reds(read)) == [0, 40, 80, 120, 160, 200]
    for file in baseline_files(folder, seed=0):
        assert any(torch.equal(igcli.read_image(file, view=VIEW).pixels, each) for each in read)


def test_their_order_depends_on_the_seed_alone(folder):
    first, again, other = (reds(read_baseline_folder(folder, random_picture(), VIEW, seed=seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert [each.path.name for each in baseline_files(folder, seed=1)] == [f"{red // 40}.png" for red in first]


def test_files_that_cannot_be_read_are_named_and_passed_over(folder, caplog):
    (folder / "broken.png").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("no picture either")
    with caplog.at_level(logging.WARNING, "igcli.images"):
        assert len(read_baseline_folder(folder, random_picture(), VIEW, seed=0)) == 6
    (message,) = caplog.messages
    assert "broken.png" in message


def test_of_a_large_folder_as_many_are_drawn_as_are_allowed_and_it_is_said(folder, caplog, monkeypatch):
    monkeypatch.setattr(baseline_folder, "MOST", 4)
    with caplog.at_level(logging.WARNING, "igcli.images"):
        read = read_baseline_folder(folder, random_picture(), VIEW, seed=0)
    assert len(set(reds(read))) == len(read) == 4
    assert any("4 of its 6 pictures" in message for message in caplog.messages)


def test_memory_bounds_their_number(folder, caplog, monkeypatch):
    monkeypatch.setattr(baseline_folder, "MOST_BYTES", 3 * 4 * 3 * 12 * 12)
    with caplog.at_level(logging.WARNING, "igcli.images"):
        assert len(read_baseline_folder(folder, random_picture(), VIEW, seed=0)) == 3
    assert any("only 3 of its pictures" in message for message in caplog.messages)


def test_they_are_read_once_for_all_photos_until_the_folder_changes(folder):
    first = read_baseline_folder(folder, random_picture(), VIEW, seed=0)
    assert read_baseline_folder(folder, random_picture(seed=1), VIEW, seed=0) is first
    (folder / "5.png").unlink()
    assert len(read_baseline_folder(folder, random_picture(), VIEW, seed=0)) == 5


def test_a_folder_without_pictures_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(UsageError, match="has no images in it"):
        read_baseline_folder(tmp_path, random_picture(), VIEW, seed=0)
    (tmp_path / "a.jpg").write_bytes(b"nothing")
    with pytest.raises(UsageError, match=r"None of the pictures in .* can be read"):
        read_baseline_folder(tmp_path, random_picture(), VIEW, seed=0)
