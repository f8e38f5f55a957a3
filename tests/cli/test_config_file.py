"""Defaults in ``igcli.toml`` and ``pyproject.toml``: what they set, and that a stranger's folder is safe to be in."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
import pytest

from igcli.cli.config_file import COMMAND_LINE_ONLY, options_of
from igcli.cli.main import COMMANDS, ig
from igcli.cli.path_types import OutputPath

FEW = ("--model", "caltech101", "--device", "cpu", "--steps", "2")


@pytest.fixture
def config(tmp_path):
    """Writes a file into the current folder of ``shell``."""

    def write(text: str, name: str = "igcli.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def drawing_of(folder: Path) -> dict:
    return json.loads((folder / "motorcycle.json").read_text())["results"][0]["drawing"]


@pytest.mark.parametrize(
    ("name", "before"), [("igcli.toml", ""), ("pyproject.toml", "[tool.ruff]\nline-length = 80\n[tool.igcli]\n")]
)
def test_a_file_sets_options_and_says_so_once(shell, config, motorcycle, tmp_path, name, before):
    config(f'{before}style = "heat"\n', name)
    result = shell("explain", motorcycle, *FEW)
    assert result.exit_code == 0, result.output
    assert drawing_of(tmp_path / "out")["style"] == "heat"
    said = "igcli.toml: --style heat" if name == "igcli.toml" else "pyproject.toml [tool.igcli]: --style heat"
    assert result.stderr.count(said) == 1
    assert name not in result.stdout


def test_the_commands_own_table_comes_before_the_top(shell, config, motorcycle, tmp_path):
    config('style = "map"\nframes = 2\n[explain]\nstyle = "heat"\npanel = true\nmethod = ["gradient", "integrated"]\n')
    result = shell("explain", motorcycle, *FEW)
    assert result.exit_code == 0, result.output
    assert drawing_of(tmp_path / "out")["style"] == "heat"
    assert (tmp_path / "out" / "motorcycle.panel.png").exists()
    assert (tmp_path / "out" / "motorcycle.gradient.png").exists()
    assert "--frames" not in result.stderr  # which ig explain does not have


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(shell, config, motorcycle, monkeypatch):
    config('style = "heat"\n')
    monkeypatch.setenv("IGCLI_STYLE", "map")
    result = shell("explain", motorcycle, *FEW, "-o", "a")
    assert drawing_of(Path("a"))["style"] == "map", result.output
    assert "igcli.toml" not in result.stderr  # nothing was taken from it
    shell("explain", motorcycle, *FEW, "-o", "b", "--style", "signed")
    assert drawing_of(Path("b"))["style"] == "signed"


def test_igcli_toml_is_read_in_place_of_pyproject(shell, config, motorcycle, tmp_path):
    config('[tool.igcli]\nstyle = "map"\n', "pyproject.toml")
    config('style = "heat"\n')
    assert shell("explain", motorcycle, *FEW).exit_code == 0
    assert drawing_of(tmp_path / "out")["style"] == "heat"


@pytest.mark.parametrize("text", ["[tool.ruff]\n", "this is not TOML", "[tool]\nigcli-other = 1\n"])
def test_a_pyproject_of_others_is_no_concern(shell, config, text):
    config(text, "pyproject.toml")
    result = shell("plugins")
    assert result.exit_code == 0
    assert "pyproject" not in result.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('styel = "heat"', "styel is no option of ig. Did you mean style"),
        ("[explan]\npanel = true", "explan is no table of ig. Did you mean explain"),
        ("[explain]\nfps = 3", "fps in [explain] is no option of ig explain."),
        ("[explain]\nfull_size = true", "full_size in [explain] is no option of ig explain. Did you mean full-size"),
        ("[explain.style]\nheat = true", "style in [explain] is an option, and here it is a table"),
        ("[style]\nheat = true", "style is an option, and here it is a table"),
        ("explain = true", "explain is a command: write [explain]"),
        ('panel = "yes"', "panel must be true or false, and not 'yes'"),
        ("panel = 1", "panel must be true or false, and not 1"),
        ('seed = "large"', "seed must be a number, and not 'large'"),
        ("seed = true", "seed must be a number, and not True"),
        ("style = true", "style must be a text or a number, and not True"),
        ("style = 2026-01-01", "style must be a text or a number, and not datetime.date"),
        ('method = [["gradient"]]', "method must be a text or a number, or a list of them, and not ['gradient']"),
        ('labels = "a\\u0000b"', "labels has a NUL character"),
        ('style = "blue"', "'blue' is not one of 'lit', 'heat', 'signed', 'map'. The value is from igcli.toml, style."),
        ("[explain]\ninput-size = 0", "The value is from igcli.toml, input-size in [explain]."),
        ("= =", "igcli.toml is not TOML"),
        ("a = " + "[" * 5000, "igcli.toml is not TOML"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_the_key(shell, config, motorcycle, text, said):
    config(text + "\n")
    result = shell("explain", motorcycle, "-q")
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert "igcli.toml" in result.stderr
    assert not Path("out").exists()


def test_a_pipe_or_a_huge_file_in_place_of_a_config_file_does_not_hold_a_command_up(shell, config, tmp_path):
    os.mkfifo(tmp_path / "igcli.toml")
    assert "igcli.toml cannot be read: it is a pipe" in shell("plugins").stderr
    (tmp_path / "igcli.toml").unlink()
    config("#" * (1 << 21))
    assert "igcli.toml cannot be read: it has more than" in shell("plugins").stderr


def test_help_and_completion_do_not_depend_on_the_file(shell, config):
    config("= =")
    for arguments in (("explain", "--help"), ("explain", "--help-all"), ("help", "explain")):
        assert shell(*arguments).exit_code == 0


def test_a_group_says_once_what_its_command_takes(shell, config):
    config("verbose = true\n")
    assert shell("models", "show", "caltech101").stderr.count("igcli.toml") == 1


def test_a_file_that_silences_the_command_is_said_nevertheless(shell, config, motorcycle):
    config("quiet = true\n")
    assert "igcli.toml: --quiet" in shell("explain", motorcycle, *FEW).stderr


def test_what_a_protocol_sets_is_not_taken_for_the_files(shell, config, motorcycle):
    config('score = "logit"\n')
    result = shell("evaluate", motorcycle, "--protocol", "rise", "--model", "nope")
    assert "igcli.toml" not in result.stderr or "--score" in result.stderr
    assert "--metric" not in result.stderr.partition("igcli.toml")[2].partition("\n")[0]


@pytest.mark.parametrize("command", ["explain", "evaluate"])
def test_a_rule_of_the_file_is_not_dropped_as_a_protocols_is(shell, config, motorcycle, command):
    config('rule = "right"\n')
    result = shell(command, motorcycle, *FEW[:4], "--steps", "auto")
    assert result.exit_code == 2
    assert "--rule right places a number of steps" in result.stderr


# A stranger's folder.


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('model = "net.py:build"', "model is 'net.py:build': a file does not choose code that is run"),
        ('[explain]\nmodel = "net:build"', "model in [explain] is 'net:build': a file does not choose code"),
        ('model = "net.py"', "a file does not choose code that is run"),
        ('model = "net.pt"', "a file does not choose code that is run"),
        ('model = "./net.pt2"', "a file does not choose code that is run"),
        ('model = "./folder"', "a file does not choose code that is run"),
        ('path = "net.py:build"', "path is 'net.py:build': a file does not choose code that is run"),
        ("trust-pickle = true", "trust-pickle is not taken from a file"),
        ("trust-pickle = false", "trust-pickle is not taken from a file"),
        ("[explain]\ntrust-model-file = true", "trust-model-file in [explain] is not taken from a file"),
        ('model-arg = "checkpoint_path=x.pth"', "model-arg is not taken from a file"),
        ('engine = "ray"\nray-address = "ray://elsewhere:10001"', "ray-address is not taken from a file"),
        ("overwrite = true", "overwrite is not taken from a file"),
        ("max-pixels = 1000000000000", "max-pixels is not taken from a file"),
        ('output = "../elsewhere"', "output is '../elsewhere', outside this folder"),
        ('output = "/tmp/elsewhere"', "output is '/tmp/elsewhere', outside this folder"),
        ('output = "link/elsewhere"', "output is 'link/elsewhere', outside this folder"),
    ],
)
def test_a_file_can_neither_run_code_nor_trust_nor_write_elsewhere(shell, config, motorcycle, tmp_path, text, said):
    ran = tmp_path.parent / f"{tmp_path.name}-ran"
    code = f"import pathlib\npathlib.Path({str(ran)!r}).touch()\n"
    for name in ("net.py", "sitecustomize.py", "igcli.py", "usercustomize.py"):
        (tmp_path / name).write_text(code)
    (tmp_path / "link").symlink_to("..")
    config(text + "\n")
    result = shell("explain", motorcycle)
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert not ran.exists()


def test_trust_from_elsewhere_does_not_reach_what_a_file_names(shell, config, motorcycle, monkeypatch):
    config('model = "net.toml"\n')
    named = shell("explain", motorcycle, "--trust-model-file")
    assert named.exit_code == 2
    assert "--trust-model-file trusts what igcli.toml, model, names" in named.stderr
    config('weights = "net.pth"\n')
    monkeypatch.setenv("IGCLI_TRUST_PICKLE", "1")
    assert "--trust-pickle trusts what igcli.toml, weights, names" in shell("explain", motorcycle).stderr


def test_a_file_can_name_a_published_network_and_data(shell, config, motorcycle):
    config('model = "caltech101"\nsteps = 2\noutput = "maps"\npath = "blur"\n')
    result = shell("explain", motorcycle)
    assert result.exit_code == 0, result.output
    assert Path("maps/motorcycle.json").exists()


def _all_options() -> list[tuple[str, click.Option]]:
    found = []
    for name in COMMANDS:
        command = ig.get_command(click.Context(ig), name)
        inner = command.commands.values() if isinstance(command, click.Group) else ()
        for each in (command, *inner):
            found += [(spelled, option) for spelled, option in options_of(each).items()]
    return found


def test_every_option_that_trusts_or_takes_code_is_guarded():
    options = _all_options()
    assert set(COMMAND_LINE_ONLY) <= {name for name, _ in options}
    for name, option in options:
        record = f"{option.metavar} {option.help}"
        if "trust" in name:
            assert name in COMMAND_LINE_ONLY
        if "FUNCTION" in record or ".py" in record:
            assert name in ("model", "path", "trust-model-file"), name
        if name in ("output", "save"):
            assert isinstance(option.type, OutputPath) or name in COMMAND_LINE_ONLY
