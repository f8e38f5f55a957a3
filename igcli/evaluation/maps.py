"""Maps as they are given, by igcli or by any other tool, and what can be wrong with one.

A map is an array or a tensor, (H, W) or (C, H, W), with a value for each pixel that the model sees.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, Union

from igcli.lazy import np, torch
from igcli.registry import Registry
from igcli.sample import importance

MapLike: TypeAlias = Union["torch.Tensor", "np.ndarray"]


def as_map(values: MapLike) -> torch.Tensor:
    """The map as (C, H, W) float64 on the CPU; a copy where the type differs, never changed in place."""
    tensor = values.detach().cpu() if isinstance(values, torch.Tensor) else torch.from_numpy(np.array(values, float))
    tensor = tensor.double()
    return tensor[None] if tensor.ndim == 2 else tensor


def flaw(values: MapLike, *, size: tuple[int, int] | None = None) -> str:
    """Why nothing can be measured of this map, as a sentence, the same for all with this flaw; empty if something can.

    Parameters
    ----------
    size
        (height, width) of the photo, if the map has to fit one.
    """
    shape = tuple(values.shape)
    if len(shape) not in (2, 3) or 0 in shape:
        return f"The map's shape {shape} is neither (height, width) nor (channels, height, width)."
    if size is not None and shape[-2:] != tuple(size):
        return (
            f"The map is {shape[-1]}x{shape[-2]}, the photo as the model sees it {size[1]}x{size[0]}: "
            "resize the map, or make it on the pixels that the model sees."
        )
    tensor = as_map(values)
    if not bool(torch.isfinite(tensor).all()):
        return "The map has values that are not finite."
    if not bool(tensor.any()):
        return "The map is zero everywhere."
    return ""


RANKINGS: Registry[Callable[[MapLike], torch.Tensor]] = Registry("ranking")


@RANKINGS("signed", summary="the map's sum over the channels, most positive first")
def by_sum(values: MapLike) -> torch.Tensor:
    """Σ_c value, (H, W): what speaks against the class comes last."""
    return as_map(values).sum(dim=0)


@RANKINGS("importance", summary="the sum of the map's absolute values over the channels, largest first")
def by_importance(values: MapLike) -> torch.Tensor:
    """Σ_c |value|, (H, W): what speaks for the class and what speaks against it alike."""
    return importance(as_map(values))


@RANKINGS("magnitude", summary="the absolute value of the map's sum over the channels, largest first")
def by_magnitude(values: MapLike) -> torch.Tensor:
    """|Σ_c value|, (H, W): channels of opposite signs cancel first."""
    return as_map(values).sum(dim=0).abs()


@RANKINGS("value", summary="the map's absolute value in each channel by itself, largest first")
def by_value(values: MapLike) -> torch.Tensor:
    """|value|, (C, H, W): single channel values are ranked, not pixels."""
    return as_map(values).abs()


def is_by_value(ranked: str) -> bool:
    """Whether a ranking is one of single channel values, not of pixels."""
    return ranked == "value"


def ranked_values(values: MapLike, *, ranked: str = "signed", channels: int = 3) -> torch.Tensor:
    """What the pixels, (H, W), or single values, (C, H, W), of a photo are ranked by: largest first; float64.

    Where single values are ranked, a map of one channel, (H, W) or (1, H, W), counts for each of the photo's.
    """
    found = RANKINGS[ranked](values)
    return found.expand(channels, -1, -1) if found.ndim == 3 and len(found) == 1 else found


def ranks(values: MapLike, *, ranked: str = "signed", channels: int = 3) -> torch.Tensor | None:
    """The rank of each pixel, (H, W) int32 from 0, the most important, to H·W − 1; ties by index, row by row.

    Least important first is the same order read backwards: H·W − 1 − rank.

    Parameters
    ----------
    ranked
        A name in ``RANKINGS``. ``"value"`` ranks single values: (C, H, W), from 0 to C·H·W − 1.
    channels
        Of the photo.

    Returns
    -------
    torch.Tensor or None
        ``None`` for a map that is the same everywhere, and so ranks nothing.
    """
    ordered = ranked_values(values, ranked=ranked, channels=channels).numpy()
    flat = ordered.reshape(-1)
    if flat.min() == flat.max():
        return None
    found = np.empty(flat.size, np.int32)
    found[np.argsort(-flat, kind="stable")] = np.arange(flat.size, dtype=np.int32)
    return torch.from_numpy(found.reshape(ordered.shape))


def ranking_in_words(ranked: str) -> str:
    """What the pixels are ranked by, for a protocol."""
    return next(entry.summary for entry in RANKINGS.entries() if entry.name == ranked)
