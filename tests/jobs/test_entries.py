"""A run over inputs that are no pictures: pipeline, ledger, records and ownership are those of photos."""

from __future__ import annotations

import json
import shutil

import pytest
from torch import nn, tensor

from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted
from igcli.errors import InputError
from igcli.inputs import Missing, TextInput
from igcli.jobs.item import Explained
from igcli.jobs.outputs.record import Done, Outputs
from igcli.jobs.pipeline import process
from igcli.jobs.plan import Job, Plan
from igcli.jobs.runs.run import Run, RunOptions
from igcli.models.model import Model
from igcli.sample import Sample


class Letters(Sample):
    """A text of letters, each a vector of two numbers."""

    kind = "letters"


class LetterModel(Model):
    """Knows a letter by its place in the alphabet."""

    def read(self, found, *, fit, options):
        if not found.text.isalpha():
            raise InputError(f"{found.text!r} is not of letters: give letters.")
        numbers = tensor([[float(ord(char) - 96), 1.0] for char in found.text.lower()])
        return Letters(numbers, summed_axis=1, name=found.text)


class Mean(nn.Module):
    """The mean of all letters as the logit of the second class."""

    def forward(self, values):
        logit = values.sum(dim=(1, 2)) / 50
        return nn.functional.pad(logit[:, None], (1, 0))


def write(plan: Plan, item: Explained) -> Done:
    outputs = Outputs(plan, item)
    outputs.save("txt", b"drawn")
    return outputs.save_record("json", views={}, timing={}, shown={})


@pytest.fixture
def job(tmp_path) -> Job:
    model = LetterModel(Mean(), ["low", "high"])
    return Job.of(model, Wanted(settings=Settings(steps=4)), output=tmp_path / "out", fit=None, reading=None)


WORDS = [
    TextInput("abc", "list", 1),
    TextInput("xy1", "list", 2),
    Missing("list:3", "It is empty."),
    TextInput("zebra", "list", 4),
]


def run(job: Job, inputs, **options) -> tuple[Run, list]:
    with Run(job.plan, inputs, settings={}, options=RunOptions(**options)) as each:
        return each, list(each.outcomes(lambda items: process(job, items, write)))


def test_an_entry_that_cannot_be_read_fails_alone(job):
    done, outcomes = run(job, WORDS)
    assert [len(each.results) for each in outcomes] == [1, 0, 1]
    failures = [json.loads(line) for line in (job.plan.output / "failures.jsonl").read_text().splitlines()]
    assert [each["path"] for each in failures] == ["list:2", "list:3"]
    assert done.tally.done == 2


def test_records_name_the_entry_and_no_picture(job):
    run(job, WORDS)
    record = json.loads((job.plan.output / "abc.json").read_text())
    assert record["input"]["text"] == "abc"
    assert record["input"]["line"] == 1
    assert "image" not in record
    assert "input_size" not in record["model"]
    assert "fit" not in json.loads((job.plan.output / "run.json").read_text())["settings"]


def test_a_run_resumes_by_what_entries_say_not_where_they_stand(job):
    run(job, WORDS)
    longer = [TextInput("new", "list", 1), TextInput("abc", "list", 2), TextInput("zebra", "list", 5)]
    again, outcomes = run(job, longer)
    assert [each.item.found.text for each in outcomes] == ["new"]
    assert again.tally.skipped == 2


def test_files_of_another_entry_are_not_replaced(job):
    run(job, [TextInput("abc", "list", 1)])
    shutil.rmtree(job.plan.output / ".igcli")
    for name in ("index.jsonl", "failures.jsonl", "run.json"):
        (job.plan.output / name).unlink()
    _, outcomes = run(job, [TextInput("ABC", "list", 1)])  # another text whose files are called the same
    assert outcomes[0].occupied
    assert "is not of this" in outcomes[0].failures[0]
    _, outcomes = run(job, [TextInput("abc", "list", 1)])
    assert not outcomes[0].failures
