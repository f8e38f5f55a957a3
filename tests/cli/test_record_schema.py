"""Everything that ``ig`` writes or prints as JSON is of one kind, and only one, of ``record.schema.json``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from PIL import Image
from record_kinds import kinds_of, schema
from toys import classifier, small_network

from igcli.cli.main import ig
from igcli.jobs.outputs.record import SCHEMA, new_record
from igcli.registry import Plugin

STEPS = ("--steps", "4")


@pytest.fixture
def photo(tmp_path, monkeypatch) -> Path:
    """A photo in a folder with a damaged one; every network is a toy of five classes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("igcli.cli.model_options.load_model", lambda *_, **__: classifier(small_network(), classes=5))
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.radial_gradient("L").convert("RGB").save(folder / "a.png")
    (folder / "b.png").write_bytes(b"no picture")
    (tmp_path / "references").mkdir()
    Image.linear_gradient("L").convert("RGB").save(tmp_path / "references" / "a.png")
    return folder / "a.png"


def printed(*arguments: object) -> list[str]:
    result = CliRunner().invoke(ig, [*map(str, arguments), "--json"])
    assert result.exit_code in (0, 1), result.output
    return [kind for line in result.stdout.splitlines() for kind in kinds_of(json.loads(line)) or [line]]


def written(folder: Path = Path("out")) -> dict[str, list[str]]:
    """Of each file of JSON, but for what ``ig`` keeps for itself, the kinds of its records."""
    found = {}
    for path in sorted(folder.rglob("*.json*")):
        if ".igcli" not in path.parts:
            text = path.read_text(encoding="utf-8")
            records = text.splitlines() if path.suffix == ".jsonl" else [text]
            found[path.name] = [kind for each in records for kind in kinds_of(json.loads(each)) or [each]]
    return found


def test_the_schema_is_one_itself():
    Draft202012Validator.check_schema(schema())
    assert schema()["$defs"]["version"]["const"] == SCHEMA


def test_a_key_that_the_schema_does_not_have_is_refused():
    assert kinds_of(new_record(file="a.toml")) == ["model_file"]
    assert not kinds_of(new_record(file="a.toml", colour="red"))
    assert not kinds_of({"schema": "igcli/2", "file": "a.toml"})


def test_explain_from_a_folder_of_references(photo):
    assert printed("explain", photo, "--baseline", photo.parent.parent / "references", *STEPS) == ["explanation"]


def test_explain_one_photo_with_all_that_it_can_add(photo):
    extras = ("--panel", "--animation", "--saturation", "--report", "--target", "top-2", "--method", "gradient")
    assert printed("explain", photo, "--method", "integrated", *extras, *STEPS) == ["explanation"] * 2
    assert set(map(tuple, written().values())) == {("explanation",)}


def test_explain_low_passed_with_regions(photo):
    pytest.importorskip("skimage", reason="scikit-image is not installed")
    assert printed("explain", photo, "--lowpass", "5:signed", "--regions", *STEPS) == ["explanation"]


def test_explain_a_collection(photo):
    assert printed("explain", photo.parent, *STEPS) == ["explanation", "error"]
    kinds = {"a.json": ["explanation"], "index.jsonl": ["explanation"], "failures.jsonl": ["failure"]}
    assert written() == {**kinds, "run.json": ["run"]}


@pytest.mark.parametrize("form", ["gif", "frames"])
def test_animate(photo, form):
    assert printed("animate", photo, "--frames", "3", "--format", form) == ["explanation"]
    assert written() == {"a.interior.json": ["explanation"]}


def test_saturation_with_layers(photo):
    assert printed("saturation", photo, "--points", "5", "--layers", "0") == ["saturated_photo", "saturation"]
    assert written() == {"layers.json": ["layers"], "saturation.json": ["saturation"]}


def test_compare_and_ablate(photo):
    assert printed("compare", photo, "--target", "top-2", "--method", "gradient") == ["comparison"]
    assert printed("ablate", photo, "--box", "1,1,5,5", *STEPS) == ["ablation"]
    assert written() == {"a.compare.json": ["comparison"], "a.ablate.json": ["ablation"]}


def test_evaluate_and_choose_a_cut_off(photo):
    arguments = ("--calibrate", "lowpass", "--lowpass", "none,3", "--set", "deletion.steps=4", *STEPS)
    assert printed("evaluate", photo, *arguments) == ["metrics", "cutoffs"]
    assert written() == {"a.json": ["card"], "evaluation.json": ["evaluation"], "lowpass.json": ["cutoffs"]}


def test_evaluate(photo):
    metrics = ("--metric", "deletion", "--metric", "completeness", "--set", "deletion.steps=4")
    assert printed("evaluate", photo, *metrics, *STEPS) == ["metrics"]
    assert written() == {"a.json": ["card"], "evaluation.json": ["evaluation"]}


def test_report(photo):
    assert printed("report", photo, *STEPS) == ["report"]


def test_check(photo):
    assert printed("check", "--method", "gradient", "--method", "integrated") == ["check"]


def test_models(photo):
    assert set(printed("models")) == {"listed_model"}
    assert printed("models", "show") == ["listed_model"]
    assert printed("models", "describe", "caltech101", "--save", "a.toml") == ["model_file"]


def test_weights(photo, monkeypatch):
    monkeypatch.setattr("igcli.cli.weights.fetch_weights", lambda *_, **__: True)
    assert printed("weights", "fetch", "googlenet") == ["weights"]


def test_plugins(monkeypatch):
    found = Plugin("mine", "mine:all", "mine-package", "1.0", ("model mine",), "")
    monkeypatch.setattr("igcli.cli.plugins.load_plugins", lambda: [found])
    assert printed("plugins") == ["plugin"]


def test_errors_of_a_photo_and_of_a_command(photo):
    assert printed("explain", "missing.jpg") == ["error"]
    result = CliRunner().invoke(ig, ["explain", str(photo), "--style", "none", "--json"])
    assert kinds_of(json.loads(result.stdout)) == ["error"]


def test_a_method_with_references_has_where_its_paths_ended(photo):
    options = ("-m", "ig2", "--references", photo.parent, "--target", "class c", *STEPS)
    (photo.parent / "b.png").unlink()
    Image.radial_gradient("L").rotate(90).resize((30, 40)).convert("RGB").save(photo.parent / "other.png")
    assert printed("explain", photo, *options) == ["explanation"]
    (record,) = Path("out").glob("*.json")
    (result,) = json.loads(record.read_text(encoding="utf-8"))["results"]
    assert result["completeness"]["sums_to"] == "end"
    assert {end["reference"] for end in result["path_ends"]} <= {"a.png", "other.png"}


def test_molecules(tmp_path, monkeypatch):
    pytest.importorskip("rdkit", reason="molecules need igcli[molecules]")
    monkeypatch.chdir(tmp_path)
    assert printed("molecule", "CCO", "c1ccc", *STEPS) == ["explanation", "error"]
    kinds = {kind for found in written().values() for kind in found}
    assert kinds == {"explanation", "failure", "run"}
    assert printed("molecule", "CCO", "--saturation", "--points", "3", "-o", "plots") == [
        "saturated_photo",
        "saturation",
    ]
    assert printed("molecule", "CNCOC", "--check") == ["equal_atoms"] * 2
