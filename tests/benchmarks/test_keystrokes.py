"""The long document that somebody types in: as long as it is called, and of what people write."""

import pytest

from benchmarks.keystrokes import PLACES, markdown_of


def words_of(markdown: str) -> int:
    """Return how many words a text has, without the signs of headings and lists."""
    return sum(word not in {"##", "-"} for word in markdown.split())


@pytest.mark.parametrize("words", [1, 2, 100, 4_321])
def test_document_has_as_many_words_as_asked_for(words: int) -> None:
    """Also where the last block is cut short."""
    assert words_of(markdown_of(words)) == words


def test_document_has_headings_paragraphs_and_lists() -> None:
    """Most of it paragraphs."""
    blocks = markdown_of(5_000).strip().split("\n\n")
    kinds = [block.split()[0] if block[0] in "#-" else "paragraph" for block in blocks]
    assert kinds.count("##") > 5
    assert kinds.count("-") > 2
    assert kinds.count("paragraph") > len(blocks) / 2


def test_document_is_the_same_each_time() -> None:
    """Runs are compared with each other."""
    assert markdown_of(500) == markdown_of(500) != markdown_of(500, seed=2)


def test_short_document_has_a_paragraph_to_click_at() -> None:
    """The middle of the text is found by its paragraphs."""
    assert "middle" in PLACES
    assert any(block[0] not in "#-" for block in markdown_of(100).split("\n\n"))
