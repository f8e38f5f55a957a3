import json

import pytest
from toys import random_picture

from igcli.attribution.explain import explain
from igcli.attribution.wanted import Wanted
from igcli.jobs.outputs.record import record_of, result_entry, to_json, versions
from igcli.jobs.plan import ModelFacts


@pytest.fixture
def record(small):
    ((explanation,),) = explain(small, [random_picture()], Wanted(targets=("class c",)))
    entries = [result_entry(r, device="cpu", batch_size=16, drawing={}) for r in explanation.results.values()]
    return record_of(
        ModelFacts.of(small), explanation, entries, files={"integrated.png": "x.integrated.png"}, timing={"read": 0.1}
    )


def test_has_the_fields_of_its_schema(record):
    assert record["schema"] == "igcli/1"
    assert set(record) >= {"image", "model", "prediction", "target", "score", "results", "timing", "versions"}
    assert set(record["image"]) >= {"path", "sha256", "width", "height", "notes"}
    assert set(record["model"]) >= {"name", "weights", "sha256", "input_size"}
    assert set(record["score"]) == {"kind", "at_image", "at_baseline", "against", "note", "prediction_at_baseline"}
    (result,) = record["results"]
    assert set(result) >= {"method", "settings", "sum", "completeness", "steps", "gradient_evaluations"}
    assert set(result["completeness"]) == {"gap", "relative_gap", "within_tolerance", "sums_to", "relative_to", "floor"}


def test_names_the_class_explained_and_the_five_most_probable(record):
    assert record["target"]["label"] == "class c"
    probabilities = [ranked["probability"] for ranked in record["prediction"]]
    assert probabilities == sorted(probabilities, reverse=True)
    assert len(probabilities) == 5


def test_survives_json_and_holds_no_number_that_json_lacks(record):
    record["timing"]["odd"] = float("nan")
    record["results"][0]["sum"] = float("inf")
    back = json.loads(to_json(record))
    assert back["timing"]["odd"] is None
    assert back["results"][0]["sum"] is None


def test_versions_name_what_numbers_depend_on():
    assert set(versions()) == {"python", "igcli", "torch", "torchvision", "numpy", "pillow"}
