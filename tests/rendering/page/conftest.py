"""A real browser, and pages opened in it that must not complain, nor request anything else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from rendering.page.pages import page_html

from igcli.rendering.page.content import ReportPage
from igcli.rendering.page.entries import ListPage

Visit = Callable[..., Any]

# A plot is drawn in the frame after the one in which its width is first observed; the first may be under way already.
_FRAMES = "async () => { for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame); }"


def _without_browser(reason: str) -> NoReturn:
    if os.environ.get("TESTS_BROWSER") == "required":
        pytest.fail(f"TESTS_BROWSER is 'required', but {reason}")
    pytest.skip(reason)


# One per module: while it runs, the thread has an event loop, which tests of other rooms do not expect.
@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Any]:
    """The system's Chromium, headless; a test that asks for it is skipped where there is none, or none that works."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        _without_browser("no Chromium is installed (apt-get install chromium)")
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        _without_browser("Playwright is not installed (pip install playwright)")
    with sync_playwright() as playwright:
        browser = None
        try:
            browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
            _opens_a_file(browser, tmp_path_factory.mktemp("trial") / "trial.html")
        except Error as problem:  # libraries are missing, or it is confined to folders of its own
            if browser is not None:
                browser.close()
            browser, reason = None, f"{executable} does not work here: {problem.message.splitlines()[0]}"
        if browser is None:
            _without_browser(reason)
        yield browser
        browser.close()


def _opens_a_file(browser: Any, file: Path) -> None:
    file.write_text("<title>trial</title>")
    page = browser.new_page()
    page.goto(file.as_uri())
    page.close()


@pytest.fixture
def visit(browser, tmp_path) -> Iterator[Visit]:
    """Open a report; afterwards no page may have complained, or have requested anything but its own file."""
    contexts, complaints, requests = [], [], []

    def visit(
        report: ReportPage | ListPage, address: str = "", *, width: int = 1280, height: int = 900, **options: object
    ) -> Any:
        file = tmp_path / f"report{len(contexts)}.html"
        file.write_bytes(page_html(report))
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)  # a busy machine is slow, not wrong
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(file.as_uri() + address)
        page.evaluate(_FRAMES)
        return page

    yield visit
    for context in contexts:
        complaints += context.pages[0].locator("#problem:visible").all_text_contents()
        context.close()
    assert complaints == []
    own = tmp_path.as_uri()
    assert [url for url in requests if not url.startswith((own, "data:", "blob:"))] == []
