"""A page's content as one HTML file that loads nothing else.

The template, the style sheet and the scripts are files next to this one and are inserted unchanged. Names and labels
are stored as JSON that cannot end its block, and the scripts insert them as text; pictures and numbers are blocks of
base64 that are unpacked when they are shown.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from importlib.resources import files

from igcli.rendering.page.content import PhotoPage, ReportPage
from igcli.rendering.page.index import index_of, script_json
from igcli.rendering.page.packing import deflate
from igcli.rendering.page.style_tables import painted_styles, tables_of

#: In the order in which they are put together: each uses only those before it.
SCRIPTS = (
    "words",
    "decode",
    "paint",
    "drawing",
    "curve",
    "readout",
    "path",
    "about",
    "viewer",
    "gallery",
    "evaluation",
    "page",
)

_POLICY = (
    "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


def page_parts(page: ReportPage) -> Iterator[str]:
    """The page in pieces, to be written one after another: no piece is larger than one photo's numbers.

    The same content gives the same pieces.

    Raises
    ------
    UsageError
        For a style that does not exist, or that the page cannot paint.
    """
    style, script = page_asset("page.css"), _script()
    words = {
        "policy": _POLICY.format(script=policy_hash(script), style=policy_hash(style)),
        "title": html.escape(page.title),
        "style": style,
        "index": script_json(index_of(page)),
        "script": script,
    }
    head, tail = page_asset("page.html").split("{{blocks}}")
    yield filled(head, words)
    yield _block("style.tables", deflate(tables_of(painted_styles(page.style))))
    for number, photo in enumerate(page.photos):
        yield from _blocks(number, photo)
    yield filled(tail, words)


def _blocks(number: int, photo: PhotoPage) -> Iterator[str]:
    yield _block(f"{number}.photo", photo.photo.data)
    for place, each in enumerate(photo.maps):
        yield _block(f"{number}.map.{place}", each.data)
    if photo.frames is not None:
        yield _block(f"{number}.frames", photo.frames.data)


def _block(name: str, data: bytes) -> str:
    text = base64.b64encode(data).decode("ascii")
    return f'<script type="application/octet-stream;base64" id="{name}">{text}</script>\n'


def _script() -> str:
    """All scripts in one function, so that they define no global names."""
    text = "".join(page_asset(f"{name}.js") for name in SCRIPTS)
    if re.search(r"</script|<!--", text, re.IGNORECASE):
        raise ValueError("a script of the page would end its own block")
    return f'"use strict";\n(() => {{\n{text}}})();\n'


def page_asset(name: str) -> str:
    """A template, style sheet or script next to this file."""
    return (files("igcli.rendering.page") / name).read_text(encoding="utf-8")


def policy_hash(text: str) -> str:
    """SHA-256 in base64: what a page's policy allows a style sheet or script by."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def filled(template: str, words: dict[str, str]) -> str:
    """A template with ``{{name}}`` replaced by the words of this name."""
    # In one pass: inserted text that looks like a placeholder is not replaced.
    return re.sub(r"\{\{(\w+)\}\}", lambda match: words[match[1]], template)
