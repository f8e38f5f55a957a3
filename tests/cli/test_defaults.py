"""``IGCLI_...``: every option has variables, which a wrong value names."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import click
import pytest
from toys import classifier, small_network

from igcli.cli.config_file import options_of
from igcli.cli.defaults import variables_of
from igcli.cli.main import COMMANDS, ig
from igcli.rendering.fonts import VARIABLE


@pytest.fixture(autouse=True)
def small_model(monkeypatch):
    model = classifier(small_network(), classes=5, size=32)
    monkeypatch.setattr("igcli.cli.model_options.load_model", lambda *_, **__: model)


def _record() -> dict:
    return json.loads(Path("out/motorcycle.json").read_text())


def test_a_variable_sets_an_option_of_every_command_and_one_with_a_name_of_one_alone(shell, motorcycle, monkeypatch):
    monkeypatch.setenv("IGCLI_STEPS", "3")
    monkeypatch.setenv("IGCLI_EXPLAIN_STEPS", "2")
    monkeypatch.setenv("IGCLI_EXPLAIN_SAVE_ARRAYS", "yes")
    monkeypatch.setenv("IGCLI_METHOD", "gradient integrated")
    assert shell("explain", motorcycle).exit_code == 0
    assert [each["method"] for each in _record()["results"]] == ["gradient", "integrated"]
    assert _record()["results"][1]["steps"] == 2
    assert Path("out/motorcycle.gradient.npz").exists()
    result = shell("compare", motorcycle, "--json")
    assert json.loads(result.stdout)["targets"][0]["results"][1]["steps"] == 3, result.output


def test_an_empty_variable_is_none(shell, motorcycle, monkeypatch):
    monkeypatch.setenv("IGCLI_STYLE", "")
    assert shell("explain", motorcycle, "--steps", "2").exit_code == 0


@pytest.mark.parametrize(
    ("name", "value"), [("IGCLI_STYLE", "blue"), ("IGCLI_EXPLAIN_STEPS", "few"), ("IGCLI_PANEL", "perhaps")]
)
def test_a_wrong_value_names_its_variable(shell, motorcycle, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    result = shell("explain", motorcycle)
    assert result.exit_code == 2
    assert f"The value is that of the variable {name}." in result.stderr


def test_an_error_that_comes_later_names_the_variables_too(shell, motorcycle, monkeypatch):
    monkeypatch.setenv("IGCLI_TARGET", "nonsense")
    result = shell("explain", motorcycle)
    assert result.exit_code == 2
    assert "Set in the environment: IGCLI_TARGET." in result.stderr


def test_json_from_a_variable_holds_for_errors(shell, motorcycle, monkeypatch):
    monkeypatch.setenv("IGCLI_JSON", "1")
    monkeypatch.setenv("IGCLI_TARGET", "nonsense")
    assert "nonsense" in json.loads(shell("explain", motorcycle).stdout)["error"]


def test_a_font_for_all_commands_is_no_error_where_none_is_drawn(shell, motorcycle, monkeypatch):
    import matplotlib as mpl

    monkeypatch.setenv(VARIABLE, str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "STIXGeneral.ttf"))
    assert shell("explain", motorcycle, "--steps", "2").exit_code == 0


def test_every_option_has_variables_and_none_means_two_options_of_a_command():
    meanings = defaultdict(set)
    for name in COMMANDS:
        command = ig.get_command(click.Context(ig), name)
        inner = command.commands if isinstance(command, click.Group) else {}
        for words, each in (([name], command), *(([name, word], one) for word, one in inner.items())):
            for option in options_of(each):
                for variable in variables_of(words, option):
                    meanings[variable].add((tuple(words), option))
    assert ("explain",) in {words for words, _ in meanings["IGCLI_EXPLAIN_FULL_SIZE"]}
    assert {option for _, option in meanings["IGCLI_FORMAT"]} == {"format"}
    for variable, found in meanings.items():
        assert len({option for _, option in found}) == 1, variable
