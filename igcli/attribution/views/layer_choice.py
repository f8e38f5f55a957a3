"""Which layers to compare: names and patterns, or a few by default."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from igcli.errors import UsageError
from igcli.lazy import np, torch

if TYPE_CHECKING:
    from igcli.models.model import Model

#: The layers of arXiv 1611.02639, Fig. 12, by torchvision's names.
GOOGLENET_LAYERS = ("inception3b", "inception4b", "inception4d", "inception5b")

_FEW = 4


def find_layers(model: Model, wanted: Sequence[str] = ()) -> list[str]:
    """The layers that ``wanted`` names, in the order they are built; each once.

    Parameters
    ----------
    model
        Whose layers; ``model.layers()`` lists them.
    wanted
        Names, or patterns such as ``"inception4*"``. Without any: the paper's four for a GoogLeNet, else four evenly
        spread blocks.

    Raises
    ------
    UsageError
        For a name or pattern that fits no layer, with the closest names.
    """
    names = model.layers()
    if not wanted:
        return default_layers(model)
    chosen: set[str] = set()
    for pattern in wanted:
        found = [pattern] if pattern in names else [name for name in names if fnmatchcase(name, pattern)]
        if not found:
            raise UsageError(_unknown(pattern, names))
        chosen.update(found)
    return [name for name in names if name in chosen]


def default_layers(model: Model) -> list[str]:
    """The paper's four layers, or four (at most) evenly spread blocks, the last before the logits among them.

    The blocks are taken at the shallowest depth that has five of them with parameters.
    """
    if set(GOOGLENET_LAYERS) <= set(model.layers()):
        return list(GOOGLENET_LAYERS)
    blocks: list[str] = []
    for depth in range(1, 1 + max((name.count(".") + 1 for name in model.layers()), default=0)):
        blocks = list(_blocks(model.network, depth))
        if len(blocks) > _FEW:
            break
    before_logits = blocks[:-1] or blocks or model.layers()[-1:]
    places = np.linspace(0, len(before_logits) - 1, min(_FEW + 1, len(before_logits) + 1))[1:]
    return list(dict.fromkeys(before_logits[round(place)] for place in places))


def _blocks(module: torch.nn.Module, depth: int, prefix: str = "") -> Iterator[str]:
    for name, child in module.named_children():
        if next(child.parameters(), None) is None:
            continue
        # a list of modules is never called itself, and attention calls its parts by function
        listing = isinstance(child, (torch.nn.ModuleList, torch.nn.ModuleDict))
        whole = isinstance(child, torch.nn.MultiheadAttention) or not any(True for _ in child.children())
        if whole or (depth == 1 and not listing):
            yield prefix + name
        else:
            yield from _blocks(child, max(depth - 1, 1), f"{prefix}{name}.")


def _unknown(pattern: str, names: Sequence[str]) -> str:
    near = get_close_matches(pattern, names, n=3, cutoff=0.5)
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    return f"No layer fits {pattern!r}.{hint} 'ig models show MODEL --layers' lists this model's {len(names)} layers."
