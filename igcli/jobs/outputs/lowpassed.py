"""Finished maps low-passed for what is drawn of them; and what records and captions say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from igcli.attribution.result import Explanation
from igcli.images.lowpass import Lowpass


def lowpassed(explanation: Explanation, lowpass: Mapping[str, Lowpass]) -> Explanation:
    """The explanation with the named methods' maps low-passed, (1, H, W).

    Sums, gaps and all other numbers stay those of the maps before.
    """
    if not lowpass:
        return explanation
    results = {
        name: replace(result, values=lowpass[name].filtered(result.values).to(result.values.dtype))
        if name in lowpass
        else result
        for name, result in explanation.results.items()
    }
    return replace(explanation, results=results)


def lowpass_entry(method: str, lowpass: Mapping[str, Lowpass]) -> dict[str, Any]:
    """What a result's part of the record says of its low-pass; empty without one."""
    return {"lowpass": asdict(lowpass[method])} if method in lowpass else {}


def shown_as(title: str, lowpass: Mapping[str, Lowpass], *, of: str) -> str:
    """The title of a method's map with its low-pass: ``integrated, lowpass 15``."""
    return f"{title}, {lowpass[of].name}" if of in lowpass else title


def captions_of(lowpass: Mapping[str, Lowpass]) -> list[str]:
    """A sentence for each low-pass, with the methods in front where there are several."""
    methods: dict[str, list[str]] = {}
    for name, each in lowpass.items():
        methods.setdefault(each.caption, []).append(name)
    if len(methods) < 2:
        return list(methods)
    return [f"{', '.join(names)}: {caption[0].lower()}{caption[1:]}" for caption, names in methods.items()]
