"""Models of the library transformers: where their files are, and how they are loaded, of whatever kind.

An id's files are downloaded once, into the cache of huggingface_hub; from then on an id is a folder like any other.
Only safetensors are read, and no code that comes with a model is run. What the library prints is not shown.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from igcli.bounded import read_bounded
from igcli.errors import IgError, NetworkUnavailable, UsageError, WeightsError, first_line
from igcli.lazy import load, torch
from igcli.models.assembly import outline
from igcli.models.folders import CONFIG, settings_in
from igcli.models.safetensors import read_safetensors, shapes_in
from igcli.models.tensor_values import check_values

LARGEST_JSON = 64 << 20
"""Bytes of a file of settings; a tokeniser of 250,000 pieces has a third of it."""

MOST_LAYERS = 1000
"""Layers that a network may have with fewer tensors in its files."""

READ = ("config.json", "preprocessor_config.json", "processor_config.json", "model.safetensors.index.json",
        "tokenizer.json", "tokenizer_config.json")  # fmt: skip
"""Files of settings that the library reads."""

WEIGHTS = ("model.safetensors", "model-*-of-*.safetensors")

FILES = ("*.json", "*.txt", "*.model", *WEIGHTS)
"""Which of an id's files are downloaded."""

_COUNTS = re.compile(r"(^|_)(layers?|depths?|blocks)$")


def transformers_library() -> Any:
    """The package ``transformers``; raises ``UsageError`` without the extra."""
    try:
        return load("transformers")
    except ImportError as problem:
        raise UsageError("hf: needs two more packages: pip install 'igcli[hf]'.") from problem


def folder_of(where: str, *, offline: bool = False, progress: bool = False) -> Path:
    """The folder itself, or the one in the cache that holds the files of an id on huggingface.co.

    Raises
    ------
    UsageError
        ``where`` is neither a folder nor an id.
    NetworkUnavailable
        The files of an id are not on this machine, and could not be fetched.
    """
    folder = Path(where).expanduser()
    if folder.is_dir():
        return folder
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", where) or where.startswith("."):
        raise UsageError(f"There is no folder {where}. Give hf: and a folder, or an id such as microsoft/resnet-50.")
    hub: Any = load("huggingface_hub")
    quiet = hub.utils.are_progress_bars_disabled()
    if not progress:
        hub.utils.disable_progress_bars()
    try:
        return Path(hub.snapshot_download(where, allow_patterns=list(FILES), local_files_only=offline))
    except Exception as problem:  # the hub's library has many errors of its own, and those of its HTTP client
        raise _unavailable(where, problem, offline=offline or hub.constants.HF_HUB_OFFLINE) from problem
    finally:
        if not quiet:
            hub.utils.enable_progress_bars()


def _unavailable(where: str, problem: Exception, *, offline: bool) -> NetworkUnavailable:
    reason = f"its files could not be fetched ({first_line(problem) or type(problem).__name__})"
    return NetworkUnavailable(
        f"There is no folder {where}, and of an id on huggingface.co the files are not on this machine: "
        f"{'downloads are off' if offline else reason}.\n"
        f"Where there is a network: hf download {where} --local-dir FOLDER; then hf:FOLDER here.\n"
        "Behind a proxy, or for a mirror: HTTPS_PROXY and HF_ENDPOINT are honoured; HF_HOME is where the cache is."
    )


@contextmanager
def quietly(transformers: Any) -> Iterator[None]:
    """Inside the block the library prints nothing: no bars, no advice, no warnings."""
    logging = transformers.utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


@contextmanager
def in_sentences(where: str, files: str) -> Iterator[None]:
    """Inside the block the library's errors become :class:`WeightsError`; ``files`` are those that it needs."""
    try:
        yield
    except IgError:
        raise
    except Exception as problem:  # settings of any value can raise anything in the library's code
        said = first_line(problem)
        if "custom code" in said or "trust_remote_code" in str(problem):
            raise WeightsError(
                f"{where} brings code of its own, which is never run here: make its network in a function of yours, "
                "--model FILE.py:FUNCTION."
            ) from problem
        raise WeightsError(
            f"{where} could not be loaded ({type(problem).__name__}: {said}). Give hf: and a folder with {files}, or "
            "the id of a model on huggingface.co."
        ) from problem


def read_folder(kind: Any, folder: Path, **options: Any) -> Any:
    """``kind.from_pretrained(folder)``, without a network, and without code of the model's own."""
    return kind.from_pretrained(folder, local_files_only=True, trust_remote_code=False, **options)


