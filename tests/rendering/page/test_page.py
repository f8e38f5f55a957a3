from __future__ import annotations

from dataclasses import replace

import pytest
from rendering.page.browsing import painted, text
from rendering.page.pages import ORIGIN, page_html, toy_photo, toy_report

from igcli.rendering.page.content import ReportPage, Table

HOSTILE = [
    "<script>window.ran = 1</script>.jpg",
    "<img src=x onerror='window.ran = 1'>",
    "\"><svg onload=window.ran=1>",
    "</script><script>window.ran = 1</script>",
    "]]>--><!-- <title>{{script}}</title> &lt;b&gt; &amp;",
    "javascript:window.ran=1//${window.ran=1}`",
    "evil\u202egpj.exe\u200f\u2066 \u05d0\u05d1 \u2028\u2029 \u0000\u0007 \ud800",
    "ありがとう 🐈‍⬛ é́́́́ שלום",
    "x" * 5000,
]  # fmt: skip


@pytest.fixture(scope="module")
def photo():
    return toy_photo()


def hostile(photo, name: str):
    target = replace(photo.target, label=name)
    maps = tuple(replace(each, method=f"{name} {place}") for place, each in enumerate(photo.maps))
    score = replace(photo.score, against=name, note=name)
    return replace(photo, name=name, target=target, top=(target, *photo.top[1:]), maps=maps, score=score, notes=(name,))


def as_shown(name: str) -> str:
    """Lone surrogates cannot be in a document; everything else is shown as it is."""
    return name.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_and_labels_are_shown_and_not_run(visit, photo, name):
    page = visit(toy_report(hostile(photo, name)), width=390, height=844)
    painted(page)
    assert as_shown(page.locator("#name bdi").text_content()) == as_shown(name)
    assert as_shown(page.locator("#verdict bdi").first.text_content()) == as_shown(name)
    assert as_shown(page.locator("#top bdi").first.text_content()) == as_shown(name)
    assert page.evaluate("window.ran") is None
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_hostile_words_in_a_gallery_and_at_its_foot_are_shown_and_not_run(visit, photo):
    origin = replace(
        ORIGIN,
        network=replace(ORIGIN.network, name=HOSTILE[0]),
        settings={HOSTILE[1]: HOSTILE[2]},
        command=f"ig report '{HOSTILE[3]}'",
        caveat=HOSTILE[1],
    )
    tables = (Table(HOSTILE[0], (HOSTILE[1], HOSTILE[2]), ((HOSTILE[3], HOSTILE[4]),), note=HOSTILE[5]),)
    photos = [hostile(photo, name) for name in HOSTILE]
    page = visit(ReportPage(HOSTILE[3], origin, tuple(photos), tables, failures=(HOSTILE[1],)))
    page.wait_for_selector("#cards [data-state=shown]")
    assert [as_shown(name) for name in page.locator(".tile-name bdi").all_text_contents()] == list(
        map(as_shown, HOSTILE)
    )
    assert page.title() == HOSTILE[3]
    assert text(page, "h1") == HOSTILE[3]
    assert text(page, "#command") == f"ig report '{HOSTILE[3]}'"
    assert text(page, "#caveat") == HOSTILE[1]
    assert text(page, "#failures li") == HOSTILE[1]
    assert text(page, "#evaluation td") == HOSTILE[4]
    page.locator("#search").fill("<SCRIPT>")
    assert page.locator("#cards li:visible").count() == 2
    assert page.evaluate("window.ran") is None
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_names_from_right_to_left_do_not_turn_their_surroundings(visit, photo):
    page = visit(toy_report(replace(photo, name="\u202eabc")))
    assert page.locator("#name bdi").evaluate("element => getComputedStyle(element).unicodeBidi") == "isolate"


def test_the_policy_forbids_every_request_and_every_other_script(browser, tmp_path, photo):
    file = tmp_path / "report.html"
    file.write_bytes(page_html(toy_report(photo)))
    page = browser.new_page()
    failed, console = {}, []
    page.on("requestfailed", lambda request: failed.update({request.url: request.failure}))
    page.on("console", lambda message: console.append(message.text))
    page.goto(file.as_uri())
    painted(page)
    assert console == []
    page.evaluate("""async () => {
      await fetch("https://example.org/fetched").catch(() => {});
      const image = new Image(); image.src = "https://example.org/image.png"; document.body.append(image);
      const link = document.createElement("link"); link.rel = "stylesheet"; link.href = "https://example.org/s.css";
      document.head.append(link);
      const frame = document.createElement("iframe"); frame.src = "https://example.org/"; document.body.append(frame);
      const script = document.createElement("script");
      try { script.textContent = "window.ran = 1"; } catch {}
      document.body.append(script);
      try { document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.ran = 1'>"); } catch {}
    }""")
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    assert failed
    assert set(failed.values()) == {"csp"}
    assert any("Content Security Policy" in message for message in console)
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_system_and_can_be_turned(visit, photo, scheme):
    page = visit(toy_report(photo), color_scheme=scheme)

    def brightness() -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return int(colour.split("(")[1].split(",")[0])

    assert (brightness() > 128) == (scheme == "light")
    page.locator("#theme").click()
    assert (brightness() > 128) == (scheme == "dark")
    assert page.locator("#theme").get_attribute("aria-pressed") == ("true" if scheme == "light" else "false")


def test_the_foot_says_where_the_numbers_come_from_and_how_to_make_them_again(visit, photo):
    page = visit(toy_report(photo))
    facts = dict(zip(page.locator("#facts dt").all_text_contents(), page.locator("#facts dd").all_text_contents(),
                     strict=True))  # fmt: skip
    assert facts["network"] == "toy-net"
    assert facts["SHA-256 of the weights"] == "ab" * 32
    assert facts["method"] == "integrated, gradient, left-integrated"
    assert facts["seed"] == "0"
    assert "against" not in facts
    assert facts["versions"] == "igcli 0.1.0"
    assert facts["kept in this page"].startswith("maps in 32767 steps")
    assert text(page, "#command") == ORIGIN.command
    page.locator("#copy").click()
    assert page.evaluate("String(getSelection())") == ORIGIN.command


def test_the_caveat_of_the_network_cannot_be_missed(visit, photo):
    assert text(visit(toy_report(photo)), "#caveat") == ORIGIN.caveat


def test_what_failed_is_listed(visit, photo):
    page = visit(toy_report(photo, failures=("broken.jpg is not an image.",)))
    assert text(page, "#failures li") == "broken.jpg is not an image."


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_screen(visit, photo, width):
    page = visit(toy_report(photo, photo), "#photo-1", width=width, height=844)
    painted(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#back").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "height"), [(1280, 680), (1920, 900), (900, 600)])
def test_pictures_curve_and_slider_are_on_one_screen(visit, photo, width, height):
    page = visit(toy_report(photo), width=width, height=height)
    painted(page)
    for part in ("photo-frame", "map-frame", "curve", "alpha"):
        box = page.locator(f"#{part}").bounding_box()
        assert box["y"] + box["height"] <= height, part


def test_printed_it_is_light_and_without_what_can_only_be_clicked(visit, photo):
    page = visit(toy_report(photo), color_scheme="dark")
    painted(page)
    page.emulate_media(media="print")
    for gone in ("#theme", "#play", "#alpha", ".look"):
        assert page.locator(gone).is_hidden(), gone
    for there in ("#map", "#photo", "#curve", "#numbers", "#facts"):
        assert page.locator(there).is_visible(), there
    assert page.locator("#shown label:visible").all_text_contents() == ["Integrated"]
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(251, 251, 250)"
