"""Class names from files: what other tools write, and what goes wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from torchvision.datasets import ImageFolder

from igcli.errors import UsageError
from igcli.models.label_files import LARGEST_FILE, read_labels
from igcli.models.labels import Labels

NAMES = ("tench", "great white shark", "cock")


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.txt", "tench\ngreat white shark\ncock\n"),
        ("labels.txt", "\ufefftench\r\n  great white shark \r\ncock\r\n\r\n"),
        ("labels", "tench\ngreat white shark\ncock"),
        ("list.json", json.dumps(NAMES)),
        ("index.json", json.dumps({str(i): name for i, name in enumerate(NAMES)})),
        ("shuffled.json", '{"2": "cock", "0": "tench", "1": "great white shark"}'),
        ("class_index.json", json.dumps({str(i): [f"n0{i}", name] for i, name in enumerate(NAMES)})),
        ("class_to_idx.json", json.dumps({name: i for i, name in enumerate(NAMES)})),
        ("config.json", json.dumps({"architectures": ["X"], "id2label": dict(enumerate(NAMES))})),
        ("one.csv", "tench\ngreat white shark\ncock\n"),
        ("headed.csv", "label\ntench\ngreat white shark\ncock\n"),
        ("index.csv", "0,tench\n1,great white shark\n2,cock\n"),
        ("headed index.csv", 'index,name\n2,cock\n0,"tench"\n1,great white shark\n'),
        ("swapped.csv", "name,id\ntench,0\ngreat white shark,1\ncock,2\n"),
        ("synsets.csv", "0,n01440764,tench\n1,n01484850,great white shark\n2,n01514668,cock\n"),
        ("tabs.tsv", "0\ttench\n1\tgreat white shark\n2\tcock\n"),
        ("spaces.txt", "1 great white shark\n0 tench\n2 cock\n"),
        ("colons.txt", "1: great white shark\n0: tench\n2: cock\n"),
        ("semicolons.csv", "1;great white shark\n0;tench\n2;cock\n"),
        ("semicolons.txt", "1;great white shark\n0;tench\n2;cock\n"),
        ("commas.txt", "1,great white shark\n0,tench\n2,cock\n"),
        ("tabs.txt", "1\tgreat white shark\n0\ttench\n2\tcock\n"),
        ("tabs.csv", "1\tgreat white shark\n0\ttench\n2\tcock\n"),
        ("spaces.csv", "1 great white shark\n0 tench\n2 cock\n"),
        ("headed semicolons.csv", "id;name\n1;great white shark\n0;tench\n2;cock\n"),
        ("dots.txt", "1. great white shark\n0. tench\n2. cock\n"),
        ("dashes.txt", "1 - great white shark\n0 - tench\n2 - cock\n"),
        ("last.txt", "cock 2\ntench 0\ngreat white shark 1\n"),
        ("padded.txt", "  0 tench\n001 great white shark\n  2 cock\n"),
        ("wordnet.txt", "n01440764 tench\nn01484850 great white shark\nn01514668 cock\n"),
        ("wordnet.csv", "n01440764,tench\nn01484850,great white shark\nn01514668,cock\n"),
        ("both.txt", "1 n01484850 great white shark\n0 n01440764 tench\n2 n01514668 cock\n"),
        ("keras.txt", "n01484850 1 great white shark\nn01440764 0 tench\nn01514668 2 cock\n"),
        ("yolo.yaml", "names:\n  0: tench\n  1: great white shark\n  2: cock\n"),
        ("python.txt", "{0: 'tench',\n 2: 'cock',\n 1: 'great white shark'}\n"),
        ("python list.txt", "('tench', 'great white shark', 'cock')".replace("(", "[").replace(")", "]")),
        ("json.txt", '{"0": "tench", "1": "great white shark", "2": "cock"}'),
    ],
)
def test_every_usual_kind_of_file_gives_the_same_names(name: str, content: str, tmp_path: Path) -> None:
    assert read_labels(written(tmp_path, name, content)) == NAMES


def test_a_comma_in_quotation_marks_belongs_to_the_name(tmp_path: Path) -> None:
    assert read_labels(written(tmp_path, "l.csv", '0,"tench, Tinca tinca"\n1,cock\n'))[0] == "tench, Tinca tinca"


def test_a_folder_of_training_data_gives_the_names_that_torchvisions_image_folder_gives(tmp_path: Path) -> None:
    for name in ("cock", "Zebra", "10", "9", "tench"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jpg").touch()
    (tmp_path / "readme.txt").touch()
    assert list(read_labels(tmp_path)) == ImageFolder(str(tmp_path)).classes


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.txt", "", "has no labels"),
        ("empty.csv", "\n", "has no labels"),
        ("gap.txt", "tench\n\ncock\n", "no name for class 1"),
        ("latin.txt", "Müsli".encode("latin-1"), "not text in UTF-8"),
        ("weights.pth", b"PK\x00\x00", "is not text"),
        ("cut.json", '["tench", ', "is not JSON"),
        ("number.json", "3", "neither a list"),
        ("nested.json", '[{"name": "tench"}]', "where a label should be"),
        ("from one.json", '{"1": "tench", "2": "cock"}', "none is number 0"),
        ("twice.csv", "0,tench\n0,cock\n", "none is number 1"),
        ("words.json", '{"a": "tench", "b": "cock"}', "none is number 0"),
        ("columns.csv", "n01,tench\nn02,cock\n", "none of them holds the classes' indices"),
        ("comma.csv", "tench, Tinca tinca\ncock\n", "quotation marks"),
        ("from one.txt", "1 tench\n2 cock\n", "none is number 0"),
        ("coins.txt", "1 euro\n2 euro\n5 euro\n", "need a JSON list"),
        ("devkit.txt", "n02119789 1 kit_fox\nn02100735 2 English_setter\n", "none is number 0"),
        ("partly.txt", "0: tench\n1: shark\ncock\n", "in 2 of its 3 lines, and none in number 3"),
        ("digits.csv", "9" * 5000 + ",tench\n0,cock\n", "none is number 1"),
        ("digits.txt", "9" * 5000 + " tench\n0 cock\n", "none is number 1"),
        ("digits.json", '{"' + "9" * 5000 + '": "tench"}', "none is number 0"),
        ("field.csv", "0," + "x" * 200_000 + "\n", "cannot be read as a table"),
        ("long.txt", "x" * 2000 + "\ndog\n", "2,000 characters"),
        ("deep.txt", "[" * 200_000, "as JSON or Python write it"),
        ("code.txt", "{0: __import__('os')}", "as JSON or Python write it"),
    ],
)
def test_a_file_that_does_not_name_every_class_is_a_sentence(
    name: str, content: str | bytes, said: str, tmp_path: Path
) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises(UsageError, match=said) as caught:
        read_labels(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_and_an_empty_folder_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file of labels"):
        read_labels(tmp_path / "absent.txt")
    with pytest.raises(UsageError, match="has no labels"):
        read_labels(tmp_path)


@pytest.mark.parametrize(
    "lines",
    [
        ["class 0", "class 1", "class 2"],
        ["3 wheeler", "dog"],
        ["Boeing 747", "Airbus 320"],
        ["3D printer", "2CV"],
        ["tench: a fish", "cock: a bird"],
        ["7 up", "cola", "1 percent milk"],
        ["10", "20"],
    ],
)
def test_numbers_that_belong_to_names_stay_in_them(lines: list[str], tmp_path: Path) -> None:
    assert list(read_labels(written(tmp_path, "labels.txt", "\n".join(lines)))) == lines


def test_half_a_character_and_control_characters_are_shown_as_escapes(tmp_path: Path) -> None:
    path = written(tmp_path, "l.json", '["\\ud800 dog", "\\u001b[31mcat", "می\u200cخواهم"]')
    assert tuple(Labels(read_labels(path))) == ("\\ud800 dog", "\\x1b[31mcat", "می\u200cخواهم")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_or_a_device_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    for path in (tmp_path / "pipe.txt", Path("/dev/zero")):
        with pytest.raises(UsageError, match="pipe, a socket or a device"):
            read_labels(path)


def test_a_file_above_the_limit_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "sparse.txt").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    with pytest.raises(UsageError, match="16,777,216 bytes, the most that are read"):
        read_labels(tmp_path / "sparse.txt")
