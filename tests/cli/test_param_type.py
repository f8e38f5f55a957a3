"""Options' own types are made for every click in the stated range."""

from __future__ import annotations

import click

from igcli.cli.param_type import ParamType


def test_it_is_clicks_own_class():
    assert ParamType is click.ParamType


def test_no_type_is_made_in_a_way_that_needs_click_8_4(root):
    made = [path.name for path in (root / "igcli").rglob("*.py") if "(click.ParamType[" in path.read_text("utf-8")]
    assert not made, "inherit from igcli.cli.param_type.ParamType"
