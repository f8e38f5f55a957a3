import ast
import json
import os
import re
import subprocess
import sys
from unittest.mock import Mock

import click
import pytest
from click.testing import CliRunner

from igcli.cli import reference
from igcli.cli.help import SECTIONS, sections
from igcli.cli.main import COMMANDS, ig, main
from igcli.errors import IgError

ig_on_path = [sys.executable, "-m", "igcli"]


def test_the_module_and_the_console_script_are_the_same_command():
    from importlib.metadata import entry_points

    (script,) = entry_points(group="console_scripts", name="ig")
    assert script.value == "igcli.cli.main:main"
    done = subprocess.run([*ig_on_path, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("ig 0.")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name):
    result = CliRunner().invoke(ig, [name, "-h"])
    assert result.exit_code == 0
    assert "Example" in result.output
    assert f"ig {name} " in result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name):
    for parameter in ig.get_command(None, name).params:
        if parameter.param_type_name == "option":
            assert parameter.help, f"ig {name} {parameter.opts} has no help"


def test_the_list_of_commands_has_every_summary_in_full():
    shown = CliRunner().invoke(ig, ["--help"], terminal_width=80).output.partition("Commands:")[2]
    assert all(name in shown for name in COMMANDS)
    assert "..." not in shown


def test_the_reference_is_what_help_prints():
    def words(text):  # lines and brackets differ between releases of click
        return text.replace("[COMMAND]", "COMMAND").split()

    assert words(reference.PATH.read_text(encoding="utf-8")) == words(reference.reference()), "run `make reference`"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_stands_under_a_heading_and_once(name):
    command = ig.get_command(None, name)
    with click.Context(command, info_name=name) as context:
        params = command.get_params(context)
    shown = [option for _, options in sections(params) for option in options]
    assert len(shown) == len({id(option) for option in shown})
    assert set(shown) == {each for each in params if isinstance(each, click.Option) and not each.hidden}


def test_every_option_that_a_heading_names_is_one_of_some_command():
    named = {name for names in SECTIONS.values() for name in names} - {"help"}  # click's own, made when it is shown
    commands = [ig.get_command(None, name) for name in COMMANDS]
    commands += [each for group in commands if isinstance(group, click.Group) for each in group.commands.values()]
    assert named <= {str(param.name) for command in commands for param in command.params}


def test_the_help_of_explain_fits_two_screens_and_all_of_it_is_longer():
    short, whole = (
        CliRunner().invoke(ig, ["explain", flag], terminal_width=110).output for flag in ("--help", "--help-all")
    )
    assert len(short.splitlines()) <= 100
    assert short.index("Most used:") < short.index("--model") < short.index("Input:") < short.index("--window")
    assert "--ray-actors" not in short
    assert "--ray-actors" in whole
    assert "Gradients accumulated" not in short
    assert "gradients accumulated along the path" in whole
    assert "0.5th to 99.5th percentile" not in short
    assert "0.5th to 99.5th percentile" in whole


def test_an_error_is_one_sentence_and_a_traceback_only_on_request(monkeypatch, tmp_path):
    def fails(*_, **__):
        raise IgError("The moon is not full. Wait.")

    monkeypatch.setattr("igcli.cli.model_options.load_model", fails)
    (tmp_path / "a.jpg").write_bytes(b"x")
    plain = CliRunner().invoke(ig, ["explain", str(tmp_path / "a.jpg")])
    assert plain.exit_code == 1
    assert plain.stderr == "ig: The moon is not full. Wait.\n"
    debug = CliRunner().invoke(ig, ["explain", "--debug", str(tmp_path / "a.jpg")])
    assert "Traceback" in debug.stderr
    assert "The moon is not full" in debug.stderr


def test_an_interruption_ends_with_130_and_a_line(monkeypatch, tmp_path):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("igcli.cli.model_options.load_model", interrupted)
    (tmp_path / "a.jpg").write_bytes(b"x")
    result = CliRunner().invoke(ig, ["explain", str(tmp_path / "a.jpg")])
    assert result.exit_code == 130
    assert "Interrupted" in result.stderr


def test_every_module_that_defines_a_command_is_listed_under_its_name(root):
    defining = [path.stem for path in (root / "igcli" / "cli").glob("*.py") if "\n@command()" in path.read_text()]
    assert {*defining, "models", "weights"} == {*COMMANDS}  # those two are groups
    assert ig.list_commands(None) == sorted(COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["explan", "x.jpg"], "Did you mean explain?"),
        (["EXPLAIN"], "Did you mean explain?"),
        (["weights", "fetsh"], "Did you mean fetch?"),
        (["zzzz"], "'ig --help' lists the commands."),
        (["help", "explan"], "Did you mean explain?"),
    ],
)
def test_an_unknown_command_is_answered_with_the_near_ones(arguments, hint):
    result = CliRunner().invoke(ig, arguments, prog_name="ig")
    assert result.exit_code == 2
    assert hint in result.stderr


