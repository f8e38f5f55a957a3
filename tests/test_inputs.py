import pytest

from igcli.errors import InputError
from igcli.inputs import Missing, TextInput, bounded_list, drawn_by_lot


def test_an_entry_is_the_same_wherever_it_stands():
    first, moved = TextInput("Good.", "a.csv", 3), TextInput("Good.", "b.csv", 7)
    assert first.owner == moved.owner
    assert first.stamp == moved.stamp
    assert first.owner != TextInput("Good.", "a.csv", 3, target="bad").owner
    assert first.owner != TextInput("Good.", "a.csv", 3, columns=(("id", "1"),)).owner


def test_files_are_called_like_the_first_words():
    assert str(TextInput("The shareholders -- claimed more").relative) == "the-shareholders-claimed-more.txt"
    assert str(TextInput("...").relative) == "....txt"
    assert str(TextInput("").relative) == "empty.txt"
    assert str(TextInput("CCO", label="ethanol").relative) == "ethanol.txt"


def test_messages_name_the_file_and_the_line():
    assert str(TextInput("x", "reviews.csv", 3).path) == "reviews.csv:3"
    assert str(TextInput("x", "", 3).path) == "-:3"
    assert str(TextInput("just words").path) == "just words"


def test_a_text_of_half_characters_has_a_hash_and_a_record():
    entry = TextInput("a\udcffb")
    assert len(entry.sha256) == 64
    assert entry.record["text"] == "a?b"


def test_inputs_are_drawn_by_lot_each_with_the_same_chance():
    inputs = [Missing("x", "why"), *(TextInput(str(number)) for number in range(20))]
    kept, count = drawn_by_lot(iter(inputs), most=50, seed=0)
    assert count == 20
    assert sorted(int(each.text) for each in kept) == list(range(20))
    counts = [0] * 20
    for seed in range(400):
        drawn, _ = drawn_by_lot(iter(inputs), most=5, seed=seed)
        assert len({each.text for each in drawn}) == 5
        for each in drawn:
            counts[int(each.text)] += 1
    assert min(counts) > 65  # of 100 on average, with a standard deviation of 8.7
    assert max(counts) < 135


def test_a_list_is_kept_up_to_a_number_of_inputs_and_of_characters(monkeypatch):
    inputs = [TextInput("word"), Missing("x", "why"), TextInput("words")]
    assert bounded_list(iter(inputs), most=3, unit="text") == inputs
    with pytest.raises(InputError, match="more than 2 texts: split"):
        bounded_list(iter(inputs), most=2, unit="text")
    monkeypatch.setattr("igcli.inputs.MOST_CHARACTERS", 8)
    read = []
    with pytest.raises(InputError, match="more than 8 characters in the texts"):
        bounded_list((read.append(each) or each for each in [*inputs, TextInput("more")]), most=9, unit="text")
    assert len(read) == 3  # nothing is read beyond
