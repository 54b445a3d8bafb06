"""Honest people of the fuzzer type between words, whatever strangers put into the text."""

from typing import Any

import pycrdt
import pytest

from tests.crash.typing_people import word_starts


def _embed(content: pycrdt.Text) -> None:
    content.insert_embed(1, {"a": 1})


def _bytes(content: pycrdt.Text) -> None:
    content.doc.apply_update(b"\x01\x01\x03\x00\x03\x01\x07content\x02\x9f\x72\x00")


def _shared_type(content: pycrdt.Text) -> None:
    content.insert_embed(1, pycrdt.Map({"a": 1}))


def _characters(content: pycrdt.Text) -> None:
    content.insert(1, "\N{GRINNING FACE}\N{LATIN SMALL LETTER SHARP S}")


def _mark(content: pycrdt.Text) -> None:
    content.format(0, 3, {"bold": True})


@pytest.mark.parametrize("disturb", [_embed, _bytes, _shared_type, _characters, _mark])
def test_word_is_written_between_words(disturb: Any) -> None:
    """Seed 77 once reported words as missing that another one had been written into.

    The positions did not count the embeds of strangers: the library does.
    """
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    content = doc.get("content", type=pycrdt.Text)
    content += "xy ada0 ada1 "
    disturb(content)
    written = 0
    for number in range(3):
        for index in reversed(range(len(word_starts(content)))):
            content.insert(word_starts(content)[index], f"grace{number} ")
            written += 1
    words = str(content).split()
    assert words.count("ada0") == words.count("ada1") == 1
    assert sum(word in {"grace0", "grace1", "grace2"} for word in words) == written
