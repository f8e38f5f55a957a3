"""Parts of a photo replaced by black: a box, a mask, or what a map holds important (arXiv 1611.02639, Fig. 1b)."""

from __future__ import annotations

from dataclasses import replace

from igcli.errors import UsageError
from igcli.images.picture import Picture
from igcli.lazy import np, torch
from igcli.sample import importance


def ablated(picture: Picture, mask: np.ndarray, *, note: str) -> Picture:
    """The picture with the masked pixels (H, W) black; the original is unchanged."""
    hidden = torch.from_numpy(np.ascontiguousarray(mask, dtype=bool)).to(picture.pixels.device)
    return replace(picture, pixels=picture.pixels.masked_fill(hidden, 0.0), notes=(*picture.notes, note))


def box_mask(picture: Picture, box: tuple[int, int, int, int]) -> np.ndarray:
    """(H, W) bool: the box (left, top, right, bottom), in pixels of what the model sees, right and bottom exclusive.

    Raises
    ------
    UsageError
        For a box that covers no pixel.
    """
    _, height, width = picture.pixels.shape
    left, top, right, bottom = box
    mask = np.zeros((height, width), bool)
    mask[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = True
    if not mask.any():
        raise UsageError(
            f"The box {left},{top},{right},{bottom} covers none of the {width}x{height} pixels that the model sees: "
            "give LEFT,TOP,RIGHT,BOTTOM within them."
        )
    return mask


def top_mask(values: torch.Tensor, percent: float) -> np.ndarray:
    """(H, W) bool: the most important ``percent`` % of the pixels of a map (C, H, W), ties by position."""
    important = importance(values.double()).numpy()
    count = round(important.size * percent / 100)
    mask = np.zeros(important.size, bool)
    mask[np.argsort(-important.flatten(), kind="stable")[:count]] = True
    return mask.reshape(important.shape)
