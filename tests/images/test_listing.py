"""Lists of pictures in CSV files, as spreadsheets, scripts and people write them."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from images.tars import found, reasons

from igcli.images import listing
from igcli.images.addresses import absolute
from igcli.images.crop import Crop
from igcli.images.finding import find_images
from igcli.images.list_rows import LONGEST_LINE
from igcli.images.listing import MOST_FAULTS
from igcli.images.source import Found
from igcli.inputs import Missing

FUZZ = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with a few files to be listed."""
    for name in ("a.jpg", "b.png", "deep/c.jpg", "with, comma.jpg", "line\nbreak.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def listed(folder: Path, text: str | bytes, name: str = "list.csv") -> list[Found | Missing]:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return find_images([str(folder / name)])


def rows(items: list[Found | Missing]) -> list[tuple[str, str | None]]:
    assert reasons(items) == []
    return [(item.relative.as_posix(), item.target) for item in found(items)]


AS_WRITTEN = [("a.jpg", "7"), ("deep/c.jpg", "tabby cat"), ("b.png", None)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.csv", "path,target\na.jpg,7\ndeep/c.jpg,tabby cat\nb.png,\n"),
        ("list.CSV", "path,target\r\na.jpg,7\r\ndeep/c.jpg,tabby cat\r\nb.png,"),
        ("list.csv", "Path;TARGET\na.jpg;7\ndeep/c.jpg;tabby cat\nb.png;\n"),
        ("list.csv", "path\ttarget\na.jpg\t7\ndeep/c.jpg\ttabby cat\nb.png\t\n"),
        ("list.tsv", "path\ttarget\na.jpg\t7\ndeep/c.jpg\ttabby cat\nb.png\t \n"),
        ("list.tsv", "target,path\n7,a.jpg\ntabby cat,deep/c.jpg\n,b.png\n"),
        ("list.csv", "\ufeffpath,target\na.jpg, 7\ndeep/c.jpg,tabby cat \n\n,\nb.png,  \n"),
        ("list.csv", '"path","target"\n"a.jpg","7"\n"deep/c.jpg","tabby cat"\n"b.png",""\n'),
        ("list.csv", "path,target\ra.jpg,7\rdeep/c.jpg,tabby cat\rb.png,\r"),
    ],
)
def test_rows_are_read_however_they_are_written(photos: Path, name: str, text: str) -> None:
    items = listed(photos, text, name)

    assert rows(items) == AS_WRITTEN
    assert [item.path for item in found(items)] == [photos / path for path, _ in AS_WRITTEN]


@pytest.mark.parametrize("column", ["image", "file_name", "filename", "File_Name"])
def test_the_path_goes_by_other_names_too(photos: Path, column: str) -> None:
    (item,) = found(listed(photos, f"label,{column}\ncat,a.jpg\n"))
    assert (item.path, item.truth, item.columns) == (photos / "a.jpg", "cat", (("label", "cat"),))


def test_of_several_columns_that_could_name_the_path_the_first_counts(photos: Path) -> None:
    (item,) = found(listed(photos, "filename,image,path\nx,y,b.png\n"))
    assert (item.path, item.columns) == (photos / "b.png", (("filename", "x"), ("image", "y")))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_lines_say_what_a_table_does(photos: Path, encoding: str) -> None:
    lines = (
        '{"path": "a.jpg", "target": 7, "label": "cat"}\n\n'
        '{"file_name": "deep/c.jpg", "target": "tabby cat", "x": 1, "y": 2, "width": 3, "height": 4}\r\n'
        '{"image": "b.png", "target": null, "labels": ["a", "ü"], "sure": true}'
    )
    items = listed(photos, lines.encode(encoding), "list.jsonl")

    assert rows(items) == AS_WRITTEN
    assert [item.truth for item in found(items)] == ["cat", None, None]
    assert found(items)[1].crop is not None
    assert found(items)[2].columns == (("labels", '["a", "ü"]'), ("sure", "true"))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[1, 2]", "LIST, line 2, is no JSON object"),
        ('{"path": "a.jpg"', "LIST, line 2, is no JSON object"),
        ("[" * 100_000, "LIST, line 2, is no JSON object"),
        ('{"label": "cat"}', "LIST, line 2 names no path, image, file_name or filename"),
        ('{"path": ""}', "LIST, line 2 names no path"),
        ('{"image": {"path": "a.jpg"}}', "LIST, line 2, has no text under image"),
        ('{"path": "gone.jpg"}', "gone.jpg (LIST, line 2) does not exist"),
        ('{"path": "a\\u0000b.jpg"}', "line 2"),
    ],
)
def test_a_line_of_json_that_cannot_be_used_is_said_and_the_others_go_on(photos: Path, line: str, reason: str) -> None:
    items = listed(photos, f'{{"path": "a.jpg"}}\n{line}\n{{"path": "b.png"}}\n', "list.jsonl")

    assert [item.relative.name for item in found(items)] == ["a.jpg", "b.png"]
    assert reason.replace("LIST", str(photos / "list.jsonl")) in reasons(items)[0]


