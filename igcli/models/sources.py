"""What the name of a model can be: the registries of names and of prefixes, and which kind a name is.

A new prefix is an entry of :data:`SOURCES`: loading, trust in model files and the help of ``--model`` all read it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from igcli.models.auto import load_auto, load_googlenet
from igcli.models.caltech101 import load_caltech101
from igcli.models.efficientnet_lite0 import load_efficientnet_lite0
from igcli.models.folders import CONFIG
from igcli.models.from_program import SUFFIXES
from igcli.models.from_timm import FETCHING, load_timm
from igcli.models.from_transformers import load_transformers
from igcli.models.published_weights import is_torchvision
from igcli.registry import Registry

if TYPE_CHECKING:
    from igcli.models.classifier import Classifier
    from igcli.models.spec import LoadOptions

Loader = Callable[["LoadOptions"], "Classifier"]

MODELS: Registry[Loader] = Registry("model")

MODEL_FILE_SUFFIX = ".toml"


@dataclass(frozen=True)
class ModelSource:
    """Where the networks of one prefix come from.

    Attributes
    ----------
    load
        From the name after the colon, and the options, to a classifier. The record has the whole name.
    published
        The weights are of published origin, and their preprocessing belongs to them: the network is not tried out.
    data_only
        A name runs nothing but installed code, so that a model file may have it without ``--trust-model-file``.
    fetching
        Arguments (``--model-arg``) that read or fetch other files: not without trust in a model file.
    """

    load: Callable[[str, LoadOptions], Classifier]
    published: bool = False
    data_only: bool = False
    fetching: tuple[str, ...] = ()


def _check(source: object) -> None:
    if not isinstance(source, ModelSource):
        raise TypeError(f"a source of models is a ModelSource, not {source!r:.60}")


SOURCES: Registry[ModelSource] = Registry("prefix of models", check=_check)
"""By the prefix without its colon; of two letters or more, for ``C:`` is a drive."""


class NameKind(Enum):
    """What a name means."""

    REGISTERED = "an entry of MODELS"
    SOURCE = "PREFIX:NAME, with an entry of SOURCES"
    FOLDER = "a folder with a config.json"
    MODEL_FILE = "FILE.toml"
    PROGRAM = "a .pt2 or TorchScript file"
    CODE = "FILE.py:FUNCTION or package.module:FUNCTION"
    OTHER = "torchvision's, or no model's"


def kind_of_name(name: str) -> NameKind:
    """The kind of a name; prefixes precede the endings of files: ``timm:net.pt`` is no file."""
    if name in MODELS:
        return NameKind.REGISTERED
    prefix, colon, _ = name.partition(":")
    if colon and prefix in SOURCES:
        return NameKind.SOURCE
    if is_model_folder(name):
        return NameKind.FOLDER
    if name.endswith(MODEL_FILE_SUFFIX):
        return NameKind.MODEL_FILE
    if name.endswith(SUFFIXES):
        return NameKind.PROGRAM
    return NameKind.CODE if colon else NameKind.OTHER


def is_model_folder(name: str) -> bool:
    """Whether a name is that of a folder that describes a network, and not also that of a torchvision network."""
    try:
        described = (Path(name).expanduser() / CONFIG).is_file()
    except (OSError, ValueError, RuntimeError):  # a NUL in the name, or nobody's home
        return False
    return described and not is_torchvision(name)


def source_of_name(name: str) -> ModelSource:
    """The source of a name of kind ``SOURCE``."""
    return SOURCES[name.partition(":")[0]]


def load_from_source(name: str, options: LoadOptions) -> Classifier:
    """The network that the name's source loads, under its whole name."""
    classifier = source_of_name(name).load(name.partition(":")[2], options)
    classifier.provenance = replace(classifier.provenance, name=name)
    return classifier


def prefixed_names() -> str:
    """``timm:NAME`` and the like, for a help text."""
    return ", ".join(f"{prefix}:NAME" for prefix in SOURCES)


SOURCES(
    "timm",
    summary="networks of the timm library: NAME, local-dir:FOLDER or hf-hub:ID; needs igcli[timm]",
)(ModelSource(load_timm, published=True, data_only=True, fetching=FETCHING))
SOURCES("hf", summary="image classifiers of transformers, with their own preprocessing: FOLDER or ID; needs igcli[hf]")(
    ModelSource(load_transformers, data_only=True)
)

MODELS(
    "auto",
    summary="GoogLeNet when its ImageNet weights are here or can be fetched, else efficientnet_lite0 if installed, "
    "else caltech101.",
)(load_auto)
MODELS("googlenet", summary="torchvision's GoogLeNet, 1000 ImageNet classes; downloaded once.")(load_googlenet)
MODELS("efficientnet_lite0", summary="Google's EfficientNet-Lite0, 1000 ImageNet classes; a package of 17 MB.")(
    load_efficientnet_lite0
)
MODELS("caltech101", summary="The bundled GoogLeNet, 100 Caltech-101 classes; needs no network.")(load_caltech101)
