import numpy as np
import pytest
import torch
from toys import classifier, random_picture, small_network

from igcli.attribution.budget import Budget
from igcli.attribution.scores import Score
from igcli.errors import UsageError
from igcli.evaluation.fills import fill_values
from igcli.evaluation.parts import PartedPhoto, check_part_fills, score_parts


def photo(seed, score=None):
    """A photo of which a rectangle is the object."""
    picture = random_picture(seed=seed, dtype=torch.float64)
    mask = np.zeros(picture.pixels.shape[1:], bool)
    mask[2 : 5 + seed, 3:9] = True
    return PartedPhoto(picture.pixels, mask, score or Score("softmax", seed % 5))


def test_scores_are_those_of_photos_that_were_filled_pixel_by_pixel():
    model = classifier(small_network().double(), classes=5)
    photos = [photo(seed) for seed in range(3)]
    found = score_parts(model, photos, ["black", "blur"], budget=Budget(4))
    for each, scores in zip(photos, found, strict=True):
        assert [(one.fill, one.removed) for one in scores] == [
            ("black", "background"), ("black", "object"), ("blur", "background"), ("blur", "object"),
        ]  # fmt: skip
        for one in scores:
            filled = fill_values(one.fill, each.pixels, model=model)
            changed = each.pixels.clone()
            for y in range(each.mask.shape[0]):
                for x in range(each.mask.shape[1]):
                    if each.mask[y, x] == (one.removed == "object"):
                        changed[:, y, x] = filled[:, y, x]
            with model.frozen(), torch.no_grad():
                probabilities = model(changed[None])[0].softmax(dim=0)
            assert one.score == pytest.approx(float(probabilities[each.score.target]), abs=1e-9)
            assert one.predicted == int(probabilities.argmax())


@pytest.mark.parametrize("size", [1, 3, 100])
def test_the_same_numbers_for_every_chunk_size(size):
    model = classifier(small_network().double(), classes=5)
    photos = [photo(seed, Score("logit", 1)) for seed in range(4)]
    found, one_by_one = (
        [score_parts(model, each, ["black"], budget=Budget(size)) for each in groups]
        for groups in ([photos], [[one] for one in photos])
    )
    together = [one.score for scores in found[0] for one in scores]
    alone = [one.score for (scores,) in one_by_one for one in scores]
    assert together == pytest.approx(alone, abs=1e-12)


def test_two_passes_for_each_photo_and_fill_and_the_photo_is_as_before():
    model = classifier(small_network(), classes=5)
    counted = []
    model.network.register_forward_pre_hook(lambda _, inputs: counted.append(len(inputs[0])))
    photos = [photo(seed) for seed in range(3)]
    photos = [PartedPhoto(each.pixels.float(), each.mask, each.score) for each in photos]
    before = [each.pixels.clone() for each in photos]
    score_parts(model, photos, ["black", "white"], budget=Budget(5))
    assert sum(counted) == 3 * 2 * 2
    assert max(counted) <= 5
    assert all(torch.equal(one, each.pixels) for one, each in zip(before, photos, strict=True))
    assert score_parts(model, [], ["black"], budget=Budget(5)) == []


def test_a_fill_without_a_picture_of_its_own_is_refused():
    model = classifier(small_network(), classes=5)
    for fill, words in (("remaining-mean", "another --fill"), ("purple haze", "no fill called")):
        with pytest.raises(UsageError, match=words):
            check_part_fills([fill], model)
    check_part_fills(["black", "blur:3", "photo-mean", "grey"], model)
