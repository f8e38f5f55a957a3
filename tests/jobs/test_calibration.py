"""What is kept of a calibration, and what ``auto`` makes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from igcli.errors import UsageError
from igcli.images.lowpass import Lowpass
from igcli.jobs.calibration import Cutoff, LowpassChoice, calibration_file, load_cutoffs, save_cutoffs
from igcli.jobs.plan import ModelFacts


@pytest.fixture
def facts(small) -> ModelFacts:
    return ModelFacts.of(small)


def cutoff(name: str, cycles: float | None, of: str = "absolute") -> Cutoff:
    return Cutoff(name, of, cycles, "insertion − deletion", {"4": 0.1, "none": 0.2}, 3, "softmax")


def test_what_is_saved_is_read_again_and_newer_numbers_replace_older_ones(facts, tmp_path):
    path = tmp_path / "net.lowpass.json"
    save_cutoffs(path, facts, [cutoff("integrated", 8.0), cutoff("gradient", None)])
    save_cutoffs(path, facts, [cutoff("integrated", 11.0), cutoff("integrated", 22.0, "signed")])
    kept = {(each.map, each.of): each.cycles for each in load_cutoffs(path, facts)}
    assert kept == {
        ("integrated", "absolute"): 11.0,
        ("gradient", "absolute"): None,
        ("integrated", "signed"): 22.0,
    }


def test_cut_offs_of_other_weights_are_not_used(facts, tmp_path):
    path = tmp_path / "net.lowpass.json"
    save_cutoffs(path, facts, [cutoff("integrated", 8.0)])
    other = replace(facts, provenance=replace(facts.provenance, sha256="0" * 64))
    assert load_cutoffs(path, other) == ()
    assert load_cutoffs(tmp_path / "missing.json", facts) == ()


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"schema": "igcli/1", "cutoffs": [{"map": 1}]}', "\x00"])
def test_a_file_of_another_kind_is_refused_in_a_sentence(facts, tmp_path, content):
    path = tmp_path / "net.lowpass.json"
    path.write_text(content)
    for use in (lambda: load_cutoffs(path, facts), lambda: save_cutoffs(path, facts, [cutoff("integrated", 8.0)])):
        with pytest.raises(UsageError, match="--calibrate lowpass"):
            use()
    assert path.read_text() == content


def test_a_cut_off_that_cannot_be_is_refused_too(facts, tmp_path):
    path = tmp_path / "net.lowpass.json"
    save_cutoffs(path, facts, [cutoff("integrated", 8.0)])
    path.write_text(path.read_text().replace("8.0", "-8.0"))
    with pytest.raises(UsageError):
        load_cutoffs(path, facts)


def test_a_number_is_for_all_and_auto_is_each_ones_own_or_the_published_one():
    names, kept = ("integrated", "gradient", "decision"), [cutoff("integrated", 8.0), cutoff("gradient", None)]
    assert LowpassChoice(6).resolved(names, kept) == dict.fromkeys(names, Lowpass(6))
    assert LowpassChoice("auto").resolved(names, kept) == {
        "integrated": Lowpass(8),
        "gradient": None,
        "decision": Lowpass(15),
    }
    assert LowpassChoice("auto", "signed").resolved(names, kept) == dict.fromkeys(names, Lowpass(15, "signed"))


def test_only_a_model_file_has_a_place_for_it():
    assert calibration_file("nets/mine.toml") == Path("nets/mine.lowpass.json")
    for name in ("auto", "googlenet", "timm:resnet18", "net.py:build", "program.pt2"):
        assert calibration_file(name) is None
