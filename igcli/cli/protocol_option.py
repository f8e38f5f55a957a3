"""``--protocol``: a published protocol's choices become the defaults of other options; what is given wins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import click
from click.core import ParameterSource

from igcli.attribution.wanted import Wanted
from igcli.cli.options import listed
from igcli.evaluation.protocols import PROTOCOLS, Published
from igcli.images.source import Found
from igcli.jobs.outputs.record import Record

#: What ``--fill`` and ``--ranked`` stand for among the parameters of metrics.
_ALIKE = {"fill": ("fill", "start"), "ranked": ("ranked",)}


def _becomes_defaults(ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        published = PROTOCOLS[value]
        ctx.default_map = {**(ctx.default_map or {}), **published.options, "metric": published.metrics}
    return value


protocol_option = click.option(
    "--protocol", type=click.Choice(list(PROTOCOLS)), is_eager=True, callback=_becomes_defaults,
    help="Choose metrics, fills, ranking, score, baseline and steps as a paper's code does, at once. Options that are "
         f"given as well win. {listed(PROTOCOLS)}.",
)  # fmt: skip


@dataclass(frozen=True)
class ChosenProtocol:
    """A protocol, and what was chosen otherwise.

    Attributes
    ----------
    parameters
        Of the metrics that are measured: the protocol's, replaced by those that were given.
    instead
        Sentences on options that were given and contradict it.
    """

    name: str
    published: Published
    parameters: Mapping[str, object]
    instead: tuple[str, ...] = ()
    _options: Mapping[str, object] = field(default_factory=dict)

    def lines(self, found: Sequence[Found], wanted: Wanted) -> Iterator[str]:
        """What it set, for these photos, and what it did not."""
        options = " ".join(f"--{name} {_written(value)}" for name, value in self._options.items())
        yield f"--protocol {self.name} ({self.published.source}) sets {options}; {', '.join(_short(self.parameters))}"
        yield from self.instead
        yield self.label(found, wanted)
        yield from self.published.differs

    def label(self, found: Sequence[Found], wanted: Wanted) -> str:
        """Which class is explained, and whether that is the protocol's."""
        labelled, photos = sum(each.target is not None for each in found), len(found)
        same = "the labelled class" if self.published.true_label else "the predicted class"
        if tuple(wanted.targets) != ("top",):
            rest = f"the class given with --target, {wanted.targets[0]}"
        else:
            rest = "the predicted class"
        actual = "the labelled class" if labelled == photos else rest
        if 0 < labelled < photos:
            actual = f"the labelled class of {labelled} of {photos} photos, and {rest} of the others"
        if actual == same:
            return f"{same[0].upper()}{same[1:]} is explained, as in the protocol."
        remedy = "; a CSV with the columns path and target has labels" if self.published.true_label else ""
        return f"The protocol explains {same}; here it is {actual}{remedy}."

    def record(self, found: Sequence[Found], wanted: Wanted) -> Record:
        """What the record says of it."""
        return {
            "name": self.name,
            "source": self.published.source,
            "options": {name: _written(value) for name, value in self._options.items()},
            "parameters": dict(self.parameters),
            "instead": list(self.instead),
            "label": self.label(found, wanted),
            "differs": list(self.published.differs),
        }


def chosen_protocol(name: str, metrics: Sequence[str], given: Mapping[str, object]) -> ChosenProtocol:
    """The protocol of the running command, with the parameters of its metrics that were given.

    Parameters
    ----------
    metrics
        Those that are measured.
    given
        Parameters as ``--fill``, ``--ranked`` and ``--set`` have them.
    """
    published, context = PROTOCOLS[name], click.get_current_context()
    own = {key: value for key, value in published.parameters.items() if key.partition(".")[0] in metrics}
    instead = []
    options = {"metric": published.metrics, **published.options}
    for option, value in list(options.items()):
        if context.get_parameter_source(option) is not ParameterSource.DEFAULT_MAP:
            actual = options[option] = context.params[option]
            if actual != value:
                instead.append(f"--{option} {_written(actual)} is given, instead of the protocol's {_written(value)}.")
    parameters = dict(own)
    for key, value in given.items():
        names = [each for each in own if each == key or each.partition(".")[2] in _ALIKE.get(key, (key,))]
        for each in names if "." not in key else [key]:
            if each in own and _written(own[each]) != _written(value):
                instead.append(f"{each}={_written(value)} is given, instead of the protocol's {_written(own[each])}.")
            parameters.pop(each, None)
        parameters[key] = value
    return ChosenProtocol(name, published, parameters, tuple(instead), options)


def without_its_rule(wanted: Wanted) -> Wanted:
    """``--steps auto`` given with a protocol whose rule places a number of steps: the rule is left out."""
    context = click.get_current_context()
    name = context.params["protocol"]
    in_map = context.get_parameter_source("rule") is ParameterSource.DEFAULT_MAP  # a file's rule is there too
    if wanted.settings.steps == "auto" and in_map and name and "rule" in PROTOCOLS[name].options:
        return replace(wanted, settings=replace(wanted.settings, rule=None))
    return wanted


def _short(parameters: Mapping[str, object]) -> Iterator[str]:
    """Parameters in words, ``fill=grey``, with the metric's name only where metrics differ."""
    values: dict[str, dict[str, list[str]]] = {}
    for key, value in parameters.items():
        metric, _, name = key.rpartition(".")
        values.setdefault(name, {}).setdefault(_written(value), []).append(metric)
    for name, by_value in values.items():
        for value, metrics in by_value.items():
            yield f"{name}={value}" if len(by_value) == 1 else f"{name}={value} ({', '.join(metrics)})"


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
