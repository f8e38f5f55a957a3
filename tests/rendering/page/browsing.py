"""What tests read from an open page."""

from __future__ import annotations

import base64
import time
from typing import Any

import numpy as np

_PIXELS = """id => {
  const canvas = document.getElementById(id);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let text = "";
  for (let i = 0; i < data.length; i += 4096) text += String.fromCharCode(...data.subarray(i, i + 4096));
  return [canvas.width, canvas.height, btoa(text)];
}"""


def painted(page: Any) -> None:
    """Wait until the map that was chosen last is painted."""
    page.wait_for_selector('#map-frame[aria-busy="false"]')


def pixels(page: Any, canvas: str = "map") -> np.ndarray:
    """The canvas as (H, W, 3) integers."""
    painted(page)
    width, height, text = page.evaluate(_PIXELS, canvas)
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)[..., :3].astype(int)


def choose(page: Any, group: str, text: str) -> None:
    """Pick the radio button of this name in the group of this id."""
    page.locator(f"#{group}").get_by_role("radio", name=text, exact=True).check(force=True)


def slide(page: Any, slider: str, value: float) -> None:
    """Put a slider at a value."""
    page.locator(f"#{slider}").fill(f"{value:g}")  # 1 rather than 1.0, as the slider itself writes it


def text(page: Any, selector: str) -> str:
    """The words in an element, spaces run together."""
    return " ".join(page.locator(selector).text_content().split())


def eventually(page: Any, condition: str) -> None:
    """Wait until an expression holds. (Playwright's own wait_for_function evaluates text, which the page forbids.)"""
    end = time.monotonic() + 60
    while not page.evaluate(condition):
        assert time.monotonic() < end, condition
        page.wait_for_timeout(30)
