"""``ig models`` as its users meet it."""

import json

from igcli.models.zoo import MODELS


def test_lists_every_model_with_its_summary(shell):
    result = shell("models")
    assert result.exit_code == 0
    for line, entry in zip(result.stdout.splitlines(), MODELS.entries(), strict=True):
        assert line.split()[0] == entry.name
        assert line.endswith(entry.summary)


def test_lists_the_layers_and_marks_the_default_ones(shell):
    lines = shell("models", "caltech101", "--layers").stdout.splitlines()
    assert lines[0] == "conv1"
    assert "inception4b.branch1" in lines
    marked = [line.split()[0] for line in lines if line.endswith("(default)")]
    assert marked == ["inception3b", "inception4b", "inception4d", "inception5b"]


def test_json_has_the_same(shell):
    assert [json.loads(line)["model"]["name"] for line in shell("models", "--json").stdout.splitlines()] == list(MODELS)
    record = json.loads(shell("models", "caltech101", "--layers", "--json").stdout)
    assert "fc" in record["model"]["layers"]
    assert len(record["model"]["default_layers"]) == 4


def test_an_unknown_model_is_a_sentence(shell):
    result = shell("models", "caltech")
    assert result.exit_code == 2
    assert "Did you mean 'caltech101'?" in result.stderr
