"""What to compute: methods, classes, settings; and the checks that need no picture."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from igcli.attribution.baselines import check_baselines, names_references
from igcli.attribution.methods.method import METHODS
from igcli.attribution.paths.kind import check_start, find_path
from igcli.attribution.quadrature import DEFAULT_RULE, nodes
from igcli.attribution.reference_path import SAMPLES
from igcli.attribution.result import Settings
from igcli.attribution.scores import OF_REGRESSIONS, SHARED, check_score
from igcli.attribution.targets import check_targets
from igcli.errors import UsageError
from igcli.models.model import Model

#: With ``steps="auto"``: the points of methods with a path of their own, which is not refined; ``max_steps`` if fewer.
STEPS_ALONE = 64

#: Of steps and of noisy copies: far beyond what changes a map of 32-bit numbers, within what can be waited for.
MOST_STEPS = 100_000


@dataclass(frozen=True)
class Wanted:
    """What to find out about every picture.

    Attributes
    ----------
    methods
        Names in ``METHODS``.
    targets
        ``"top"``, ``"top-N"``, indices or class names.
    settings
        Score, baseline, quadrature.
    interior
        Points at which to keep the interior gradients' importance; ``None`` keeps none, ``"nodes"`` all that the
        sweep visits anyway.
    alphas
        Further points at which to note the score and the mean importance.
    """

    methods: Sequence[str] = ("integrated",)
    targets: Sequence[str | int] = ("top",)
    settings: Settings = field(default_factory=Settings)
    interior: Sequence[float] | str | None = None
    alphas: Sequence[float] = ()

    @property
    def points(self) -> set[float]:
        """The points that are named, besides those of a quadrature."""
        frames = () if self.interior is None or isinstance(self.interior, str) else self.interior
        return {*self.alphas, *frames}

    def on(self, model: Model) -> Wanted:
        """The same of this network: without a softmax, the sigmoid of a class or the value of a regression.

        A mean over reference samples has a number of steps, also where none was given.
        """
        baseline = self.settings.baseline
        if self.settings.steps == "auto" and isinstance(baseline, str) and names_references(baseline):
            steps = min(SAMPLES, self.settings.max_steps)
            return replace(self, settings=replace(self.settings, steps=steps)).on(model)
        if self.settings.score != "softmax" or not (model.multi_label or model.regression):
            return self
        return replace(self, settings=replace(self.settings, score="value" if model.regression else "sigmoid"))

    def check(self, model: Model) -> None:
        """Raise ``UsageError`` for what can be seen to be wrong before any picture is read."""
        settings = self.settings
        check_settings(settings)
        for method in self.methods:
            if not isinstance(method, str):
                raise UsageError(f"A method is a name, not {method!r}; several are given to explain().")
            METHODS[method].check_available()
            METHODS[method].check_network(model)
            able = METHODS[method].scores
            if able and settings.score not in able:
                raise UsageError(f"{method} cannot explain the {settings.score} score: use --score {able[0]}.")
        _check_integrates(self)
        check_score(settings.score, against=settings.against)
        if model.multi_label and self.on(model).settings.score in SHARED:
            raise UsageError("Classes of this network do not exclude each other: use --score sigmoid, logit or margin.")
        score = self.on(model).settings.score
        if model.regression and score not in OF_REGRESSIONS:
            raise UsageError(f"This network's outputs are numbers without a {score}: use --score value.")
        if score == "value" and not model.regression:
            raise UsageError("This network distinguishes classes: --score value goes with --outputs value.")
        check_targets(self.targets, model.labels)
        if settings.against is not None:
            check_targets([settings.against], model.labels)
        check_baselines(settings.baseline, model=model)
        if names_references(settings.baseline):
            _check_references(self)
        check_start(settings.path, baseline_given=settings.baseline != Settings.baseline)
        if settings.references is not None:
            model.reference_files(settings.references)


def _check_references(wanted: Wanted) -> None:
    """Raise ``UsageError`` for what has no mean over reference samples."""
    settings, folder = wanted.settings, "a folder as the baseline (or a list), which stands for many"
    for name in wanted.methods:
        kind = METHODS[name]
        if kind.from_baseline and not kind.over_references:
            able = ", ".join(each for each in METHODS if METHODS[each].over_references and not METHODS[each].path)
            raise UsageError(f"{name} does not take {folder}: name one baseline, or choose from: {able}.")
        if (path := kind.path or settings.path) != Settings.path:
            raise UsageError(f"The path {path!r} does not take {folder}: leave it out, or name one baseline.")
    if not wanted.methods or wanted.points:
        raise UsageError(f"There is no one path to show with {folder}: name one baseline, such as a file.")
    if settings.smooth:
        raise UsageError(f"--smooth does not go with {folder}: leave it out, and take more --steps.")
    if settings.map_tolerance is not None:
        raise UsageError(f"--map-tolerance does not go with {folder}: leave it out, and take more --steps.")
    if settings.placed_by != DEFAULT_RULE:
        raise UsageError(f"--rule {settings.rule} does not go with {folder}: its samples are midpoints.")


def _check_integrates(wanted: Wanted) -> None:
    """Raise ``UsageError`` for a tolerance of the map where nothing is integrated."""
    if wanted.settings.map_tolerance is not None and not any(METHODS[name].integrates for name in wanted.methods):
        raise UsageError("--map-tolerance is of methods that integrate along the path: add --method integrated.")


def steps_alone(settings: Settings) -> int:
    """Points of a path that is not refined."""
    return min(STEPS_ALONE, settings.max_steps) if settings.steps == "auto" else int(settings.steps)


def check_settings(settings: Settings) -> None:
    """Raise ``UsageError`` for the first setting of another kind than it has to be, or out of its range."""
    for name, (kind, words) in _KINDS.items():
        value = getattr(settings, name)
        if isinstance(value, bool) or not (isinstance(value, kind) or (name, value) in _WORDS):
            raise UsageError(f"{name} is {words}, not {value!r}.")
    find_path(settings.path)
    _check_counts(settings)
    nodes(settings.rule, steps_alone(settings))
    if settings.steps == "auto" and settings.rule is not None:
        raise UsageError(f"--rule {settings.rule} places a number of steps: add one, such as --steps 64.")
    if not settings.tolerance > 0:
        raise UsageError(f"The tolerance must be above 0, not {settings.tolerance}.")
    _check_map_tolerance(settings)
    if not 0 < settings.ig2_step < float("inf"):
        raise UsageError(f"A step of IG2 has a length above 0, not {settings.ig2_step}.")
    if not (0 <= settings.guided_fraction <= 1 and 0 <= settings.guided_distance <= 1):
        raise UsageError("The fraction and the distance of a guided path are from 0 to 1.")
    if not 0 <= settings.phi < 1:
        raise UsageError(f"Phi is a share of the score's rise, from 0 to below 1, not {settings.phi}.")
    if settings.smooth < 0 or not 0 <= settings.smooth_sigma < float("inf"):
        raise UsageError("Smoothing needs a number of copies and a sigma that are not negative.")


def _check_counts(settings: Settings) -> None:
    if settings.max_steps < 1:
        raise UsageError(f"The path needs at least 1 step, not {settings.max_steps}.")
    if max(steps_alone(settings), settings.smooth) > MOST_STEPS:
        raise UsageError(f"More than {MOST_STEPS:,} steps or copies gain nothing over rounding: take fewer.")


def _check_map_tolerance(settings: Settings) -> None:
    if (tolerance := settings.map_tolerance) is None:
        return
    if not tolerance > 0:
        raise UsageError(f"The tolerance of the map must be above 0, not {tolerance}.")
    if settings.steps != "auto":
        raise UsageError(f"--map-tolerance goes with --steps auto: leave out --steps {settings.steps}.")


_WHOLE, _NUMBER, _NAME = (numbers.Integral, "a whole number"), (numbers.Real, "a number"), (str, "a name")
_KINDS: dict[str, tuple[type, str]] = {
    "score": _NAME,
    "path": (str, "a name, such as 'straight'"),
    "baseline": (str, "a name, a file's path, or several joined by +"),
    "rule": _NAME,
    "steps": (numbers.Integral, "a whole number or 'auto'"),
    "tolerance": _NUMBER,
    "max_steps": _WHOLE,
    "map_tolerance": _NUMBER,
    "seed": _WHOLE,
    "phi": _NUMBER,
    "smooth": _WHOLE,
    "smooth_sigma": _NUMBER,
    "references": (str, "the path of a folder"),
    "ig2_step": _NUMBER,
    "guided_fraction": _NUMBER,
    "guided_distance": _NUMBER,
}
#: What is allowed besides.
_WORDS = (("steps", "auto"), ("rule", None), ("references", None), ("map_tolerance", None))
