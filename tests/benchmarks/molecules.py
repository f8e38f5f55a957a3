"""Findings on molecules (arXiv 1611.02639, Fig. 7 and 13, and the anomaly of W1N2), on held-out molecules of Tox21.

    python tests/benchmarks/molecules.py tox21.csv.gz --model w1n2

It prints completeness over 200 molecules, how far Captum's numbers on the same nodes are from ours, where the score of
25 actives rises along the path, the shares of atoms and pairs in it, and which atoms get equal numbers.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from captum.attr import IntegratedGradients, Saliency

from igcli.attribution.attribute import attribute
from igcli.attribution.explain import explain
from igcli.attribution.result import Explanation
from igcli.attribution.views.saturation import saturation_statistics
from igcli.attribution.wanted import Wanted
from igcli.bundled.molecules.data import read_parts
from igcli.inputs import TextInput
from igcli.models.molecule_model import MoleculeModel
from igcli.models.weave import load_molecule_model
from igcli.molecules.contributions import Contributions
from igcli.molecules.equal_atoms import apart, equal_atoms
from igcli.molecules.sample import MoleculeSample

TASK = "SR-MMP"
EVEN = tuple(np.linspace(0, 1, 101).round(9).tolist())


def main() -> None:
    """Print all findings of both bundled networks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path, help="tox21.csv.gz")
    parser.add_argument("--model", action="append", choices=("w2n2", "w1n2"), help="Only this one; both by default.")
    options = parser.parse_args()
    tasks, parts = read_parts(options.table, distance=2)
    test = parts["test"]
    actives = [test.smiles[i] for i in (test.labels[:, tasks.index(TASK)] == 1).nonzero().flatten().tolist()]
    for name in options.model or ("w2n2", "w1n2"):
        model = load_molecule_model(name)
        print(f"{name}:")
        completeness(model, test.smiles[:200])
        captum(model, test.smiles[:10])
        chosen = found_active(model, actives)[:25]
        saturation(model, chosen)
        shares(model, chosen)
        anomaly(model, chosen)


def samples_of(model: MoleculeModel, smiles: list[str]) -> list[MoleculeSample]:
    return [model.read(TextInput(each)) for each in smiles]


def explained(model: MoleculeModel, samples: list[MoleculeSample], wanted: Wanted) -> list[Explanation]:
    return [outcome for (outcome,) in explain(model, samples, wanted, budget=64) if isinstance(outcome, Explanation)]


def completeness(model: MoleculeModel, smiles: list[str]) -> None:
    results = [each.results["integrated"] for each in explained(model, samples_of(model, smiles), Wanted())]
    within = sum(bool(each.completeness.within_tolerance) for each in results)
    gaps = [each.completeness.relative_gap for each in results]
    back = sum(each.completeness.relative_to == "range" for each in results)
    print(f"  complete to 1 %: {within} of {len(results)} ({back} of them of the score's range, not of its rise); "
          f"largest gap {max(gaps):.2%}; "
          f"gradients {np.median([each.gradient_evaluations for each in results]):.0f} in the median")  # fmt: skip


def captum(model: MoleculeModel, smiles: list[str]) -> None:
    worst = {"integrated": 0.0, "gradient": 0.0}
    for sample in samples_of(model, smiles):
        ours = {m: attribute(model, sample, method=m, target=TASK, steps=64, rule="midpoint") for m in worst}

        def function(atoms: torch.Tensor, pairs: torch.Tensor, *graph: torch.Tensor) -> torch.Tensor:
            return model(atoms, pairs, *(each.expand(len(atoms), *each.shape[1:]) for each in graph)).sigmoid()

        values = tuple(each[None].requires_grad_() for each in sample.values)
        more = {"target": model.labels.find(TASK), "additional_forward_args": tuple(e[None] for e in sample.further)}
        with model.frozen():
            theirs = {
                "integrated": IntegratedGradients(function).attribute(
                    values, n_steps=64, method="riemann_middle", internal_batch_size=64, **more
                ),
                "gradient": Saliency(function).attribute(values, abs=False, **more),
            }
        for name, each in theirs.items():
            flat = torch.cat([part.detach().flatten() for part in each]).double()
            distance = (ours[name].values.double() - flat).norm() / flat.norm()
            worst[name] = max(worst[name], float(distance))
    print("  from Captum on the same nodes (relative L2): " + ", ".join(f"{n} {d:.1e}" for n, d in worst.items()))


