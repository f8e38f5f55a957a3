"""Lists of molecules: each entry with its line, what cannot be used with a sentence, and no list held as a whole."""

from __future__ import annotations

import gzip
import io
import itertools

import pytest

from igcli.inputs import Missing, TextInput
from igcli.molecules.reading import LONGEST_LINE, read_entries


def read(*inputs, column=None, stdin=b""):
    return list(read_entries([str(each) for each in inputs], column=column, stdin=io.BytesIO(stdin)))


def test_arguments_are_smiles():
    assert read("CCO", "c1ccccc1") == [TextInput("CCO"), TextInput("c1ccccc1")]


def test_lines_have_a_smiles_and_a_name(tmp_path):
    file = tmp_path / "set.smi"
    file.write_text("# a comment\nCCO\tethanol, pure\n\nCC\r\n")
    assert read(file) == [
        TextInput("CCO", source=str(file), line=2, label="ethanol, pure"),
        TextInput("CC", source=str(file), line=4),
    ]


def test_stdin_has_lines_of_smiles():
    assert read("-", stdin=b"CCO a\nCC\n") == [TextInput("CCO", "-", 1, "a"), TextInput("CC", "-", 2)]


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_table_has_a_column_of_smiles(tmp_path, delimiter):
    file = tmp_path / "set.csv"
    file.write_text(delimiter.join(["id", "Smiles"]) + "\n" + delimiter.join(["1", "CCO"]) + "\n\n2\n", "utf-8-sig")
    first, second = read(file)
    assert first == TextInput("CCO", source=str(file), line=2)
    assert second.argument == f"{file}:4"
    assert "1 fields" in second.reason


def test_another_column_can_be_named(tmp_path):
    file = tmp_path / "set.csv"
    file.write_text("smiles,mol\nCC,CCO\n")
    assert read(file, column="MOL")[0].text == "CCO"


@pytest.mark.parametrize("header", ["mol,name", "smiles,smiles", ""])
def test_a_table_without_one_such_column_says_so(tmp_path, header):
    file = tmp_path / "set.csv"
    file.write_text(f"{header}\nCC,CC\n")
    (missing,) = read(file)
    assert "--column" in missing.reason


def test_a_compressed_table_is_read(tmp_path):
    file = tmp_path / "set.csv.gz"
    file.write_bytes(gzip.compress(b"smiles\nCCO\n"))
    assert read(file)[0].text == "CCO"


@pytest.mark.parametrize(
    "data", [b"", b"not gzip", gzip.compress(b"smiles\nCC\n" * 1000)[:40]], ids=["empty", "text", "cut off"]
)
def test_a_damaged_file_fails_with_a_sentence(tmp_path, data):
    file = tmp_path / "set.smi.gz"
    file.write_bytes(data)
    assert any(isinstance(each, Missing) for each in read(file))


def test_a_quote_that_is_not_closed_ends_the_table(tmp_path):
    file = tmp_path / "set.csv"
    file.write_text('smiles\nCC\n"CCO\n' + "CC\n" * 1000)
    first, second = read(file)
    assert (first.text, second.argument) == ("CC", f"{file}:3")


@pytest.mark.parametrize("name", ["set.smi", "set.csv", "set.sdf"])
def test_an_empty_file_says_so(tmp_path, name):
    (tmp_path / name).write_text("")
    (missing,) = read(tmp_path / name)
    assert isinstance(missing, Missing)


def test_a_file_that_is_not_there_says_so(tmp_path):
    (missing,) = read(tmp_path / "none.smi")
    assert "No such file" in missing.reason


def test_a_line_without_end_is_not_held(tmp_path):
    file = tmp_path / "set.smi"
    file.write_text("CC\n" + "C" * (3 * LONGEST_LINE))
    first, second = read(file)
    assert first.text == "CC"
    assert second.argument == f"{file}:2"


def test_the_rest_of_a_first_line_that_is_too_long_is_no_molecule(tmp_path):
    file = tmp_path / "set.csv"
    file.write_text("smiles," + "C" * (LONGEST_LINE + 9) + "\nCC,1\n")
    (missing,) = read(file)
    assert missing.argument == f"{file}:1"


def test_stdin_is_read_as_it_is_asked_for():
    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            data = b"CC\n" * (len(buffer) // 3)
            buffer[: len(data)] = data
            return len(data)

    entries = read_entries(["-"], column=None, stdin=io.BufferedReader(Endless()))
    assert [each.line for each in itertools.islice(entries, 3)] == [1, 2, 3]
