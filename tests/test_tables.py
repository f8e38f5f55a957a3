"""Tables as a spreadsheet opens them."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from igcli.tables import csv_bytes, csv_text, escaped_cell, unescaped_cell


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_text_that_a_spreadsheet_would_run_begins_with_an_apostrophe(start):
    (cell,) = list(csv.reader(io.StringIO(csv_text(["name"], [[f"{start}1+1"]]), newline="")))[1]
    assert cell == f"'{start}1+1"


def test_numbers_and_other_text_are_as_they_are():
    table = csv_text(["path", "value"], [["a=b.jpg", -0.5], ["'s-Gravenhage", None], ["-x", 3]])
    assert table == "path,value\na=b.jpg,-0.5\n's-Gravenhage,\n'-x,3\n"


def test_the_names_of_columns_are_text_too_and_what_is_no_text_is_a_question_mark():
    assert csv_bytes(["=x"], [["\udce9.jpg"]]) == b"'=x\n?.jpg\n"


@given(st.text(alphabet="'=+-@\t\r\nab", max_size=6))
def test_what_was_escaped_is_read_back_exactly(text):
    assert unescaped_cell(escaped_cell(text)) == text
    assert escaped_cell(text)[:1] not in set("=+-@\t\r\n")
