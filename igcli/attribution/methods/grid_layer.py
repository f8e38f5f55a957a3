"""The last layer whose output is still a grid over the input: the one whose channels Grad-CAM weights.

A grid comes as (N, K, h, w) in most convolutional networks, as (N, h, w, K) in Swin transformers, as tokens (N, T, K)
in other transformers and mixers: h · w of them row by row, perhaps after some that stand for no place (class,
distillation, register tokens). Shapes alone do not decide, as the norms and weights inside an attention layer can look
like a grid. So a layer is taken only if

- it is not part of an attention layer (queries, keys, values);
- the network's answer depends on its places: behind the last attention layer of a vision transformer only the class
  token does, and the input of that last block is taken, as is usual;
- its output has the shape of a convolution's or a pooling's, and so their order of axes; or else changing one corner
  of the input changes the output most towards that corner, for all four corners.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal
from weakref import WeakKeyDictionary

from igcli.lazy import torch
from igcli.models.model import Model

AxisOrder = Literal["channels-first", "channels-last", "tokens"]

#: More tokens without a place than this are taken for a sequence that is no grid, unless the network states them.
MOST_PREFIX_TOKENS = 8
#: How far, in widths of the grid, the centre of change must follow a change from one side of the input to the other.
MARGIN = 0.1
#: Layers that are tried, from the last one.
MOST_TRIED = 24


@dataclass(frozen=True)
class GridLayer:
    """A layer, and how its output is a grid.

    Attributes
    ----------
    name
        Of the module in the network.
    size
        (h, w).
    prefix
        Tokens that come before those of the grid.
    """

    name: str
    layout: AxisOrder
    size: tuple[int, int]
    prefix: int = 0

    def grid(self, output: torch.Tensor) -> torch.Tensor:
        """The layer's output, or its gradient, as (N, K, h, w)."""
        if self.layout == "channels-first":
            return output
        if self.layout == "channels-last":
            return output.permute(0, 3, 1, 2)
        return output[:, self.prefix :].transpose(1, 2).reshape(len(output), -1, *self.size)


def last_grid_layer(model: Model, shape: tuple[int, ...]) -> GridLayer | None:
    """The layer for pictures of ``shape`` (C, H, W), or ``None`` where no layer passes; found once for each network."""
    if len(shape) != 3:
        return None
    known = _KNOWN.setdefault(model.network, {})
    found = known.get(shape) or _found(model, shape)
    if found is not None:  # else weights that are loaded later may change it
        known[shape] = found
    return found


_KNOWN: WeakKeyDictionary[torch.nn.Module, dict[tuple[int, ...], GridLayer]] = WeakKeyDictionary()


def _found(model: Model, shape: tuple[int, ...]) -> GridLayer | None:
    probes, size = _probes(model, shape), (shape[1], shape[2])
    with model.frozen(), torch.inference_mode(mode=False), torch.enable_grad():
        passed = _passed(model, probes[0])
    modules = dict(model.network.named_modules())
    layers = [layer for each in passed for layer in _readings(each, size, stated_prefix(modules, each.name))]
    passed_by_name = {each.name: each for each in passed}
    order = [each.name for each in passed]
    convolved = {each.shape for each in passed if isinstance(modules[each.name], _spatial())}
    tried = 0
    for layer in reversed(layers):
        if 2 * order.index(layer.name) + 1 < len(order):
            return None  # the first layers, such as the projection of patches, know next to nothing of the classes
        if not passed_by_name[layer.name].matters(layer):
            continue
        unambiguous = sum(each.name == layer.name for each in layers) == 1
        if layer.layout == "channels-first" and passed_by_name[layer.name].shape in convolved and unambiguous:
            return layer
        # Deep in a network every place knows of every other; the first layer of the same shape has the same order.
        first = next(each for each in layers if _same_shape(passed_by_name, each, layer)) if unambiguous else layer
        if any(_keeps_places(model, each, probes) for each in dict.fromkeys((layer, first))):
            return layer
        tried += 1
        if tried == MOST_TRIED:
            break
    return None


def _spatial() -> tuple[type[torch.nn.Module], ...]:
    """Modules whose output is (N, K, h, w) by definition."""
    nn = torch.nn
    return nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d


