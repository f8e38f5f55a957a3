from pathlib import Path, PurePath

from hypothesis import given
from hypothesis import strategies as st

from igcli.jobs.item import output_stems, with_target


def stems(*names: str) -> list[str]:
    return [stem.as_posix() for stem in output_stems([PurePath(name) for name in names])]


def test_a_lone_photo_keeps_its_stem():
    assert stems("photo.jpg") == ["photo"]


def test_folders_are_mirrored():
    assert stems("a/photo.jpg", "b/photo.jpg") == ["a/photo", "b/photo"]


def test_names_that_differ_only_in_ending_or_case_do_not_collide():
    assert stems("photo.jpg", "photo.png") == ["photo.jpg", "photo.png"]
    assert stems("Photo.jpg", "photo.jpg") == ["Photo.jpg", "photo.jpg-2"]
    assert stems("photo.jpg", "photo.jpg") == ["photo.jpg", "photo.jpg-2"]


def test_no_name_leads_out_of_the_folder():
    assert stems("../../etc/passwd.png", "/abs/x.png", "...png") == ["etc/passwd", "abs/x", "picture"]


def test_control_characters_and_undecodable_bytes_are_replaced():
    assert stems("a\nb\x1b[31m.jpg", b"\xff\xfe.jpg".decode("utf-8", "surrogateescape")) == ["a_b_[31m", "__"]


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=8))
def test_whatever_the_names_the_stems_are_distinct_relative_and_stay_inside(names):
    found = output_stems([PurePath(name) for name in names])
    assert len({str(stem).casefold() for stem in found}) == len(names)
    for stem in found:
        assert not stem.is_absolute()
        assert ".." not in stem.parts
        assert stem.name


def test_a_class_is_added_as_a_plain_word():
    labels = ["tabby, tabby cat/../x", "***"]
    assert with_target(Path("a/photo"), 0, labels).as_posix() == "a/photo.tabby_tabby_cat_x"
    assert with_target(Path("photo"), 1, labels).name == "photo.class"


def test_classes_with_the_same_word_are_distinguished_by_their_numbers():
    labels = ["C++", "Cardigan", "C#", "crane", "cardigan", "crane", "Case"]
    names = [with_target(Path("p"), index, labels).name for index in range(len(labels))]
    assert names == ["p.c-0", "p.cardigan-1", "p.c-2", "p.crane-3", "p.cardigan-4", "p.crane-5", "p.case"]


def test_thousands_of_one_name_are_numbered_quickly():
    stems = output_stems([PurePath("a.jpg")] * 5000)
    assert len(set(stems)) == 5000
    assert stems[:3] == [Path("a.jpg"), Path("a.jpg-2"), Path("a.jpg-3")]


def test_long_names_in_any_script_leave_room_for_what_is_added():
    stems = output_stems([PurePath("猫" * 84 + ".jpg"), PurePath("x" * 250 + ".jpg")])
    for stem in stems:
        added = f"{with_target(stem, 0, ['ω' * 200]).name}.guided-integrated.full.png"
        assert len(added.encode()) <= 255


def test_the_names_of_a_runs_own_files_are_taken():
    assert stems("run.jpg", "index.png", "sub/run.jpg") == ["run.jpg", "index.png", "sub/run"]
    assert stems("index.jsonl/a.jpg") == ["index.jsonl_/a"]


def test_a_name_that_begins_as_another_does_not_get_its_files():
    assert stems("photo.jpg", "photo.leopards.jpg") == ["photo", "photo_leopards"]
    assert stems("photo.jpg", "photo.interior.jpg", "other.b.jpg") == ["photo", "photo_interior", "other.b"]
