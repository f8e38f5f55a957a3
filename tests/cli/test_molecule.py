"""``ig molecule`` as its users meet it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("rdkit", reason="molecules need igcli[molecules]")

from igcli.molecules import chemistry

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
QUICK = ("--steps", "4")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def listed(folder):
    file = folder / "set.smi"
    file.write_text(f"CCO ethanol\nc1cccc broken\n{ASPIRIN} aspirin\n[Na+].[Cl-] salt\n")
    return file


def records(done) -> list[dict]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_molecule_is_drawn_with_its_atoms_and_bonds_coloured(shell, folder):
    done = shell("molecule", ASPIRIN, "-t", "SR-MMP")
    assert done.exit_code == 0, done.output
    assert "SR-MMP" in done.stdout
    assert "F(0)" in done.stdout
    stem = done.stdout.split("-> out/")[1].strip().removesuffix(".integrated.png")
    names = {path.name.removeprefix(f"{stem}.") for path in (folder / "out").iterdir() if path.is_file()}
    assert names == {"integrated.png", "integrated.svg", "integrated.pairs.png", "json"}
    drawn = np.asarray(Image.open(folder / "out" / f"{stem}.integrated.png").convert("RGB")).astype(int)
    assert (drawn.max(2) - drawn.min(2) > 40).mean() > 0.005  # coloured, on white
    assert (folder / "out" / f"{stem}.integrated.svg").read_text().startswith("<?xml")


def test_the_record_sums_to_the_rise_of_the_score(shell):
    (record,) = records(shell("molecule", ASPIRIN, "--json"))
    molecule, score = record["molecule"], record["score"]
    rise = score["at_image"] - score["at_baseline"]
    found = molecule["contributions"]["integrated"]
    assert sum(found["sums"].values()) == pytest.approx(record["results"][0]["sum"])
    completeness = record["results"][0]["completeness"]
    assert completeness["within_tolerance"]
    assert abs(sum(found["shares"].values()) - 1) * abs(rise) == pytest.approx(completeness["gap"], rel=1e-3, abs=1e-6)
    assert sum(found["atoms"]) == pytest.approx(found["sums"]["atoms"])
    assert sum(found["shares"].values()) * rise == pytest.approx(sum(found["sums"].values()))
    assert len(molecule["atoms"]) == len(found["atoms"]) == 13
    assert record["input"]["text"] == ASPIRIN


def test_what_is_no_molecule_fails_alone_with_its_line(shell, listed, folder):
    done = shell("molecule", listed, *QUICK)
    assert done.exit_code == 1
    assert len(done.stdout.splitlines()) == 3
    assert "set.smi:2" in done.stderr
    assert "unclosed ring" in done.stderr
    assert "3 explained, 1 failed" in done.stderr
    (failure,) = (folder / "out" / "failures.molecule.jsonl").read_text().splitlines()
    assert json.loads(failure)["path"].endswith("set.smi:2")


def test_a_run_resumes(shell, listed):
    shell("molecule", listed, *QUICK)
    listed.write_text(listed.read_text() + "CCN amine\n")
    done = shell("molecule", listed, *QUICK)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["amine"]
    assert "3 done before" in done.stderr


def test_several_tasks_have_files_of_their_own(shell, folder):
    done = shell("molecule", "CCO", "-t", "NR-AR", "-t", "NR-ER", *QUICK)
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["NR-AR", "NR-ER"]
    assert len(list((folder / "out").glob("cco.*.json"))) == 2
    assert len(shell("molecule", "CCO", "-t", "all", *QUICK, "-o", "all").stdout.splitlines()) == 12


def test_a_gap_over_the_tolerance_names_a_remedy(shell):
    done = shell("molecule", ASPIRIN, "--steps", "1", "--tolerance", "1e-9")
    assert "(over the tolerance: try --steps auto, or more --max-steps)" in done.stdout


def test_the_logit_can_be_explained(shell):
    (record,) = records(shell("molecule", "CCO", "--score", "logit", "--json", *QUICK))
    assert record["score"]["kind"] == "logit"


def test_saturation_is_plotted(shell, listed, folder):
    done = shell("molecule", listed, "--saturation", "--points", "5", "-o", "plots")
    assert "3 molecules" in done.stdout
    assert (folder / "plots" / "saturation.png").stat().st_size > 10_000
    record = json.loads((folder / "plots" / "saturation.json").read_text())
    assert len(record["inputs"]) == 3
    assert len((folder / "plots" / "saturation.csv").read_text().splitlines()) == 1 + 3 * 5


def test_check_shows_what_one_module_cannot_distinguish(shell):
    one, two = records(shell("molecule", "CNCOC", "--check", "--json"))
    assert [each["model"]["name"] for each in (one, two)] == ["w1n2", "w2n2"]
    assert [group["atoms"] for group in one["equal_atoms"]] == [["C0", "C4"]]
    assert one["equal_atoms"][0]["apart"] < 1e-6 < two["equal_atoms"][0]["apart"]
    assert len(two["without_gradient"]["parameters"]) == 12
    done = shell("molecule", "CNCOC", "--check", "--model", "w2n2")
    assert "0 of 1 such groups get equal numbers" in done.stdout
    assert "parameters: 12 of" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((""), "is empty"),
        (("C" * 2000,), "2,000 atoms"),
        (("C\x1b[2JC",), "which none can have"),
        (("none.smi",), "No such file"),
        (("set.csv",), "--column"),
        (("broken.sdf",), "no structure"),
    ],
)
def test_hostile_input_ends_in_a_sentence(shell, folder, arguments, said):
    (folder / "set.csv").write_text("a,b\nCC,CC\n")
    (folder / "broken.sdf").write_bytes(b"\x00\xff garbage\n\n\n  9 99 V2000\nM  END\n$$$$\n")
    done = shell("molecule", *([arguments] if isinstance(arguments, str) else arguments), *QUICK)
    assert done.exit_code == 1
    assert said in done.stderr
    assert "\x1b[2J" not in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "w9"), "w1n2, w2n2"),
        (("-t", "NR-XX"), "NR-XX"),
        (("--saturation", "--check"), "one of them"),
    ],
)
def test_a_wrong_request_is_refused(shell, arguments, said):
    done = shell("molecule", "CCO", *arguments)
    assert done.exit_code == 2
    assert said in done.stderr


def test_without_rdkit_one_sentence_says_how_to_install_it(shell, monkeypatch):
    monkeypatch.setattr(chemistry, "find_spec", lambda _: None)
    done = shell("molecule", "CCO")
    assert done.exit_code == 2
    assert 'pip install "igcli[molecules]"' in done.stderr


def test_a_large_molecule_has_numbers_and_no_drawing(shell, folder):
    done = shell("molecule", "C" * 250, *QUICK)
    assert done.exit_code == 0, done.output
    assert "not drawn" in done.stderr
    assert not list((folder / "out").glob("*.png"))


def test_an_element_without_a_feature_is_said(shell):
    assert "1 of its atoms" in shell("molecule", "C[Si](C)(C)C", *QUICK).stderr


def test_a_page_of_one_molecule_and_of_a_list(shell, listed, folder):
    done = shell("molecule", ASPIRIN, "-o", "one", "--report", *QUICK)
    assert done.exit_code == 0, done.output
    assert ASPIRIN in (folder / "one" / "report.html").read_text()
    done = shell("molecule", "set.smi", "-o", "all", "--report", *QUICK)
    text = (folder / "all" / "report.html").read_text()
    assert text.count('class="entry card"') == text.count("data:image/svg+xml") == 3
    assert "set.smi:2" in text  # what failed
    again = shell("report", "one", "-o", "later.html")
    assert "1 molecule  -> later.html" in again.stdout
    assert "data:image/svg+xml" in (folder / "later.html").read_text()


def test_a_page_shows_what_is_explained_and_not_what_is_checked(shell):
    done = shell("molecule", ASPIRIN, "--report", "--check")
    assert done.exit_code == 2
    assert "give one of them" in done.stderr


def test_a_file_of_molecules_as_the_baseline_is_a_mean_with_its_standard_error(shell, folder):
    (folder / "refs.smi").write_text("CCO\nCC(=O)O\nc1ccccc1\n")
    done = shell("molecule", ASPIRIN, "--baseline", "refs.smi", "--steps", "20", "--report")
    assert done.exit_code == 0, done.output
    assert "mean F of the baselines" in done.stdout
    assert "mean over 3 baselines, 20 samples; standard error of the sum" in done.stdout
    page = (folder / "out" / "report.html").read_text()
    assert "standard error of the sum" in page
    assert "F(0)" not in page
    refused = shell("molecule", ASPIRIN, "--baseline", "missing.smi")
    assert refused.exit_code == 2
    assert "a file of molecules" in refused.stderr
