"""``attribute``: the map of one class by one method, of one sample or a list of them; and long lists in groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any, overload

from igcli.attribution.budget import Budget
from igcli.attribution.explain import explain
from igcli.attribution.result import Attribution, Explanation, Settings
from igcli.attribution.targets import count_classes
from igcli.attribution.wanted import Wanted
from igcli.errors import IgError, UsageError
from igcli.lazy import np, torch
from igcli.models.model import Model
from igcli.sample import Sample

#: Samples of a list that share a sweep: more would take memory and fill the passes no better.
_TOGETHER = 32


@overload
def attribute(model: Model, sample: Sample, **how: Any) -> Attribution: ...


@overload
def attribute(model: Model, sample: Sequence[Sample], **how: Any) -> list[Attribution]: ...


def attribute(
    model: Model,
    sample: Sample | Sequence[Sample],
    *,
    method: str = "integrated",
    target: str | int = "top",
    budget: Budget | int | None = None,
    **settings: object,
) -> Attribution | list[Attribution]:
    """One class by one method, of a sample such as a picture, or of each of a list.

    Keyword arguments beyond these are those of :class:`Settings`.

    Parameters
    ----------
    sample
        One, or a list or tuple of them, which share passes; a bar shows how many are done.
    method
        A name in ``METHODS``.
    target
        ``"top"``, the most probable class of each; an index, or a name.
    budget
        Samples per pass; by default what was measured for the model on this machine, or suits its device.

    Returns
    -------
    Attribution or list
        Of a list a list, in its order.

    Raises
    ------
    IgError
        With a sentence that says what to do; of a list for the first that fails. :func:`explain` returns the error in
        the sample's place instead.
    """
    wanted = Wanted((method,), (target,), named_settings(settings))
    if count_classes(target) > 1:
        raise UsageError(f"attribute() explains one class, and {target!r} names more: use explain().")
    samples = samples_of(model, sample)
    found = [each.results[method] for each in explain_in_groups(model, samples, wanted, budget=budget)]
    return found if isinstance(sample, list | tuple) else found[0]


def named_settings(settings: dict[str, Any]) -> Settings:
    """The settings of these names; raises ``UsageError`` for an unknown one."""
    known = [each.name for each in fields(Settings)]
    if unknown := settings.keys() - set(known):
        raise UsageError(
            f"There is no setting {min(unknown)!r}. There are: {', '.join(known)}; method, target and budget."
        )
    return replace(Settings(), **settings)


def samples_of(model: Model, sample: Any) -> list[Sample]:
    """The samples of a list, or the only one; raises ``UsageError`` for a tensor or an array, such as a batch."""
    if isinstance(model, Model) and isinstance(sample, np.ndarray | torch.Tensor):
        made = "igcli.read_image({}, view=model.view)" if model.unit == "pixels" else "igcli.Sample({})"
        if sample.ndim < 4:
            advice = f"write {made.format('values')}"
        else:
            advice = f"write [{made.format('each')} for each in batch], and get a list of results"
        raise UsageError(f"Values of shape {tuple(sample.shape)} are no sample yet: {advice}.")
    return list(sample) if isinstance(sample, list | tuple) else [sample]


def explain_in_groups(
    model: Model, samples: Sequence[Sample], wanted: Wanted, *, budget: Budget | int | None = None
) -> Iterator[Explanation]:
    """Every class wanted of every sample, in order: in groups that share a sweep, with a bar where it would be seen.

    Raises
    ------
    IgError
        For the first sample or class that cannot be explained; of several with its number.
    """
    count = len(samples)
    if isinstance(model, Model):  # else explain() says what a model is
        budget = Budget.of(model, budget) if budget is None or isinstance(budget, int) else budget
    with _bar(count) as advance:
        for start in range(0, count, _TOGETHER):
            group = samples[start : start + _TOGETHER]
            for number, outcomes in enumerate(explain(model, group, wanted, budget=budget), start + 1):
                for outcome in outcomes:
                    if isinstance(outcome, IgError):
                        raise outcome if count == 1 else type(outcome)(f"Number {number} of {count}: {outcome}")
                    yield outcome
                advance()


@contextmanager
def _bar(count: int) -> Iterator[Callable[[], object]]:
    """A bar over several samples, the notebook's own where there is one; what to call for each that is done."""
    if count < 2:
        yield int
        return
    from tqdm.auto import tqdm

    with tqdm(total=count, unit="sample", leave=False, disable=None) as bar:  # none in a file or a pipe
        yield bar.update
