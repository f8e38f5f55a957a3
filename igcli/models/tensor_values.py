"""Checks that tensors from a file have values that a network can compute with; no large tensor is made for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeGuard

from igcli.errors import WeightsError
from igcli.lazy import torch

if TYPE_CHECKING:
    from pathlib import Path

REPEATED = 1 << 24
"""Values of all tensors together that may be stored fewer times than they are used, as ``expand`` makes them."""


def check_values(state: Mapping[str, torch.Tensor], own: Mapping[str, torch.Tensor], file: Path) -> None:
    """Raise ``WeightsError`` for the first tensor without values, in another layout, or not finite.

    Parameters
    ----------
    own
        The network's own state dict, for types and sizes; if the file is far larger, values are not checked, as loading
        will refuse the shapes.
    """
    repeated = 0
    for key, value in state.items():
        if (kind := _unusable(value)) is not None:
            raise WeightsError(f"{file}: {key} {kind}")
        mine = own.get(key)
        if has_shape(mine) and mine.is_floating_point() and not value.is_floating_point():
            raise WeightsError(
                f"{file}: {key} is of type {_plain(value)}, and the network's is {_plain(mine)} (quantised weights?). "
                "Save the network's own state_dict()."
            )
        repeated += value.nelement() if value.nelement() * value.element_size() > _stored(value) else 0
        if repeated > REPEATED:
            raise WeightsError(
                f"{file}: {key} has {value.nelement():,} values and stores {_stored(value):,} bytes for them. Save "
                "value.clone() in its place."
            )
    if too_large(state, own):
        return
    for key, value in state.items():
        if value.is_floating_point() and not _is_finite(value):
            raise WeightsError(f"{file} is damaged: {key} has values that are not finite. Get the weights again.")


def has_shape(value: object) -> TypeGuard[torch.Tensor]:
    """Whether it is a tensor with a shape: a lazy layer takes its shape from the weights."""
    return isinstance(value, torch.Tensor) and not torch.nn.parameter.is_lazy(value)


def too_large(state: Mapping[str, torch.Tensor], own: Mapping[str, torch.Tensor]) -> bool:
    """Whether the file has far more values than the network, even with many more classes."""
    if not all(map(has_shape, own.values())):
        return False
    mine = sum(value.nelement() for value in own.values())
    return sum(value.nelement() for value in state.values()) > 4 * mine + (1 << 26)


def _unusable(value: torch.Tensor) -> str | None:
    if value.is_meta:
        return "has a shape and no values (it was on torch's device 'meta'). Save the network once it has its weights."
    if value.is_nested or value.layout is not torch.strided:
        return f"is stored as {_plain(value.layout)}. Save value.to_dense() in its place."
    if value.is_quantized:
        return "is quantised. Save value.dequantize() in its place."
    return None


def _is_finite(value: torch.Tensor) -> bool:
    if value.element_size() == 1:  # float8 knows no isfinite
        value = value.float()
    return bool(torch.isfinite(value).all())


def _stored(value: torch.Tensor) -> int:
    return value.untyped_storage().nbytes()


def _plain(value: object) -> str:
    return str(getattr(value, "dtype", value)).removeprefix("torch.")
