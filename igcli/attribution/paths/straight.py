"""The straight path: every value moves in proportion (arXiv 1611.02639, §2.3; arXiv 1703.01365, eq. 1)."""

from __future__ import annotations

from igcli.attribution.path import Path
from igcli.attribution.paths.kind import PATHS, PathKind
from igcli.lazy import torch
from igcli.sample import Layout


@PATHS("straight", summary="all pixels in proportion, as in the paper")
class Straight(PathKind):
    """γ(α) = x′ + α (x − x′)."""

    def path(self, baseline: torch.Tensor, end: torch.Tensor, layout: Layout, further: tuple[object, ...]) -> Path:
        """The straight path."""
        return Path(baseline, end, layout, further)
