"""What an explanation costs, before it is made: enough to distinguish a long run from a short one."""

from __future__ import annotations

from igcli.attribution.adaptive.adaptive_path import first_points
from igcli.attribution.baselines import count_baselines
from igcli.attribution.methods.method import METHODS, OwnPath
from igcli.attribution.quadrature import nodes
from igcli.attribution.targets import count_classes
from igcli.attribution.task import copies_of
from igcli.attribution.wanted import Wanted, steps_alone


def gradients_for(wanted: Wanted) -> int:
    """Roughly how many gradients a photo takes; with ``steps="auto"``, only those of the first placement."""
    settings, kinds = wanted.settings, [METHODS[name] for name in wanted.methods]
    auto, integrated = settings.steps == "auto", any(kind.integrates for kind in kinds)
    steps = steps_alone(settings)
    points = wanted.points.union(*(kind.alphas for kind in kinds))
    if integrated and not auto:
        points |= set(nodes(settings.rule, steps).alphas.tolist())
    together = len(points) + first_points(settings) * (integrated and auto)
    alone = steps * sum(issubclass(kind, OwnPath) and kind.uses_steps for kind in kinds)
    copies = max((copies_of(kind, wanted) for kind in (None, *kinds)), default=0)
    paths = count_baselines(settings.baseline) * max(copies, 1)
    return sum(map(count_classes, wanted.targets)) * paths * (together + alone)