def test_json_lines_without_a_line_say_so(photos: Path) -> None:
    assert "has no images in it" in reasons(listed(photos, "\n", "list.jsonl"))[0]


METADATA = {
    "metadata.csv": "file_name,label\nb.png,dog\ndeep/c.jpg,cat\n",
    "metadata.jsonl": '{"file_name": "b.png", "label": "dog"}\n{"file_name": "deep/c.jpg", "label": "cat"}\n',
}


@pytest.mark.parametrize("name", METADATA)
@pytest.mark.parametrize("recursive", [False, True])
def test_a_folder_has_the_columns_of_hugging_faces_metadata(photos: Path, name: str, recursive: bool) -> None:
    (photos / name).write_text(METADATA[name])
    items = find_images([str(photos)], recursive=recursive)

    assert reasons(items) == []
    assert [(item.relative.as_posix(), item.truth) for item in found(items)] == [
        ("a.jpg", None),
        ("b.png", "dog"),
        ("deep/c.jpg", "cat"),
        ("line\nbreak.jpg", None),
        ("with, comma.jpg", None),
    ]


def test_metadata_below_the_folder_describe_the_folder_that_they_are_in(photos: Path) -> None:
    (photos / "deep" / "metadata.csv").write_text("file_name,target\nc.jpg,7\ngone.jpg,8\n")
    items = find_images([str(photos)], recursive=True)

    (item,) = (item for item in found(items) if item.target)
    assert item.relative.as_posix() == "deep/c.jpg"
    assert "gone.jpg" in reasons(items)[0]
    assert [item.target for item in found(find_images([str(photos)]))] == [None] * 4


def test_each_row_of_a_folders_metadata_is_a_picture_with_its_own_box(photos: Path) -> None:
    boxes = [[0, 0, 2, 2], [1, 1, 2, 2]]
    lines = [json.dumps({"file_name": "b.png", "box": box}) for box in boxes]
    (photos / "metadata.jsonl").write_text("\n".join(lines))
    items = find_images([str(photos)])

    assert reasons(items) == []
    crops = [item.crop for item in found(items) if item.relative.name == "b.png"]
    assert crops == [Crop(0, 0, 2, 2), Crop(1, 1, 2, 2)]


def test_two_lists_of_one_folder_do_not_double_its_pictures(photos: Path) -> None:
    for name, text in METADATA.items():
        (photos / name).write_text(text)

    assert [item.relative.as_posix() for item in found(find_images([str(photos)]))].count("b.png") == 1


def test_an_address_in_a_folders_metadata_stays_one(photos: Path) -> None:
    (photos / "metadata.csv").write_text("file_name,label\nhttp://example.invalid/x/y.png,cow\n")

    (item,) = (item for item in found(find_images([str(photos)])) if item.url)
    assert absolute(item.path) == "http://example.invalid/x/y.png"
    assert item.truth == "cow"


def test_another_file_called_metadata_is_none(photos: Path) -> None:
    (photos / "metadata.csv").write_text("camera,date\nA,2026\n")
    (photos / "metadata.jsonl").write_text("[]\n")
    items = find_images([str(photos)])

    assert reasons(items) == []
    assert len(items) == 4


def test_what_a_spreadsheet_calls_unicode_text_is_read(photos: Path) -> None:
    items = listed(photos, "path\ttarget\na.jpg\tBlüte\n".encode("utf-16"), "list.csv")

    assert rows(items) == [("a.jpg", "Blüte")]


def test_other_columns_are_passed_through(photos: Path) -> None:
    (item,) = found(listed(photos, ",Note,path,target,Größe\n0, by hand ,a.jpg,7,12\n"))

    assert item.columns == (("Note", " by hand "), ("Größe", "12"))


def test_paths_need_no_target(photos: Path) -> None:
    assert rows(listed(photos, "path\na.jpg\nb.png\n")) == [("a.jpg", None), ("b.png", None)]


