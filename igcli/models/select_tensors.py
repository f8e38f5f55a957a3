"""Selects a network's tensors from a file: without the prefixes of wrappers, and without what else the file holds.

A network is selected only as a whole. Ignored tensors are named in a warning; tensors that seem to be a part of another
network are not ignored, so that loading fails with a message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from igcli.errors import WeightsError
from igcli.models.named_tensors import NamedTensors, with_versions, without_prefix
from igcli.models.tensor_values import check_values, has_shape

if TYPE_CHECKING:
    from pathlib import Path

    import torch

WRAPPER_SEGMENTS = frozenset(
    {"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module"}
)
"""What ``DataParallel``, ``torch.compile``, FSDP, checkpointing and DeepSpeed put into names, at any place."""

OPTIONAL = (".num_batches_tracked", "_extra_state")
"""Endings of keys that a whole network may lack."""

COPIES = re.compile(r"ema|teacher|momentum|target|shadow|swa|averag|_k\.$", re.IGNORECASE)
"""In the prefix of a network that follows the one which is trained."""

COMPANIONS = re.compile(
    r"(criterion|loss|.*_loss|loss_.*|metrics?|.*_metrics?|(train|val|valid|validation|test)_.*|accuracy|.*_accuracy|acc"
    r"|f1|auroc|confmat|confusion.*|ema|.*_ema|ema_.*|teacher.*|optimizer.*|scaler)\.|n_averaged$"
    r"|(.*\.)?(total_ops|total_params|num_batches_tracked)$"
)
"""Names of tensors that are saved with a network and are not used by it."""

NAMED = 6
"""How many ignored names a warning lists."""


def select_tensors(
    state: Mapping[str, torch.Tensor],
    network: torch.nn.Module | Mapping[str, torch.Tensor],
    *,
    file: Path,
    warn: Callable[[str], None],
) -> NamedTensors:
    """The tensors of the network, under its own names; the whole state if the network is not complete in it.

    Parameters
    ----------
    state
        As :func:`~igcli.models.weights.read_state_dict` returns it.
    network
        Or its own state dict; on the meta device or not: only names, shapes and types are used.

    Raises
    ------
    WeightsError
        When several networks of this kind are in the file, or the network's tensors have no usable values.
    """
    own = network if isinstance(network, Mapping) else network.state_dict()
    plain = _without_wrappers(state, own.keys(), file)
    prefix = _prefix(plain, own.keys(), file)
    whole, left = False, []
    if prefix is None:
        found = without_common_prefix(plain, own.keys())
    else:
        inside = {key: value for key, value in plain.items() if key.startswith(prefix)}
        found = without_prefix(with_versions(inside, getattr(plain, "_metadata", None)), prefix)
        extra = [key for key in found if key not in own]
        whole = all(COMPANIONS.match(key) or _is_copy(key, own.keys(), plain) for key in extra)
        if whole:
            for key in extra:
                del found[key]
            left = [key for key in plain if not key.startswith(prefix)] + [prefix + key for key in extra]
    check_values(found, own, file)
    if whole and (names := [*getattr(state, "left_out", ()), *_grouped(left)]):
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        warn(f"{file}: ignored as no part of the network: {', '.join(names[:NAMED])}{more}.")
    return found


def without_common_prefix(state: Mapping[str, torch.Tensor], wanted: Collection[str]) -> NamedTensors:
    """The state dict without the one prefix that a wrapper of any kind put before all keys."""
    inner = whole = without_prefix(state, "")
    while not any(key in wanted for key in inner):
        first = next(iter(inner), "").partition(".")[0] + "."
        if not all(key.startswith(first) and key != first for key in inner):
            return whole
        inner = without_prefix(inner, first)
    return inner


def room_for(network: torch.nn.Module) -> int:
    """Bytes that a file of its weights may unpack to: in float64, with an optimiser's state and a moving average."""
    return 40 * sum(value.nelement() for value in network.state_dict().values() if has_shape(value)) + (64 << 20)


def _without_wrappers(state: Mapping[str, torch.Tensor], wanted: Collection[str], file: Path) -> NamedTensors:
    """The state dict without the names of wrappers, anywhere in its keys."""
    removable = WRAPPER_SEGMENTS - {segment for key in wanted for segment in key.split(".")}

    def plain(key: str) -> str:
        return ".".join(segment for segment in key.split(".") if segment not in removable)

    found = with_versions({}, {plain(k): v for k, v in (getattr(state, "_metadata", None) or {}).items()})
    origin: dict[str, str] = {}
    for key, value in state.items():
        if (other := origin.setdefault(plain(key), key)) != key:
            raise WeightsError(f"{file} has two values for {plain(key)}: {other} and {key}. Save one of the networks.")
        found[plain(key)] = value
    return found


def _prefix(state: Mapping[str, torch.Tensor], wanted: Collection[str], file: Path) -> str | None:
    """The prefix of the network's keys; ``None`` if the network is not complete."""
    needed = [key for key in wanted if not key.endswith(OPTIONAL)]
    if not needed:
        return None
    anchor = needed[0]
    starts = [key.removesuffix(anchor) for key in state if key == anchor or key.endswith(f".{anchor}")]
    whole = [start for start in starts if all(start + key in state for key in needed)]
    trained = [start for start in whole if not COPIES.search(start)] or whole
    if len(trained) > 1:
        raise WeightsError(
            f"{file} holds several networks of this kind, under {', '.join(map(repr, trained[:5]))}. Say which with "
            "--weights-key."
        )
    return trained[0] if trained else None


def _is_copy(key: str, wanted: Collection[str], state: Mapping[str, torch.Tensor]) -> bool:
    """Whether the key is that of a second network of the kind, such as a moving average, which is there as a whole."""
    start, _, rest = key.partition(".")
    return rest in wanted and all(f"{start}.{each}" in state for each in wanted if not each.endswith(OPTIONAL))


def _grouped(keys: list[str]) -> list[str]:
    """Keys by their first segment: ``ema.* (62)``."""
    groups: dict[str, list[str]] = {}
    for key in keys:
        groups.setdefault(key.partition(".")[0], []).append(key)
    return [each[0] if len(each) == 1 else f"{first}.* ({len(each)})" for first, each in groups.items()]
