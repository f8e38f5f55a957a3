"""Addresses: what is shown of them, what files are called after them, what a list may name."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from images.tars import found, reasons

from igcli.images.addresses import absolute, address_of, found_at, is_address, joined
from igcli.images.finding import find_images
from igcli.images.source import Found, shown
from igcli.jobs.item import output_stems, owner_of


@pytest.mark.parametrize(
    ("url", "start"),
    [
        ("https://h.org/a/b.jpg", "https://h.org/a/b.jpg"),
        ("HTTPS://user:SECRET@h.org:8080/b.jpg", "https://h.org:8080/b.jpg#"),
        ("https://h.org/b.jpg?X-Amz-Signature=SECRET", "https://h.org/b.jpg#"),
        ("https://h.org/b.jpg#SECRET", "https://h.org/b.jpg#"),
        ("s3://bucket/key/b.jpg", "s3://bucket/key/b.jpg"),
    ],
)
def test_an_address_is_shown_without_secrets_and_with_both_slashes(url: str, start: str) -> None:
    address = pickle.loads(pickle.dumps(address_of(url)))

    assert str(address).startswith(start)
    assert shown(address) == absolute(address) == str(address)
    assert "SECRET" not in str(address)
    assert "SECRET" not in repr(found_at(url))


def test_two_queries_are_two_pictures() -> None:
    one, two = (found_at(f"https://h.org/image?id={number}") for number in (1, 2))

    assert owner_of(one) != owner_of(two)
    assert len(find_images([one.url, two.url, one.url])) == 2


@given(st.text(max_size=40))
def test_files_stay_in_the_output_folder_whatever_the_address(text: str) -> None:
    for url in (f"https://h.org/{text}", "https://h.org/a/" + "".join(f"%{byte:02x}" for byte in text.encode())):
        try:
            (stem,) = output_stems([found_at(url).relative])
        except ValueError:
            continue
        assert not stem.is_absolute()
        assert len(stem.parts) == 1
        assert stem.name not in ("", ".", "..")
        assert "\0" not in stem.name


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("file:///etc/passwd", "is not read: addresses begin with http, https, s3"),
        ("ftp://h.org/a.jpg", "is not read"),
        ("gs://bucket/a.jpg", "is not read"),
        ("http:///a.jpg", "names no server"),
        ("http://[::1/a.jpg", "is no address"),
        ("https://h.org/a b\n.jpg", "is no address"),
        ("https://h.org/" + "a" * 9000, "is no address"),
        ("https://h.org/photos.zip?x=1", "is an archive"),
    ],
)
def test_what_is_not_read_is_said_without_asking_anybody(argument: str, reason: str) -> None:
    (said,) = reasons(find_images([argument]))
    assert reason in said


def test_a_list_on_this_machine_names_addresses_too(tmp_path: Path) -> None:
    (tmp_path / "list.jsonl").write_text('{"image": "https://h.org/a.jpg?k=1", "label": "cat"}\n{"image": "file:///x"}')
    items = find_images([str(tmp_path / "list.jsonl")])

    (item,) = found(items)
    assert (item.url, item.truth, item.columns) == ("https://h.org/a.jpg?k=1", "cat", (("label", "cat"),))
    assert "file://x (" in reasons(items)[0]
    assert "line 2) is not read" in reasons(items)[0]


def test_nothing_that_a_list_on_the_web_names_is_a_file() -> None:
    base = "https://h.org/data/list.csv"
    assert joined(base, "a.jpg") == "https://h.org/data/a.jpg"
    assert joined(base, "../b/#1 ?.jpg") == "https://h.org/b/%231%20%3F.jpg"
    assert joined(base, "/etc/passwd") == "https://h.org/etc/passwd"
    assert joined(base, "//other.org/a.jpg") == "https://other.org/a.jpg"
    assert joined(base, "http://other.org/a.jpg?k=1") == "http://other.org/a.jpg?k=1"
    assert joined("s3://bucket/data/list.csv", "a b.jpg") == "s3://bucket/data/a b.jpg"
    for other in ("s3://bucket/secret.jpg", "file:///etc/passwd"):
        with pytest.raises(ValueError, match="no address on the web"):
            joined(base, other)


@pytest.mark.parametrize("text", ["a.jpg", "C:\\a.jpg", "C://a.jpg", "/a//b.jpg", "x:y", "://a", ""])
def test_paths_are_no_addresses(text: str) -> None:
    assert not is_address(text)


def test_an_address_is_not_printed_with_what_was_found() -> None:
    assert "url" not in repr(Found(Path("a"), Path("a"), url="https://h.org/?k=SECRET"))