def test_a_label_is_no_target(photos: Path) -> None:
    (item,) = found(listed(photos, "path,label\na.jpg,7\n"))

    assert (item.target, item.columns) == (None, (("label", "7"),))


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("path,label\na.jpg, tabby cat \n", "tabby cat"),
        ("path,Truth,label\na.jpg,dog,cat\n", "dog"),
        ("path,label,target\na.jpg,cat,dog\n", "cat"),
        ("path,label\na.jpg,\n", None),
        ("path,label\na.jpg,'=1\n", "=1"),
        ("path,class\na.jpg,cat\n", None),
    ],
)
def test_truth_or_label_is_the_true_class(photos: Path, text: str, truth: str | None) -> None:
    (item,) = found(listed(photos, text))

    assert item.truth == truth


def test_what_is_quoted_may_hold_anything(photos: Path) -> None:
    items = listed(photos, 'path,target\n"with, comma.jpg","a ""b"", c"\n"line\nbreak.jpg",1\na.jpg,2\n')

    assert rows(items) == [("with, comma.jpg", 'a "b", c'), ("line\nbreak.jpg", "1"), ("a.jpg", "2")]


def test_relative_paths_are_those_of_the_lists_folder_and_absolute_ones_are_themselves(photos: Path) -> None:
    (photos / "lists").mkdir()

    items = listed(photos / "lists", f"path\n../a.jpg\n{photos}/b.png\n")

    assert [item.path.resolve() for item in found(items)] == [photos / "a.jpg", photos / "b.png"]
    assert [item.relative for item in found(items)] == [Path("../a.jpg"), Path("b.png")]


def test_a_path_with_two_targets_is_two_pictures_and_the_same_row_is_one(photos: Path) -> None:
    text = "path,target,note\na.jpg,1,x\na.jpg,2,x\n./a.jpg,1,x\na.jpg,1,x\na.jpg,1,y\n"

    items = found(listed(photos, text))

    assert [(item.target, item.columns[0][1]) for item in items] == [("1", "x"), ("2", "x"), ("1", "y")]


def test_bytes_that_are_no_utf8_are_part_of_a_path_and_elsewhere_are_replaced(photos: Path) -> None:
    odd = os.fsdecode(b"\xe4.jpg")
    shutil.copy(photos / "a.jpg", photos / odd)

    (item,) = found(listed(photos, b"path,target,not\xe9\n\xe4.jpg,bl\xfcte,\xff\n"))

    assert item.path == photos / odd
    assert (item.target, item.columns) == ("bl?te", (("not?", "?"),))


def test_in_a_glob_and_on_stdin_lists_stand_for_their_pictures(photos: Path) -> None:
    listed(photos, "path\na.jpg\n", "one.csv")
    listed(photos, "path\nb.png\n", "two.csv")

    assert [item.relative.name for item in found(find_images([f"{photos}/*.csv"]))] == ["a.jpg", "b.png"]


# Rows and files that cannot be used


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("gone.jpg,1", "gone.jpg (LIST, line 3) does not exist; relative paths are taken from the folder"),
        ("deep,1", "deep (LIST, line 3) is a folder"),
        ("dangling.jpg,1", "dangling.jpg (LIST, line 3) is a link to a file that does not exist"),
        (",1", "LIST, line 3 names no path"),
        ("a.jpg", "LIST, line 3 has 1 fields, the first line 2"),
        ("a.jpg,1,2", "LIST, line 3 has 3 fields, the first line 2"),
        ('"a.jpg"x,1', "LIST, line 3, cannot be read as a row"),
        ("a\0b.jpg,1", "line 3"),
        ("x" * 5000 + ",1", "(LIST, line 3) does not exist"),
        ("x" * 200_000 + ",1", "LIST, line 3, cannot be read as a row"),
    ],
)
def test_a_row_that_cannot_be_used_is_told_with_its_line_and_the_others_go_on(
    photos: Path, row: str, sentence: str
) -> None:
    (photos / "dangling.jpg").symlink_to("nowhere")

    items = listed(photos, f"path,target\na.jpg,1\n{row}\nb.png,2\n")

    assert [item.target for item in found(items)] == ["1", "2"]
    assert isinstance(items[1], Missing)
    assert sentence.replace("LIST", f"{photos}/list.csv") in reasons(items)[0]


def test_lines_are_counted_as_an_editor_does(photos: Path) -> None:
    items = listed(photos, 'path\n"line\nbreak.jpg"\n\ngone.jpg\n')

    assert "line 5" in reasons(items)[0]


