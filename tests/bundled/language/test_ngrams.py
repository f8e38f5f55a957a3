"""The perplexities against a second implementation, as plain as the formulas."""

import math
import random

import pytest

from igcli.bundled.language.ngrams import DISCOUNT, trigram_perplexity, unigram_perplexity

WORDS = 7


@pytest.fixture
def texts():
    source = random.Random(1)
    text = [source.choice([0, 1, 1, 2, 3, 3, 3, 4, 5]) for _ in range(400)]
    return text[:300], [*text[300:], 6]  # 6 was never seen


def kneser_ney(train, first, second, third):
    """Chen and Goodman 1998, eq. 18, by counting again for every word."""
    three = list(zip(train, train[1:], train[2:], strict=False))
    kinds = set(three)

    def lower():
        pairs = {(b, c) for _, b, c in kinds}
        base = (sum(c == third for _, c in pairs) + 1) / (len(pairs) + WORDS)
        context = [each for each in kinds if each[1] == second]
        if not context:
            return base
        own = sum(each[2] == third for each in context)
        follow = len({each[2] for each in context})
        return (max(own - DISCOUNT, 0) + DISCOUNT * follow * base) / len(context)

    context = [each for each in three if each[:2] == (first, second)]
    if not context:
        return lower()
    own, follow = context.count((first, second, third)), len({each[2] for each in context})
    return (max(own - DISCOUNT, 0) + DISCOUNT * follow * lower()) / len(context)


def test_the_trigram_is_interpolated_kneser_ney(texts):
    train, test = texts
    logs = [math.log(kneser_ney(train, *each)) for each in zip(test, test[1:], test[2:], strict=False)]
    assert trigram_perplexity(train, test, words=WORDS) == pytest.approx(math.exp(-sum(logs) / len(logs)))


def test_its_probabilities_sum_to_one(texts):
    train, _ = texts
    for context in ((3, 3), (0, 5), (6, 6)):
        total = sum(1 / trigram_perplexity(train, [*context, third], words=WORDS) for third in range(WORDS))
        assert total == pytest.approx(1)


def test_the_unigram_of_equal_words_has_the_perplexity_of_their_number():
    assert unigram_perplexity([0, 1, 2, 3] * 100, [0, 1, 2, 3], words=4) == pytest.approx(4)
