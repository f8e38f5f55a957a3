"""Names of files and folders that are none."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("name", ["explain", "animate", "saturation", "compare", "ablate", "evaluate", "report"])
@pytest.mark.parametrize(("output", "said"), [("", "The name is empty"), (" ", "The name is empty"), ("-", "./-")])
def test_an_output_without_a_name_is_refused_before_anything_is_read(shell, motorcycle, tmp_path, name, output, said):
    before = sorted(tmp_path.iterdir())
    done = shell(name, motorcycle, "-o", output)
    assert done.exit_code == 2
    assert said in done.stderr
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("option", ["--weights", "--labels"])
def test_an_empty_name_is_not_the_current_folder(shell, motorcycle, option):
    done = shell("explain", motorcycle, "--model", "caltech101", option, "")
    assert done.exit_code == 2
    assert "The name is empty" in done.stderr


def test_a_model_file_has_a_name_too(shell):
    assert "The name is empty" in shell("models", "describe", "caltech101", "--save", "").stderr


def test_a_folder_called_minus_can_be_had(shell, motorcycle, tmp_path, bundled):
    done = shell("explain", motorcycle, *bundled, "--steps", "2", "-o", "./-")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "-" / "motorcycle.integrated.png").is_file()
