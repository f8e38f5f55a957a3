"""Predictions in batches: what each photo has alone, whatever shares its batch, and no more held than a few batches."""

import pytest
import torch
from engine_toys import photos_in
from torch import nn
from toys import classifier, small_network

from igcli.attribution.wanted import Wanted
from igcli.jobs.plan import Job
from igcli.jobs.pool import PoolSize
from igcli.jobs.predicting import predict_photos


def job_of(model, tmp_path) -> Job:
    return Job.of(model, Wanted(methods=()), output=tmp_path)


@pytest.fixture
def items(tmp_path):
    return photos_in(tmp_path / "in", 11)


def predictions(job, items, **how):
    outcomes = list(predict_photos(job, items, **how))
    assert [outcome.item for outcome in outcomes] == list(items)
    return [outcome.results[0].record["prediction"] for outcome in outcomes]


@pytest.mark.parametrize("size", [1, 3, 11, 64])
@pytest.mark.parametrize("threads", [0, 2])
def test_the_same_predictions_for_every_batch_size(items, tmp_path, size, threads):
    model = classifier(small_network(), classes=5)
    counted = []

    found = predictions(
        job_of(model, tmp_path), items, batch_size=size, pool_size=PoolSize(threads), on_points=counted.append
    )

    for item, ranked in zip(items, found, strict=True):
        with model.frozen():
            alone = model(job_of(model, tmp_path).picture(item.found).pixels[None]).double().softmax(1)[0]
        assert [each["index"] for each in ranked] == alone.argsort(descending=True).tolist()
        assert [each["probability"] for each in ranked] == pytest.approx(sorted(alone.tolist())[::-1], abs=1e-6)
    assert sum(counted) == 11
    assert max(counted) <= size


class Picky(nn.Module):
    """Raises for a batch with a picture that is blue enough, and has no finite answer for a red one."""

    def forward(self, x):
        if bool((x[:, 2].mean(dim=(1, 2)) > 0.9).any()):
            raise RuntimeError("too blue")
        logits = torch.stack([x[:, 0].mean(dim=(1, 2)), x[:, 1].mean(dim=(1, 2))], dim=1)
        return torch.where(logits[:, :1] > 0.3, torch.nan, logits)


def test_what_fails_on_one_photo_fails_that_photo_alone(items, tmp_path):
    model = classifier(Picky(), classes=2)
    model.mean, model.std = (0.0,) * 3, (1.0,) * 3
    items[5].found.path.write_bytes(b"no picture")

    outcomes = list(predict_photos(job_of(model, tmp_path), items, batch_size=4))

    # photo n is (9 n, 200, 255 − 7 n) of 255: 0 to 3 are too blue, 9 and 10 too red
    reasons = {int(outcome.item.stem.name): outcome.failures for outcome in outcomes if outcome.failures}
    assert sorted(reasons) == [0, 1, 2, 3, 5, 9, 10]
    assert "too blue" in reasons[0][0]
    assert "not finite at the photo" in reasons[9][0]
    assert "5.png" in reasons[5][0]


def test_photos_are_read_a_few_batches_ahead_and_no_more(items, tmp_path):
    taken = []

    def source():
        for item in items:
            taken.append(item)
            yield item

    outcomes = predict_photos(job_of(classifier(small_network(), classes=5), tmp_path), source(), batch_size=1)
    next(outcomes)
    assert len(taken) == 1
    outcomes.close()
    taken.clear()
    job = job_of(classifier(small_network(), classes=5), tmp_path)
    outcomes = predict_photos(job, source(), batch_size=1, pool_size=PoolSize(1))
    next(outcomes)
    assert len(taken) <= 4
    outcomes.close()
