"""Perplexities to compare a language model with: a unigram and a trigram model of the same words.

The trigram is interpolated Kneser-Ney with one discount (Chen and Goodman 1998, eq. 18); both know the same vocabulary.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

DISCOUNT = 0.75


def unigram_perplexity(train: Sequence[int], test: Sequence[int], *, words: int) -> float:
    """Of relative frequencies, one added to every count."""
    counts = Counter(train)
    total = len(train) + words
    return math.exp(-sum(math.log((counts[word] + 1) / total) for word in test) / len(test))


def trigram_perplexity(train: Sequence[int], test: Sequence[int], *, words: int) -> float:
    """Of interpolated Kneser-Ney with trigrams, on all of ``test`` but its first two words."""
    trigrams: Counter[tuple[int, ...]] = Counter(zip(train, train[1:], train[2:], strict=False))
    bigrams: Counter[tuple[int, ...]] = Counter(
        (second, third) for _, second, third in trigrams
    )  # in how many contexts each was seen
    unigrams = Counter(third for _, third in bigrams)
    after_two, after_one = _followers(trigrams), _followers(bigrams)
    kinds = sum(unigrams.values())

    def probability(first: int, second: int, third: int) -> float:
        lowest = (unigrams[third] + 1) / (kinds + words)
        middle = _discounted(bigrams[second, third], after_one[(second,)], lowest)
        return _discounted(trigrams[first, second, third], after_two[first, second], middle)

    triples = list(zip(test, test[1:], test[2:], strict=False))
    return math.exp(-sum(math.log(probability(*triple)) for triple in triples) / len(triples))


def _followers(counts: Mapping[tuple[int, ...], int]) -> dict[tuple[int, ...], tuple[int, int]]:
    """For each context the total of its counts, and how many different words follow it."""
    found: dict[tuple[int, ...], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for gram, count in counts.items():
        total, kinds = found[gram[:-1]]
        found[gram[:-1]] = total + count, kinds + 1
    return found


def _discounted(count: int, followers: tuple[int, int], lower: float) -> float:
    total, kinds = followers
    return (max(count - DISCOUNT, 0) + DISCOUNT * kinds * lower) / total if total else lower
