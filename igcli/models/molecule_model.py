"""A model of molecules: a graph network, and the features that it takes.

The network is called with ``atoms`` (B, n, a), ``pairs`` (B, p, f) and ``index`` (B, p, 2), as
:class:`~igcli.molecules.features.Graph` describes them, and returns one logit per task, (B, K). One that says
``takes_masks = True`` is given molecules filled up to one size, and ``is_atom`` (B, n) and ``is_pair`` (B, p) after
them; any other one only molecules of exactly one size together. A network of one's own, ``ig molecule CCO --model
graph.py:build``::

    import torch

    class GraphNetwork(torch.nn.Module):
        labels = ["active"]

        def __init__(self):
            super().__init__()
            self.atom, self.pair = torch.nn.Linear(11, 32), torch.nn.Linear(6, 32)
            self.out = torch.nn.Linear(32, 1)

        def forward(self, atoms, pairs, index):
            hidden = self.atom(atoms)
            first, second = (index[..., k : k + 1].expand(-1, -1, 32) for k in (0, 1))
            messages = (hidden.gather(1, second) * self.pair(pairs)).relu()
            return self.out(hidden.scatter_add(1, first, messages).relu().sum(1))

    def build():
        network = GraphNetwork()
        network.load_state_dict(torch.load("graph.pt", weights_only=True))
        return network
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from igcli.errors import IgError, InputError, UsageError, first_line
from igcli.inputs import TextInput, drawn_by_lot
from igcli.lazy import torch
from igcli.models.labels import Labels
from igcli.models.model import Model, Provenance
from igcli.molecules.features import Graph, featurise
from igcli.molecules.reading import read_entries
from igcli.molecules.references import laid_on
from igcli.molecules.sample import MoleculeSample
from igcli.molecules.source import Molecule, molecule_of
from igcli.sample import Sample

if TYPE_CHECKING:
    from rdkit.Chem import Mol

MOST_REFERENCES = 200
"""Molecules of a file of baselines."""

_LOG = logging.getLogger("igcli.molecules")

FARTHEST = 7
"""Bonds between the atoms of a pair, at most."""


class MoleculeModel(Model):
    """A graph network of molecules, with a logit per task.

    Parameters
    ----------
    network
        As this module describes it. What it says of itself, as attributes, is used: ``labels`` (the tasks' names),
        ``distance`` (how many bonds apart the atoms of a pair are at most, 2 if it says nothing), ``takes_masks``,
        ``multi_label`` (``False`` for classes that exclude each other), and ``featurise``, a function from RDKit's
        molecule to a :class:`~igcli.molecules.features.Graph`, in place of the simple features.
    labels
        In place of the network's own.

    Raises
    ------
    UsageError
        For an attribute that is none of these values.
    """

    unit: ClassVar[str] = "features of molecules"

    def __init__(
        self,
        network: torch.nn.Module,
        labels: Sequence[str] = (),
        *,
        provenance: Provenance | None = None,
        caveat: str = "",
    ) -> None:
        named = labels or getattr(network, "labels", ())
        if isinstance(named, str) or not all(isinstance(label, str) for label in named):
            raise UsageError(f"The network's labels are the names of its tasks, not {named!r:.60}.")
        self.distance = getattr(network, "distance", 2)
        if not isinstance(self.distance, int) or not 1 <= self.distance <= FARTHEST:
            raise UsageError(
                f"The network's distance is a number of bonds from 1 to {FARTHEST}, not {self.distance!r}."
            )
        self.takes_masks = bool(getattr(network, "takes_masks", False))
        self._own_features: Callable[[Mol], Graph] | None = getattr(network, "featurise", None)
        self._known_references: tuple[tuple[str, int, int], list[Graph]] | None = None
        multi_label = bool(getattr(network, "multi_label", True))
        super().__init__(network, named, provenance=provenance, caveat=caveat, multi_label=multi_label)

    def try_out(self) -> None:
        """Run the network on a small molecule; outputs that have no names are called by their number.

        Raises
        ------
        UsageError
            When it does not take the features, or has another number of outputs than labels.
        """
        sample = self.sample(molecule_of(TextInput("CCO")))
        batch = [each.to(self.dtype)[None].to(self.device) for each in sample.values]
        graph = [each[None].to(self.device) for each in sample.further if isinstance(each, torch.Tensor)]
        try:
            with self.frozen(), torch.no_grad():
                count = self.outputs(*batch, *graph).shape[1]
        except IgError:
            raise
        except Exception as problem:  # a person's own network can raise anything
            shapes = " and ".join(" x ".join(map(str, each.shape)) for each in (*batch, *graph))
            raise UsageError(
                f"The network does not take a molecule's features ({first_line(problem) or type(problem).__name__}): "
                f"it is given {shapes} for ethanol; --debug shows where it was raised."
            ) from problem
        if not len(self.labels):
            self.labels = Labels([f"output {number}" for number in range(count)])
        if len(self.labels) != count and not (len(self.labels) == 2 and count == 1):
            raise UsageError(f"The network has {count} outputs and {len(self.labels)} labels: give it one label each.")

    def read(self, found: Any, *, fit: str | None = None, options: Any = None) -> MoleculeSample:
        """The sample of an entry whose text is a SMILES, or a structure of an SD file.

        Raises
        ------
        InputError
            When it is no molecule, or one that this network cannot take.
        """
        if not isinstance(found, TextInput):
            raise UsageError(f"{self.provenance.name} reads entries of lists of molecules, not {found!r:.60}.")
        return self.sample(molecule_of(found))

    def sample(self, molecule: Molecule) -> MoleculeSample:
        """A molecule's features, as this network takes them.

        Raises
        ------
        InputError
            For a molecule that has no pairs, where the network needs them; for features of the network's own that
            cannot be computed.
        """
        return MoleculeSample(molecule, self._graph(molecule), filled_up=self.takes_masks)

    def baselines_from(self, path: Path, sample: Sample, *, seed: int = 0) -> list[torch.Tensor]:
        """The molecules of a file, at most ``MOST_REFERENCES``; of each the features, laid on the sample's own graph.

        Those that cannot be read are passed over.

        Raises
        ------
        UsageError
            When it has none that can be read.
        """
        if not isinstance(sample, MoleculeSample):
            return list(super().baselines_from(path, sample, seed=seed))
        references = self._references(path, seed)
        return [laid_on(sample, reference, seed=seed + place) for place, reference in enumerate(references)]

    def _references(self, path: Path, seed: int) -> list[Graph]:
        """The graphs of a file's molecules; read again when the file has changed."""
        key = str(path), path.stat().st_mtime_ns, seed
        if self._known_references is None or self._known_references[0] != key:
            found = read_entries([str(path)], column=None, stdin=BytesIO())
            entries, count = drawn_by_lot(found, most=MOST_REFERENCES, seed=seed)
            if count > MOST_REFERENCES:
                _LOG.warning("%s: %d of its %d molecules, drawn by the seed, are baselines", path, len(entries), count)
            graphs = []
            for entry in entries:
                try:
                    graphs.append(self._graph(molecule_of(entry)))
                except InputError as error:
                    _LOG.warning("%s is no baseline: %s", entry.path, error)
            if not graphs:
                raise UsageError(f"{path} has no molecule to start from: give a .smi, .csv or .sdf file of molecules.")
            self._known_references = key, graphs
        return self._known_references[1]

    def _graph(self, molecule: Molecule) -> Graph:
        if self._own_features is None:
            return featurise(molecule.mol, distance=self.distance)
        try:
            graph = self._own_features(molecule.mol)
        except Exception as problem:  # a person's own code can raise anything
            said = f"{type(problem).__name__}: {first_line(problem)}"
            raise InputError(f"The network's featurise could not describe it ({said}).") from problem
        if not isinstance(graph, Graph):
            raise UsageError(f"The network's featurise returns an igcli.molecules.features.Graph, not {graph!r:.60}.")
        return graph
