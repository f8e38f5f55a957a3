"""The notebook runs from the top to the bottom as Jupyter would run it, and its cells show what they say."""

from __future__ import annotations

import ast
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

NOTEBOOK = Path(__file__).with_name("first_photo.ipynb")


def notebook() -> dict[str, Any]:
    return json.loads(NOTEBOOK.read_text(encoding="utf-8"))


def sources(kind: str) -> list[str]:
    return ["".join(cell["source"]) for cell in notebook()["cells"] if cell["cell_type"] == kind]


def run(source: str, names: dict[str, Any]) -> Any:
    """Run a cell; the value of its last line, if that is an expression, as Jupyter shows it. Magics are left out."""
    tree = ast.parse(re.sub(r"^(\s*)%.*$", r"\1pass", source, flags=re.MULTILINE))
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, NOTEBOOK.name, "exec"), names)
    return None if last is None else eval(compile(ast.Expression(last.value), NOTEBOOK.name, "eval"), names)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The values that cells end with, by the first line of their last statement; the names; the folder."""
    folder = tmp_path_factory.mktemp("notebook")
    shown, names = {}, {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for source in sources("code"):
            value = run(source, names)
            if value is not None:
                shown[source.splitlines()[-1]] = value
    return shown, names, folder


def size_of(png: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(png)).size


def test_every_cell_that_ends_with_a_value_shows_it(ran):
    shown, _, _ = ran
    images = {line.partition("(")[0]: each.size for line, each in shown.items() if isinstance(each, Image.Image)}
    assert set(images) == {"igcli.compare", "igcli.saturation"}
    assert size_of(shown["photo"]._repr_png_()) == (224, 224)
    assert size_of(shown["result"]._repr_png_())[0] > 2 * 224
    assert size_of(shown["results[0]"]._repr_png_())[0] > 2 * 224


def test_the_film_and_the_page_are_written_and_shown(ran):
    shown, _, folder = ran
    film, page = (shown[line]._repr_html_ for line in shown if line.startswith(("igcli.animate", "igcli.report")))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert film().startswith("<img")
        assert page().startswith("<iframe")
    with Image.open(folder / "film.gif") as gif:
        assert gif.n_frames == 26


def test_the_network_of_ones_own_learns_and_its_maps_lie_on_what_it_learned(ran):
    _, names, _ = ran
    found = [each.target.label for each in names["results"]]
    assert found == ["horizontal", "vertical"] * 2
    # a ninth of the picture; what the network has learned to look for is nowhere else
    assert min(names["shares"]) > 3 * names["PATCH"] ** 2 / names["SIDE"] ** 2
    for picture, (values, _) in zip(names["pictures"], names["drawn"], strict=True):
        assert np.array_equal(picture.array(), values)


def test_nothing_that_a_run_made_is_stored():
    content = notebook()
    assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
    names = [cell["id"] for cell in content["cells"]]
    assert len(set(names)) == len(names)


def test_it_begins_and_ends_with_words_and_no_cell_is_empty():
    kinds = [cell["cell_type"] for cell in notebook()["cells"]]
    assert kinds[0] == kinds[-1] == "markdown"
    for source in sources("code") + sources("markdown"):
        assert source
        assert source == source.strip()
