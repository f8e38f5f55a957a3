"""Which pixel goes first: a map turned into ranks, once, read from either end."""

from __future__ import annotations

from collections.abc import Callable

from igcli.evaluation.maps import MapLike, as_map
from igcli.lazy import np, torch
from igcli.registry import Registry
from igcli.sample import importance

RANKINGS: Registry[Callable[[MapLike], torch.Tensor]] = Registry("ranking")


@RANKINGS("signed", summary="the map's sum over the channels, most positive first")
def by_sum(values: MapLike) -> torch.Tensor:
    """Σ_c value, (H, W): what speaks against the class comes last."""
    return as_map(values).sum(dim=0)


@RANKINGS("importance", summary="the sum of the map's absolute values over the channels, largest first")
def by_importance(values: MapLike) -> torch.Tensor:
    """Σ_c |value|, (H, W): what speaks for the class and what speaks against it alike."""
    return importance(as_map(values))


def ranks(values: MapLike, *, ranked: str = "signed") -> torch.Tensor | None:
    """The rank of each pixel, (H, W) int32 from 0, the most important, to H·W − 1; ties by pixel index, row by row.

    Least important first is the same order read backwards: H·W − 1 − rank.

    Returns
    -------
    torch.Tensor or None
        ``None`` for a map that is the same everywhere, and so ranks nothing.
    """
    ordered = RANKINGS[ranked](values).numpy()
    flat = ordered.reshape(-1)
    if flat.min() == flat.max():
        return None
    found = np.empty(flat.size, np.int32)
    found[np.argsort(-flat, kind="stable")] = np.arange(flat.size, dtype=np.int32)
    return torch.from_numpy(found.reshape(ordered.shape))


def ranking_in_words(ranked: str) -> str:
    """What the pixels are ranked by, for a protocol."""
    return next(entry.summary for entry in RANKINGS.entries() if entry.name == ranked)
