"""``ig molecule --check``: atoms that one weave module cannot distinguish, and what receives no gradient."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

from igcli.attribution.explain import explain
from igcli.attribution.result import Explanation
from igcli.attribution.wanted import Wanted
from igcli.cli.molecule_session import MoleculeInputs, MoleculeSession
from igcli.cli.without_gradient import say_without_gradient, without_gradient_entry
from igcli.errors import InputError
from igcli.evaluation.dead_features import dead_features
from igcli.inputs import TextInput
from igcli.jobs.outputs.molecules import atom_names
from igcli.jobs.outputs.record import Record, new_record
from igcli.jobs.plan import ModelFacts
from igcli.models.molecule_model import MoleculeModel
from igcli.molecules.contributions import Contributions
from igcli.molecules.equal_atoms import apart, equal_atoms
from igcli.molecules.features import ATOM_FEATURES, pair_features
from igcli.molecules.sample import MoleculeSample

#: Contributions that are this far apart, relative to the largest, count as equal.
EQUAL = 1e-6
#: Molecules that are tried.
MOST_CHECKED = 1000


def check_molecules(
    session: MoleculeSession, models: Sequence[MoleculeModel], inputs: MoleculeInputs, wanted: Wanted
) -> None:
    """For each network and molecule, how far atoms that one module cannot distinguish are apart in their numbers."""
    entries: list[TextInput] = []
    for item in session.items(inputs.entries()):
        if len(entries) == MOST_CHECKED:
            session.console.note(f"The first {MOST_CHECKED:,} molecules are checked.")
            break
        assert isinstance(item.found, TextInput)  # noqa: S101 - as the session reads
        entries.append(item.found)
    failed: set[int] = set()
    for model in map(_in_float64, models):
        samples: list[MoleculeSample] = []
        for number, entry in enumerate(entries):
            try:
                samples.append(model.read(entry))
            except InputError as error:
                if number not in failed:
                    session.fail(str(entry.path), str(error))
                failed.add(number)
        if samples:
            _check(session, model, samples, wanted)
    session.done = len(entries) - len(failed)


def _in_float64(model: MoleculeModel) -> MoleculeModel:
    """The same network in double precision, so that only what the network itself distinguishes is apart."""
    exact = copy.copy(model)
    exact.network = copy.deepcopy(model.network).double()
    return exact


def _check(session: MoleculeSession, model: MoleculeModel, samples: list[MoleculeSample], wanted: Wanted) -> None:
    groups = [group for sample in samples for group in _groups(session, model, sample, wanted)]
    dead = dead_features(model, samples)
    equal = sum(group["apart"] <= EQUAL for group in groups)
    console = session.console
    if session.json:
        entries: Record = {"equal_atoms": groups, "without_gradient": without_gradient_entry(dead)}
        console.say(new_record(network=ModelFacts.of(model), **entries))
        return
    console.data(f"{model.provenance.name}: atoms of the same element with the same pairs")
    for group in groups:
        console.data(_line(group))
    console.data(f"  {equal} of {len(groups)} such groups get equal numbers (to {EQUAL:g})")
    of = f"{len(samples)} molecule{'s' * (len(samples) > 1)}"
    kinds = [("atom features", *ATOM_FEATURES), ("pair features", *pair_features(model.distance))]
    say_without_gradient(console, dead, on=of, names=kinds)


def _groups(session: MoleculeSession, model: MoleculeModel, sample: MoleculeSample, wanted: Wanted) -> Iterator[Record]:
    """The groups of one molecule with their numbers, of the first task that is wanted."""
    found = equal_atoms(sample.molecule, sample.graph)
    if not found:
        return
    (outcome, *_) = explain(model, [sample], Wanted(("integrated",), wanted.targets[:1], wanted.settings))[0]
    if not isinstance(outcome, Explanation):
        session.fail(sample.name, str(outcome))
        return
    values = Contributions.of(sample.graph, outcome.results["integrated"].parts).atoms
    names = atom_names(sample)
    for group in found:
        yield {
            "smiles": sample.molecule.smiles,
            "target": outcome.target.label,
            "atoms": [names[atom] for atom in group.atoms],
            "contributions": [float(values[atom]) for atom in group.atoms],
            "apart": apart(values, group.atoms),
        }


def _line(group: Record) -> str:
    numbers = zip(group["atoms"], group["contributions"], strict=True)
    shown = ", ".join(f"{name} {value:+.4f}" for name, value in numbers)
    verdict = "equal" if group["apart"] <= EQUAL else f"apart by {group['apart']:.2g} of the largest"
    return f"  {group['smiles']}  {group['target']}  {shown}: {verdict}"
