"""Boxes in pixels of the original, brought to the model's pixels through the same resize and crop as the photo.

A pixel of the model's belongs to a box when its centre lies inside. Areas are exact, whatever the boxes' overlaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from igcli.evaluation.ground_truth.annotation import Box
from igcli.images.picture import Placement
from igcli.lazy import np

Rectangle = tuple[float, float, float, float]


def boxes_mask(boxes: Sequence[Box], placement: Placement, *, shape: tuple[int, int]) -> np.ndarray:
    """``shape`` (H, W) bool: the pixels whose centres lie inside at least one box.

    Parameters
    ----------
    boxes
        In pixels of the upright original; the parts outside what is seen are cut.
    """
    left, top, right, bottom = placement.box
    rows, columns = _centres(top, bottom, shape[0]), _centres(left, right, shape[1])
    mask = np.zeros(shape, bool)
    for box in boxes:
        inside = (rows >= box.top) & (rows < box.bottom)
        mask |= inside[:, None] & ((columns >= box.left) & (columns < box.right))[None, :]
    return mask


def share_inside(boxes: Sequence[Box], window: Rectangle) -> float:
    """The share, in [0, 1], of the area that boxes cover together which lies in ``window`` (left, top, right, bottom).

    The boxes must cover some area.
    """
    cut = [part for box in boxes if (part := clipped(box, window)) is not None]
    return _union(cut) / _union(boxes)


def clipped(box: Box, window: Rectangle) -> Box | None:
    """The part of the box inside (left, top, right, bottom), or ``None`` when there is none."""
    left, top = max(box.left, window[0]), max(box.top, window[1])
    right, bottom = min(box.right, window[2]), min(box.bottom, window[3])
    return Box(left, top, right, bottom, box.label, box.source) if left < right and top < bottom else None


def _centres(low: float, high: float, count: int) -> np.ndarray:
    return low + (np.arange(count) + 0.5) * (high - low) / count


def _union(boxes: Sequence[Box]) -> float:
    """The area of the union of boxes: the covered length times the width between neighbouring vertical edges."""
    if not boxes:
        return 0.0
    edges = np.array([(box.top, box.bottom, box.left, box.right) for box in boxes], float)
    top, bottom, left, right = edges[np.argsort(edges[:, 0], kind="stable")].T
    cuts = np.unique(np.concatenate([left, right]))
    area = 0.0
    for start, stop in pairwise(cuts.tolist()):
        here = (left <= start) & (right >= stop)
        reached = np.maximum.accumulate(bottom[here])  # how far down the boxes above have come
        begins = np.maximum(top[here][1:], reached[:-1])
        length = (reached[:1] - top[here][:1]).sum() + np.maximum(reached[1:] - begins, 0).sum()
        area += (stop - start) * float(length)
    return area
