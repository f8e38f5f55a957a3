"""What faster products cost: how far they take one photo's map from the map in float32."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from igcli.attribution.explain import explain
from igcli.attribution.result import Explanation
from igcli.errors import ImageError
from igcli.images.picture import Picture
from igcli.images.reading import read_image
from igcli.images.source import Found
from igcli.jobs.plan import Job
from igcli.models.devices import numbers


def precision_error(job: Job, photos: Iterable[Found]) -> float | None:
    """The relative L2 distance of the first photo's map from the same in float32.

    Of the first method and class that are wanted, with the run's own settings; the photo is explained twice for it.
    ``None`` where no photo can be explained, or the map is zero everywhere.
    """
    for found in photos:
        try:
            picture = read_image(found, view=job.model.view, fit=job.plan.fit, options=job.plan.reading)
        except ImageError:
            continue  # the run will say so
        with numbers("float32"):
            exact = _explained(job, picture, job.plan.wanted.targets[0] if found.target is None else found.target)
        if exact is None:
            continue
        # The same class, whichever this precision holds to be the most probable one.
        other = _explained(job, picture, exact.target.index)
        return None if other is None else _distance(other, exact)
    return None


def _explained(job: Job, picture: Picture, target: str | int) -> Explanation | None:
    method = (*job.plan.wanted.methods, "integrated")[0]
    wanted = replace(job.plan.wanted, methods=(method,), targets=(target,), interior=None, alphas=())
    outcome = explain(job.model, [picture], wanted, budget=job.budget)[0][0]
    return outcome if isinstance(outcome, Explanation) else None


def _distance(other: Explanation, exact: Explanation) -> float | None:
    ((method, result),) = exact.results.items()
    values = result.values.double()
    norm = float(values.norm())
    return float((other.results[method].values.double() - values).norm()) / norm if norm else None
