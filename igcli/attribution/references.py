"""Which reference samples a photo is compared with: those of a folder that the network takes for other classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from igcli.attribution.last_representation import LastRepresentation
from igcli.attribution.path import Path
from igcli.errors import LabelError
from igcli.lazy import torch

COUNT = 3
"""References per photo."""


@dataclass(frozen=True)
class References:
    """The samples of a folder, as a network sees them; R of them.

    Attributes
    ----------
    folder
        For messages.
    names
        Of their files, below the folder.
    values
        (R, ...), packed.
    representations
        (R, D), of the network's last representation.
    classes
        The most probable class of each; -1 where outputs are not classes.
    """

    folder: str
    names: Sequence[str]
    values: torch.Tensor
    representations: torch.Tensor
    classes: Sequence[int]

    def chosen(self, photo: torch.Tensor, *, target: int, ranked: Sequence[int], label: str) -> list[int]:
        """The positions of at most ``COUNT`` references for a photo.

        None is of the class ``target``, nor the photo itself. Those of the photo's classes of ranks 2 to 4 are
        preferred, and several classes to several references of one class.

        Parameters
        ----------
        ranked
            The photo's classes, most probable first.
        label
            The target's, for the message.

        Raises
        ------
        LabelError
            Where none is left.
        """
        seen: Counter[int] = Counter()
        keys = []
        for place, found in enumerate(self.classes):
            if found == target or torch.equal(self.values[place], photo):
                continue
            keys.append((found not in ranked[1:4], seen[found], place))
            seen[found] += 1
        if not keys:
            raise LabelError(
                f"None of the {len(self.classes)} photos in {self.folder} is of another class than {label}: add photos "
                "of other classes."
            )
        return [place for *_, place in sorted(keys)[:COUNT]]


def references_in(folder: str, last: LastRepresentation, path: Path) -> References:
    """The references of a folder; read, and passed through the network, once while its files stay the same.

    Raises
    ------
    UsageError, ImageError
        Where the model's samples are not made of files, the folder has none, or one cannot be read.
    """
    model, network = last.model, last.layer
    files = model.reference_files(folder)
    key = (folder, tuple((str(each.path), each.path.stat().st_mtime_ns) for each in files), model.dtype)
    known = _KNOWN.setdefault(network, {})
    if key not in known:
        values = torch.stack([model.place(model.read(each, fit=None, options=None).packed) for each in files])
        with torch.no_grad():
            parts = [last.at(each[None], path) for each in values]
        logits, representations = (torch.cat(each) for each in zip(*parts, strict=True))
        classes = [-1] * len(files) if model.regression else logits.argmax(dim=1).tolist()
        known[key] = References(folder, [str(each.relative) for each in files], values, representations, classes)
    return known[key]


_KNOWN: WeakKeyDictionary[torch.nn.Module, dict[Hashable, References]] = WeakKeyDictionary()
