from pathlib import Path

import pytest
from PIL import Image

from igcli.evaluation.ground_truth.annotation import AnnotationError
from igcli.evaluation.photo_classes import read_classes
from igcli.models.labels import Labels

LABELS = Labels(["ant", "Tiger cat", "dog", "crane", "crane"])


def photos(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(path)
    return folder


def relative(found, folder):
    return {target: [path.relative_to(folder).as_posix() for path in paths] for target, paths in found.photos.items()}


def test_a_folders_sub_folders_are_the_classes_by_name_or_index(tmp_path):
    photos(tmp_path, "tiger_cat/2.png", "tiger_cat/1.png", "0/b.png", "0/more/a.png", ".hidden/1.png")
    found = read_classes(tmp_path, LABELS)
    assert relative(found, tmp_path) == {0: ["0/b.png", "0/more/a.png"], 1: ["tiger_cat/1.png", "tiger_cat/2.png"]}
    assert found.excluded == ()


def test_two_spellings_of_a_class_are_one_class(tmp_path):
    photos(tmp_path, "tiger cat/1.png", "TIGER_CAT/2.png")
    assert relative(read_classes(tmp_path, LABELS), tmp_path) == {1: ["TIGER_CAT/2.png", "tiger cat/1.png"]}


@pytest.mark.parametrize(
    ("name", "reason", "words"),
    [
        ("unicorn/1.png", "class not found in the model", "unicorn (1 photo): No class is called"),
        ("dogg/1.png", "class not found in the model", "closest names: dog"),
        ("crane/1.png", "class not found in the model", "Several classes are called"),
        ("dog/1.png", "class with one photo", "dog has one photo"),
        ("loose.png", "photos in no class's folder", "1 photo directly in"),
        ("empty/note.txt", "folder without photos", "no images"),
    ],
)
def test_what_cannot_be_used_is_left_out_with_a_sentence(tmp_path, name, reason, words):
    photos(tmp_path, "ant/1.png", "ant/2.png")
    path = tmp_path / name
    if path.suffix == ".txt":
        path.parent.mkdir()
        path.write_text("nothing")
    else:
        photos(tmp_path, name)
    (exclusion,) = read_classes(tmp_path, LABELS).excluded
    assert exclusion.reason == reason
    assert words in exclusion.sentence
    assert exclusion.sentence.endswith(".")


def test_a_table_names_photos_relative_to_itself(tmp_path):
    table = tmp_path / "lists" / "photos.csv"
    table.parent.mkdir()
    table.write_text("path,target\n../a.png,dog\nb.png,tiger_cat\nc.png,2\n../a.png,dog\n")
    found = read_classes(table, LABELS)
    assert found.photos == {1: (table.parent / "b.png",), 2: (table.parent / "../a.png", table.parent / "c.png")}
    assert [exclusion.reason for exclusion in found.excluded] == ["class with one photo"]


def test_a_broken_row_is_named_with_its_line(tmp_path):
    (tmp_path / "photos.csv").write_text("path,target\na.png\n")
    with pytest.raises(AnnotationError, match=r"photos\.csv line 2 has 1 of 2 cells"):
        read_classes(tmp_path / "photos.csv", LABELS)


@pytest.mark.parametrize(("name", "words"), [("none", "does not exist"), ("a.png", "is neither")])
def test_another_source_is_refused(tmp_path, name, words):
    photos(tmp_path, "a.png")
    with pytest.raises(AnnotationError, match=words):
        read_classes(tmp_path / name, LABELS)
