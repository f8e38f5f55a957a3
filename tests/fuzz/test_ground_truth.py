"""Property: boxes in any format, and earlier evaluations, are read or refused in one sentence."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fuzz.watching import FUZZ, damaged, read_in
from hypothesis import given
from hypothesis import strategies as st

from igcli.evaluation.ground_truth.boxes import read_boxes
from igcli.jobs.evaluating.earlier import read_earlier
from igcli.jobs.evaluating.maps import OtherMaps
from igcli.jobs.outputs.record import SCHEMA

COCO = {
    "images": [{"id": 1, "file_name": "a.png", "width": 60, "height": 40}, {"id": 2, "file_name": "b.png"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, 30.5, 20]},
        {"id": 2, "image_id": 9, "category_id": 3, "bbox": [1, 2, 3, 4], "iscrowd": 1},
    ],
    "categories": [{"id": 3, "name": "cat"}],
}
BOXES = {
    "x.json": [json.dumps(COCO).encode()],
    "x.xml": [
        b"<?xml version='1.0'?><annotation><filename>a.png</filename><size><width>60</width><height>40</height></size>"
        b"<object><name>cat</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>20</ymax></bndbox></object>"
        b"</annotation>",
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><annotation><filename>&b;</filename></annotation>',
    ],
    "x.csv": [b"path,xmin,ymin,xmax,ymax,label\na.png,1,2,30,20,cat\nb.png,,,,,\n"],
}


@pytest.mark.parametrize("name", BOXES)
def test_damaged_boxes_are_read_or_refused(tmp_path: Path, name: str) -> None:
    @FUZZ
    @given(data=damaged(BOXES[name]))
    def check(data: bytes) -> None:
        read_in(tmp_path, name, data, _boxes)
        if name.endswith(".xml"):
            read_in(tmp_path, name, data, lambda path: _boxes(path.parent))

    check()


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@FUZZ
@given(
    image=st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "file_name", "width", "height"), _VALUES)),
    note=st.fixed_dictionaries({}, optional=dict.fromkeys(("image_id", "category_id", "bbox"), _VALUES)),
    kind=st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "name"), _VALUES)),
)
def test_coco_of_any_values_is_read_or_refused(
    tmp_path: Path, image: dict[str, object], note: dict[str, object], kind: dict[str, object]
) -> None:
    whole = {"images": [*COCO["images"], image], "annotations": [note], "categories": [kind]}
    read_in(tmp_path, "x.json", json.dumps(whole).encode(), _boxes)
    whole["annotations"] = [{**COCO["annotations"][0], **note}]
    whole["images"], whole["categories"] = [{**COCO["images"][0], **image}], [{**COCO["categories"][0], **kind}]
    read_in(tmp_path, "x.json", json.dumps(whole).encode(), _boxes)


EARLIER = [json.dumps({"schema": SCHEMA, "metrics": {"deletion": {"parameters": {}}}, "settings": {}}).encode(), b"{}"]


def _packed(save: Callable[..., None]) -> bytes:
    file = io.BytesIO()
    save(file, np.linspace(0, 1, 48).reshape(6, 8))
    return file.getvalue()


MAPS = {"x.npy": [_packed(np.save)], "x.npz": [_packed(np.savez), _packed(np.savez_compressed)]}
TABLE = [b"path,target,map,metric,value\na.png,1,integrated,deletion,0.5\n"]


@FUZZ
@given(record=damaged(EARLIER), table=damaged(TABLE))
def test_a_damaged_earlier_evaluation_is_read_or_refused(tmp_path: Path, record: bytes, table: bytes) -> None:
    (tmp_path / "evaluation.csv").write_bytes(table)
    read_in(tmp_path, "evaluation.json", record, read_earlier)
    read_in(tmp_path, "evaluation.csv", table, lambda path: read_earlier(path.with_suffix(".json")))


@pytest.mark.parametrize("name", MAPS)
def test_damaged_maps_of_another_tool_are_read_or_refused(tmp_path: Path, name: str) -> None:
    @FUZZ
    @given(data=damaged(MAPS[name]))
    def check(data: bytes) -> None:
        read_in(tmp_path, name, data, lambda path: OtherMaps(path.parent).of(Path("x.png")))

    check()


def test_the_undamaged_ones_are_read(tmp_path: Path) -> None:
    for name, packed in BOXES.items():
        (tmp_path / name).write_bytes(packed[0])
        (found,) = read_boxes(tmp_path / name, photos=[Path("a.png")]).photos.values()
        assert 30 <= found.boxes[0].right < 32
    (tmp_path / "evaluation.json").write_bytes(EARLIER[0])
    (tmp_path / "evaluation.csv").write_bytes(TABLE[0])
    assert read_earlier(tmp_path).values


def _boxes(source: Path) -> None:
    boxes = read_boxes(source, photos=[Path("a.png"), Path("folder/b.png")])
    for each in boxes.photos.values():
        assert each is not None
