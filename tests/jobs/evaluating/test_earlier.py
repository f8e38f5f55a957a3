import json

import numpy as np
import pytest

from igcli.attribution.scores import Score
from igcli.errors import UsageError
from igcli.evaluation.metrics.aopc import Aopc
from igcli.evaluation.metrics.focus import Focus
from igcli.evaluation.metrics.metric import Measured
from igcli.evaluation.statistics import difference
from igcli.jobs.evaluating.card import Card
from igcli.jobs.evaluating.earlier import difference_text, lines_of_differences, read_earlier
from igcli.jobs.evaluating.table import Column, csv_of
from igcli.jobs.outputs.record import new_record, to_json
from igcli.jobs.plan import Job

NAN = float("nan")


def column(rows, *, metric=None, name="aopc"):
    """A column from (path, class, number) of one map."""
    metric = metric or Aopc()
    found = Column(name, metric, "")
    for path, label, value in rows:
        card = Card({"path": path}, {"label": label}, Score("softmax", 0), "")
        card.note(name, metric, {"mine": Measured.missing("None.") if np.isnan(value) else Measured(value)})
        found.add(card, ["mine"])
    return found


@pytest.fixture
def plan(small):
    return Job.of(small).plan


@pytest.fixture
def kept(tmp_path, plan):
    """Writes an evaluation as ``ig evaluate`` does; returns its record's path."""

    def write(*columns, name="evaluation", settings=None):
        record = new_record(
            settings={**plan.settings, "device": "cuda", "batch_size": 7, **(settings or {})},
            metrics={column.name: column.record for column in columns},
        )
        (tmp_path / f"{name}.json").write_text(to_json(record))
        (tmp_path / f"{name}.csv").write_bytes(csv_of(columns))
        return tmp_path / f"{name}.json"

    return write


def test_differences_are_paired_by_photo_whatever_the_order(kept, plan):
    chance = np.random.default_rng(0)
    then, now = chance.normal(size=8), chance.normal(size=8)
    before = [(f"in/{n}.jpg", "cat", then[n]) for n in chance.permutation(8)]
    after = column([(f"in/{n}.jpg", "cat", now[n]) for n in range(8)])
    found = read_earlier(kept(column(before))).differences([after], plan)["aopc"]
    assert found.values["mine"] == pytest.approx(now - then)
    assert found.estimates["mine"] == difference(now, then)
    assert found.unpaired == 0


def test_only_photos_that_both_have_count_and_the_others_are_said(kept, plan):
    earlier = read_earlier(kept(column([("a.jpg", "x", 0.1), ("b.jpg", "x", NAN), ("c.jpg", "x", 0.3)])))
    now = column([("a.jpg", "x", 0.2), ("b.jpg", "x", 0.5), ("d.jpg", "x", 0.9)])
    found = earlier.differences([now], plan)
    assert found["aopc"].values["mine"] == pytest.approx([0.1, NAN, NAN], nan_ok=True)
    assert found["aopc"].unpaired == 1
    lines = list(lines_of_differences(earlier, found, []))
    assert lines[0].endswith(".json  aopc ↑")
    assert lines[1] == "mine  +0.1 of 1".replace("mine  ", f"{'mine':<{len(lines[0].split('  ')[0])}}  ")
    assert "1 of 3 photos not in the earlier evaluation, and not compared" in lines


def test_a_folder_that_lies_elsewhere_now_is_the_same_folder(kept, plan):
    before = column([("/ci/run1/holdout/cats/1.jpg", "x", 0.1), ("/ci/run1/holdout/dogs/2.jpg", "x", 0.2)])
    now = column([("holdout/cats/1.jpg", "x", 0.3), ("holdout/dogs/2.jpg", "x", 0.3)])
    found = read_earlier(kept(before)).differences([now], plan)["aopc"]
    assert found.values["mine"] == pytest.approx([0.2, 0.1])


def test_photos_of_one_name_in_several_folders_are_not_mixed_up(kept, plan):
    before = column([("/old/cats/1.jpg", "x", 0.1), ("/old/dogs/1.jpg", "x", 0.2)])
    now = column([("new/1.jpg", "x", 0.3)])
    found = read_earlier(kept(before)).differences([now], plan)["aopc"]
    assert found.unpaired == 1
    png = column([("/old/cats/1.png", "x", 0.3)])
    assert read_earlier(kept(column([("cats/1.jpg", "x", 0.1)]))).differences([png], plan)["aopc"].unpaired == 1


