"""What papers and their code choose when they measure maps: metrics, parameters, how the maps are made, which class.

The sources differ in each of these, so that numbers of one cannot be compared with numbers of another. A protocol sets
all of them at once; what it cannot set is in ``differs``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from igcli.registry import Registry


@dataclass(frozen=True)
class Published:
    """One source's choices.

    Attributes
    ----------
    source
        Where they were read.
    metrics
        Names in ``METRICS``.
    parameters
        Of the metrics, as in ``deletion.fill``, where they are not the metric's own defaults.
    options
        How the maps are made: options of ``ig evaluate`` by name.
    true_label
        Whether the labelled class is explained; else the predicted one.
    differs
        What the authors do otherwise, in sentences.
    """

    source: str
    metrics: tuple[str, ...]
    parameters: Mapping[str, object] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    true_label: bool = False
    differs: tuple[str, ...] = ()


PROTOCOLS: Registry[Published] = Registry("protocol")


def _rise(*, ranked: str) -> dict[str, object]:
    """RISE's curves: to the normalisation's mean, from its blur, a row's number of pixels at a time."""
    fills = {"deletion.fill": "grey", "insertion.fill": "kernel-blur:5"}
    both = {"ranked": ranked, "score": "softmax", "steps": 224}
    return {**fills, **{f"{name}.{key}": value for name in ("deletion", "insertion") for key, value in both.items()}}


#: Maps as the repositories of Walker et al. make them.
_WALKER = {"score": "logit", "baseline": ("grey",), "steps": 50}
_WALKERS = (
    "The authors measure photos that are classified correctly; here every photo is.",
    "Their integrated gradients are the mean over 50 points with both ends; here the 50 points are placed by --rule.",
)

PROTOCOLS("rise", summary="deletion and insertion as RISE's code has them")(
    Published(
        source="github.com/eclique/RISE, evaluation.py (arXiv 1806.07421)",
        metrics=("deletion", "insertion"),
        parameters=_rise(ranked="signed"),
    )
)
PROTOCOLS("idg", summary="deletion and insertion as in the code of integrated decision gradients")(
    Published(
        source="github.com/chasewalker26/Integrated-Decision-Gradients, evalOnImageNet.py (arXiv 2305.20052)",
        metrics=("deletion", "insertion"),
        parameters=_rise(ranked="magnitude"),
        options=_WALKER,
        differs=_WALKERS,
    )
)
PROTOCOLS("mas", summary="magnitude-aligned scoring as in its authors' code")(
    Published(
        source="github.com/chasewalker26/Magnitude-Aligned-Scoring, MASTestFunctions.py (IJCAI 2024)",
        metrics=("mas", "mas-insertion", "mas-deletion"),
        parameters={
            "mas.fill": "grey",
            "mas.start": "kernel-blur:11",
            "mas-deletion.fill": "grey",
            "mas-insertion.fill": "kernel-blur:11",
            **{f"{name}.ranked": "magnitude" for name in ("mas", "mas-insertion", "mas-deletion")},
            **{f"{name}.score": "softmax" for name in ("mas", "mas-insertion", "mas-deletion")},
            **{f"{name}.steps": 224 for name in ("mas", "mas-insertion", "mas-deletion")},
        },
        options=_WALKER,
        differs=_WALKERS,
    )
)
PROTOCOLS("expanded-ig", summary="the area between the curves, and max-sensitivity, as in a notebook of its authors")(
    Published(
        source="github.com/vivekmig/captum-1, branch ExpandedIG, ImageNetSplitIG-Basic.ipynb (arXiv 2010.12697)",
        metrics=("abpc", "max-sensitivity"),
        parameters={
            "abpc.fill": "grey",
            "abpc.ranked": "signed",
            "abpc.score": "logit",
            "abpc.steps": 10,
            "abpc.floor": True,
            "max-sensitivity.samples": 10,
            "max-sensitivity.radius": 0.0112,
        },
        options={"score": "logit", "baseline": ("grey",), "steps": 200, "rule": "right", "phi": 0.95},
        true_label=True,
        differs=(
            "The authors leave out photos whose logit rises by less than 5 from the baseline.",
            "Their changes of the photo are of the same size in normalised units, which differ a little per channel.",
        ),
    )
)
PROTOCOLS("spectral-ig", summary="DiffID and its two parts as in the code of Spectral IG")(
    Published(
        source="github.com/leekwoon/sig, cleanig/metric/diffid.py (arXiv 2605.19607)",
        metrics=("diffid", "diffid-insertion", "diffid-deletion"),
        parameters={
            f"{name}.{key}": value
            for name in ("diffid", "diffid-insertion", "diffid-deletion")
            for key, value in (("fill", "remaining-mean"), ("ranked", "value"), ("score", "softmax"), ("steps", 10))
        },
        options={"score": "softmax", "baseline": ("black",), "steps": 200},
        true_label=True,
        differs=(
            "Their script prints the accuracy that is kept (--set diffid.score=top-class); the share of the "
            "probability, which is measured here, is computed by the same function.",
            "Their 200 points are the left ends of equal intervals; here they are placed by --rule.",
        ),
    )
)
