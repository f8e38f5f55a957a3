"""Which kinds of ``record.schema.json`` a record is of."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from jsonschema import Draft202012Validator


@cache
def schema() -> dict:
    return json.loads((files("igcli.jobs.outputs") / "record.schema.json").read_text(encoding="utf-8"))


@cache
def _kinds() -> dict[str, Draft202012Validator]:
    named = {each["$ref"].rpartition("/")[2]: each for each in schema()["oneOf"]}
    return {name: Draft202012Validator({"$defs": schema()["$defs"], **each}) for name, each in named.items()}


def kinds_of(record: dict) -> list[str]:
    return [name for name, validator in _kinds().items() if validator.is_valid(record)]
