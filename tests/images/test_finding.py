"""From names, folders, globs and stdin to files. Lists and archives are in test_listing.py and test_archive.py."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from igcli.images import finding
from igcli.images.decoding import FORMATS
from igcli.images.finding import find_images
from igcli.images.source import IMAGE_SUFFIXES, Found
from igcli.inputs import Missing
from igcli.jobs.item import output_stems


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """photos/ with pictures on two levels, a text file and hidden things, as seen from its parent."""
    for name in ("b.JPG", "a.png", "notes.txt", ".hidden.png", "trip/c.webp", "trip/deep/d.tif", ".cache/e.png"):
        file = tmp_path / "photos" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "photos"


def relatives(items: list[Found | Missing]) -> list[str]:
    assert all(isinstance(item, Found) for item in items), items
    return [item.relative.as_posix() for item in items if isinstance(item, Found)]


def reason(items: list[Found | Missing]) -> str:
    (item,) = items
    assert isinstance(item, Missing)
    return item.reason


def test_a_named_file_is_taken_whatever_its_ending(photos: Path) -> None:
    assert find_images([str(photos / "notes.txt")]) == [Found(photos / "notes.txt", Path("notes.txt"))]


def test_a_folder_gives_its_own_pictures_sorted_without_hidden_ones(photos: Path) -> None:
    assert relatives(find_images([str(photos)])) == ["a.png", "b.JPG"]


def test_sub_folders_are_looked_into_only_on_request(photos: Path) -> None:
    found = find_images(["photos"], recursive=True)

    assert relatives(found) == ["a.png", "b.JPG", "trip/c.webp", "trip/deep/d.tif"]
    assert isinstance(found[2], Found)
    assert found[2].path == Path("photos/trip/c.webp")
    assert photos.is_dir()


@pytest.mark.usefixtures("photos")
@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("photos/*", ["a.png", "b.JPG"]),
        ("photos/*.png", ["a.png"]),
        ("photos/[ab].*", ["a.png", "b.JPG"]),
        ("photos/*.txt", ["notes.txt"]),
        ("photos/?.png", ["a.png"]),
        ("photos/.*.png", [".hidden.png"]),
        ("photos/**/*", ["a.png", "b.JPG", "trip/c.webp", "trip/deep/d.tif"]),
        ("photos/**/*.tif", ["trip/deep/d.tif"]),
        ("*/a.png", ["photos/a.png"]),
    ],
)
def test_a_glob_that_the_shell_left_alone_is_expanded(pattern: str, expected: list[str]) -> None:
    assert relatives(find_images([pattern])) == expected


def test_absolute_globs_are_expanded(photos: Path) -> None:
    assert relatives(find_images([f"{photos}/*.png"])) == ["a.png"]


def test_a_file_whose_name_looks_like_a_glob_is_that_file(photos: Path) -> None:
    (photos / "a[1].png").write_bytes(b"x")
    (photos / "a1.png").write_bytes(b"x")

    assert relatives(find_images(["photos/a[1].png"])) == ["a[1].png"]


@pytest.mark.usefixtures("photos")
def test_paths_come_one_a_line_on_stdin() -> None:
    lines = io.StringIO("photos/b.JPG\r\n\n   \nphotos/a.png\nphotos/gone.png")

    found = find_images(["-"], stdin=lines)

    assert relatives(found[:2]) == ["b.JPG", "a.png"]
    assert isinstance(found[2], Missing)


def test_names_on_stdin_need_not_be_text(photos: Path) -> None:
    odd = os.fsencode(photos) + b"/\xff.png"
    Path(os.fsdecode(odd)).write_bytes(b"x")

    (found,) = find_images(["-"], stdin=io.TextIOWrapper(io.BytesIO(odd + b"\n"), encoding="utf-8"))

    assert isinstance(found, Found)
    assert os.fsencode(found.path) == odd


def test_a_folder_named_on_stdin_is_expanded(photos: Path) -> None:
    assert relatives(find_images(["-"], stdin=io.StringIO(f"{photos}\n"))) == ["a.png", "b.JPG"]


def test_an_empty_stdin_is_said_so() -> None:
    assert "No paths came on stdin" in reason(find_images(["-"], stdin=io.StringIO("\n")))


def test_names_with_line_breaks_come_with_nul_bytes_between_them(photos: Path) -> None:
    (photos / "a\nb.png").write_bytes(b"x")
    (photos / " ").write_bytes(b"x")
    piped = io.TextIOWrapper(io.BytesIO(os.fsencode(f"{photos}/a\nb.png\0{photos}/a.png\r\0\0{photos}/ \0")))

    found = find_images(["-"], null_separated=True, stdin=piped)

    assert relatives([found[0], found[2]]) == ["a\nb.png", " "]
    assert "a.png\\r does not exist" in reason(found[1:2])


def test_nul_bytes_that_nobody_spoke_of_are_sentence_with_the_option(photos: Path) -> None:
    piped = io.StringIO(f"{photos}/a.png\0{photos}/b.JPG\0")

    assert "add -0" in reason(find_images(["-"], stdin=piped))


def test_stdin_is_not_read_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            buffer[:] = b"y\n" * (len(buffer) // 2) + b"y" * (len(buffer) % 2)
            return len(buffer)

    monkeypatch.setattr(finding, "MOST_PIPED", 10_000)
    piped = io.TextIOWrapper(io.BufferedReader(Endless()))

    assert "More than 10,000" in reason(find_images(["-"], stdin=piped))


@pytest.mark.usefixtures("photos")
def test_the_same_file_by_two_ways_comes_once_and_in_the_first_place() -> None:
    ways = ["photos/b.JPG", "photos", "./photos/../photos/a.png", "photos/*.JPG", str(Path("photos/a.png").resolve())]

    assert relatives(find_images(ways)) == ["b.JPG", "a.png"]


def test_two_names_of_one_file_stay_two(photos: Path) -> None:
    (photos / "z.png").symlink_to("a.png")

    assert relatives(find_images(["photos"])) == ["a.png", "b.JPG", "z.png"]


def test_names_that_differ_in_case_or_ending_only_are_files_of_their_own(photos: Path) -> None:
    for name in ("A.png", "a.jpg", "a.PNG", "a\n.png", os.fsdecode(b"a\xff.png")):
        (photos / name).write_bytes(b"x")

    found = [item.relative for item in find_images(["photos"]) if isinstance(item, Found)]

    assert len(found) == 7
    assert len({str(stem).casefold() for stem in output_stems(found)}) == 7


def test_folders_linked_in_a_loop_are_walked_once(photos: Path) -> None:
    (photos / "trip" / "again").symlink_to(photos, target_is_directory=True)
    (photos / "another").symlink_to(photos / "trip", target_is_directory=True)
    (photos / "zelf").symlink_to("zelf")

    everything = ["a.png", "b.JPG", "trip/c.webp", "trip/deep/d.tif"]
    assert relatives(find_images(["photos"], recursive=True)) == everything
    assert relatives(find_images(["photos/**/*.*"])) == everything


def test_folders_in_folders_may_go_deeper_than_python_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(1500):
        os.mkdir("d")  # noqa: PTH102  # relative: the whole path would soon be too long to say
        os.chdir("d")
    Path("deep.png").write_bytes(b"x")
    os.chdir(tmp_path)
    try:
        assert relatives(find_images(["d"], recursive=True)) == ["d/" * 1499 + "deep.png"]
        assert find_images(["d/**/*.png"])
    finally:
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)  # deeper than pytest would go to remove it


def test_thousands_of_files_are_listed_without_opening_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10_000):
        (tmp_path / f"{number:05}.jpg").touch()
    monkeypatch.setattr("io.open", lambda *_, **__: pytest.fail("opened"))
    monkeypatch.setattr("os.open", lambda *_, **__: pytest.fail("opened"))

    assert len(relatives(find_images([str(tmp_path)]))) == 10_000


def test_a_linked_folder_elsewhere_is_followed(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "x.png").write_bytes(b"x")
    (photos / "linked").symlink_to(tmp_path / "disk", target_is_directory=True)

    assert "linked/x.png" in relatives(find_images(["photos"], recursive=True))


def test_a_picture_in_a_folder_that_is_gone_is_named(photos: Path) -> None:
    (photos / "gone.jpg").symlink_to("elsewhere.jpg")
    (photos / "gone.txt").symlink_to("elsewhere.txt")
    *found, missing = find_images(["photos"])
    assert relatives(found) == ["a.png", "b.JPG"]
    assert missing == Missing(
        "photos/gone.jpg", "photos/gone.jpg is a link to a file that does not exist; name the file itself."
    )


def test_things_that_only_look_like_pictures_in_a_folder_are_left_out(photos: Path) -> None:
    (photos / "folder.png").mkdir()
    os.mkfifo(photos / "pipe.png")

    assert relatives(find_images(["photos"])) == ["a.png", "b.JPG"]


@pytest.mark.parametrize("argument", ["photos", "photos/*", "photos/**/*.*"])
def test_what_is_to_be_excluded_is_left_out_of_folders_and_globs(photos: Path, argument: str) -> None:
    found = find_images([argument], recursive=True, exclude=lambda path: path.name == "a.png")

    assert relatives(found)[0] == "b.JPG"
    assert "a.png" not in relatives(found)
    assert find_images(["photos/a.png"], exclude=lambda _: True) == [Found(Path("photos/a.png"), Path("a.png"))]


@pytest.mark.usefixtures("photos")
def test_a_folder_of_which_all_is_excluded_has_no_images() -> None:
    assert "photos/ has no images in it; " in reason(find_images(["photos"], exclude=lambda _: True))
    assert "add --recursive" in reason(find_images(["photos"], exclude=lambda path: "trip" not in path.parts))
    assert "No file matches" in reason(find_images(["photos/*.png"], exclude=lambda _: True))


@pytest.mark.usefixtures("photos")
def test_a_missing_file_is_reported_in_its_place_and_the_others_go_on() -> None:
    found = find_images(["photos/gone.png", "photos/a.png", "photos/gone.png"])

    assert found == [
        Missing("photos/gone.png", "photos/gone.png does not exist; check the spelling and the folder."),
        Found(Path("photos/a.png"), Path("a.png")),
    ]


def test_a_link_to_nothing_is_called_so(photos: Path) -> None:
    (photos / "dangling.png").symlink_to("gone.png")

    assert "link to a file that does not exist" in reason(find_images(["photos/dangling.png"]))


def test_a_glob_that_matches_nothing_is_reported(photos: Path) -> None:
    assert reason(find_images([f"{photos}/*.gif"])).startswith("No file matches")


@pytest.mark.usefixtures("photos")
def test_a_folder_without_images_says_what_to_do_next() -> None:
    Path("empty").mkdir()
    Path("outer/inner").mkdir(parents=True)
    Path("outer/inner/x.png").write_bytes(b"x")

    assert reason(find_images(["empty"])) == "empty/ has no images in it; check that it is the right folder."
    assert "--recursive" in reason(find_images(["outer/"]))
    assert "sub-folders" in reason(find_images(["empty"], recursive=True))
    assert relatives(find_images(["outer"], recursive=True)) == ["inner/x.png"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list any folder")
def test_a_folder_that_may_not_be_listed_is_reported_and_the_others_go_on(photos: Path) -> None:
    (photos / "trip").chmod(0)
    try:
        found = find_images(["photos"], recursive=True)
    finally:
        (photos / "trip").chmod(0o755)

    assert relatives(found[:2]) == ["a.png", "b.JPG"]
    assert isinstance(found[2], Missing)
    assert "change its permissions" in found[2].reason


@pytest.mark.parametrize("argument", ["", "  ", "a\0b.png", "x" * 5000, "[", "a**b/*?", "no/such/*/x.png"])
def test_arguments_that_cannot_be_paths_are_reported(argument: str) -> None:
    assert reason(find_images([argument]))


def test_what_is_said_of_odd_names_is_one_printable_line(tmp_path: Path) -> None:
    odd = os.fsdecode(b"a\n\x1b[2J\xff")
    (tmp_path / odd).mkdir()
    (tmp_path / f"{odd}.png").symlink_to("gone")

    for argument in (f"{tmp_path}/{odd}", f"{tmp_path}/{odd}.png", f"{tmp_path}/{odd}.jpg", f"{tmp_path}/{odd}*?"):
        sentence = reason(find_images([argument]))
        assert sentence.isprintable()
        assert "a\\n\\x1b[2J" in sentence


def test_every_suffix_belongs_to_a_format_that_is_read() -> None:
    Image.init()

    assert {Image.EXTENSION[suffix] for suffix in IMAGE_SUFFIXES - {".npy"}} <= set(FORMATS)


@pytest.mark.parametrize("null_separated", [False, True])
def test_a_picture_on_stdin_is_answered_with_the_way_to_explain_it(null_separated: bool) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9)).save(buffer, "JPEG")
    stdin = io.TextIOWrapper(io.BytesIO(buffer.getvalue()))
    assert "ig explain /dev/stdin" in reason(find_images(["-"], stdin=stdin, null_separated=null_separated))


@pytest.mark.parametrize(("text", "null"), [("a.jpg\n" * 9, False), ("a.jpg\0" * 9, True)])
def test_more_paths_on_stdin_than_a_list_can_have_are_refused(
    monkeypatch: pytest.MonkeyPatch, text: str, null: bool
) -> None:
    monkeypatch.setattr(finding, "MOST_ROWS", 8)

    (item,) = find_images(["-"], stdin=io.StringIO(text), null_separated=null)

    assert isinstance(item, Missing)
    assert "More than 8 paths" in item.reason