@dataclass
class _Passed:
    """What came out of a module: its shape, and which entries along two of its axes the answer depends on."""

    name: str
    shape: tuple[int, ...]
    alive: dict[str, torch.Tensor] = field(default_factory=dict)

    def note(self, gradient: torch.Tensor) -> None:
        moves = gradient[0] != 0
        if moves.ndim == 3:
            self.alive = {"channels-first": moves.any(dim=0).flatten(), "channels-last": moves.any(dim=2).flatten()}
        else:
            self.alive = {"tokens": moves.any(dim=1)}

    def matters(self, layer: GridLayer) -> bool:
        """Whether more than one of the layer's places has a part in the answer."""
        alive = self.alive.get(layer.layout)
        return alive is not None and int(alive[layer.prefix :].sum()) > 1


def _passed(model: Model, probe: torch.Tensor) -> list[_Passed]:
    """Outputs with one input in the batch, outside attention layers, in the order in which modules finish."""
    found: list[_Passed] = []

    def note(name: str, output: object) -> None:
        places = output.shape[1:] if isinstance(output, torch.Tensor) and output.ndim in (3, 4) else ()
        if (
            isinstance(output, torch.Tensor)
            and len(output) == 1
            and output.requires_grad
            and sum(n > 1 for n in places) > 1
        ):
            each = _Passed(name, tuple(output.shape))
            output.register_hook(each.note)  # type: ignore[no-untyped-call]
            found.append(each)

    modules = dict(model.network.named_modules())
    names = [name for name in modules if name and not in_attention(modules, name)]
    pixels = probe.clone().requires_grad_()
    with _listening(model.network, names, note):
        logits = model(pixels)
    if not logits.requires_grad:
        return []
    # All logits, each with a factor of its own: a single one may be saturated, and a sum is constant after a softmax.
    factors = torch.linspace(0.5, 1.5, logits.shape[1], device=logits.device, dtype=logits.dtype)
    torch.autograd.grad((logits * factors).sum(), pixels)  # calls the hooks
    last_calls = {each.name: each for each in reversed(found)}
    return list(reversed(last_calls.values()))


def in_attention(modules: Mapping[str, torch.nn.Module], name: str) -> bool:
    """Whether a module is an attention layer, or a part of one, by the names of modules and classes."""
    parts = name.split(".")
    paths = [".".join(parts[: end + 1]) for end in range(len(parts))]
    words = [*parts, *(type(modules[path]).__name__ for path in paths if path in modules)]
    return any("attn" in word.lower() or "attention" in word.lower() for word in words)


def stated_prefix(modules: Mapping[str, torch.nn.Module], name: str) -> int | None:
    """The number of tokens without a place, as the nearest module around a layer states it (timm does)."""
    parts = name.split(".")[:-1]
    for end in range(len(parts), -1, -1):
        stated = getattr(modules.get(".".join(parts[:end])), "num_prefix_tokens", None)
        if isinstance(stated, int):
            return stated
    return None


def _readings(passed: _Passed, size: tuple[int, int], prefix: int | None) -> list[GridLayer]:
    """The ways in which an output can be a grid of more than one place, with the input's proportions."""
    shape = passed.shape
    if len(shape) == 4:
        layouts: list[tuple[AxisOrder, tuple[int, int]]] = [
            ("channels-last", (shape[1], shape[2])),
            ("channels-first", (shape[2], shape[3])),
        ]
        return [GridLayer(passed.name, layout, grid) for layout, grid in layouts if _fits(grid, size)]
    guessed = [before for before in range(MOST_PREFIX_TOKENS + 1) if _grid_of(shape[1] - before, size) is not None][:1]
    stated = [] if prefix is None else [prefix]
    # The last one is tried first: what is stated, though the class token does not pass through all layers.
    grids = {before: _grid_of(shape[1] - before, size) for before in (*guessed, *stated)}
    return [GridLayer(passed.name, "tokens", grid, before) for before, grid in grids.items() if grid is not None]


