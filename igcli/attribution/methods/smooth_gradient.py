"""SmoothGrad: the mean gradient over noisy copies of the photo (Smilkov et al. 2017, arXiv 1706.03825)."""

from __future__ import annotations

from igcli.attribution.methods.gradient import Gradient
from igcli.attribution.methods.method import METHODS


@METHODS("smooth-gradient", summary="the gradient's mean over noisy copies of the photo (25, or --smooth N)")
class SmoothGradient(Gradient):
    """Mean over n of ∂F/∂x at x + noise_n: what ``gradient`` becomes with ``--smooth 25``."""

    copies = 25
