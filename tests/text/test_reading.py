import io
import tracemalloc

import pytest

from igcli.errors import InputError, UsageError
from igcli.inputs import Missing, TextInput, bounded_list
from igcli.text import reading
from igcli.text.reading import TextSource


def texts(source):
    return [each.text if isinstance(each, TextInput) else each.reason for each in source.inputs()]


@pytest.fixture
def stdin(monkeypatch):
    def give(data: bytes):
        monkeypatch.setattr("sys.stdin", type("stdin", (), {"buffer": io.BytesIO(data)}))

    return give


def test_arguments_are_texts():
    assert texts(TextSource(("one text", "another"))) == ["one text", "another"]


def test_stdin_has_a_text_on_each_line_that_is_not_blank(stdin):
    stdin(b"\xef\xbb\xbffirst\r\n\n  \nsecond")
    found = list(TextSource(("-",)).inputs())
    assert [(each.text, each.line) for each in found] == [("first", 1), ("second", 4)]


def test_a_line_that_is_not_utf8_fails_alone(stdin):
    stdin(b"caf\xe9\nfine\n")
    first, second = TextSource(files=("-",)).inputs()
    assert isinstance(first, Missing)
    assert "UTF-8" in first.reason
    assert second.text == "fine"


def test_a_line_without_end_is_refused_without_being_kept(stdin, monkeypatch):
    monkeypatch.setattr(reading, "LONGEST", 100)
    stdin(b"x" * 1000 + b"\nshort\n" + b"y" * 300)
    first, second, third = TextSource(("-",)).inputs()
    assert "bytes" in first.reason
    assert second.text == "short"
    assert isinstance(third, Missing)


class Endless(io.RawIOBase):
    """The same bytes again and again."""

    def __init__(self, piece):
        self.piece, self.given = piece, 0

    def readable(self):
        return True

    def readinto(self, room):
        room[:] = (self.piece * (len(room) // len(self.piece) + 1))[: len(room)]
        self.given += len(room)
        return len(room)


def endless_stdin(monkeypatch, piece):
    endless = Endless(piece)
    monkeypatch.setattr("sys.stdin", type("stdin", (), {"buffer": io.BufferedReader(endless, 8 * len(piece))}))
    return endless


def test_a_line_that_never_ends_ends_in_a_sentence_and_is_not_kept(monkeypatch):
    endless = endless_stdin(monkeypatch, b"x" * 65536)
    tracemalloc.start()
    try:
        (missing,) = TextSource(("-",)).inputs()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "does not end" in missing.reason
    assert peak < 20 * reading.LONGEST
    assert endless.given < 300 * reading.LONGEST


def test_lines_are_read_as_they_are_needed(monkeypatch):
    endless_stdin(monkeypatch, b"more\n")
    inputs = TextSource(("-",)).inputs()
    assert [next(inputs).line for _ in range(3)] == [1, 2, 3]
    with pytest.raises(InputError, match="more than 1,000 texts"):
        bounded_list(inputs, most=1000, unit="text")


def test_a_table_has_a_text_in_each_row(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text('id,review\n1,"fine, really\nfine"\n2,\n\n3,dull\n')
    found = list(TextSource(files=(str(path),), column="review").inputs())
    assert [getattr(each, "text", None) for each in found] == ["fine, really\nfine", None, "dull"]
    assert found[0].columns == (("id", "1"),)
    assert found[1].reason == "It is empty."
    assert found[2].line == 6


def test_a_column_that_is_missing_is_said_with_those_there_are(tmp_path):
    path = tmp_path / "reviews.tsv"
    path.write_text("id\treview\n1\tfine\n")
    with pytest.raises(UsageError, match="id, review"):
        list(TextSource(files=(str(path),), column="text").inputs())
    with pytest.raises(UsageError, match="--column"):
        list(TextSource(files=(str(path),)).inputs())


def test_a_folder_has_a_text_in_each_file(tmp_path):
    (tmp_path / "b.txt").write_text("second\nstill second")
    (tmp_path / "a.txt").write_text("first")
    (tmp_path / "c.md").write_text("no text")
    found = list(TextSource(files=(str(tmp_path),)).inputs())
    assert [each.text for each in found] == ["first", "second\nstill second"]
    assert str(found[0].relative) == "a.txt"


def test_a_file_is_one_text_if_wanted_so(tmp_path):
    (tmp_path / "a.txt").write_text("first\nsecond\n")
    assert texts(TextSource(files=(str(tmp_path / "a.txt"),))) == ["first", "second"]
    assert texts(TextSource(files=(str(tmp_path / "a.txt"),), whole=True)) == ["first\nsecond"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (TextSource(), "There is no text"),
        (TextSource(("-",), ("-",)), "only once"),
        (TextSource(files=("gone.txt",)), "does not exist"),
    ],
)
def test_what_cannot_be_read_is_said_at_once(source, words):
    with pytest.raises(UsageError, match=words):
        source.check()


def test_an_argument_that_is_a_file_is_taken_for_a_mistake(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(UsageError, match="give -f"):
        TextSource((str(tmp_path / "a.txt"),)).check()
    TextSource(("x" * 10_000,)).check()  # no name that a file could have


def test_devices_and_pipes_are_refused():
    (found,) = TextSource(files=("/dev/zero",)).inputs()
    assert "cannot be read" in found.reason


def test_a_text_of_many_lines_stands_in_one_cell(tmp_path):
    file = tmp_path / "reviews.csv"
    file.write_text('text,label\n"' + "line\n" * 500 + '",a\nnext,b\n')
    first, second = TextSource(files=(str(file),)).inputs()
    assert first.text.count("line") == 500
    assert (second.text, second.line, second.columns) == ("next", 503, (("label", "b"),))


def test_a_first_line_that_cannot_be_read_is_named_by_its_number(tmp_path):
    file = tmp_path / "texts.csv"
    file.write_text('\n\n"text"x,b\na,b\n')
    (missing,) = TextSource(files=(str(file),)).inputs()
    assert missing.argument == f"{file}:3"


def test_a_table_with_an_endless_row_is_read_no_further_than_a_text_may_be_long(tmp_path):
    table = tmp_path / "table.csv"
    with table.open("wb") as file:
        file.write(b"text\nfine\n")
        file.truncate(200_000_000)
    tracemalloc.start()
    first, second = TextSource(files=(str(table),)).inputs()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert first.text == "fine"
    assert "characters" in second.reason
    assert peak < 40 * reading.LONGEST
