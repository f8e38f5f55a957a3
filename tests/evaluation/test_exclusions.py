from igcli.evaluation.exclusions import Exclusion, Exclusions, counted


def exclusion(name, reason):
    return Exclusion(name, reason, f"{name}: {reason}.")


def test_reasons_are_counted_the_most_frequent_first():
    left_out = Exclusions(exclusions=[exclusion("a", "no box")])
    left_out.add(exclusion("b", "empty mask"), exclusion("c", "empty mask"))
    assert left_out.counts == {"empty mask": 2, "no box": 1}
    assert left_out.summary() == "3 photos left out: empty mask (2); no box (1)."
    assert [each.subject for each in left_out] == ["a", "b", "c"]


def test_nothing_left_out_is_nothing_said():
    assert (Exclusions().summary(), len(Exclusions())) == ("", 0)


def test_numbers_have_their_plurals():
    assert [counted(n, noun) for n, noun in [(1, "box"), (2, "box"), (2, "class"), (0, "photo")]] == [
        "1 box",
        "2 boxes",
        "2 classes",
        "0 photos",
    ]
