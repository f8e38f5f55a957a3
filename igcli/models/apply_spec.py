"""The user's settings of input, outputs and labels, applied to a loaded Classifier.

The result is tried on a synthetic picture at once, so that a wrong size or list of labels is an error message now and
not a wrong map later.
"""

from __future__ import annotations

from copy import copy
from pathlib import Path

from igcli.errors import UsageError
from igcli.images.options import View
from igcli.lazy import torch
from igcli.models.batching import TOGETHER
from igcli.models.classifier import Classifier
from igcli.models.label_files import read_labels
from igcli.models.labels import Labels
from igcli.models.outputs import OUTPUTS, OutputKind
from igcli.models.self_description import SelfDescription, completed, describe_itself
from igcli.models.spec import InputSpec, ModelSpec
from igcli.models.trial import try_out

YES_NO = ("no", "yes")
"""The classes of a network with a single output, if they are not named."""

NAMED = "Its classes have the names in its {}."
PREPARED = "Pictures are prepared as its {} says."
NUMBERED = "Its classes are called by their numbers: --labels FILE names them."
CHANGING = "Its output for the same picture differs each time (dropout that evaluation mode does not reach?)."
RAW = "It is given {} x {} pixels from 0 to 1, not normalised: --input-size, --mean and --std say otherwise."
PROBABILITIES = "Its outputs are treated as logits; if they are probabilities: --outputs {}probabilities."
EACH_FOR_ITSELF = (
    "Its outputs lie in [0, 1] and do not sum to 1, and are treated as logits; if they are probabilities of classes "
    "that do not exclude each other: --outputs multi-label-probabilities."
)

SINGLE = (
    "Its single output is treated as the logit of 'yes'; if it is a number, such as an age: --outputs value, with "
    "--labels naming it."
)
LARGEST = "The largest of its values is explained unless --target names one."


def apply_spec(model: Classifier, spec: ModelSpec, *, published: bool = False) -> Classifier:
    """The classifier with the settings of ``spec``, and a label for each of its classes.

    Parameters
    ----------
    published
        The network is a library's own: if it has labels and no setting changes it, it is not tried.

    Raises
    ------
    UsageError
        The network does not accept such pictures, returns no logits or no gradient, or its number of classes is not
        that of the labels.
    """
    model = copy(model)
    complete = len(model.labels) > 0 and spec.input == InputSpec()
    complete = complete and spec.labels is None and spec.outputs is None and spec.output_index is None
    if published and complete and not spec.arguments:
        model.batching = TOGETHER
        return model
    own = SelfDescription() if published else describe_itself(model.network)
    caveats = [model.caveat]
    said, used = _input_of(model, spec.input, own)
    caveats.append(used)
    unnamed = spec.labels is None and not len(model.labels)
    _prepare(model, spec, said, own.labels if unnamed else ())
    trial = try_out(model)
    model.batching = trial.batching
    outputs = trial.outputs
    if spec.outputs is not None:
        _interpret(model, OUTPUTS[spec.outputs], single=outputs.shape[1] == 1)
    caveats += [trial.output_choice, CHANGING if trial.changing else "", trial.batching.one_at_a_time]
    caveats += [RAW.format(model.view.width, model.view.height)] if _is_raw(model, said) and not complete else []
    caveats.append(_doubt(model, spec, outputs))
    if unnamed and own.labels and len(own.labels) == max(outputs.shape[1], 1 if model.regression else 2):
        caveats.append(NAMED.format(own.labels_from))
    elif spec.labels is not None or unnamed:
        model.labels = _labels(spec.labels, outputs.shape[1], regression=model.regression)
        numbered = spec.labels is None and outputs.shape[1] > 1 and not model.regression
        caveats += [NUMBERED] if numbered else []
    model.caveat = " ".join(filter(None, caveats))
    return model


def _input_of(model: Classifier, said: InputSpec, own: SelfDescription) -> tuple[InputSpec, str]:
    """The preprocessing: the user's, else the loader's, else the network's own, and then a note for the caveat."""
    if model.view != View() or not (model.mean == (0.0,) and model.std == (1.0,)):
        return said, ""
    both = completed(said, own.input)
    return both, PREPARED.format(own.input_from) if both != said else ""


def _prepare(model: Classifier, spec: ModelSpec, said: InputSpec, own: tuple[str, ...]) -> None:
    """Set what the first run of the network needs: its input, its labels, and where its logits are."""
    model.view = said.view(model.view)
    model.mean, model.std = said.normalisation(model.mean, model.std)
    channels = model.view.channels
    for name, values in (("mean", model.mean), ("std", model.std)):
        if len(values) not in (1, channels):
            raise UsageError(
                f"The {name} has {len(values)} numbers for an input of {channels} channel{'s' * (channels > 1)}: "
                f"give --{name} one number, or one per channel."
            )
    model.output_index = spec.output_index
    names = read_labels(spec.labels) if isinstance(spec.labels, Path) else spec.labels
    names = names or own
    if names:
        model.labels = Labels(names)  # their number may say which of several outputs holds the logits


def _interpret(model: Classifier, kind: OutputKind, *, single: bool) -> None:
    model.multi_label = kind.multi_label and not single
    model.ends_in_sigmoid = kind.probabilities and (kind.multi_label or single)
    model.ends_in_softmax = kind.probabilities and not model.ends_in_sigmoid
    model.regression = kind.regression


def _doubt(model: Classifier, spec: ModelSpec, outputs: torch.Tensor) -> str:
    """A sentence on what else the outputs (N, K) may mean, or an empty one."""
    single = outputs.shape[1] == 1
    if model.regression:
        return "" if single else LARGEST
    if model.ends_in_sigmoid or model.ends_in_softmax:
        return ""
    if bool(((outputs >= 0) & (outputs <= 1)).all()):
        if single or model.multi_label:
            return PROBABILITIES.format("multi-label-" if model.multi_label else "")
        return EACH_FOR_ITSELF if spec.outputs is None and model.recognised(outputs) is model else ""
    return SINGLE if single and spec.outputs is None and spec.labels is None and not len(model.labels) else ""


def _is_raw(model: Classifier, said: InputSpec) -> bool:
    """Whether neither the network nor the user specifies a normalisation."""
    silent = said.mean is None and said.std is None and said.value_range is None
    return silent and model.mean == (0.0,) and model.std == (1.0,)


def _labels(wanted: Path | tuple[str, ...] | None, outputs: int, *, regression: bool) -> Labels:
    """As many names as the network has classes: two for a single output; of a regression, one per output."""
    if wanted is None and regression:
        return Labels(["value"] if outputs == 1 else [f"value {index}" for index in range(outputs)])
    if wanted is None:
        return Labels(YES_NO if outputs == 1 else [f"class {index}" for index in range(outputs)])
    names = read_labels(wanted) if isinstance(wanted, Path) else wanted
    if outputs == 1 and not regression:
        outputs, names = 2, (f"not {names[0]}", names[0]) if len(names) == 1 else names
    if len(names) != outputs and regression:
        raise UsageError(
            f"The labels are {len(names)}, and the network returns {outputs} value{'s' * (outputs > 1)}: give one for "
            "each, in the order of its outputs."
        )
    if len(names) != outputs:
        where = str(wanted) if isinstance(wanted, Path) else "The list of labels"
        raise UsageError(
            f"{where} names {len(names)} class{'es' * (len(names) != 1)}, and the network distinguishes {outputs}: "
            "give a name for each, in the order of its outputs."
        )
    return Labels(names)
