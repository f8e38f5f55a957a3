"""The base class of the options' own types, for every click in the stated range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    ParamType = click.ParamType[Any]
else:
    ParamType = click.ParamType  # takes a type's name in brackets from click 8.4 on only
