import numpy as np
import pytest

from igcli.attribution.completeness import Completeness
from igcli.attribution.scores import Score
from igcli.evaluation.metrics.aopc import Aopc
from igcli.evaluation.metrics.metric import Curve, Measured
from igcli.jobs.evaluating.card import Card, load_card

MAPS = {"integrated": None, "random": None}


@pytest.fixture
def card():
    card = Card({"path": "a.jpg"}, {"index": 2, "label": "c", "probability": 0.5}, Score("margin", 2, 1), "mark")
    card.completeness = {"integrated": Completeness(0.1, 0.2, within_tolerance=True), "other": None}
    card.gradients = {"integrated": 64}
    curve = Curve(np.array([0.0, 0.5, 1.0]), np.array([1.0, 0.25, 0.0]))
    card.note(
        "aopc", Aopc(), {"integrated": Measured(0.5, curves={"aopc": curve}), "random": Measured.missing("No map.")}
    )
    return card


def test_what_is_written_is_what_is_read_back(card, tmp_path):
    card.save(tmp_path / "a.json")
    again = load_card(tmp_path / "a.json", fingerprint="mark")
    assert (again.image, again.target, again.score) == (card.image, card.target, card.score)
    assert (again.completeness, again.gradients, again.protocols) == (card.completeness, card.gradients, card.protocols)
    assert again.measured["aopc"]["integrated"].value == 0.5
    assert again.measured["aopc"]["integrated"].curves["aopc"].values.tolist() == [1.0, 0.25, 0.0]
    assert np.isnan(again.measured["aopc"]["random"].value)
    assert again.measured["aopc"]["random"].reason == "No map."
    assert again.missing("aopc", Aopc(), MAPS) == []


def test_other_photos_settings_and_damage_are_no_card(card, tmp_path):
    path = tmp_path / "a.json"
    assert load_card(path, fingerprint="mark") is None
    card.save(path)
    assert load_card(path, fingerprint="other") is None
    for damage in (b"", b"{}", b"[]", b"\xff", b'{"schema": "igcli/1", "fingerprint": "mark"}', path.read_bytes()[:-9]):
        path.write_bytes(damage)
        assert load_card(path, fingerprint="mark") is None


def test_another_protocol_is_another_number(card):
    assert card.missing("aopc", Aopc(), MAPS) == []
    assert card.missing("aopc", Aopc(), {**MAPS, "sobel": None}) == ["sobel"]
    assert card.missing("aopc", Aopc(steps=25), MAPS) == ["integrated", "random"]
    card.note("aopc", Aopc(steps=25), {"random": Measured(0.1)})
    assert card.missing("aopc", Aopc(steps=25), MAPS) == ["integrated"]
    assert set(card.measured["aopc"]) == {"random"}
