"""Options' own types are made for every click in the stated range."""

from __future__ import annotations

import click

from igcli.cli.param_type import ParamType


def test_it_is_clicks_own_class():
    assert ParamType is click.ParamType
