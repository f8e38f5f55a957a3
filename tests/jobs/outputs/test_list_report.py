"""Pages made of records: what a run wrote comes back, and what is no record of it is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from igcli.attribution.explain import explain
from igcli.attribution.wanted import Wanted
from igcli.errors import OutputError
from igcli.inputs import TextInput
from igcli.jobs.outputs.list_report import Listed, write_list_report
from igcli.jobs.outputs.record import new_record, record_of, result_entry
from igcli.jobs.plan import ModelFacts
from igcli.models.model import Provenance
from igcli.text.model import TextModel, TextOptions
from igcli.text.scored import ScoredText
from igcli.text.tokens import Token


class Tokeniser:
    def tokenise(self, text):
        return [Token(word, len(word), word, place > 0) for place, word in enumerate(text.split())]

    def embed(self, tokens):
        return torch.stack([torch.full((3,), float(token.number)) for token in tokens])

    def special(self, name):
        return None


@pytest.fixture(scope="module")
def record():
    class Mean(torch.nn.Module):
        def forward(self, embeddings):
            return embeddings.mean(dim=(1, 2))[:, None] * torch.tensor([[0.2, -0.1]])

    model = TextModel(Mean(), ["good", "bad"], tokeniser=Tokeniser(), provenance=Provenance("mean", "none", "ab" * 32))
    entry = TextInput("one three seven", source="list.txt", line=4)
    sample = model.read(entry, fit=None, options=TextOptions())
    (found,) = explain(model, [sample], Wanted(("integrated", "gradient")))[0]
    results = [result_entry(each, device="cpu", batch_size=1, drawing={}) for each in found.results.values()]
    trace = found.trace
    path = {"alphas": trace.alphas.tolist(), "scores": trace.scores.tolist(), "mean_importance": None, "settings": {}}
    views = {"text": ScoredText.of(found, next_word=False).record, "path": path}
    return record_of(ModelFacts.of(model), found, results, files={}, timing={}, views=views, entry=entry)


def molecule_record(record, **files):
    entry = {
        "smiles": "CO", "name": None, "atoms": ["C", "O"],
        "contributions": {"integrated": {
            "atoms": [0.25, None], "pairs": [{"atoms": [0, 1], "distance": 1, "value": 0.125}], "sums": {},
        }},
    }  # fmt: skip
    kept = {name: value for name, value in record.items() if name not in ("text", "path")}
    return {**kept, "molecule": entry, "files": files}


def page(folder, *records, **more):
    path = folder / "page.html"
    count, _ = write_list_report(path, records, folder=folder, title="A page", command="ig report x", **more)
    return count, path.read_text() if path.exists() else None


def test_a_record_is_shown_with_its_words_numbers_and_place(record, tmp_path):
    count, text = page(tmp_path, record, record, failures=["list.txt:9: It is empty."])
    assert count == 2
    for shown in ("list.txt:4: one three seven", "good", "list.txt:9: It is empty.", "ig report x", "ab" * 32):
        assert shown in text
    for value in record["text"]["numbers"]["integrated"]:
        assert f"{value:+.4f}" in text
    assert text.count("<polyline") == 2


def test_records_of_earlier_versions_have_no_curve(record, tmp_path):
    old = json.loads(json.dumps({name: value for name, value in record.items() if name != "path"}))
    del old["text"]["spaced"]
    _, text = page(tmp_path, old)
    assert "one three seven" in text
    assert "<polyline" not in text


def test_without_a_record_nothing_is_written(tmp_path):
    assert page(tmp_path) == (0, None)


@pytest.mark.parametrize("damage", [
    {"text": {}}, {"text": None}, {"target": 3}, {"score": {}}, {"results": [{"method": "integrated"}]}, {"input": []},
    {"path": {"alphas": [0, 1], "scores": [0]}}, {"path": {"alphas": [0, 0.5, 1], "scores": [0, None, 1]}},
])  # fmt: skip
def test_a_damaged_record_is_one_sentence_and_leaves_the_page_as_it_was(record, tmp_path, damage):
    (tmp_path / "page.html").write_text("before")
    with pytest.raises(OutputError, match=r"damaged|explain again"):
        page(tmp_path, record, {**record, **damage})
    assert (tmp_path / "page.html").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_a_molecule_has_its_drawing_from_the_folder(record, tmp_path):
    (tmp_path / "co.integrated.svg").write_text("<svg/>")
    _, text = page(tmp_path, molecule_record(record, **{"integrated.svg": "co.integrated.svg"}))
    assert "data:image/svg+xml;base64,PHN2Zy8+" in text
    assert "+nan" in text  # a number that JSON does not have


def test_no_file_from_outside_the_folder_comes_onto_the_page(record, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (tmp_path / "secret.svg").write_text("secret")
    (folder / "link.svg").symlink_to(tmp_path / "secret.svg")
    (folder / "other.txt").write_text("secret")
    for name in ("../secret.svg", str(tmp_path / "secret.svg"), "link.svg", "other.txt", "missing.svg"):
        with pytest.raises(OutputError):
            page(folder, molecule_record(record, **{"integrated.svg": name}))


def test_a_folder_is_of_lists_where_it_has_their_index_or_records_of_their_own(record, tmp_path):
    assert Listed(tmp_path).kinds == ()
    assert Listed(tmp_path / "missing").kinds == ()
    (tmp_path / "photo.json").write_text(json.dumps(new_record(image={})))
    (tmp_path / "broken.json").write_text("{")
    assert Listed(tmp_path).kinds == ()
    (tmp_path / "co.json").write_text(json.dumps(molecule_record(record)))
    assert Listed(tmp_path).kinds == ("molecule",)
    assert [each["molecule"]["smiles"] for each in Listed(tmp_path).records()] == ["CO"]
    (tmp_path / "index.text.jsonl").write_text(f"{json.dumps(record)}\n" * 3)
    assert Listed(tmp_path).kinds == ("text",)
    assert len(list(Listed(tmp_path).records())) == 3


def test_a_damaged_index_is_one_sentence(tmp_path):
    listed = Listed(tmp_path)
    (tmp_path / "index.text.jsonl").write_text('{"schema": ')
    with pytest.raises(OutputError, match="damaged"):
        list(listed.records())
    (tmp_path / "failures.text.jsonl").write_text('{"path": "x"}\n')
    with pytest.raises(OutputError, match="damaged"):
        listed.failures()


def test_a_text_that_was_read_back_is_the_text_that_was_written(record):
    from igcli.jobs.outputs.list_report import _text_of

    again = _text_of(json.loads(json.dumps(record)))
    assert again.record == record["text"]
    assert [token.spaced for token in again.tokens] == [False, True, True]
    assert again.gaps["integrated"].within_tolerance
    assert replace(again, numbers={}).score.at_image == record["score"]["at_image"]
