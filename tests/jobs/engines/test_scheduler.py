"""Sharing out, with members made of nothing but memory."""

from pathlib import Path

import pytest

from igcli.errors import OutOfMemory, OutputError
from igcli.images.source import Found
from igcli.jobs.engines.scheduler import WorkerDied, schedule_items
from igcli.jobs.item import Outcome, items_of


class Puppet:
    """Does a photo at each call; dies at the photos it is told to, the first time or every time."""

    def __init__(self, *, dies_at=(), every_time=False, size=3, stillborn=0):
        self.batch, self.replacements, self.seen = [], 0, []
        self._dies_at, self._every_time, self._size, self._stillborn = set(dies_at), every_time, size, stillborn

    @property
    def batch_size(self):
        if self._stillborn:
            self._stillborn -= 1
            raise WorkerDied
        return self._size

    def begin(self, batch):
        self.batch = list(batch)

    def collect(self):
        item = self.batch.pop(0)
        if item.number in self._dies_at:
            if not self._every_time:
                self._dies_at.discard(item.number)
            raise WorkerDied
        self.seen.append(item)
        return [Outcome(item)], not self.batch

    def restart(self):
        self.replacements += 1

    def dismiss(self):
        pass


def items(count):
    return items_of([Found(Path(f"{number}.jpg"), Path(f"{number}.jpg")) for number in range(count)])


def done(members, count):
    """All outcomes; every busy member has news."""
    outcomes = list(schedule_items(iter(items(count)), members, lambda busy: list(busy)))
    numbers = sorted(outcome.item.number for outcome in outcomes)
    assert numbers == list(range(count)), "nothing lost, nothing twice"
    return outcomes


@pytest.mark.parametrize("count", [0, 1, 5, 20])
@pytest.mark.parametrize("members", [1, 3])
def test_every_photo_is_done_once(count, members):
    assert not any(outcome.failures for outcome in done([Puppet() for _ in range(members)], count))


def test_all_take_part():
    members = [Puppet(), Puppet()]
    done(members, 20)
    assert all(len(member.seen) >= 6 for member in members)


@pytest.mark.parametrize("dies_at", [0, 1, 2, 7, 11])
def test_a_death_costs_nothing_and_half_done_files_may_be_replaced(dies_at):
    member = Puppet(dies_at={dies_at})
    assert not any(outcome.failures for outcome in done([member, Puppet()], 12))
    assert member.replacements <= 1  # the other one may have got the photo


def test_photos_of_a_dead_member_may_replace_what_it_left(monkeypatch):
    member = Puppet(dies_at={1}, size=4)
    done([member], 4)
    assert [(item.number, item.ours) for item in member.seen] == [(0, False), (1, True), (2, True), (3, True)]


def test_a_photo_that_kills_whoever_takes_it_is_given_up_and_the_others_are_done():
    outcomes = done([Puppet(dies_at={4}, every_time=True), Puppet(dies_at={4}, every_time=True)], 12)
    assert [outcome.item.number for outcome in outcomes if outcome.failures] == [4]
    (reason,) = [outcome.failures[0] for outcome in outcomes if outcome.failures]
    assert "--batch-size" in reason


def test_members_that_never_get_anything_done_end_the_run():
    with pytest.raises(OutOfMemory, match="keep dying"):
        done([Puppet(stillborn=99)], 3)
    with pytest.raises(OutOfMemory, match="keep dying"):
        done([Puppet(dies_at=range(20), every_time=True, size=20)], 20)


def test_a_member_that_is_not_ready_at_first_is_replaced():
    member = Puppet(stillborn=2)
    done([member], 4)
    assert member.replacements == 2


def test_what_a_member_says_of_all_photos_is_raised():
    member = Puppet()
    member.collect = lambda: (_ for _ in ()).throw(OutputError("The disk is full."))
    with pytest.raises(OutputError, match="disk is full"):
        done([member], 3)
