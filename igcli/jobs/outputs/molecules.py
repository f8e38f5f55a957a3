"""What each atom and pair of one molecule contributes to one task's score, as files: drawings, matrices, the record."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from igcli.attribution.result import Attribution, Explanation
from igcli.jobs.item import Explained
from igcli.jobs.outputs.record import Done, Outputs, Record, result_entry
from igcli.jobs.outputs.saturation import path_entry
from igcli.jobs.plan import Plan
from igcli.molecules.contributions import Contributions
from igcli.molecules.sample import MoleculeSample
from igcli.rendering.molecule import MOST_DRAWN, MoleculeDrawing
from igcli.rendering.numbers import amount_text, score_text
from igcli.rendering.pair_matrix import pair_matrix
from igcli.rendering.plots import PlotContext

TOO_LARGE = f"a molecule of more than {MOST_DRAWN} atoms is not drawn: its numbers are in the record."
_FEATURELESS = "no feature: {0} of its atoms are of elements that the network does not know."


def write_molecule(plan: Plan, item: Explained, *, methods: Sequence[str]) -> Done:
    """Draw and write the contributions by ``methods`` to one task's score of one molecule, and the record."""
    started = time.perf_counter()
    outputs, explanation = Outputs(plan, item), item.explanation
    sample = sample_of(explanation)
    drawn = sample.molecule.mol.GetNumAtoms() <= MOST_DRAWN
    entries: list[Record] = []
    shown: dict[str, Path] = {}
    contributions: dict[str, Record] = {}
    for method in methods:
        result = explanation.results[method]
        found = Contributions.of(sample.graph, result.parts)
        contributions[method] = _entry(found, explanation)
        entries.append(result_entry(result, device=plan.model.device, batch_size=plan.batch_size, drawing={}))
        if drawn:
            shown |= _draw(outputs, found, result)
    timing = {"draw": time.perf_counter() - started}
    views = {"molecule": _molecule_entry(sample, contributions), **path_entry(plan, explanation)}
    caveats = [] if drawn else [TOO_LARGE]
    if without := int((sample.graph.atoms == 0).all(1).sum()):
        caveats.append(_FEATURELESS.format(without))
    return outputs.save_record(
        "json", results=entries, views=views, timing=timing, shown=shown, caveat=" ".join(caveats)
    )


def sample_of(explanation: Explanation) -> MoleculeSample:
    """The molecule that was explained."""
    assert isinstance(explanation.sample, MoleculeSample)  # noqa: S101 - its model reads nothing else
    return explanation.sample


def atom_names(sample: MoleculeSample) -> list[str]:
    """``C0``, ``C1``, ``O2``, ...: element and position."""
    return [f"{atom.GetSymbol()}{atom.GetIdx()}" for atom in sample.molecule.mol.GetAtoms()]


def start_name(baseline: str) -> str:
    """What the score at the start of the path is called: of all features at 0, or the mean over a list's molecules."""
    return "F(0)" if baseline in ("zero", "black") else "mean F of the baselines"


def shares_of(found: Contributions, rise: float) -> dict[str, float | None]:
    """The share of atoms, of bonded pairs and of other pairs in the score's rise; ``None`` where it does not rise."""
    return {name: total / rise if rise else None for name, total in found.sums.items()}


def _draw(outputs: Outputs, found: Contributions, result: Attribution) -> dict[str, Path]:
    sample, method = sample_of(outputs.item.explanation), result.method
    lines = caption(outputs.plan, outputs.item.explanation, found, method=method)
    drawing = MoleculeDrawing(sample.molecule.mol, found, lines)
    shown = {method: outputs.save(f"{method}.png", drawing.png())}
    outputs.save(f"{method}.svg", drawing.svg())
    subject = PlotContext(outputs.plan.model.provenance.name, title=lines[0])
    matrix = pair_matrix(found, atom_names(sample), subject=subject, conditions=f"{method}; {lines[1]}")
    outputs.save(f"{method}.pairs.png", matrix)
    return shown


def caption(plan: Plan, explanation: Explanation, found: Contributions, *, method: str) -> tuple[str, str]:
    """What was seen; and F(0) and the sums that lead from it to the score."""
    target, score = explanation.target, explanation.score
    name = sample_of(explanation).molecule.title
    name = name if len(name) <= 60 else f"{name[:57]}..."
    sums, start = found.sums, start_name(plan.wanted.settings.start)
    seen = f"{name}: {target.label} {amount_text(target.amount, regression=False)} by {plan.model.provenance.name}"
    return (
        f"{seen}, {method}",
        f"F = {score_text(score.at_image, score.kind)}, {start} = {score_text(score.at_baseline, score.kind)}; "
        f"atoms {_signed(sums['atoms'])}, bonded pairs {_signed(sums['bonded_pairs'])}, "
        f"other pairs {_signed(sums['other_pairs'])}",
    )


def _signed(value: float) -> str:
    return f"{value:+.3f}"


def _molecule_entry(sample: MoleculeSample, contributions: dict[str, Record]) -> Record:
    molecule = sample.molecule
    return {
        "smiles": molecule.smiles,
        "name": molecule.name or None,
        "atoms": [atom.GetSymbol() for atom in molecule.mol.GetAtoms()],
        "contributions": contributions,
    }


def _entry(found: Contributions, explanation: Explanation) -> Record:
    pairs: list[dict[str, Any]] = [
        {"atoms": [pair.first, pair.second], "distance": pair.distance, "value": pair.value} for pair in found.pairs
    ]
    return {
        "atoms": found.atoms.tolist(),
        "pairs": pairs,
        "sums": found.sums,
        "shares": shares_of(found, explanation.score.rise),
    }
