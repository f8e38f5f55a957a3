"""How many pictures a network takes at once where that was measured: one small file beside the cached weights.

A number holds for a machine, a version of torch, a network with its weights, a size of picture and a precision. The
file is a cache: whatever is wrong with it, it is as if it were not there. Measuring is not done here.
"""

from __future__ import annotations

import json
import os
import platform
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from igcli.lazy import torch
from igcli.models.cache import checkpoints_folder

if TYPE_CHECKING:
    from igcli.models.model import Model

FILENAME = "igcli-chunks.json"
MOST = 4096
"""Pictures at once that a file may speak of."""
MOST_ENTRIES = 500
"""So many are kept, the newest."""
_MOST_BYTES = 1 << 20


def measured_chunk(model: Model) -> int | None:
    """Pictures at once that were found best for this model on this machine; ``None`` where nobody has measured."""
    key = _key(model)
    return None if key is None else _read().get(key)


def keep_chunk(model: Model, size: int) -> None:
    """Remember ``size`` for this model on this machine; where that cannot be written, nothing happens."""
    key = _key(model)
    if key is None or not 1 <= size <= MOST:
        return
    chunks = _read()
    chunks.pop(key, None)  # the newest come last
    chunks[key] = size
    content = json.dumps(dict(list(chunks.items())[-MOST_ENTRIES:]), indent=1)
    path = _path()
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")  # two processes may write at once
    with suppress(OSError):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(content, encoding="utf-8")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def _path() -> Path:
    return checkpoints_folder() / FILENAME


def _read() -> dict[str, int]:
    try:
        with _path().open("rb") as file:
            content = json.loads(file.read(_MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    entries = content.items() if isinstance(content, dict) else ()
    return {key: size for key, size in entries if type(size) is int and 1 <= size <= MOST}


def _key(model: Model) -> str | None:
    """What the number depends on; ``None`` for a network whose weights have no name."""
    if model.provenance.sha256 is None or model.input_shape is None:
        return None
    precision = "mixed"
    with suppress(RuntimeError):  # torch does not read the setting where a newer one contradicts it
        precision = torch.get_float32_matmul_precision()
    shape = "x".join(map(str, model.input_shape))
    network = f"{model.provenance.name} {model.provenance.sha256}"
    numbers = f"{model.dtype} {precision}"
    return "; ".join((_machine(model.device), f"torch {torch.__version__}", network, shape, numbers))


def _machine(device: torch.device) -> str:
    if device.type == "cuda":
        facts = torch.cuda.get_device_properties(device)
        return f"{facts.name}, {facts.total_memory >> 20} MiB"
    processor = f"{_processor()}, {os.cpu_count()} cores"
    return processor if device.type != "cpu" else f"{processor}, {torch.get_num_threads()} threads"


def _processor() -> str:
    with suppress(OSError):  # Linux alone has this file, and platform does not know the name there
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
