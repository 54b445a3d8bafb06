"""Generated documents through each format and back: text, order, structure and links survive.

What a format cannot hold is listed in ``docs/formats.md``.
"""

import io
import re
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples

from apps.crdt.content.conversion import content_convert, content_export
from apps.crdt.content.prosemirror import content_update, document_json
from tests.crdt.content.trees import (
    EVERYTHING,
    Built,
    block,
    documents,
    highlighted,
    neat_words,
    paragraph,
    text,
)
from tests.crdt.samples import patient
from tests.office.samples import (
    characters,
    exported,
    imported,
    odd_lines,
    plain_documents,
    shape,
)

#: Formats that hold text, order, structure and links.
WHOLE = ("html", "md", "docx", "odt", "epub")
#: Each run of pandoc takes 60 ms or more.
few = examples(patient, max_examples=4)


def there_and_back(blocks: list[Built], kind: str) -> tuple[str, list[Built]]:
    """Return the title and the blocks of a document after its export and import."""
    if kind not in ("html", "md"):
        return imported(exported(blocks, kind), kind)
    data = content_export(content_update(blocks)[0], kind, "T")
    content = content_convert(data.decode(), kind)
    again = document_json(content.update)["content"] if content.update else []
    return content.title, again


@pytest.mark.parametrize("kind", WHOLE)
def test_odd_text_with_all_marks_survives_with_its_links(kind: str) -> None:
    """All characters but spaces, in order, each with its address."""

    @few
    @given(odd_lines)
    def check(blocks: list[Built]) -> None:
        title, again = there_and_back(blocks, kind)
        assert (title, characters(again)) == ("T", characters(blocks))

    check()


@pytest.mark.parametrize("kind", WHOLE)
def test_text_in_any_structure_survives_in_its_order(kind: str) -> None:
    """Also where lists, quotes and code nest in ways that the format cannot hold."""

    @few
    @given(documents(neat_words))
    def check(blocks: list[Built]) -> None:
        title, again = there_and_back(blocks, kind)
        assert (title, characters(again)) == ("T", characters(blocks))

    check()


@pytest.mark.parametrize("kind", WHOLE)
def test_structure_survives(kind: str) -> None:
    """Headings with levels, lists with numbers and depth, tasks with boxes, quotes."""

    @few
    @given(plain_documents)
    def check(blocks: list[Built]) -> None:
        assert shape(there_and_back(blocks, kind)[1]) == shape(blocks)

    check()


@pytest.mark.parametrize("kind", ["docx", "epub"])
def test_marks_and_small_headings_survive(kind: str) -> None:
    """A highlighted text without its colour."""
    blocks = [
        block("heading", "x", level=6),
        paragraph("a ", highlighted("b", "green"), " 10", text("6", "superscript")),
        paragraph("H", text("2", "subscript"), "O ", text("u", "underline")),
    ]
    wanted = [blocks[0], paragraph("a ", highlighted("b"), *blocks[1]["content"][2:]), blocks[2]]
    assert there_and_back(blocks, kind)[1] == wanted


@pytest.mark.parametrize("kind", WHOLE)
def test_mentions_survive(kind: str) -> None:
    """As links, which are read as mentions."""
    person = block("mention", kind="person", id="7", label="Ann Lee")
    document = block("mention", kind="document", id="6" * 36, label="Plan")
    blocks = [paragraph("by ", person, " in ", document)]
    assert there_and_back(blocks, kind)[1] == blocks


@pytest.mark.parametrize("kind", ["rst", "rtf"])
def test_text_survives_in_formats_with_less_structure(kind: str) -> None:
    """ReStructuredText and RTF, whose lists and marks become text."""
    title, again = there_and_back(EVERYTHING, kind)
    assert title == "T"
    words = "".join(char for char, _ in characters(again))
    position = 0
    for part in ("title", "Below", "plainbold", "nextline", "nested", "open", "again", "deff():"):
        position = words.index(part, position)
    links = [address for _, address in characters(again) if address]
    assert set(links) == {"https://example.org/a?b=1&c=2"}


def test_pdf_has_the_text() -> None:
    """Of everything that the page can write, on one page of a PDF."""
    pdf = exported(EVERYTHING, "pdf", title="A title")
    assert pdf.startswith(b"%PDF-")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert b"https://example.org/a?b=1&c=2" in pdf
    assert len(pdf) > len(exported([paragraph("end")], "pdf"))


def test_pdf_of_any_document_is_made() -> None:
    """No text and no address of a link ends typst."""

    @few
    @given(documents(neat_words))
    def check(blocks: list[Built]) -> None:
        assert exported(blocks, "pdf").startswith(b"%PDF-")

    check()


ODD_ADDRESSES: dict[str, str] = {
    "to a place that is not there": "#nowhere",
    "to the own page": "#",
    "long": "https://example.org/" + "a" * 8_100,
    "relative": "/documents/",
    "with signs of typst": 'https://example.org/"]#[\\',
}


@pytest.mark.parametrize("case", ODD_ADDRESSES)
@pytest.mark.parametrize("kind", ["pdf", "docx", "odt", "epub"])
def test_export_with_an_odd_address_is_made(kind: str, case: str) -> None:
    """Typst refuses some addresses, which are left out of a PDF."""
    link: dict[str, Any] = {"type": "link", "attrs": {"href": ODD_ADDRESSES[case], "title": None}}
    words = {"type": "text", "text": "words", "marks": [link]}
    assert exported([paragraph(words)], kind)


def test_titles_are_found_again() -> None:
    """With signs of each format, and beside a heading that says the same."""
    title = 'A <b> & "title": # = *x* \\ $y$ ```'
    for kind in ("docx", "odt", "epub", "rst", "rtf"):
        blocks = [block("heading", "Same", level=1), paragraph("text")]
        own, again = imported(exported(blocks, kind, title=title), kind)
        assert own == title, kind
        assert shape(again) == shape(blocks), kind
        assert imported(exported(blocks, kind, title="Same"), kind)[0] == "Same", kind


def test_books_have_identifiers_of_their_own() -> None:
    """A reader of books takes two with one identifier for the same."""
    first = imported_identifier(exported([paragraph("a")], "epub"))
    assert first == "urn:uuid:8d5b3b0e-0000-4000-8000-000000000000"


def imported_identifier(book: bytes) -> str:
    """Return the identifier of an EPUB."""
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        package = parts.read("EPUB/content.opf").decode()
    found = re.search(r"<dc:identifier[^>]*>([^<]*)<", package)
    return found[1] if found else ""
