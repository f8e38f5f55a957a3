from __future__ import annotations

from igcli.rendering.page.content import COMPACT, FULL, PAGE_ROOM, SHORT, detail_for


def test_few_photos_are_kept_in_full_and_hundreds_coarsely():
    assert [detail_for(count) for count in (0, 1, 14, 15, 40, 41, 10_000)] == [
        FULL, FULL, FULL, SHORT, SHORT, COMPACT, COMPACT
    ]  # fmt: skip


def test_two_hundred_photos_fit_the_page():
    assert 200 * detail_for(200).room <= PAGE_ROOM


def test_one_photo_has_room_for_the_page_around_it():
    assert FULL.room + 120_000 < 3_000_000
    assert FULL.frames == 60