def test_a_quote_that_is_never_closed_is_told(photos: Path) -> None:
    items = listed(photos, 'path,target\na.jpg,1\n"b.png,2\na.jpg,3\n')

    assert [item.target for item in found(items)] == ["1"]
    assert "line 3, cannot be read as a row" in reasons(items)[0]


def test_after_a_quote_that_is_never_closed_nothing_is_taken_for_rows(photos: Path) -> None:
    items = listed(photos, 'path,target\na.jpg,1\n"b.png,2\n' + "a.jpg,3\n" * 100_000)

    assert [item.target for item in found(items)] == ["1"]
    assert len(reasons(items)) == 1
    assert "line 3, cannot be read as a row" in reasons(items)[0]
    assert "not read" in reasons(items)[0]


def test_a_quote_that_is_closed_hundreds_of_rows_later_is_told(photos: Path) -> None:
    items = listed(photos, 'path,target\na.jpg,"1\n' + "a.jpg,3\n" * 300 + '"\nb.png,2\n')

    assert found(items) == []
    assert "line 2, opens a quote that is closed 301 lines later" in reasons(items)[0]


def test_of_very_many_rows_that_cannot_be_used_some_are_named_and_the_rest_counted(photos: Path) -> None:
    items = listed(photos, "path\n" + "".join(f"gone{n}.jpg\n" for n in range(2500)) + "a.jpg\n")

    assert [item.relative.name for item in found(items)] == ["a.jpg"]
    assert len(reasons(items)) == MOST_FAULTS + 1
    assert "1,500 more rows that cannot be used" in reasons(items)[-1]


def test_a_list_without_end_is_read_up_to_a_limit(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_ROWS", 3)
    items = listed(photos, "path,target\n" + "".join(f"a.jpg,{n}\n" for n in range(9)))

    assert [item.target for item in found(items)] == ["0", "1", "2"]
    assert "has more than 3 rows" in reasons(items)[0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has no column called path, image, file_name or filename; its first line must name the columns, and is e"),
        ("file,label\na.jpg,1\n", "or filename; its first line must name the columns, and names file, l"),
        ("a.jpg,1\n", "names a.jpg, 1."),
        ("path,Path\na.jpg,a.jpg\n", "has 2 columns called path"),
        ("path,target,TARGET\na.jpg,1,2\n", "has 2 columns called target"),
        ("path,target\n", "has no images in it"),
        ('"path\n', "has no column called path"),
        (b"\xff\xfe\0", "it is not text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "has no column called path"),
        ("x" * (LONGEST_LINE + 1), "has a line of more than"),
        ("path\n" + "x" * (LONGEST_LINE + 1), "has a line of more than"),
        ("x" * (LONGEST_LINE - 1), "and so on."),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_a_file_that_is_no_list_says_so_in_one_sentence(photos: Path, text: str | bytes, sentence: str) -> None:
    items = listed(photos, text)

    assert len(items) == 1
    assert sentence in reasons(items)[0]
    assert reasons(items)[0].startswith(f"{photos}/list.csv ")
    assert len(reasons(items)[0]) < 600


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read any file")
def test_a_list_without_permission_says_so(photos: Path) -> None:
    (photos / "list.csv").write_text("path\n")
    (photos / "list.csv").chmod(0)

    assert "Permission denied" in reasons(find_images([str(photos / "list.csv")]))[0]


@FUZZ
@given(
    data=st.binary(max_size=300), start=st.sampled_from([b"", b"path\n", b"path,target\n", b"\xff\xfep\0a\0t\0h\0\n\0"])
)
def test_whatever_a_list_holds_it_is_pictures_or_sentences(photos: Path, data: bytes, start: bytes) -> None:
    items = listed(photos, start + data)

    assert items
    reasons(items)


@FUZZ
@given(
    names=st.lists(
        st.text(
            st.characters(blacklist_characters="\0/", blacklist_categories=("Cs",)), min_size=1, max_size=20
        ).filter(
            lambda name: name.strip() and name not in (".", "..", "list.csv", "deep") and len(name.encode()) < 200
        ),
        min_size=1,
        max_size=5,
        unique=True,
    ),
    delimiter=st.sampled_from(",;\t"),
    target=st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=10),
)
def test_what_pythons_own_writer_leaves_is_read_back(
    photos: Path, names: list[str], delimiter: str, target: str
) -> None:
    for name in names:
        (photos / name).write_bytes(b"x")
    with (photos / "list.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows([["path", "target"], *([name, target] for name in names)])

    assert rows(find_images([str(photos / "list.csv")])) == [(name, target.strip() or None) for name in names]
