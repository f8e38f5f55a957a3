"""Measure the bundled networks of molecules on held-out scaffolds and write their model card.

python -m igcli.bundled.molecules.card tox21.csv.gz
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import torch
from torch import Tensor

from igcli.bundled.molecules import train
from igcli.bundled.molecules.data import LabelledMolecules, read_parts
from igcli.bundled.molecules.roc import mean_auc, task_auc
from igcli.bundled.molecules.weave import DENSE, FEATURES, WIDTH

FOLDER = Path(__file__).parent


def main() -> None:
    """Measure ``w1n2.pt`` and ``w2n2.pt`` and write ``MODEL_CARD.md`` next to them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path, help="tox21.csv.gz")
    options = parser.parse_args()
    logits: dict[str, dict[str, Tensor]] = {}
    for name, (_, distance) in train.NETWORKS.items():
        tasks, parts = read_parts(options.table, distance=distance)
        network = train.fresh_weave(name, len(tasks))
        network.load_state_dict(torch.load(FOLDER / f"{name}.pt", map_location="cpu", weights_only=True))
        logits[name] = {part: train.predict(network, parts[part]) for part in ("valid", "test")}
        for part, found in logits[name].items():
            print(f"{name} {part}: {mean_auc(found, parts[part].labels):.4f}")  # noqa: T201
    (FOLDER / "MODEL_CARD.md").write_text(molecule_card(tasks, parts, logits), encoding="utf-8")


def molecule_card(tasks: list[str], parts: dict[str, LabelledMolecules], logits: dict[str, dict[str, Tensor]]) -> str:
    """The model card, in Markdown."""
    valid, test = parts["valid"].labels, parts["test"].labels
    rows = [
        f"| {task} | {int((test[:, k] == 1).sum())} of {int((~test[:, k].isnan()).sum())} | "
        + " | ".join(f"{task_auc(found['test'][:, k], test[:, k]):.3f}" for found in logits.values())
        + " |"
        for k, task in enumerate(tasks)
    ]
    means = " | ".join(f"{mean_auc(found['test'], test):.3f}" for found in logits.values())
    chosen = ", ".join(f"{name} {mean_auc(found['valid'], valid):.3f}" for name, found in logits.items())
    hashes = "\n".join(
        f"- `{name}.pt`, SHA-256 `{hashlib.sha256((FOLDER / f'{name}.pt').read_bytes()).hexdigest()}`"
        for name in logits
    )
    table = "\n".join(rows)
    counts = {part: f"{len(molecules):,}" for part, molecules in parts.items()}
    return f"""# The bundled networks of molecules: W1N2 and W2N2

Weave networks (Kearnes et al. 2016, [arXiv 1603.00856](https://arxiv.org/abs/1603.00856)) of one and of two modules,
pairs of atoms up to 2 bonds apart, with the "simple" features of *Gradients of Counterfactuals* (arXiv 1611.02639): an
atom is its element, a pair its kind of bond and its distance. An implementation of our own. Modules are {WIDTH} wide,
{FEATURES} features of an atom go into the histogram; the dense layers are {DENSE[0]} and {DENSE[1]} wide, not 2000 and
100 as in the paper, and a task has one logit. Half-precision weights, tensors only:

{hashes}

They are there so that `ig molecule` runs without a network connection, and shows what the paper shows.

## Data and licence

Tox21: {sum(map(len, parts.values())):,} molecules, 12 tasks of the US programme *Toxicology in the 21st Century* (NIH,
EPA, FDA), which are data of the US government and in the public domain; the table is `tox21.csv.gz` of DeepChem
(MIT licence). The weights may be used under the licence of this package.

## Training

`python -m igcli.bundled.molecules.train tox21.csv.gz --network w2n2`, and `--network w1n2`: {train.EPOCHS} epochs.
Molecules are split by Murcko scaffold, {counts["train"]} to train on, {counts["valid"]} to choose the epoch by and
{counts["test"]} to measure on; no scaffold is in two parts.
Batches of {train.BATCH_SIZE}, AdamW with a one-cycle rate (peak {train.PEAK_RATE}), weight decay
{train.WEIGHT_DECAY}, averaged weights; cross-entropy over what was measured, actives weighted by their rarity (at most
{train.MOST_WEIGHT:.0f} times).

## ROC-AUC on held-out scaffolds

`python -m igcli.bundled.molecules.card tox21.csv.gz` measures it.
On the part that the epoch was chosen by: {chosen}.

| task | actives | {" | ".join(logits)} |
| --- | --- | {" | ".join("---" for _ in logits)} |
{table}
| **mean** | | {means} |

## Limits

Not for decisions about substances. Probabilities are too high, since actives count more in training: read them as an
order, not as frequencies. Charges, rings, stereochemistry and hydrogens are not seen; elements other than H, C, N, O,
F, P, S, Cl, Br, I and metals (one column for all) have no feature at all. W1N2 cannot distinguish atoms with the same
element and the same pairs, whatever they are bonded to: `ig molecule --check` shows it. Parameters of the last module's
pairs are used by nothing, as in the paper, and kept.
"""


if __name__ == "__main__":
    main()
