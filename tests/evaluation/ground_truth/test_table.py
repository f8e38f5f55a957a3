import os
from pathlib import Path, PurePosixPath

import pytest

from igcli.evaluation.ground_truth.annotation import AnnotationError
from igcli.evaluation.ground_truth.coco import read_coco
from igcli.evaluation.ground_truth.table import read_table, rows
from igcli.evaluation.ground_truth.voc import read_voc


def written(folder, text):
    path = folder / "boxes.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(path):
    with pytest.raises(AnnotationError) as caught:
        read_table(path)
    assert str(path) in str(caught.value)
    assert str(caught.value).endswith(".")
    return str(caught.value)


def test_several_rows_are_several_boxes_of_one_photo(tmp_path):
    found = read_table(written(tmp_path, "path,xmin,ymin,xmax,ymax\na.jpg,1,2,3,4\nb.jpg,0,0,1,1\na.jpg,5,6,7.5,8\n"))
    assert [(each.photo, len(each.boxes)) for each in found] == [
        (PurePosixPath("a.jpg"), 2),
        (PurePosixPath("b.jpg"), 1),
    ]
    box = found[0].boxes[1]
    assert (box.left, box.top, box.right, box.bottom, box.label) == (5, 6, 7.5, 8, None)
    assert box.source.endswith("boxes.csv line 4")


@pytest.mark.parametrize(
    "text",
    [
        "a.jpg,1,2,3,4,cat\n",
        "path,xmin,ymin,xmax,ymax,label\r\na.jpg,1,2,3,4,cat\r\n",
        "\ufeffPath, XMin, YMin, XMax, YMax, Label\n\n a.jpg , 1, 2, 3, 4, cat \n",
        "filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,9,9,cat,1,2,3,4\n",
        'path,xmin,ymin,xmax,ymax,label\n"a.jpg",1,2,3,4,"cat"\n',
    ],
)
def test_columns_are_found_by_their_names_or_by_their_order(tmp_path, text):
    ((found,),) = (read_table(written(tmp_path, text)),)
    (box,) = found.boxes
    assert (str(found.photo), box.left, box.top, box.right, box.bottom, box.label) == ("a.jpg", 1, 2, 3, 4, "cat")


def test_a_row_without_numbers_is_a_photo_without_an_object(tmp_path):
    (found,) = read_table(written(tmp_path, "path,xmin,ymin,xmax,ymax,label\na.jpg,,,,,\n"))
    assert found.boxes == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a.jpg,1,2,3,4\nb.jpg,1,2,x,4\n", "line 2: xmax is 'x'"),
        ("a.jpg,1,2,3,4\nb.jpg,1,2,,4\n", "line 2: xmax is ''"),
        ("a.jpg,1,2,3,4\nb.jpg,1,2\n", "line 2 has 3 of 5 cells"),
        ("a.jpg;1;2;3;4\n", "line 1 has 1 of 5 cells"),
        ("path,x1,y1,x2,y2\n", "line 1: xmin is 'x1'"),
        ("path,xmin,xmax,ymax\n", "line 1 names the columns, but not ymin"),
        ("a.jpg,1,2,3,4\n,1,2,3,4\n", "line 2 has no path"),
        ('a.jpg,1,2,3,4\n"b.jpg,1,2,3,4\n', "is not CSV"),
        ("", "empty"),
        (b"a.jpg,1,2,3,4\n\xff.jpg,1,2,3,4\n", "line 2 is not UTF-8"),
    ],
)
def test_a_broken_row_is_named_with_its_line(tmp_path, text, words):
    assert words in refusal(written(tmp_path, text))


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_numbers_without_a_value_are_left_to_the_box_to_tell(tmp_path, number):
    (found,) = read_table(written(tmp_path, f"a.jpg,1,2,3,{number}\n"))
    assert found.boxes[0].flaw().reason == "box without numbers"


def test_a_missing_file_is_a_sentence(tmp_path):
    assert "does not exist" in refusal(tmp_path / "none.csv")


def test_other_tables_can_be_read_by_their_columns(tmp_path):
    found = [dict(row.cells) for row in rows(written(tmp_path, "target,path\ncat,a.jpg\n"), ("path", "target"))]
    assert found == [{"path": "a.jpg", "target": "cat"}]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
@pytest.mark.parametrize("read", [read_table, read_coco, read_voc])
def test_a_pipe_or_a_device_is_refused_and_not_waited_for(read, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(AnnotationError, match="pipe, a socket or a device"):
            read(path)
