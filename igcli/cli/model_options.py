"""The options that say which model: passed as one noun, which can be pickled and sent to another process."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import click

from igcli.cli import completion, startup
from igcli.cli.grouped import grouped
from igcli.cli.options import StepsType, listed
from igcli.cli.param_type import TextType, extent_type
from igcli.cli.path_types import NamedPath
from igcli.images.extent import Extent
from igcli.images.options import INTERPOLATIONS
from igcli.models.classifier import Classifier
from igcli.models.devices import PRECISIONS
from igcli.models.outputs import OUTPUTS
from igcli.models.sources import SOURCES, prefixed_names
from igcli.models.spec import MOST_CHANNELS, ModelSpec
from igcli.models.zoo import load_model


@dataclass(frozen=True)
class ModelChoice(ModelSpec):
    """Which model, in full, and how to use it.

    Attributes
    ----------
    batch_size
        How many pictures go through it at once: ``None`` for as many as suit the device.
    precision
        A name in ``PRECISIONS``: how products are computed.
    compile
        Whether torch compiles it first.
    """

    batch_size: int | None = None
    precision: str = "float32"
    compile: bool = False


def load_chosen(choice: ModelChoice, *, progress: bool, warn: Callable[[str], None]) -> Classifier:
    """Load the model that the options name; ``progress`` and ``warn`` are those of ``load_model``."""
    startup.import_torchvision_without_compiler()  # also in worker processes, which do not begin in main()
    model = load_model(choice, progress=progress, warn=warn)
    startup.after_loading(on_cpu=model.device.type == "cpu")
    if choice.compile:
        model.compile(warn=warn)
    return model


def load_silently(choice: ModelChoice, device: str) -> Classifier:
    """The same for a worker process, on its own device; only what the compiler has to say is said."""
    model = load_chosen(replace(choice, device=device, compile=False), progress=False, warn=lambda _: None)
    if choice.compile:
        model.compile(warn=lambda sentence: click.echo(f"warning: {sentence}", err=True))
    return model


def _numbers_type(name: str, count: int | None = None) -> TextType:
    """Numbers with commas between: one, or ``count`` of them if that is given."""

    def read(text: str) -> tuple[float, ...]:
        try:
            numbers = tuple(map(float, text.split(",")))
        except ValueError:
            raise ValueError(f"{text!r} is not a list of numbers with commas between.") from None
        if count not in (None, len(numbers)):
            raise ValueError(f"{text!r} has {len(numbers)} numbers, not {count}.")
        return numbers

    return TextType(name, read)


def _argument(text: str) -> tuple[str, Any]:
    """Name and value, as Python or JSON writes it, else as text."""
    name, sign, value = text.partition("=")
    if not sign or not name.strip().isidentifier():
        raise ValueError(f"{text!r} is not NAME=VALUE, as in width=64.")
    return name.strip(), _literal(value.strip())


def _place(text: str) -> int | str:
    """A position from 0, or a name."""
    place = text.strip()
    if place.startswith("-") or not place:
        raise ValueError(f"{text!r} is neither a position from 0 nor a name.")
    return int(place) if place.isdecimal() else place


def _literal(text: str) -> Any:
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return text


def _choice(
    *,
    trust_pickle: bool,
    trust_model_file: bool,
    offline: bool,
    model_arg: tuple[tuple[str, Any], ...],
    input_size: Extent | None,
    **how: Any,
) -> ModelChoice:
    # commands about the model compute nothing
    computing = {name: how.pop(name) for name in ("precision", "compile") if name in how}
    said = {"trust_pickle": trust_pickle, "trust_model_file": trust_model_file, "offline": offline}
    flags: dict[str, Any] = {name: True for name, value in said.items() if value}
    choice = ModelChoice.of(arguments=dict(model_arg) or None, size=input_size, **flags, **how)
    return replace(choice, **computing)


model_arg_option = click.option(
    "--model-arg", type=TextType("NAME=VALUE", _argument), multiple=True, metavar="NAME=VALUE",
    help="For the function that makes the network; may be repeated.",
)  # fmt: skip

_model_option = click.option(
    "--model", default="auto", show_default=True, metavar="NAME", shell_complete=completion.model_names,
    help=f"A name that 'ig models' lists, {prefixed_names()}, FILE.py:FUNCTION, a file, or a folder. auto: GoogLeNet "
         "when its ImageNet weights are cached or can be fetched, else efficientnet_lite0 if it is installed, else the "
         "bundled network. FILE.py:FUNCTION or package.module:FUNCTION makes the network; a file is a .pt2 or "
         "TorchScript program, or a model file (.toml); a folder is one that transformers or timm saved. Programs are "
         "run. "
         f"Prefixes: {listed(SOURCES)}.",
)  # fmt: skip

#: Options of a model besides its name.
_details = (
    click.option("--weights", type=NamedPath(), metavar="FILE",
                 help="File of weights for the model, .pth or .safetensors. Only tensors are read from it, never "
                      "code."),
    click.option("--weights-key", metavar="NAME",
                 help="Which of the networks in that file, as state_dict_ema or teacher: its key in the checkpoint, or "
                      "what its tensors' names begin with."),
    click.option("--labels", type=NamedPath(), metavar="FILE",
                 help="Class names: a text, JSON or CSV file, or the folder of the training data. A text file has one "
                      "name per line, or an index and a name."),
    model_arg_option,
    click.option("--trust-pickle", is_flag=True,
                 help="Let the file of weights make any Python objects. Whoever wrote it can then run any program on "
                      "this machine, as you."),
    click.option("--trust-model-file", is_flag=True,
                 help="Let a model file (.toml) name code, which is run. That is FILE.py:FUNCTION, "
                      "package.module:FUNCTION, a .pt2 or TorchScript file."),
    click.option("--outputs", type=click.Choice(list(OUTPUTS)),
                 help=f"What the network returns. {listed(OUTPUTS)}. [default: logits, unless the outputs prove to be "
                      "probabilities]"),
    click.option("--output-index", type=TextType("N|NAME", _place),
                 help="Which of several outputs holds the logits: its position from 0, or its name."),
    click.option("--input-size", type=extent_type, metavar="N|WxH",
                 help="The network's input in pixels: the side of a square, or width and height, 512x256."),
    click.option("--resize", type=extent_type, metavar="N|WxH",
                 help="The photo's shorter side, or what it just covers, before the middle is cut out. Without it, "
                      "those of --input-size."),
    click.option("--channels", type=click.IntRange(1, MOST_CHANNELS), metavar="N",
                 help="1 for a network of grey pictures, or the number of bands of a TIFF or a .npy."),
    click.option("--mean", type=_numbers_type("R,G,B,..."),
                 help="Subtracted from the pixels: one number, or one per channel."),
    click.option("--std", type=_numbers_type("R,G,B,..."), help="The pixels are divided by it after that."),
    click.option("--value-range", type=_numbers_type("LOW,HIGH", 2),
                 help="Values of black and white before that; 0,1 by default."),
    click.option("--interpolation", type=click.Choice(INTERPOLATIONS), help="How the photo is resized."),
    click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda[:N]|mps",
                 help="Where to compute; auto: a GPU if there is one. Of a collection, cuda is all GPUs, one "
                      "process each, and cuda:0,2 two of them."),
    click.option("--offline", is_flag=True, help="Fetch nothing: only what is on this machine is used."),
)  # fmt: skip

_batch_size = click.option(
    "--batch-size", type=StepsType(), default="auto", show_default=True,
    callback=lambda _ctx, _param, value: None if value == "auto" else value,
    help="Pictures per pass through the network. Halved by itself when memory runs out; results do not depend on it.",
)  # fmt: skip

_precision = click.option(
    "--precision", type=click.Choice(list(PRECISIONS)), default="float32", show_default=True,
    help=f"How products are computed. {listed(PRECISIONS)}. The faster ones change the map: how much is measured on "
         "the first photo, and said.",
)  # fmt: skip

_compile = click.option(
    "--compile", is_flag=True,
    help="Let torch compile the network first. That takes a minute or more, and needs a C++ compiler, or Triton on a "
         "GPU (not tried there). Results differ by rounding. On a CPU none of three networks became faster, and "
         "EfficientNet-Lite0 three times slower: measure it on yours. Several classes of a photo, small batches, "
         "layers, and methods that look inside the network use it as it is.",
)  # fmt: skip

#: For commands that use the model: ``--model`` and all the rest, as ``choice``.
model_options = grouped("choice", _choice, _model_option, *_details, _precision, _batch_size, _compile)

_model_argument = click.argument("model", default="auto", metavar="[MODEL]", shell_complete=completion.model_names)

#: For commands about the model: its name is the argument.
named_model_options = grouped("choice", _choice, _model_argument, *_details)
