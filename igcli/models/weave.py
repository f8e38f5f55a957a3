"""The bundled networks of molecules: W1N2 and W2N2 on Tox21's twelve tasks, available without a download.

Weights, model card and training script are in :mod:`igcli.bundled.molecules`.
"""

from __future__ import annotations

from pathlib import Path

import igcli.bundled.molecules
from igcli.errors import UsageError
from igcli.models.assembly import assemble
from igcli.models.batching import TOGETHER
from igcli.models.devices import resolve_device
from igcli.models.freezing import in_evaluation_mode
from igcli.models.from_code import make_from_code, tensors_hash
from igcli.models.model import Model, Provenance
from igcli.models.molecule_model import MoleculeModel
from igcli.models.trial import check_weights
from igcli.models.weights import read_state_dict, sha256_of
from igcli.molecules.features import ATOM_FEATURES, pair_features

FOLDER = Path(igcli.bundled.molecules.__file__).parent
MODULES = {"w1n2": 1, "w2n2": 2}
"""x of each bundled WxNy."""
DISTANCE = 2
TASKS = (
    "NR-AR", "NR-AR-LBD", "NR-AhR", "NR-Aromatase", "NR-ER", "NR-ER-LBD", "NR-PPAR-gamma",
    "SR-ARE", "SR-ATAD5", "SR-HSE", "SR-MMP", "SR-p53",
)  # fmt: skip
CAVEAT = (
    "The bundled networks were trained on 6,400 molecules: what they say of any molecule is a demonstration, "
    "and no measurement of its toxicity."
)


def load_molecule_model(name: str, *, device: str = "auto") -> MoleculeModel:
    """A bundled network, or that of a user's own code.

    Parameters
    ----------
    name
        ``"w1n2"``, ``"w2n2"``, ``file.py:factory`` or ``package.module:factory``.

    Raises
    ------
    UsageError
        No network has this name, or the code cannot be run or makes none.
    WeightsError
        The file of weights is damaged.
    """
    if name in MODULES:
        return _bundled(name, device)
    if ":" not in name:
        offered = ", ".join(MODULES)
        raise UsageError(
            f"There is no network of molecules called {name!r}: there are {offered}, and FILE.py:FUNCTION."
        )
    made, shown = make_from_code(name, {})
    if isinstance(made, Model):
        raise UsageError(f"{name} made a {type(made).__name__}: make the torch.nn.Module itself.")
    check_weights(made)
    network = in_evaluation_mode(made).to(resolve_device(device))
    provenance = Provenance(shown, "as the factory made them", tensors_hash(network))
    model = MoleculeModel(network, provenance=provenance)
    model.try_out()
    return model


def _bundled(name: str, device: str) -> MoleculeModel:
    from igcli.bundled.molecules.weave import WeaveNetwork  # loads torch

    path = FOLDER / f"{name}.pt"
    sizes = len(ATOM_FEATURES), len(pair_features(DISTANCE))
    network = assemble(
        lambda: WeaveNetwork(*sizes, tasks=len(TASKS), modules=MODULES[name]),
        read_state_dict(path, trust_pickle=False),
        device=resolve_device(device),
        file=path,
    )
    provenance = Provenance(name, path.name, sha256_of(path))
    model = MoleculeModel(network, TASKS, provenance=provenance, caveat=CAVEAT)
    model.distance, model.batching = DISTANCE, TOGETHER
    return model
