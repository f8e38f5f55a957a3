"""``--font``, and the warning where no font has a character of a label or a photo's name."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import matplotlib as mpl
import pytest
from toys import classifier, small_network

from igcli.models.labels import Labels
from igcli.rendering import fonts, text

STIX = Path(mpl.get_data_path()) / "fonts" / "ttf" / "STIXGeneral.ttf"
HAS_IT = "⌗"  # in STIXGeneral, which comes with matplotlib, and not in DejaVu Sans
FEW = ("--steps", "2", "--device", "cpu")


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch):
    """A network whose classes need a font, on a machine that has none but DejaVu."""

    def forget():
        fonts._face_of.cache_clear()
        text._drawable.cache_clear()

    model = classifier(small_network(), classes=5, size=32)
    model.labels = Labels([f"{HAS_IT}{number}" for number in range(5)])
    monkeypatch.setattr("igcli.cli.model_options.load_model", lambda *_, **__: model)
    monkeypatch.setattr(fonts, "system_faces", lambda **_: ())
    monkeypatch.delenv(fonts.VARIABLE, raising=False)
    forget()
    yield
    forget()


@pytest.mark.parametrize(
    "command",
    [
        ("explain", *FEW, "--panel"), ("explain", *FEW, "--saturation"),
        ("animate", "--frames", "2", "--device", "cpu"), ("saturation", "--points", "3", "--device", "cpu"),
        ("ablate", *FEW, "--box", "1,1,9,9"),
        ("compare", *FEW, "-m", "gradient", "-m", "integrated"),
    ],
)  # fmt: skip
def test_a_command_that_draws_names_warns_once_and_is_content_with_a_font(shell, motorcycle, command):
    bare = shell(*command, motorcycle)
    assert bare.exit_code == 0, bare.output
    assert bare.stderr.count(f"No font on this machine has {HAS_IT}: they are drawn as ?") == 1
    named = shell(*command, motorcycle, "--font", STIX, "-o", "other")
    assert named.exit_code == 0, named.output
    assert "No font" not in named.stderr
    assert fonts.VARIABLE not in os.environ


def test_a_folder_is_warned_about_once(shell, motorcycle):
    shutil.copy(motorcycle, motorcycle.with_name("猫.jpg"))
    done = shell("explain", *FEW, "--panel", motorcycle.parent)
    assert done.stderr.count(f"No font on this machine has {HAS_IT} 猫") == 1


def test_nothing_is_said_where_no_name_is_drawn(shell, motorcycle):
    assert "No font" not in shell("explain", *FEW, motorcycle).stderr


def test_a_font_changes_the_picture_and_is_a_setting_of_the_run(shell, motorcycle, tmp_path):
    shell("explain", *FEW, "--panel", motorcycle.parent)
    first = (tmp_path / "out" / "motorcycle.panel.png").read_bytes()
    done = shell("explain", *FEW, "--panel", motorcycle.parent, "--font", STIX)
    assert done.exit_code == 2
    assert "made with other settings (font None there" in done.stderr
    done = shell("explain", *FEW, "--panel", motorcycle.parent, "--font", STIX, "--overwrite")
    assert done.exit_code == 0, done.output
    assert "0 skipped" in done.stderr
    assert (tmp_path / "out" / "motorcycle.panel.png").read_bytes() != first
    assert json.loads((tmp_path / "out" / "run.json").read_text())["settings"]["font"] == str(STIX.resolve())


@pytest.mark.parametrize(
    ("font", "options", "said"),
    [
        ("in/motorcycle.jpg", ["--panel"], "is no font that can be used"),
        ("nowhere.ttf", ["--panel"], "does not exist"),
        (STIX, [], "there is none: add --panel"),
    ],
)
def test_a_font_that_is_none_or_draws_nothing_is_refused(shell, motorcycle, font, options, said):
    done = shell("explain", *FEW, motorcycle, "--font", font, *options)
    assert done.exit_code == 2
    assert said in done.stderr.replace("\n", " ")


def test_words_on_pictures_take_a_font_and_lacking_characters_are_said_once(shell):
    words = ("text", f"more {HAS_IT}", f"less {HAS_IT}", "-o", "words", "--device", "cpu")
    bare = shell(*words)
    assert bare.exit_code == 0, bare.output
    assert bare.stderr.count(f"No font on this machine has {HAS_IT}: they are drawn as ?") == 1
    named = shell(*words, "--font", STIX, "--overwrite")
    assert named.exit_code == 0, named.output
    assert "No font" not in named.stderr
    printed = shell("text", "more", "--font", STIX)
    assert printed.exit_code == 2
    assert "add -o, --report or --saturation, or leave it out" in printed.stderr


def test_the_font_is_drawn_with_in_words(shell):
    shell("text", f"more {HAS_IT}", "-o", "bare", "--device", "cpu")
    shell("text", f"more {HAS_IT}", "-o", "named", "--device", "cpu", "--font", STIX)
    (bare,), (named,) = (list(Path(folder).glob("*.png")) for folder in ("bare", "named"))
    assert bare.read_bytes() != named.read_bytes()


@pytest.mark.parametrize(
    "command",
    [
        ("text", "-f", "list.txt", "-o", "out", "--device", "cpu"),
        ("molecule", "list.smi", "--steps", "2", "--device", "cpu"),
        ("ablate", "in", "--keep-boxes", "boxes.csv", "--device", "cpu"),
    ],
)
def test_every_list_with_pictures_knows_the_font_they_were_drawn_with(shell, motorcycle, tmp_path, command):
    if command[0] == "molecule":
        pytest.importorskip("rdkit")
    (tmp_path / "list.txt").write_text("we must do more\nwe must do less\n")
    (tmp_path / "list.smi").write_text(f"CCO {HAS_IT}\nCCN amine\n")
    (tmp_path / "boxes.csv").write_text(f"path,xmin,ymin,xmax,ymax\n{motorcycle},20,20,90,90\n")
    assert shell(*command).exit_code == 0
    again = shell(*command, "--font", STIX)
    assert again.exit_code == 2
    assert "made with other settings (font None there" in again.stderr
    assert shell(*command, "--font", STIX, "--overwrite").exit_code == 0


def test_a_check_of_molecules_draws_nothing(shell):
    pytest.importorskip("rdkit")
    result = shell("molecule", "CCO", "--check", "--font", STIX)
    assert result.exit_code == 2
    assert "--check prints, and draws nothing" in result.stderr