def config_in(transformers: Any, folder: Path) -> Any:
    """The library's configuration, from files of bounded size.

    Raises
    ------
    WeightsError
        A file of settings is larger than any, or states more layers than the folder has tensors.
    """
    for name in READ:
        try:
            read_bounded(folder / name, limit=LARGEST_JSON)
        except FileNotFoundError:
            continue
        except OSError as problem:
            raise WeightsError(f"{folder / name} cannot be read: {problem.strerror}.") from problem
    stated = _layers(settings_in(folder))
    tensors = len(stored_shapes(folder))
    if stated > max(MOST_LAYERS, tensors):
        raise WeightsError(
            f"{folder / CONFIG} states {stated:,} layers, and there are {tensors:,} tensors next to it: it belongs to "
            "other weights, or is damaged."
        )
    return read_folder(transformers.AutoConfig, folder)


def network_in(kind: Any, folder: Path, config: Any) -> tuple[torch.nn.Module, str]:
    """The network in ``folder`` with all of its weights, in float32, and a sentence on what else is in its files.

    Raises
    ------
    WeightsError
        The files are damaged, or hold the weights of another network.
    """
    files = _weights_in(folder)
    if not files:
        raise WeightsError(
            f"{folder} has no model.safetensors, and weights in another format are not read by themselves: save the "
            "model again with save_pretrained(); or, for a network of pictures, name the file with --weights."
        )
    whole = network_outline(kind, config)
    if sum(value.nelement() for value in whole.parameters()) > 2 * sum(file.stat().st_size for file in files):
        raise WeightsError(f"{folder / CONFIG} describes a larger network than the weights next to it are of.")
    state = {key: value for file in files for key, value in read_safetensors(file).items()}
    return with_state(whole, config, state, file=folder)


def network_outline(kind: Any, config: Any) -> torch.nn.Module:
    """The network that ``config`` describes, without memory for its weights."""
    config._attn_implementation = None  # its own choice may name a kernel, which would be fetched and run
    return outline(lambda: kind.from_config(config, trust_remote_code=False))


def with_state(
    whole: torch.nn.Module, config: Any, state: Mapping[str, torch.Tensor], *, file: Path
) -> tuple[torch.nn.Module, str]:
    """A network like ``whole`` with these weights, in float32, and a sentence that names what is no part of it.

    The library translates names that older versions of it gave.

    Raises
    ------
    WeightsError
        Weights are missing, of other shapes, or not finite: nothing is filled with random numbers.
    """
    check_values(state, whole.state_dict(), file)
    made: Any = type(whole)
    try:
        network, found = made.from_pretrained(None, config=config, state_dict=dict(state), output_loading_info=True)
    except RuntimeError as problem:  # shapes that differ
        raise WeightsError(
            f"{file} holds weights of other shapes than {made.__name__} has here. Give the file that belongs to its "
            "config.json."
        ) from problem
    if missing := sorted(map(str, found["missing_keys"])):
        raise WeightsError(
            f"{file} lacks {len(missing)} of the weights of {made.__name__} ({', '.join(missing[:3])}"
            f"{', ...' if len(missing) > 3 else ''}): it holds another network, or one that was not trained for this."
        )
    extra = sorted(map(str, found["unexpected_keys"]))
    names = f"{', '.join(extra[:6])}{f' and {len(extra) - 6} more' if len(extra) > 6 else ''}"
    return network.float(), f"{file}: ignored as no part of the network: {names}." if extra else ""


def stored_shapes(folder: Path) -> dict[str, torch.Tensor]:
    """The tensors in a folder's own files by the names that they have there, without their values."""
    shapes = {name: shape for file in _weights_in(folder) for name, shape in shapes_in(file).items()}
    return {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}


def _weights_in(folder: Path) -> list[Path]:
    """The file of weights, or its shards."""
    alone = folder / WEIGHTS[0]
    return [alone] if alone.is_file() else sorted(folder.glob(WEIGHTS[1]))


def _layers(settings: object) -> int:
    """The sum of all numbers of layers that a configuration states, at any depth."""
    total = 0
    for key, value in settings.items() if isinstance(settings, dict) else ():
        numbers = value if isinstance(value, list) else [value]
        if _COUNTS.search(str(key)):
            total += sum(each for each in numbers if isinstance(each, int))
        total += _layers(value)
    return total
