"""A network from the user's own code: ``package.module:factory`` or ``path/to/file.py:factory``.

The factory is a function or class that makes a network (or a whole :class:`Classifier`), or the network itself. The
code is run, as if it were imported: name only what you would run.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from igcli.errors import IgError, UsageError
from igcli.lazy import torch
from igcli.models.assembly import fill
from igcli.models.classifier import Classifier
from igcli.models.devices import resolve_device
from igcli.models.freezing import in_evaluation_mode
from igcli.models.model import Model, Provenance
from igcli.models.select_tensors import room_for, select_tensors
from igcli.models.trial import check_weights
from igcli.models.user_code import imported, importing_from, raised, type_in_words
from igcli.models.weights import read_state_dict, sha256_of

if TYPE_CHECKING:
    from igcli.models.spec import LoadOptions


def load_from_code(name: str, options: LoadOptions) -> Classifier:
    """The factory's network, with the weights of ``options`` if given, else as the factory made it.

    Raises
    ------
    UsageError
        The code cannot be found or run, or does not make a network.
    WeightsError
        The weights are damaged, or belong to another network.
    """
    made, shown = make_from_code(name, dict(options.arguments))
    if isinstance(made, Model) and not isinstance(made, Classifier):
        raise UsageError(f"{name} made a {type(made).__name__}, which is no model of pictures.")
    classifier = made if isinstance(made, Classifier) else Classifier(made, ())
    network = classifier.network
    if options.weights is None:
        check_weights(network)
        weights, sha256 = "as the factory made them", tensors_hash(network)
    else:
        stored = read_state_dict(
            options.weights, part=options.weights_key, trust_pickle=options.trust_pickle, room=room_for(network)
        )
        fill(network, select_tensors(stored, network, file=options.weights, warn=options.warn), file=options.weights)
        weights, sha256 = options.weights.name, sha256_of(options.weights)
    classifier.network = in_evaluation_mode(network).to(resolve_device(options.device))
    classifier.provenance = Provenance(shown, weights, sha256)
    return classifier


def make_from_code(name: str, arguments: dict[str, Any]) -> tuple[torch.nn.Module | Model, str]:
    """The network, or the whole model, that the code makes, of whatever kind; and its name for records.

    Raises
    ------
    UsageError
        The code cannot be found or run, or does not make a network.
    """
    where, _, attribute = name.rpartition(":")
    with importing_from(where):
        made = _made(name, imported(name, option="--model"), arguments)
    return made, f"{Path(where).name}:{attribute}" if where.endswith(".py") else name


def tensors_hash(network: torch.nn.Module) -> str:
    """The SHA-256 over the names, types, shapes and values of all of a network's tensors."""
    digest = hashlib.sha256()
    for key, tensor in network.state_dict().items():
        if isinstance(tensor, torch.Tensor):
            digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
            digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _made(name: str, factory: Any, arguments: dict[str, Any]) -> torch.nn.Module | Model:
    made = factory
    if not isinstance(factory, (torch.nn.Module, Model)):
        if not callable(factory):
            raise UsageError(f"{name} is {type_in_words(factory)}. Name a function or class that makes a network.")
        try:
            made = factory(**arguments)
        except IgError:
            raise
        except Exception as problem:
            raise UsageError(
                f"{name} could not make its network ({raised(problem)}). Give it what it needs with --model-arg "
                "NAME=VALUE, or correct it; --debug shows where."
            ) from problem
    elif arguments:
        raise UsageError(f"{name} is a network already, and takes no --model-arg. Name what makes it.")
    if not isinstance(made, (torch.nn.Module, Model)):
        raise UsageError(f"{name} made {type_in_words(made)}. It must make a torch.nn.Module.")
    return made
