import csv
import io

import numpy as np
import pytest

from igcli.attribution.scores import Score
from igcli.evaluation.metrics.aopc import Aopc
from igcli.evaluation.metrics.deletion_insertion import Deletion
from igcli.evaluation.metrics.metric import Measured
from igcli.jobs.evaluating.card import Card
from igcli.jobs.evaluating.table import Column, csv_of, lines_of, why_missing

NAMES = ("good", "bad", "random")


def column(metric, values, *, name="aopc", reason="The map is zero everywhere."):
    """One column from map to a value a photo; NaN has a reason."""
    column = Column(name, metric, "the protocol", ("random",))
    for number in range(len(values["good"])):
        card = Card({"path": f"{number}.jpg"}, {"label": "a, b"}, Score("softmax", 0), "")
        found = {each: values[each][number] for each in values}
        card.note(
            name,
            metric,
            {each: Measured.missing(reason) if np.isnan(value) else Measured(value) for each, value in found.items()},
        )
        column.add(card, list(values))
    return column


@pytest.fixture
def clear():
    """The good map wins on every one of ten photos."""
    rng = np.random.default_rng(1)
    bad = rng.uniform(0.1, 0.2, 10)
    return {"good": bad + 0.3, "bad": bad, "random": bad - 0.1}


def test_the_best_is_marked_where_its_intervals_say_so_and_only_there(clear):
    higher, lower = column(Aopc(), clear), column(Deletion(), clear, name="deletion")
    assert (higher.best, lower.best) == ("good", "random")
    tied = column(Aopc(), {**clear, "bad": clear["good"][::-1]})
    assert tied.best is None
    head, good, bad, random = lines_of([higher, lower], ["random"])
    assert head.split() == ["aopc", "↑", "deletion", "↓"]
    assert good.count("*") == 1
    assert "*" not in bad
    assert random.startswith("random (control)")
    assert random.endswith("*")


def test_numbers_are_means_with_intervals_around_them(clear):
    found = column(Aopc(), clear).estimates["good"]
    assert found.mean == pytest.approx(np.mean(clear["good"]))
    assert found.low < found.mean < found.high
    (_, line, *_) = lines_of([column(Aopc(), clear)], [])
    mean, low, high = (float(part.strip("[],")) for part in line.split()[1:4])
    assert low < mean < high


@pytest.mark.parametrize(
    ("size", "expected"),
    [(0.0, "0 [0, 0]"), (1e-17, "0 [0, 0]"), (2e-9, "2.00e-09 [2.00e-09, 2.00e-09]"), (0.2, "0.200 [0.200, 0.200]")],
)
def test_small_numbers_are_written_with_an_exponent_and_rounding_errors_as_0(clear, size, expected):
    (_, line, *_) = lines_of([column(Aopc(), {**clear, "good": np.full(10, size)})], [])
    assert line.removeprefix("good").removesuffix("*").strip() == expected


def test_nothing_is_dropped_in_silence(clear):
    clear["bad"][3] = clear["bad"][7] = np.nan
    of_aopc = column(Aopc(), clear)
    assert of_aopc.estimates["bad"].count == 8
    assert of_aopc.record["maps"]["bad"]["why_missing"] == {"The map is zero everywhere.": 2}
    assert list(why_missing([of_aopc])) == ["aopc: 2 of 10 for bad without a number. The map is zero everywhere."]
    (line,) = [line for line in lines_of([column(Aopc(), {"good": [np.nan], "bad": [0.5]})], []) if "good" in line]
    assert line.split()[1] == "–"


def test_the_csv_has_a_row_for_every_photo_map_and_metric(clear):
    clear["bad"][3] = np.nan
    rows = list(csv.DictReader(io.StringIO(csv_of([column(Aopc(), clear)]).decode())))
    assert len(rows) == 30
    assert rows[0] == {
        "path": "0.jpg",
        "target": "a, b",
        "map": "good",
        "metric": "aopc",
        "value": repr(float(clear["good"][0])),
        "reason": "",
    }
    (empty,) = [row for row in rows if not row["value"]]
    assert (empty["path"], empty["map"], empty["reason"]) == ("3.jpg", "bad", "The map is zero everywhere.")


def test_a_map_that_some_photos_lack_keeps_its_place():
    one = Column("aopc", Aopc(), "")
    for number, maps in enumerate((["a"], ["a", "b"], ["b"])):
        card = Card({"path": str(number)}, {"label": "x"}, Score("softmax", 0), "")
        card.note("aopc", Aopc(), {name: Measured(float(number)) for name in maps})
        one.add(card, ["a", "b"])
    assert [value if value == value else None for value in one.values["a"]] == [0.0, 1.0, None]
    assert [value if value == value else None for value in one.values["b"]] == [None, 1.0, 2.0]


def test_comparisons_are_paired(clear):
    better = column(Aopc(), clear).record["better_than"]
    assert better["good"]["bad"]["mean"] == 1.0
    assert better["bad"]["good"]["mean"] == 0.0
