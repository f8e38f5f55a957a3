"""Integrated gradients along a path of their own, whatever ``--path`` says, so that one run compares paths."""

from __future__ import annotations

from igcli.attribution.methods.integrated import IntegratedGradients
from igcli.attribution.methods.method import METHODS


@METHODS("spectral-integrated", summary="integrated along the spectral path: large components of the photo come first")
class SpectralIntegrated(IntegratedGradients):
    """Along ``--path spectral`` (arXiv 2605.19607)."""

    path = "spectral"


@METHODS("blur-integrated", summary="integrated along the blur path: from the blurred photo, detail comes last")
class BlurIntegrated(IntegratedGradients):
    """Along ``--path blur`` (arXiv 2004.03383)."""

    path = "blur"
