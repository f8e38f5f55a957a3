from igcli.text.tokens import located, visible, written


def test_words_are_shown_as_the_text_writes_them():
    assert written("Don't  stop", [(0, 5), (7, 11)]) == [("Don't", False), ("stop", True)]
    assert located("A Fine film!", ["a", "fine", "film", "!"]) == [
        ("A", False), ("Fine", True), ("film", True), ("!", False)
    ]  # fmt: skip


def test_a_word_that_the_text_does_not_have_is_shown_as_it_is():
    assert located("abc", ["x", "b"]) == [("x", True), ("b", False)]
    assert located("İstanbul", ["istanbul"]) == [("istanbul", True)]  # two letters in lower case


def test_nothing_that_a_terminal_would_obey_is_shown():
    assert visible("a\x1b[31m\u202eb\r\n\x9b") == "a\\x1b[31m\\u202eb\\r\\n\\x9b"
    assert visible("naïve 日本") == "naïve 日本"
    assert visible("\udcff") == "\\udcff"