def _fits(grid: tuple[int, int], size: tuple[int, int]) -> bool:
    """Whether so many rows and columns can be those of an input of ``size``, its sides rounded up or down."""
    (rows, columns), (height, width) = grid, size
    if height == width:
        return rows == columns > 1
    # With one cell more or less on a side: odd sides are padded or cut.
    return (
        rows * columns > 1
        and (rows - 1) * width < (columns + 1) * height
        and (columns - 1) * height < (rows + 1) * width
    )


def _grid_of(tokens: int, size: tuple[int, int]) -> tuple[int, int] | None:
    """The rows and columns that so many tokens make: as many as agree with the proportions of the input best."""
    divisors = [rows for rows in range(1, tokens + 1) if tokens % rows == 0] if 1 < tokens <= 1 << 16 else []
    grids = [(rows, tokens // rows) for rows in divisors]
    fitting = [grid for grid in grids if _fits(grid, size)]
    return min(fitting, key=lambda grid: abs(grid[0] / grid[1] - size[0] / size[1]), default=None)


def _same_shape(passed: dict[str, _Passed], one: GridLayer, other: GridLayer) -> bool:
    same = (one.layout, one.size, one.prefix) == (other.layout, other.size, other.prefix)
    return same and passed[one.name].shape == passed[other.name].shape


def _probes(model: Model, shape: tuple[int, ...]) -> list[torch.Tensor]:
    """Five inputs (1, C, H, W): faint noise, and the same with one corner of strong noise, row by row."""
    generator = torch.Generator().manual_seed(0)
    _, height, width = shape
    noise = torch.rand((2, 1, *shape), generator=generator)
    faint, strong = 0.4 + 0.2 * noise[0], noise[1].round()
    rows, columns = max(1, height // 4), max(1, width // 4)
    probes = [faint]
    for top in (0, height - rows):
        for left in (0, width - columns):
            corner = faint.clone()
            here = (..., slice(top, top + rows), slice(left, left + columns))
            corner[here] = strong[here]
            probes.append(corner)
    return [probe.to(model.dtype).to(model.device) for probe in probes]


def _keeps_places(model: Model, layer: GridLayer, probes: list[torch.Tensor]) -> bool:
    """Whether the output changes most towards the corner of the input that is changed."""
    before, *after = (_grid_at(model, layer, probe) for probe in probes)
    centres = [_centre((grid - before).square().sum(dim=(0, 1))) for grid in after]
    (y00, x00), (y01, x01), (y10, x10), (y11, x11) = centres
    rows, columns = layer.size
    down = rows == 1 or (min(y10 - y00, y11 - y01) > 0 and y10 + y11 - y00 - y01 > 2 * MARGIN)
    right = columns == 1 or (min(x01 - x00, x11 - x10) > 0 and x01 + x11 - x00 - x10 > 2 * MARGIN)
    return down and right  # both false where something is not a number


def _centre(change: torch.Tensor) -> tuple[float, float]:
    """The centre of gravity (y, x) of what has changed, in [0, 1]; NaN where nothing has."""
    share = change / change.sum()
    places = [(torch.arange(side).double() + 0.5) / side for side in share.shape]
    return (share.sum(dim=1) @ places[0]).item(), (share.sum(dim=0) @ places[1]).item()


def _grid_at(model: Model, layer: GridLayer, probe: torch.Tensor) -> torch.Tensor:
    outputs: list[torch.Tensor] = []

    def note(_name: str, output: object) -> None:
        if isinstance(output, torch.Tensor):
            outputs.append(output.clone())  # a later module may write into it

    with model.frozen(), torch.no_grad(), _listening(model.network, [layer.name], note):
        model(probe)
    return layer.grid(outputs[-1]).cpu().double()


@contextmanager
def _listening(network: torch.nn.Module, names: list[str], note: Callable[[str, object], None]) -> Iterator[None]:
    """Inside the block ``note`` is called with the name and the output of each named module as it finishes."""

    def hook_for(name: str) -> Callable[[torch.nn.Module, object, object], None]:
        return lambda _module, _inputs, output: note(name, output)

    handles, modules = [], dict(network.named_modules())
    try:
        for name in names:
            handles.append(modules[name].register_forward_hook(hook_for(name)))  # noqa: PERF401
        yield
    finally:
        for handle in handles:
            handle.remove()
