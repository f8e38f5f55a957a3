"""``ig check`` as its users meet it."""

import json


def test_prints_who_keeps_what(shell, bundled):
    options = ("-m", "integrated", "-m", "gradient", "-m", "deep-lift", "--steps", "4")
    done = shell("check", *options, *bundled, "--verbose")
    assert done.exit_code == 0, done.output
    header, *rows = done.stdout.splitlines()[:4]
    assert header.split()[:2] == ["completeness", "sensitivity-a"]
    marks = {row.split()[0]: row.split()[1:] for row in rows}
    assert marks["integrated"] == ["yes"] * 7
    assert marks["gradient"][:2] == ["no", "no"]
    assert marks["deep-lift"][header.split().index("implementation-invariance")] == "no"
    assert "f, g (1.5, -0.5) and (2, -1)" in done.stderr


def test_a_no_on_the_model_has_its_numbers_and_a_remedy(shell, bundled):
    done = shell("check", "-m", "integrated", "--steps", "2", *bundled)
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("integrated, completeness: sum "))
    assert line.endswith(", 2 steps (more --steps bring the sum nearer)")
    assert "completeness: sum" not in shell("check", "-m", "gradient", "--steps", "2", *bundled).stdout


def test_json_has_the_numbers(shell, bundled):
    done = shell("check", "-m", "integrated", "--steps", "4", "--json", *bundled)
    record = json.loads(done.stdout)
    pair = record["axioms"]["integrated"]["implementation-invariance"]
    assert pair["kept"] is True
    assert pair["numbers"].startswith("f, g (1.5, -0.5) and (1.5, -0.5) (published: (1.5, -0.5) and (1.5, -0.5)); p, q")
    assert set(record["on_model"]["integrated"]) == {"completeness", "chunk-invariance"}
    assert record["model"]["name"] == "caltech101"


def test_without_captum_its_methods_are_left_out_and_named(shell, bundled, monkeypatch):
    monkeypatch.setattr("igcli.attribution.methods.captum.find_spec", lambda name: None)
    done = shell("check", "-m", "deep-lift", "-m", "gradient", "--steps", "2", *bundled)
    assert done.exit_code == 0
    assert "deep-lift is left out" in done.stderr
    assert "igcli[captum]" in done.stderr
    assert "deep-lift" not in done.stdout


def test_the_table_has_line_breaks_not_escapes(shell, bundled):
    result = shell("check", "--method", "gradient", "--steps", "2", *bundled)
    assert result.exit_code == 0
    assert "\\n" not in result.stdout
    assert "On caltech101, 2 steps:" in result.stdout.splitlines()


def test_what_has_no_gradient_is_listed_on_a_made_up_picture_and_on_photos(shell, bundled, motorcycle):
    options = ("-m", "gradient", "--steps", "2", *bundled)
    lines = shell("check", *options).stdout.splitlines()
    assert lines[-3:] == ["Without a gradient on a made-up picture:", "  parameters: 0 of 173", "  channels: 0 of 3"]
    record = json.loads(shell("check", motorcycle, *options, "--json").stdout)
    assert record["without_gradient"]["inputs"] == 1
    assert record["without_gradient"]["feature_counts"] == [3]


def test_paths_without_a_photo_are_refused(shell, bundled, tmp_path):
    (tmp_path / "text.jpg").write_text("no picture")
    done = shell("check", tmp_path / "text.jpg", "-m", "gradient", "--steps", "2", *bundled)
    assert done.exit_code == 2
    assert "None of the paths" in done.stderr
