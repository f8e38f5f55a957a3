from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from rendering.page.pages import made_up_photo, page_html, toy_photo, toy_report

from igcli.errors import UsageError
from igcli.rendering.page import markup
from igcli.rendering.page.markup import page_parts


class Blocks(HTMLParser):
    """Collects the contents of style and script elements, by id or by tag, and every address that is named."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.blocks: dict[str, str] = {}
        self.policy, self.addresses, self._name = "", [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag in ("script", "style"):
            self._name = given.get("id", tag)
            self.blocks[self._name] = ""
        if tag == "meta" and given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]
        self.addresses += [given[name] for name in ("src", "href", "action", "style", "onclick") if name in given]

    def handle_endtag(self, tag):
        self._name = None

    def handle_data(self, data):
        if self._name is not None:
            self.blocks[self._name] += data


@pytest.fixture(scope="module")
def photo():
    return toy_photo()


@pytest.fixture(scope="module")
def page(photo):
    return Blocks(page_html(toy_report(photo, photo)).decode())


def hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_allows_this_script_and_this_style_and_no_request(page):
    assert page.policy.startswith("default-src 'none'; ")
    assert f"script-src {hashed(page.blocks['script'])};" in page.policy
    assert f"style-src {hashed(page.blocks['style'])};" in page.policy
    assert "img-src data: blob:;" in page.policy
    assert "http" not in page.policy
    assert "unsafe" not in page.policy


def test_nothing_in_the_page_leads_outside(page):
    assert all(address.startswith(("#", "data:image/svg+xml,")) for address in page.addresses)
    text = (page.blocks["style"] + page.blocks["script"]).replace(
        "http://www.w3.org/2000/svg", ""
    )  # a name, not a place
    assert "://" not in text


def test_every_block_is_named_by_its_photo_and_unpacks(page, photo):
    names = [name for name in page.blocks if "." in name]
    assert names.pop(0) == "style.tables"
    assert names == [f"{n}.{kind}" for n in (0, 1) for kind in ("photo", "map.0", "map.1", "map.2", "frames")]
    assert base64.b64decode(page.blocks["1.photo"]) == photo.photo.data
    assert base64.b64decode(page.blocks["0.map.2"]) == photo.maps[2].data


def test_the_index_is_json_that_cannot_end_its_block(photo):
    name = "</script><!-- & \u2028 \ud800 é"
    text = page_html(toy_report(replace(photo, name=name))).decode()
    page = Blocks(text)
    assert json.loads(page.blocks["index"])["photos"][0]["name"] == name
    assert page.blocks["index"].isascii()
    assert not set("<>&") & set(page.blocks["index"])
    assert not set("<>&") & set(Blocks(text).blocks["index"])


def test_what_is_put_in_is_not_filled_in_again(photo):
    report = replace(toy_report(photo), title="{{script}} <b> & {{blocks}}")
    text = page_html(report).decode()
    assert "<title>{{script}} &lt;b&gt; &amp; {{blocks}}</title>" in text


def test_the_same_content_gives_the_same_bytes(photo):
    assert page_html(toy_report(photo)) == page_html(toy_report(photo))


def test_it_comes_in_pieces_for_those_who_write_it_one_by_one(photo):
    parts = list(page_parts(toy_report(photo, photo)))
    assert len(parts) == 3 + 2 * 5


def test_one_photo_with_sixty_frames_is_under_three_megabytes():
    photo = made_up_photo(frames=60, methods=("integrated", "gradient", "left-integrated"))
    assert len(page_html(toy_report(photo))) < 3_000_000


def test_a_style_that_does_not_exist_is_refused(photo):
    with pytest.raises(UsageError, match="no style called"):
        page_html(toy_report(photo, style="nonsense"))


def test_a_script_that_would_end_its_own_block_is_noticed(monkeypatch):
    monkeypatch.setattr(markup, "page_asset", lambda name: "'</script>'")
    with pytest.raises(ValueError, match="own block"):
        markup._script()


def test_every_script_of_the_folder_is_inserted(root):
    folder = root / "igcli" / "rendering" / "page"
    assert {path.stem for path in folder.glob("*.js")} == set(markup.SCRIPTS)


def test_text_from_outside_enters_the_page_as_text_only(root):
    folder = root / "igcli" / "rendering" / "page"
    sinks = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc")
    assert not [path.name for path in folder.glob("*.js") if sinks.search(path.read_text(encoding="utf-8"))]


def test_no_script_is_longer_than_its_reader_can_hold(root):
    folder = root / "igcli" / "rendering" / "page"
    assert not [path.name for path in folder.glob("*.js") if len(path.read_text(encoding="utf-8").splitlines()) > 250]