def test_another_predicted_class_is_the_same_photo_and_a_photo_listed_twice_goes_by_class(kept, plan):
    before = column([("a.jpg", "cat", 0.1), ("b.jpg", "cat", 0.2), ("b.jpg", "dog", 0.4)])
    now = column([("a.jpg", "dog", 0.3), ("b.jpg", "dog", 0.5), ("b.jpg", "cat", 0.5)])
    found = read_earlier(kept(before)).differences([now], plan)["aopc"]
    assert found.values["mine"] == pytest.approx([0.2, 0.1, 0.3])


def test_names_that_begin_as_formulas_are_found_again(kept, plan):
    rows = [("=1.jpg", "+x", 0.1), ("'@2.jpg", "-", 0.2)]
    found = read_earlier(kept(column(rows))).differences([column(rows)], plan)["aopc"]
    assert found.values["mine"] == pytest.approx([0, 0])


def test_numbers_that_were_measured_otherwise_are_not_compared(kept, plan, small):
    rows = [("a.jpg", "x", 0.1)]
    earlier = read_earlier(kept(column(rows, metric=Aopc(fill="blur"))))
    assert "another fill" in earlier.differences([column(rows)], plan)["aopc"].reason
    now = column(rows, name="deletion")
    assert "has not measured deletion" in earlier.differences([now], plan)["deletion"].reason
    mosaics = column(rows, metric=Focus(), name="focus")
    assert "mosaics" in read_earlier(kept(mosaics)).differences([mosaics], plan)["focus"].reason
    logit = read_earlier(kept(column(rows), settings={"settings": {"score": "logit"}}))
    assert "The logit score was explained then" in logit.differences([column(rows)], plan)["aopc"].reason
    assert list(lines_of_differences(logit, logit.differences([column(rows)], plan), [])) == [
        "not compared: The logit score was explained then, and the softmax score now: explain the same one."
    ]


def test_what_has_changed_is_named_and_the_device_is_no_change(kept, plan):
    assert read_earlier(kept(column([]))).changed(plan) == []
    model = {**plan.settings["model"], "sha256": "0" * 64}
    earlier = read_earlier(kept(column([]), settings={"model": model}))
    assert earlier.changed(plan) == [f"model.sha256 {'0' * 64} then, None now"]
    assert list(lines_of_differences(earlier, {}, earlier.changed(plan))) == [
        f"other settings: model.sha256 {'0' * 12}… then, None now"
    ]


def test_a_folder_and_a_renamed_record_are_read(kept, tmp_path):
    kept(column([("a.jpg", "x", 0.1)]))
    assert read_earlier(tmp_path).values["aopc", "mine"] == {"a.jpg": {"x": 0.1}}
    assert read_earlier(kept(column([]), name="last-week")).values == {}


def with_row(row):
    return lambda path: path.with_suffix(".csv").write_text(f"path,target,map,metric,value\n{row}\n")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.write_text("{"), "is no evaluation.json"),
        (lambda path: path.write_text("[]"), "is no evaluation.json"),
        (lambda path: path.write_text('{"schema": "igcli/1", "metrics": 3, "settings": {}}'), "is no evaluation.json"),
        (lambda path: path.write_text("[" * 100_000), "is no evaluation.json"),
        (lambda path: path.unlink(), "cannot be read"),
        (lambda path: path.with_suffix(".csv").unlink(), "keep it with the .json"),
        (lambda path: path.with_suffix(".csv").write_text("a,b\n1,2\n"), "keep the .csv with the .json"),
        (lambda path: path.with_suffix(".csv").write_bytes(b"path,target,map,metric,value\n\xff"), "is no table"),
        (with_row("a,b,c,d,much"), "is no table"),
        (with_row("a,b,c,d,inf"), "is no table"),
        (with_row("a,b"), "is no table"),
    ],
)  # fmt: skip
def test_what_is_no_earlier_evaluation_is_a_sentence(kept, spoil, words):
    path = kept(column([("a.jpg", "x", 0.1)]))
    spoil(path)
    with pytest.raises(UsageError, match=words):
        read_earlier(path)


def test_parts_of_a_record_that_are_of_another_kind_are_no_error(kept, plan):
    path = kept(column([("a.jpg", "x", 0.1)]))
    record = json.loads(path.read_text())
    record["metrics"]["aopc"]["parameters"] = [1]
    record["settings"]["settings"] = "none"
    path.write_text(json.dumps(record))
    earlier = read_earlier(path)
    assert earlier.differences([column([("a.jpg", "x", 0.1)])], plan)["aopc"].reason
    assert earlier.changed(plan)


def test_a_difference_has_its_sign():
    assert difference_text(difference([0.5] * 4, [0.25] * 4)) == "+0.250 [+0.250, +0.250] of 4"
    assert difference_text(None) == "–"
