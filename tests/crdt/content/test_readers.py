"""Import formats, by their names."""

import json

import pytest

from apps.crdt.content.json_reader import NotProseMirrorError
from apps.crdt.content.readers import (
    READ_FORMATS,
    NotTextError,
    content_read,
    format_of,
    text_decoded,
)
from tests.crdt.content.trees import EVERYTHING, paragraph


@pytest.mark.parametrize("kind", READ_FORMATS)
def test_empty_text_is_an_empty_document(kind: str) -> None:
    """In each format."""
    assert content_read('{"type": "doc"}' if kind == "json" else "", kind) == []


def test_json_round_trips() -> None:
    """ProseMirror's own."""
    assert content_read(json.dumps({"type": "doc", "content": EVERYTHING}), "json") == EVERYTHING


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "null",
        "[]",
        '{"type": "paragraph"}',
        '{"type": "doc", "content": null}',
        '{"type": "doc", "content": [1]}',
        '{"type": "doc", "content": [{"type": 1}]}',
        '{"type": "doc", "content": [{"type": "text", "text": 1}]}',
        '{"type": "doc", "content": [{"type": "text", "text": "a", "marks": ["bold"]}]}',
        '{"type": "doc", "content": [{"type": "text", "text": "a", "marks": {}}]}',
        "[" * 100_000,
    ],
)
def test_json_that_is_not_a_document_is_refused(text: str) -> None:
    """With an error of ours, never with another exception."""
    with pytest.raises(NotProseMirrorError):
        content_read(text, "json")


def test_text_is_utf8_with_or_without_a_mark() -> None:
    """And nothing else."""
    assert text_decoded(b"\xef\xbb\xbfa\xc3\xa9") == "aé"
    for data in (b"\xff\xfea\x00", b"a\x00", b"\x89PNG\r\n", b"\xed\xa0\x80"):
        with pytest.raises(NotTextError):
            text_decoded(data)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"PK\x03\x04\x14\x00", "office"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\x89PNG\r\n", "picture"),
        (b"\xff\xd8\xff\xe0", "picture"),
        (b"RIFF\x00\x00", "picture"),
        (b"\xfe\xff\x00a", "encoding"),
    ],
)
def test_error_names_the_kind_of_a_file_that_is_no_text(data: bytes, what: str) -> None:
    """Not its encoding, of which few people know."""
    with pytest.raises(NotTextError, match=what):
        text_decoded(data)
    assert text_decoded(b"RIFF is a word") == "RIFF is a word"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.md", "md"),
        ("A.MARKDOWN", "md"),
        ("a.b.htm", "html"),
        ("a.txt", "txt"),
        ("a.json", "json"),
        ("a.docx", None),
        ("readme", None),
        ("", None),
    ],
)
def test_format_is_found_by_the_name_of_a_file(name: str, kind: str | None) -> None:
    """By its ending."""
    assert format_of(name) == kind


def test_lines_of_text_are_paragraphs() -> None:
    """Also an empty one."""
    assert content_read("a\n\n*b*", "txt") == [paragraph("a"), paragraph(), paragraph("*b*")]
