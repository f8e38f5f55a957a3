"""The state dict in a checkpoint, which training scripts store among other things."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from igcli.errors import WeightsError
from igcli.lazy import torch

if TYPE_CHECKING:
    from pathlib import Path

    _State = OrderedDict[str, torch.Tensor]
else:
    _State = OrderedDict  # naming torch's type here would load torch

WRAPPERS = (
    "state_dict", "model_state_dict", "model", "net", "network", "module", "weights", "params",
    "state_dict_ema", "model_ema", "ema_state_dict", "ema_model", "params_ema", "ema",
)  # fmt: skip
"""Keys of the network in a checkpoint, in order of preference: the trained one before its moving average."""

NO_NETWORK = ("optim", "sched", "scaler", "callback", "loop", "metric", "loss", "criterion")
"""Beginnings of keys that hold tensors of other things than networks."""

DEEPEST = 8
"""Levels of nested wrappers; a checkpoint can contain itself."""


class NamedTensors(_State):
    """A state dict; ``left_out`` names what else the file contained."""

    left_out: tuple[str, ...] = ()


def named_tensors(content: object, path: Path, *, part: str | None = None) -> NamedTensors:
    """The state dict in what was read from ``path``.

    Parameters
    ----------
    part
        The key of the network in a checkpoint that holds several, or the first part of its tensors' names.

    Raises
    ------
    WeightsError
        There is none, or there are several; or none of that name.
    """
    left_out: list[str] = []
    for _ in range(DEEPEST):
        if part is not None and (named := _part(content, part)) is not None:
            content, part = named, None
            continue
        if not isinstance(content, Mapping) or (key := _wrapper(content, path)) is None:
            break
        left_out += [str(each) for each in _networks(content) if each != key]
        content = content[key]
    if part is not None:
        names = dict.fromkeys(str(key).partition(".")[0] for key in content) if isinstance(content, Mapping) else ()
        raise WeightsError(f"{path} has no weights under {part!r}; there are: {', '.join(list(names)[:9]) or 'none'}.")
    if isinstance(content, torch.nn.Module):  # only a file that is trusted brings one
        content = content.state_dict()
    if not isinstance(content, Mapping) or not any(isinstance(value, torch.Tensor) for value in content.values()):
        raise WeightsError(f"{path} holds no named tensors. Save the network's state_dict().")
    state = with_versions(
        {str(key): value for key, value in content.items() if isinstance(value, torch.Tensor)},
        getattr(content, "_metadata", None),
    )
    others = [str(key) for key, value in content.items() if not isinstance(value, torch.Tensor)]
    state.left_out = (*left_out, *others)
    return state


def with_versions(tensors: Mapping[str, torch.Tensor], versions: Mapping[str, Any] | None) -> NamedTensors:
    """A state dict with torch's metadata: the version of each module, which is needed to read old files."""
    state = NamedTensors(tensors)
    if isinstance(versions, Mapping):
        state._metadata = dict(versions)  # type: ignore[attr-defined]
    return state


def without_prefix(state: Mapping[str, torch.Tensor], prefix: str) -> NamedTensors:
    """The state dict without ``prefix``, with which all of its keys begin."""
    versions = getattr(state, "_metadata", None) or {}
    inner = {f"{key}."[len(prefix) :].rstrip("."): v for key, v in versions.items() if f"{key}.".startswith(prefix)}
    found = with_versions({key.removeprefix(prefix): value for key, value in state.items()}, inner)
    found.left_out = getattr(state, "left_out", ())
    return found


def _wrapper(content: Mapping[Any, Any], path: Path) -> Any:
    """The key of the network in a checkpoint; ``None`` if the content is the state dict itself."""
    known = next((key for key in WRAPPERS if isinstance(content.get(key), (Mapping, torch.nn.Module))), None)
    if known is not None or any(isinstance(value, torch.Tensor) for value in content.values()):
        return known
    networks = _networks(content)
    if len(networks) > 1:
        raise WeightsError(
            f"{path} holds the weights of several networks: {', '.join(map(str, networks[:5]))}. Say which with "
            "--weights-key."
        )
    return networks[0] if networks else None


def _part(content: object, name: str) -> Mapping[str, Any] | torch.nn.Module | None:
    """What a checkpoint holds under ``name``, or the tensors whose names begin with it."""
    if not isinstance(content, Mapping):
        return None
    held = content.get(name)
    if isinstance(held, (Mapping, torch.nn.Module)):
        return held
    start = f"{name}."
    inside = {key: value for key, value in content.items() if isinstance(key, str) and key.startswith(start)}
    return without_prefix(with_versions(inside, getattr(content, "_metadata", None)), start) if inside else None


def _networks(content: Mapping[Any, Any]) -> list[Any]:
    """Keys of what may be networks: mappings that hold tensors, and networks themselves."""
    return [
        key
        for key, value in content.items()
        if not str(key).lower().startswith(NO_NETWORK)
        and (
            isinstance(value, torch.nn.Module)
            or (isinstance(value, Mapping) and any(isinstance(inner, torch.Tensor) for inner in value.values()))
        )
    ]
