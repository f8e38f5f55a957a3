import pytest

from igcli.bundled.language.words import Words, common_words, pieces, spelling


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("We don't want more.", ["we", "don't", "want", "more", "."]),
        ("The Nation's 1,234.5 bills--and 7", ["the", "nation", "'s", "N", "bills", "--", "and", "N"]),
        ("the U.S. economy’s", ["the", "u.s.", "economy", "'s"]),
        ("long-term", ["long", "-", "term"]),
        ("naïve Ελλάδα 日本", ["naïve", "ελλάδα", "日本"]),
        ("\x00\x1b[0m", ["\x00", "\x1b", "[", "N", "m"]),
        (" \t\n", []),
    ],
)
def test_a_text_is_cut_into_words_and_marks(text, words):
    assert [spelling(text[start:end]) for start, end in pieces(text)] == words


def test_the_vocabulary_has_the_commonest_words_in_a_fixed_order():
    assert common_words([["b", "a", "<eos>", "b"], ["c", "a"]], 4) == ["<unk>", "<eos>", "a", "b"]


def test_words_that_are_not_in_the_vocabulary_are_unknown(tmp_path):
    (tmp_path / "words.txt").write_text("<unk>\n<eos>\nmore\n", encoding="utf-8")
    words = Words.read(tmp_path / "words.txt")
    assert (words.number("more"), words.number("zebra"), len(words)) == (2, 0, 3)
    assert "more" in words
    assert "zebra" not in words
