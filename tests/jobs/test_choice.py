"""A subset of photos, and which predictions are wanted."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from igcli.images.source import Found
from igcli.jobs.choice import Criterion, sampled

#: Three classes of 3, 30 and 67 photos.
SIZES = {"lynx": 3, "deer": 30, "empty": 67}


def photos(*, folder="traps", truth=True):
    names = [(name, number) for name, count in SIZES.items() for number in range(count)]
    paths = [Path(f"{name}/{number}.jpg") for name, number in names]
    found = [Found(folder / path, path, truth=path.parent.name if truth else None) for path in paths]
    return dict(enumerate(found))


@pytest.mark.parametrize("truth", [True, False])
@pytest.mark.parametrize("seed", [0, 7])
def test_a_larger_subset_contains_every_smaller_one(truth, seed):
    every = photos(truth=truth)
    subsets = [sampled(every, count, seed=seed) for count in range(1, 110)]
    assert all(small < large or len(small) == 100 for small, large in pairwise(subsets))
    assert [len(each) for each in subsets] == [min(count, 100) for count in range(1, 110)]


def test_each_class_gives_as_many_as_long_as_it_has_any():
    every = photos()
    for count, expected in ((9, (3, 3, 3)), (21, (3, 9, 9)), (83, (3, 30, 50))):
        taken = Counter(every[number].truth for number in sampled(every, count, seed=0))
        assert tuple(taken[name] for name in SIZES) == expected


def test_without_true_classes_each_photo_is_as_likely():
    every = photos(truth=False)
    taken = Counter(number for seed in range(400) for number in sampled(every, 20, seed=seed))
    # 400 draws of one in five: 80 expected, standard deviation 8
    assert min(taken.values()) > 80 - 5 * 8
    assert max(taken.values()) < 80 + 5 * 8


def test_a_subset_depends_on_the_seed_and_on_paths_below_the_folder_alone():
    chosen = sampled(photos(), 20, seed=0)
    assert sampled(photos(folder="elsewhere"), 20, seed=0) == chosen
    assert sampled(photos(), 20, seed=1) != chosen
    backwards = dict(reversed(photos().items()))
    assert sampled(backwards, 20, seed=0) == chosen


def prediction(probability, *, correct):
    truth = {} if correct is ... else {"truth": {"correct": correct}}
    return {"prediction": [{"probability": probability}], **truth}


@pytest.mark.parametrize(
    ("criterion", "fitting"),
    [(Criterion(), [False, True, False, False]), (Criterion(0.6), [False, False, True, False])],
)
def test_wrong_are_those_that_a_known_class_contradicts_and_doubtful_those_below_a_limit(criterion, fitting):
    records = [
        prediction(0.6, correct=True),
        prediction(0.9, correct=False),
        prediction(0.59, correct=None),
        prediction(0.7, correct=...),
    ]
    assert [criterion.fits(record) for record in records] == fitting
