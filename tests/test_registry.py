import pytest

from igcli.errors import UsageError
from igcli.registry import Registry


@pytest.fixture
def tools() -> Registry[str]:
    registry: Registry[str] = Registry("tool")
    registry("hammer", summary="for nails")("H")
    registry("screwdriver", summary="for screws")("S")
    return registry


def test_keeps_the_order_and_the_summaries(tools):
    assert list(tools) == ["hammer", "screwdriver"]
    assert [entry.summary for entry in tools.entries()] == ["for nails", "for screws"]
    assert tools["hammer"] == "H"
    assert len(tools) == 2


def test_an_unknown_name_is_answered_with_the_nearest_and_with_all(tools):
    with pytest.raises(UsageError, match=r"no tool called 'hamer'. Did you mean 'hammer'\? Choose from: hammer, screw"):
        tools["hamer"]
    assert "hamer" not in tools


def test_a_name_is_taken_once(tools):
    with pytest.raises(ValueError, match="already"):
        tools("hammer", summary="another")


def test_what_serves_one_kind_of_samples_is_found_by_its_name_and_not_listed():
    registry: Registry[str] = Registry("thing")
    registry("all", summary="for all")("one")
    registry("words", summary="for words", listed=False)("other")
    assert registry["words"] == "other"
    assert "words" in registry
    assert list(registry) == ["all"]
    assert [entry.name for entry in registry.entries()] == ["all"]
    with pytest.raises(ValueError, match="already"):
        registry("words", summary="again")
    with pytest.raises(UsageError, match="Choose from: all"):
        registry["wrods"]
