"""Pascal VOC XML: files as the development kit describes them, and files that would do harm."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from igcli.evaluation.ground_truth.annotation import AnnotationError, Box
from igcli.evaluation.ground_truth.voc import LARGEST_FILE, read_voc

# The fields and their order are those of VOC2007's annotations; a person with a head as VOC's layout task has them.
PUBLISHED = """<annotation>
	<folder>VOC2007</folder>
	<filename>000005.jpg</filename>
	<source><database>The VOC2007 Database</database><annotation>PASCAL VOC2007</annotation></source>
	<owner><flickrid>?</flickrid><name>?</name></owner>
	<size><width>500</width><height>375</height><depth>3</depth></size>
	<segmented>0</segmented>
	<object>
		<name>chair</name>
		<pose>Rear</pose><truncated>0</truncated><difficult>0</difficult>
		<bndbox><xmin>263</xmin><ymin>211</ymin><xmax>324</xmax><ymax>339</ymax></bndbox>
	</object>
	<object>
		<name>person</name>
		<bndbox>
			<xmin>1</xmin>
			<ymin>1</ymin>
			<xmax>500</xmax>
			<ymax>375</ymax>
		</bndbox>
		<part><name>head</name><bndbox><xmin>5</xmin><ymin>5</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></part>
	</object>
</annotation>
"""


def written(folder: Path, text: str | bytes, name: str = "000005.xml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(path: Path) -> str:
    with pytest.raises(AnnotationError) as caught:
        read_voc(path)
    assert str(path) in str(caught.value)
    assert str(caught.value).endswith(".")
    return str(caught.value)


def test_a_published_file_says_its_photo_its_size_and_its_objects_but_not_their_parts(tmp_path):
    found = read_voc(written(tmp_path, PUBLISHED))
    assert found.photo == PurePosixPath("000005.jpg")
    assert found.size == (500, 375)
    assert [box.label for box in found.boxes] == ["chair", "person"]


def test_counting_from_one_with_the_last_pixel_included_becomes_edges(tmp_path):
    chair, person = read_voc(written(tmp_path, PUBLISHED)).boxes
    assert (chair.left, chair.top, chair.right, chair.bottom) == (262, 210, 324, 339)
    assert (person.left, person.top, person.right, person.bottom) == (0, 0, 500, 375)
    assert person.source.endswith("000005.xml line 15")


@pytest.mark.parametrize("name", ["", "<filename></filename>", "<filename>%s</filename>"])
def test_a_file_without_a_name_in_it_speaks_of_the_photo_called_like_itself(tmp_path, name):
    path = written(tmp_path, f"<annotation>{name}</annotation>", "val/n01440764_18.xml")
    assert read_voc(path, folder=tmp_path).photo == PurePosixPath("val/n01440764_18")


def test_folders_in_the_name_are_another_machines_and_are_dropped(tmp_path):
    text = r"<annotation><filename>C:\Users\me\cat.jpg</filename></annotation>"
    assert read_voc(written(tmp_path, text)).photo == PurePosixPath("cat.jpg")


def test_a_size_of_zero_is_no_size(tmp_path):
    text = "<annotation><size><width>0</width><height>0</height></size></annotation>"
    assert read_voc(written(tmp_path, text)).size is None


def test_a_doctype_is_refused_before_its_entities_are_expanded(tmp_path):
    lots = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 10))
    bomb = f'<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY e0 "lol">{lots}]>\n<annotation>&e9;</annotation>'
    assert "line 2 has a DOCTYPE" in refusal(written(tmp_path, bomb))


def test_an_external_entity_is_not_fetched(tmp_path):
    secret = written(tmp_path, "secret", "secret.txt")
    text = (
        f'<!DOCTYPE x SYSTEM "{secret.as_uri()}" [<!ENTITY s SYSTEM "{secret.as_uri()}">]><annotation>&s;</annotation>'
    )
    assert "DOCTYPE" in refusal(written(tmp_path, text))


def test_an_entity_of_nowhere_is_an_error(tmp_path):
    assert "line 1 is not XML" in refusal(written(tmp_path, "<annotation>&nowhere;</annotation>"))


def test_a_file_that_breaks_off_is_named_with_its_line(tmp_path):
    assert "line 9 is not XML" in refusal(written(tmp_path, "\n".join(PUBLISHED.split("\n")[:9])))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        (b"\xff\xd8\xff\xe0 not xml", "not XML"),
        ('<?xml version="1.0" encoding="nonsense"?><annotation/>', "not XML"),
        ("<kml></kml>", "begins with <kml>"),
    ],
)
def test_what_is_no_annotation_is_refused_in_a_sentence(tmp_path, text, words):
    assert words in refusal(written(tmp_path, text))


@pytest.mark.parametrize(
    "broken",
    ["<name>cat</name>", "<bndbox/>", "<bndbox><xmin>a</xmin></bndbox>", "<bndbox><xmin>1</xmin></bndbox>"],
)
def test_a_box_without_numbers_is_left_out_alone(tmp_path, broken):
    sound = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox>"
    text = f"<annotation><object>{sound}</object>\n<object>{broken}</object></annotation>"
    first, second = read_voc(written(tmp_path, text)).boxes
    assert first.flaw() is None
    assert second.flaw().reason == "box without numbers"
    assert "line 2" in second.flaw().sentence


def test_a_file_too_large_for_a_photo_is_not_parsed(tmp_path):
    assert "split it" in refusal(written(tmp_path, b"<annotation>" + b" " * LARGEST_FILE))


def test_a_hundred_thousand_elements_in_one_another_do_no_harm(tmp_path):
    deep = "<annotation>" + "<a>" * 100_000 + "</a>" * 100_000 + "</annotation>"
    assert read_voc(written(tmp_path, deep)).boxes == ()


def test_numbers_that_are_none_are_left_to_the_box_to_tell(tmp_path):
    text = PUBLISHED.replace("<xmin>263<", "<xmin>NaN<").replace("<xmax>500<", "<xmax>-500<")
    nan, turned = read_voc(written(tmp_path, text)).boxes
    assert nan.flaw().reason == "box without numbers"
    assert turned.flaw().reason == "box without area"
    assert Box(0, 0, 1, 1).flaw() is None
