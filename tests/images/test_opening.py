"""Bytes of files, bounded whatever a path leads to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from images.pictures import Save, encoded, photo, refusal
from images.tars import found, tar_of

from igcli.errors import ImageError
from igcli.images import opening
from igcli.images.finding import find_images
from igcli.images.opening import file_bytes, is_stream
from igcli.images.reading import read_image

READ_STDIN = (
    "import sys; from igcli.images.reading import read_image; print(*read_image('/dev/stdin', size=8).original_size)"
)

needs_proc = pytest.mark.skipif(not Path("/dev/stdin").exists(), reason="no /dev/stdin here")


def run(code: str, *, stdin: bytes | None = None, memory: int | None = None) -> subprocess.CompletedProcess[bytes]:
    """In a process of its own, with so many bytes of address space more than it begins with, and a minute's time."""
    limit = (
        ""
        if memory is None
        else "import resource, torch, numpy, PIL.Image; PIL.Image.init()\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        f"resource.setrlimit(resource.RLIMIT_AS, (used + {memory}, used + {memory}))\n"
    )
    return subprocess.run(
        [sys.executable, "-c", limit + code], input=stdin, capture_output=True, timeout=60, check=False
    )


@needs_proc
def test_a_picture_comes_in_on_standard_input() -> None:
    done = run(READ_STDIN, stdin=encoded("PNG", photo(60, 40)))

    assert done.stdout.split() == [b"60", b"40"], done.stderr


@needs_proc
def test_a_picture_comes_in_by_way_of_process_substitution() -> None:
    reader, writer = os.pipe()
    os.write(writer, encoded("PNG", photo(20, 10)))
    os.close(writer)
    try:
        assert file_bytes(Path(f"/dev/fd/{reader}"), "photo")[0].startswith(b"\x89PNG")
    finally:
        os.close(reader)


@needs_proc
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="Linux states how much memory is used")
def test_a_pipe_that_never_ends_is_read_up_to_a_limit() -> None:
    code = (
        "import os, threading\nfrom pathlib import Path\nfrom igcli.errors import ImageError\n"
        "from igcli.images.opening import file_bytes\nreader, writer = os.pipe()\n"
        "def feed():\n    os.write(writer, b'\\xff\\xd8\\xff\\xe0')\n    while True: os.write(writer, bytes(1 << 20))\n"
        "threading.Thread(target=feed, daemon=True).start()\n"
        "try:\n    file_bytes(Path(f'/dev/fd/{reader}'), 'endless')\n"
        "except ImageError as error:\n    print(error, flush=True)\n"
        "os._exit(0)"
    )

    done = run(code, memory=2 << 30)

    assert b"268,435,456 bytes" in done.stdout, done.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_pipe_with_a_name_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")

    assert "is a pipe" in refusal(tmp_path / "pipe.jpg")


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/urandom"])
def test_devices_are_refused(device: str) -> None:
    if not Path(device).exists():
        pytest.skip("no such device here")
    assert "is a device" in refusal(device)


@pytest.mark.parametrize("beginning", [b"", b"\xff\xd8\xff\xe0\0\x10JFIF\0"], ids=["of zeros", "that begins as a JPEG"])
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="Linux states how much memory is used")
def test_a_sparse_file_of_three_gigabytes_is_one_sentence_in_little_memory(tmp_path: Path, beginning: bytes) -> None:
    path = tmp_path / "sparse.jpg"
    with path.open("wb") as file:
        file.write(beginning)
        file.truncate(3 << 30)
    code = (
        "from igcli.errors import ImageError\nfrom igcli.images.reading import read_image\n"
        f"try:\n    read_image({str(path)!r})\nexcept ImageError as error:\n    print(error)"
    )

    done = run(code, memory=512 << 20)

    said = done.stdout.decode()
    assert ("1,073,741,824 bytes" if beginning else "nothing but zero bytes") in said, done.stderr
    assert said.count("\n") == 1


def test_a_member_of_an_archive_is_bounded_as_a_file_is(saved: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    (item,) = found(find_images([str(saved("photos.tar", tar_of({"a.png": encoded("PNG", photo(300, 300))})))]))
    monkeypatch.setattr(opening, "MOST_BYTES", 100)

    with pytest.raises(ImageError, match=r"photos\.tar/a\.png has more than the 100 bytes"):
        read_image(item)


def test_a_file_that_grows_while_it_is_read_stays_bounded(saved: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved("a.png", encoded("PNG", photo(300, 300)))
    monkeypatch.setattr(opening, "MOST_BYTES", 100)

    with pytest.raises(ImageError, match="more than the 100 bytes"):
        file_bytes(path, "a.png")


@pytest.mark.parametrize(
    ("path", "stream"),
    [("/dev/stdin", True), ("/dev/fd/63", True), ("/dev/../dev/fd/3", True), ("/dev/zero", False), ("pipe.jpg", False)],
)
def test_the_documented_pipes_are_known_by_their_paths(path: str, *, stream: bool) -> None:
    assert is_stream(Path(path)) is stream
