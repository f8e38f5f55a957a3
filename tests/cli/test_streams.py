"""Standard streams that are closed, full, without a reader, or of an encoding that lacks characters."""

from __future__ import annotations

import io
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from igcli.cli import streams
from igcli.cli.main import COMMANDS
from igcli.cli.streams import READER_GONE, StandardStream, escaped, guarded

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a POSIX shell redirects the streams")
EXPLAIN = "explain motorcycle.jpg --model caltech101 --device cpu --steps 2"
full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(samples / "motorcycle.jpg", tmp_path / "motorcycle.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ig(command: str, redirections: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """``ig`` in a shell, with its streams redirected; ``|`` in the redirections gives the status of ``ig`` itself."""
    line = f"{shlex.quote(sys.executable)} -m igcli {command} {redirections}"
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHONIO", "PYTHONUTF8"))}
    return subprocess.run(["sh", "-c", line], capture_output=True, env={**variables, **environment}, check=False)


def test_a_closed_stdout_costs_its_lines_alone_and_is_said():
    done = ig(EXPLAIN, ">&-")
    assert done.returncode == 1
    assert b"stdout cannot be written to (it is closed)" in done.stderr
    assert b"Traceback" not in done.stderr
    assert Path("out/motorcycle.integrated.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads(Path("out/motorcycle.json").read_text(encoding="utf-8"))


def test_a_closed_stderr_costs_nothing():
    done = ig(EXPLAIN, "2>&-")
    assert done.returncode == 0
    assert b"Motorbikes" in done.stdout
    assert Path("out/motorcycle.integrated.png").read_bytes().startswith(b"\x89PNG")


def test_nothing_is_printed_into_the_files_that_a_command_writes_while_all_streams_are_closed():
    assert ig(EXPLAIN, "<&- >&- 2>&-").returncode == 1
    assert Path("out/motorcycle.integrated.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads(Path("out/motorcycle.json").read_text(encoding="utf-8"))


@full
def test_a_full_stdout_is_said_and_a_full_stderr_is_not():
    done = ig("models", ">/dev/full")
    assert done.returncode == 1
    assert done.stderr.count(b"stdout cannot be written to (No space left on device)") == 1
    done = ig("models", "2>/dev/full")
    assert (done.returncode, done.stderr) == (0, b"")
    assert ig("models", ">/dev/full 2>/dev/full").returncode == 1


@full
@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("redirection", [">&-", ">/dev/full"])
def test_help_that_reaches_nobody_is_said_by_every_command(name, redirection):
    done = ig(f"{name} --help", redirection)
    assert done.returncode == 1
    assert done.stderr.startswith(b"ig: stdout cannot be written to (")
    assert done.stderr.count(b"\n") == 1


def test_wrong_usage_keeps_its_status_whatever_is_closed():
    assert ig("explain --no-such-option x.jpg", "2>&-").returncode == 2
    assert ig("explain --json --no-such-option x.jpg", ">&-").returncode == 2


def test_paths_from_a_closed_stdin_are_a_sentence():
    done = ig("explain -", "<&-")
    assert done.returncode == 1
    assert b"No paths came on stdin" in done.stderr


def test_a_stdin_that_cannot_be_read_is_a_sentence():
    done = ig("explain -", "0>written")
    assert done.returncode == 1
    assert b"stdin cannot be read" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_reader_that_has_gone_ends_the_command_as_the_signal_would():
    command = [sys.executable, "-m", "igcli", "models"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()  # before anything is written: the interpreter is still starting
        said = process.stderr.read()
    assert process.returncode == READER_GONE == 141
    assert said == b""


def test_a_reader_of_stderr_that_has_gone_stops_nothing():
    command = [sys.executable, "-m", "igcli", *shlex.split(EXPLAIN)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stderr.close()
        assert b"Motorbikes" in process.stdout.read()
    assert process.returncode == 0


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1", "cp437", "utf-16", "shift_jis"])
@pytest.mark.parametrize("name", ["animate", "evaluate", "explain"])
def test_help_is_readable_in_every_encoding(name, encoding):
    done = ig(f"{name} --help", PYTHONIOENCODING=encoding)
    assert done.returncode == 0
    assert done.stderr == b""
    text = done.stdout.decode(encoding)
    assert "\\u" not in text
    assert name != "animate" or "from alpha = 0 to 1" in text or "from α = 0 to 1" in text


def test_a_c_locale_without_utf8_changes_nothing_but_the_letters():
    done = ig("animate --help", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert b"from alpha = 0 to 1" in done.stdout


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_files_name_that_the_encoding_lacks_is_escaped(encoding):
    Path("motorcycle.jpg").rename("日本é.jpg")
    done = ig(EXPLAIN.replace("motorcycle.jpg", "日本é.jpg"), PYTHONIOENCODING=encoding)
    assert done.returncode == 0
    shown = done.stdout.decode(encoding)
    assert shown.startswith("\\u65e5\\u672c" + ("é" if encoding == "cp1252" else "\\u00e9") + ".jpg  Motorbikes")
    assert Path("out/日本é.integrated.png").is_file()


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_json_is_whole_in_every_encoding(encoding):
    Path("motorcycle.jpg").rename("日本é😀.jpg")
    done = ig(EXPLAIN.replace("motorcycle.jpg", "日本é😀.jpg") + " --json", PYTHONIOENCODING=encoding)
    assert json.loads(done.stdout)["image"]["path"].endswith("日本é😀.jpg")
    assert encoding == "utf-8" or done.stdout.isascii()


def test_json_stays_as_it_is_where_utf8_is_spoken(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "UTF8"))
    assert escaped('{"label": "猫 α"}') == '{"label": "猫 α"}'
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "cp1252"))
    assert escaped('{"label": "猫 α é 😀"}') == '{"label": "\\u732b \\u03b1 \\u00e9 \\ud83d\\ude00"}'


def test_python_has_its_own_streams_back_afterwards():
    before = sys.stdin, sys.stdout, sys.stderr
    with guarded():
        pass
    assert before == (sys.stdin, sys.stdout, sys.stderr)


def test_only_stdouts_losses_are_said(tmp_path, capsys):
    with (tmp_path / "read-only").open("wb"), (tmp_path / "read-only").open("rb") as file:
        stream = StandardStream(file.fileno(), "utf-8")
        stream.write("lost\n")  # the descriptor cannot be written to, and is no standard one
        assert stream.lost
        stream.write("more\n")
        stream.flush()
    assert capsys.readouterr() == ("", "")
    assert streams.READER_GONE == 141