def found_active(model: MoleculeModel, smiles: list[str]) -> list[str]:
    """Those of the actives that the network gives more than 0.5."""
    outcomes = explained(model, samples_of(model, smiles), Wanted((), (TASK,), alphas=(1.0,)))
    return [text for text, each in zip(smiles, outcomes, strict=True) if each.target.probability > 0.5]


def saturation(model: MoleculeModel, smiles: list[str]) -> None:
    found = explained(model, samples_of(model, smiles), Wanted((), (TASK,), alphas=EVEN))
    traces = [each.trace for each in found]
    lower, median, upper = saturation_statistics(traces).quartiles or (np.nan,) * 3
    late = [1 - (np.interp(0.9, t.alphas, t.scores) - t.scores[0]) / (t.scores[-1] - t.scores[0]) for t in traces]
    tail = [np.interp(0.95, t.alphas, t.mean_importance) / t.mean_importance.max() for t in traces]
    start = [each.score.at_baseline for each in found]
    print(f"  {len(found)} actives of {TASK}: F(0) {np.median(start):.2f} in the median, F "
          f"{np.median([each.score.at_image for each in found]):.2f}; alpha* {lower:.2f}, {median:.2f}, {upper:.2f}; "
          f"share of the rise made in 0.9 to 1: {_quartiles(late)}; "
          f"mean importance at 0.95 over its largest: {_quartiles(tail)}")  # fmt: skip


def shares(model: MoleculeModel, smiles: list[str]) -> None:
    rows: dict[str, list[float]] = {"atoms": [], "bonded_pairs": [], "other_pairs": []}
    logit: dict[str, list[float]] = {name: [] for name in rows}
    for score, into in (("sigmoid", rows), ("logit", logit)):
        settings = Wanted().settings
        wanted = Wanted(targets=(TASK,), settings=type(settings)(score=score))
        for each in explained(model, samples_of(model, smiles), wanted):
            assert isinstance(each.sample, MoleculeSample)
            sums = Contributions.of(each.sample.graph, each.results["integrated"].parts).sums
            for name, value in sums.items():
                into[name].append(value / each.score.rise)
        print(f"  shares of the rise of the {score}: "
              + "; ".join(f"{name.replace('_', ' ')} {_quartiles(each)}" for name, each in into.items()))  # fmt: skip


def anomaly(model: MoleculeModel, smiles: list[str]) -> None:
    model.network.double()
    distances = []
    for each in explained(model, samples_of(model, smiles), Wanted(targets=(TASK,))):
        assert isinstance(each.sample, MoleculeSample)
        values = Contributions.of(each.sample.graph, each.results["integrated"].parts).atoms
        groups = equal_atoms(each.sample.molecule, each.sample.graph)
        distances += [apart(values, group.atoms) for group in groups]
    model.network.float()
    print(f"  atoms that one module cannot distinguish: {sum(d <= 1e-6 for d in distances)} of {len(distances)} groups "
          f"equal to 1e-6; apart {_quartiles(distances, digits=2)}")  # fmt: skip


def _quartiles(values: list[float], *, digits: int = 0) -> str:
    lower, median, upper = np.quantile(values, [0.25, 0.5, 0.75])
    return f"{median:.{digits}%} ({lower:.{digits}%} to {upper:.{digits}%})"


if __name__ == "__main__":
    main()
