"""torch.export's programs as networks: for any number of pictures, always in evaluation mode.

An exported program takes inputs of the shapes that it was exported for. Where that limits the number of pictures, a
batch is split into parts, and the last part is padded with copies. This file imports torch.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch.export import ExportedProgram

from igcli.errors import UsageError
from igcli.images.extent import extent_of
from igcli.images.options import View
from igcli.models.batch_parts import filled_up, in_parts

#: Operations that work differently in training, and the position of the argument that says so.
_TRAINING = {"dropout": 2, "native_dropout": 2, "batch_norm": 5, "native_batch_norm": 5, "cudnn_batch_norm": 5}


class Exported(torch.nn.Module):
    """An exported program that takes pictures (N, C, H, W) for any N, and returns logits (N, K).

    Attributes
    ----------
    view
        The input that the program was exported for.

    Raises
    ------
    UsageError
        For a program that was exported in training mode, or takes something else than pictures.
    """

    def __init__(self, program: ExportedProgram, device: torch.device) -> None:
        super().__init__()
        _check_evaluates(program)
        self.view, self._fewest, self._most = _wanted(program)
        if device.type != "cpu":
            from torch.export.passes import move_to_device_pass

            program = move_to_device_pass(program, device)  # constants in the program, too, have a device
        self.program = program.module()
        self._keyword = _keyword(program)

    def train(self, mode: bool = True) -> Exported:  # noqa: FBT001, FBT002 - torch's own signature
        """Set the flag only: what the program computes was fixed when it was exported."""
        self.training = mode
        return self

    def forward(self, pixels: torch.Tensor) -> Any:
        """What the program returns for normalised pixels (N, C, H, W): logits (N, K), or several outputs."""
        return in_parts(self._part, pixels, most=self._most or max(len(pixels), 1))

    def _part(self, pixels: torch.Tensor) -> Any:
        return filled_up(self._run, pixels, to=self._fewest)

    def _run(self, pixels: torch.Tensor) -> Any:
        return self.program(pixels) if self._keyword is None else self.program(**{self._keyword: pixels})


def _keyword(program: ExportedProgram) -> str | None:
    """The keyword of the program's input, if it was exported with one."""
    spec = program.call_spec.in_spec
    if spec is None:
        return None
    _, named = spec.unflatten([None] * spec.num_leaves)
    return next(iter(named), None)


def _check_evaluates(program: ExportedProgram) -> None:
    for node in program.graph.nodes:
        position = _TRAINING.get(str(node.target).removeprefix("aten.").partition(".")[0])
        if position is None or len(node.args) <= position or node.args[position] is not True:
            continue
        if position != _TRAINING["batch_norm"] or node.args[3] is not None:  # else it has no statistics but the batch's
            raise UsageError(
                "The program was exported in training mode, and its outputs are random: call the network's eval() "
                "before torch.export.export."
            )


def _wanted(program: ExportedProgram) -> tuple[View, int, int | None]:
    """The program's view, and the fewest and the most pictures that it takes; ``None`` for any number."""
    inputs = set(program.graph_signature.user_inputs)
    shapes = [
        tuple(node.meta["val"].shape) if isinstance(node.meta.get("val"), torch.Tensor) else ()
        for node in program.graph.nodes
        if node.op == "placeholder" and node.name in inputs
    ]
    if len(shapes) != 1 or len(shapes[0]) != 4:
        shown = ", ".join(" x ".join(map(str, shape)) or "no tensor" for shape in shapes) or "nothing"
        raise UsageError(f"The program takes {shown}, and should take pictures alone: N x channels x height x width.")
    pictures, channels, height, width = shapes[0]
    view, fixed = View(), [side for side in (width, height) if isinstance(side, int)]
    size = extent_of(fixed) if fixed else view.size
    if size != view.size:  # a program of the usual size has the usual crop, as before it was exported
        view = replace(view, size=size, resize=size)
    if isinstance(channels, int):
        view = replace(view, channels=channels)
    if isinstance(pictures, int):
        return view, pictures, pictures
    return view, *_limits(program.range_constraints.get(pictures.node.expr))


def _limits(allowed: Any) -> tuple[int, int | None]:
    if allowed is None:
        return 1, None
    lower, upper = (int(end) if getattr(end, "is_Integer", False) else None for end in (allowed.lower, allowed.upper))
    return max(lower or 1, 1), upper