@pytest.mark.parametrize("words", [[], ["explain"], ["weights", "fetch"]])
def test_help_is_a_word_too(words):
    asked = CliRunner().invoke(ig, ["help", *words], prog_name="ig")
    assert asked.exit_code == 0
    assert asked.output == CliRunner().invoke(ig, [*words, "--help"], prog_name="ig").output


@pytest.mark.parametrize(
    ("arguments", "said", "status"),
    [
        (["explain", "PHOTO", "--model", "no-such-model"], "no model called", 2),
        (["explain", "PHOTO", "--model", "resnet18", "--weights", "PHOTO"], "motorcycle.jpg", 1),
        (["explain", "PHOTO", "--steps", "many"], "--steps", 2),
        (["explain", "PHOTO", "--no-such-option"], "--no-such-option", 2),
        (["explain"], "PATH", 2),
        (["saturation", "PHOTO", "--device", "abacus"], "abacus", 2),
        (["report", "PHOTO", "-o", "map.png"], "map.png", 2),
        (["check", "--precision", "tf32", "--device", "cpu"], "TF32", 2),
        (["models", "show", "no-such-model"], "no model called", 2),
        (["weights", "fetch", "no-such-model"], "no-such-model", 2),
    ],
)
def test_an_error_is_a_line_of_json_too_where_json_was_asked_for(arguments, said, status, samples):
    words = [str(samples / "motorcycle.jpg") if word == "PHOTO" else word for word in arguments]
    result = CliRunner().invoke(ig, [*words, "--json"])
    record = json.loads(result.stdout)
    assert record.keys() == {"schema", "error"}
    assert said in record["error"]
    assert said in result.stderr
    assert result.exit_code == status
    assert CliRunner().invoke(ig, words).stdout == ""


def test_every_option_that_a_message_names_exists(root):
    """A wrong one is worse than none: whoever follows the advice gets another error."""
    known = {"--help", "--version"}
    known |= {"--dereference", "--hard-dereference", "--sparse", "--force-reinstall", "--local-dir"}  # of tar, pip, hf
    todo = [ig]
    while todo:
        command = todo.pop()
        known.update(name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts))
        if isinstance(command, click.Group):
            todo += [command.get_command(None, name) for name in command.list_commands(None)]
    programs = {*(root / "igcli" / "bundled").rglob("*.py")}
    for path in {*(root / "igcli").rglob("*.py")} - programs:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for option in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", node.value):
                    assert option in known, f"{path.name}:{node.lineno} names {option}"


def test_json_after_two_dashes_is_a_path():
    assert CliRunner().invoke(ig, ["explain", "--steps", "many", "--", "--json"]).stdout == ""


def test_wrong_usage_ends_with_2():
    assert CliRunner().invoke(ig, ["explain"]).exit_code == 2
    assert CliRunner().invoke(ig, ["explian"]).exit_code == 2
    assert CliRunner().invoke(ig, ["explain", "x.jpg", "--steps", "many"]).exit_code == 2


@pytest.mark.parametrize(("own", "seen"), [({}, "10000 None"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "None ACTIVE")])
def test_threads_wait_without_spinning_unless_the_user_says_how(own, seen):
    program = (
        "import atexit, os; from igcli.cli.main import main\n"
        "atexit.register(lambda: print(os.environ.get('GOMP_SPINCOUNT'), os.environ.get('OMP_WAIT_POLICY')))\n"
        "main()"
    )
    rest = {name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    command = [sys.executable, "-c", program, "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**rest, **own})
    assert done.stdout.splitlines()[-1] == seen


@pytest.mark.parametrize(("loaded", "done"), [("nothing_of_note", "freeze"), ("triton._C.libtriton", "unfreeze")])
def test_the_end_is_quick_unless_tritons_leak_check_would_complain(monkeypatch, loaded, done):
    collector = Mock()
    monkeypatch.setattr("igcli.cli.startup.gc", collector)
    monkeypatch.delitem(sys.modules, "triton._C.libtriton", raising=False)
    monkeypatch.setitem(sys.modules, loaded, Mock())
    monkeypatch.setattr(sys, "argv", ["ig", "--version"])
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")  # or it would be set for the tests that follow
    with pytest.raises(SystemExit):
        main()
    assert [call[0] for call in collector.method_calls] == ["disable", done]
