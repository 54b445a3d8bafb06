"""Conversion of any tree to the page's schema."""

from typing import Any

import pytest
from hypothesis import given, settings

from apps.crdt.content.bounds import MAX_LINK_CHARS
from apps.crdt.content.links import SAFE_SCHEMES, link_as_text, link_cleaned
from apps.crdt.content.schema import MAX_DEPTH, fit_to_schema
from tests.crdt.content.trees import (
    BREAK,
    EVERYTHING,
    LINK,
    Built,
    block,
    documents,
    item,
    nasty_words,
    paragraph,
    task,
    text,
)
from tests.crdt.samples import patient
from tests.support.launcher import ROOT


def test_content_of_the_page_is_unchanged() -> None:
    """With all nodes and marks."""
    assert fit_to_schema(EVERYTHING) == EVERYTHING


@settings(patient, max_examples=50)
@given(documents(nasty_words))
def test_content_that_fits_is_not_changed_again(blocks: list[Built]) -> None:
    """A second conversion changes nothing."""
    once = fit_to_schema(blocks)
    assert fit_to_schema(once) == once


def _link_to(href: str, words: str) -> Built:
    mark = LINK | {"attrs": LINK["attrs"] | {"href": href}}
    return {"type": "text", "text": words, "marks": [mark]}


def _with(words: str, mark: str) -> Built:
    """Return a text with a mark that the page does not have."""
    return {"type": "text", "text": words, "marks": [{"type": mark}]}


CASES: dict[str, tuple[list[Built], list[Built]]] = {
    "text between blocks": (
        [text("a"), text("b"), block("heading", "c", level=2), text("d")],
        [paragraph("ab"), block("heading", "c", level=2), paragraph("d")],
    ),
    "unknown blocks": (
        [block("table", block("row", block("cell", "a"), block("cell", "b")))],
        [paragraph("a"), paragraph("b")],
    ),
    "an unknown node in a line": (
        [paragraph("a", block("mention", "b"), "c")],
        [paragraph("abc")],
    ),
    "blocks in a heading": (
        [block("heading", "a", paragraph("b"), "c", level=2)],
        [block("heading", "a", BREAK, "b", BREAK, "c", level=2)],
    ),
    "blocks in a paragraph": (
        [paragraph("a", paragraph("b"), "c", block("horizontalRule"))],
        [paragraph("a"), paragraph("b"), paragraph("c"), block("horizontalRule")],
    ),
    "a page in a heading": (
        [block("heading", paragraph("a"), block("bulletList", item("b")), level=1)],
        [block("heading", "a", level=1), block("bulletList", item("b"))],
    ),
    "a list directly in a list": (
        [block("bulletList", item("a"), block("bulletList", item("b")), item("c"))],
        [
            block(
                "bulletList",
                block("listItem", paragraph("a"), block("bulletList", item("b"))),
                item("c"),
            )
        ],
    ),
    "a list that begins with a list": (
        [block("bulletList", block("orderedList", item("a")), item("b"))],
        [block("bulletList", item("a"), item("b"))],
    ),
    "a list of a list alone": (
        [block("bulletList", block("orderedList", item("a")))],
        [block("orderedList", item("a"), start=1)],
    ),
    "items with numbers of their own": (
        [
            block(
                "orderedList",
                item("a"),
                block("listItem", paragraph("b"), value=5),
                item("c"),
                block("listItem", paragraph("d"), value=7),
            )
        ],
        [
            block("orderedList", item("a"), start=1),
            block("orderedList", item("b"), item("c"), item("d"), start=5),
        ],
    ),
    "lines of code as blocks": (
        [block("codeBlock", paragraph("a"), paragraph("b"), "c", paragraph())],
        [block("codeBlock", "a\nb\nc")],
    ),
    "separators that nobody sees": (
        [paragraph("a\x0bb\x1cc\x1fd\x85e"), block("codeBlock", "a\x0cb")],
        [paragraph("a", BREAK, "b", BREAK, "c d", BREAK, "e"), block("codeBlock", "a\nb")],
    ),
    "line ends between blocks": (
        [paragraph("a"), BREAK, BREAK, paragraph("b")],
        [paragraph("a"), paragraph(), paragraph(), paragraph("b")],
    ),
    "a heading too deep": ([block("heading", "a", level=9)], [block("heading", "a", level=6)]),
    "a heading of no level": (
        [block("heading", "a", level="x")],
        [block("heading", "a", level=1)],
    ),
    "an item alone": ([item("a")], [block("bulletList", item("a"))]),
    "a task alone": (
        [task("a", checked=True)],
        [block("taskList", task("a", checked=True))],
    ),
    "a list without items": (
        [block("bulletList", paragraph("a"))],
        [block("bulletList", item("a"))],
    ),
    "tasks among items": (
        [block("orderedList", item("a"), task("b", checked=True), item("c"), start=3)],
        [
            block("orderedList", item("a"), start=3),
            block("taskList", task("b", checked=True)),
            block("orderedList", item("c"), start=5),
        ],
    ),
    "items among tasks": (
        [block("taskList", item("a"))],
        [block("taskList", task("a", checked=False))],
    ),
    "an item that begins with a list": (
        [block("bulletList", block("listItem", block("bulletList", item("a"))))],
        [block("bulletList", block("listItem", paragraph(), block("bulletList", item("a"))))],
    ),
    "an item that is a heading": (
        [block("bulletList", block("listItem", block("heading", "a", level=1)))],
        [block("bulletList", item("a"))],
    ),
    "an empty item": (
        [block("bulletList", block("listItem"))],
        [block("bulletList", block("listItem", paragraph()))],
    ),
    "an empty quote": ([block("blockquote")], [block("blockquote", paragraph())]),
    "an empty list": ([block("bulletList")], []),
    "marks in code": (
        [block("codeBlock", text("a", "bold"), {"type": "hardBreak"}, "b", language="a b")],
        [block("codeBlock", "a\nb")],
    ),
    "marks beside code": ([paragraph(text("a", "bold", "code"))], [paragraph(text("a", "code"))]),
    "raised and lowered texts": (
        [
            paragraph("10", _with("6", "superscript"), " H", _with("2", "sub"), "O x"),
            paragraph("3", _with("[1]", "sup"), " 2", _with("−x", "sup")),
            paragraph("x", _with("a", "sup"), "1", _with("st", "sup"), _with("a b", "subscript")),
        ],
        [
            paragraph("10", text("6", "superscript"), " H", text("2", "subscript"), "O x"),
            paragraph("3", text("[1]", "superscript"), " 2", text("−x", "superscript")),
            paragraph(
                "x",
                text("a", "superscript"),
                "1",
                text("st", "superscript"),
                text("a b", "subscript"),
            ),
        ],
    ),
    "mentions": (
        [
            paragraph(
                block("mention", kind="person", id="7", label=" Ann  Lee "),
                " ",
                block("mention", kind="document", id="6" * 36, label="Plan"),
                block("mention", kind="document", id="javascript:alert(1)", label="Evil"),
                block("mention", kind="person", id="7", label=" "),
                block("mention", id="7", label="Bob"),
            ),
        ],
        [
            paragraph(
                block("mention", kind="person", id="7", label="Ann Lee"),
                " ",
                block("mention", kind="document", id="6" * 36, label="Plan"),
                "@Evil @7 @Bob",
            ),
        ],
    ),
    "links that are mentions": (
        [
            paragraph(
                _link_to("#person-7", "@Ann"),
                _link_to(f"/documents/{'6' * 36}/", "@Plan"),
                _link_to(f"https://a.b/documents/{'6' * 36}/", "@Theirs"),
                _link_to(f"/documents/{'6' * 36}/", "Plan"),
                _link_to("https://a.b", "@a"),
            )
        ],
        [
            paragraph(
                block("mention", kind="person", id="7", label="Ann"),
                block("mention", kind="document", id="6" * 36, label="Plan"),
                _link_to(f"https://a.b/documents/{'6' * 36}/", "@Theirs"),
                _link_to(f"/documents/{'6' * 36}/", "Plan"),
                _link_to("https://a.b", "@a"),
            )
        ],
    ),
    "nodes of other schemas with the names of the page's": (
        [block("image", paragraph("a")), block("file", "b"), paragraph(block("mention", "c"))],
        [paragraph("a"), paragraph("b"), paragraph("c")],
    ),
    "lines that stand elsewhere": (
        [
            block("paragraph", "a", textAlign="right"),
            block("paragraph", "b", textAlignment="center"),
            block("heading", "c", level=2, textAlign="evil"),
        ],
        [
            block("paragraph", "a", textAlign="right"),
            block("paragraph", "b", textAlign="center"),
            block("heading", "c", level=2),
        ],
    ),
    "a link on code": ([paragraph(text("a", "link", "code"))], [paragraph(text("a", "link"))]),
    "an unknown mark": (
        [paragraph({"type": "text", "text": "a", "marks": [{"type": "blink"}]})],
        [paragraph("a")],
    ),
    "characters that nobody sees": (
        [paragraph("a\x00\x1b\ud800\ufffeb\r\nc\td")],
        [paragraph("ab c\td")],
    ),
    "empty texts": ([paragraph("", text("\x00", "bold"))], [paragraph()]),
    "odd attributes": (
        [{"type": "orderedList", "attrs": {"start": True, "type": []}, "content": [item("a")]}],
        [block("orderedList", item("a"), start=1)],
    ),
    "attributes that are none": (
        [{"type": "heading", "attrs": 7, "content": [text("a")]}],
        [block("heading", "a", level=1)],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_content_that_does_not_fit_is_converted(case: str) -> None:
    """No text is lost."""
    loose, wanted = CASES[case]
    assert fit_to_schema(loose) == wanted


def depth(node: Built) -> int:
    """Return the depth of a node."""
    return 1 + max(map(depth, node.get("content", ())), default=0)


@pytest.mark.parametrize("kind", ["blockquote", "bulletList", "listItem", "paragraph", "div"])
def test_content_that_nests_too_deep_becomes_paragraphs(kind: str) -> None:
    """Down to the depth of the plain text, and all text is kept."""
    node: Built = paragraph("innermost")
    for number in range(10_000):
        node = block(kind, node) if number % 100 else block(kind, node, paragraph("beside"))
    blocks = fit_to_schema([node])
    elements = max(map(depth, blocks)) - 1  # texts are none
    assert elements <= MAX_DEPTH
    words = str(blocks)
    assert (words.count("innermost"), words.count("beside")) == (1, 100)


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        " JavaScript:alert(1)",
        "java\nscript:alert(1)",
        "\x01javascript:alert(1)",
        "vbscript:x",
        "about:blank",
        "",
        None,
        7,
    ],
)
def test_link_without_an_address_is_removed(address: Any) -> None:
    """Code in any spelling is no address."""
    assert link_cleaned(address) is None
    assert link_as_text(address) == ""
    assert fit_to_schema([_linked("a", address)]) == [paragraph("a")]


def _linked(words: str, *addresses: Any) -> Built:
    links = [{"type": "link", "attrs": {"href": address}} for address in addresses]
    return {"type": "text", "text": words, "marks": links}


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ftp://example.org/x", "ftp://example.org/x"),
        (" obsidian://open?vault=v\n", "obsidian://open?vault=v"),
        ("file:///etc/passwd", "file:///etc/passwd"),
        ("data:text/html,<script>", "data:text/html…"),
        ("http://" + "h" * MAX_LINK_CHARS, "http://" + "h" * MAX_LINK_CHARS),
    ],
    ids=lambda address: address[:12],
)
def test_address_that_a_link_cannot_have_is_text(address: str, shown: str) -> None:
    """Behind the words of the link, once, unless they are the address."""
    assert link_cleaned(address) is None or len(address) > MAX_LINK_CHARS
    words = [_linked("a", address), _linked("b", address), text("c")]
    assert fit_to_schema(words) == [paragraph(f"ab ({shown})c")]
    assert fit_to_schema([_linked(shown, address)]) == [paragraph(shown)]


def test_second_address_of_a_text_is_text() -> None:
    """A picture in a link has two; a text has one link, the outermost."""
    (found,) = fit_to_schema([_linked("a", "https://a.b", "https://c.d")])
    first, second = found["content"]
    assert (first["marks"][0]["attrs"]["href"], second["text"]) == (
        "https://a.b",
        " (https://c.d)",
    )


@pytest.mark.parametrize(
    "address", ["https://a.b/c?d#e", "mailto:a@b.c", "tel:+1", "/a", "#a", "HTTP://A.B", "a:8"]
)
def test_link_has_the_pages_attributes(address: str) -> None:
    """All attributes, as Tiptap writes them; a host with a port is not a known scheme."""
    link = {"type": "link", "attrs": {"href": f" {address}\n", "onclick": "x"}}
    wanted = {"type": "link", "attrs": LINK["attrs"] | {"href": address}}
    is_known = address != "a:8"
    node = {"type": "text", "text": "a", "marks": [wanted]} if is_known else text("a (a:8)")
    assert fit_to_schema([{"type": "text", "text": "a", "marks": [link]}]) == [paragraph(node)]


def test_rule_for_links_equals_the_pages() -> None:
    """The same schemes as in JavaScript."""
    source = (ROOT / "static" / "js" / "lib" / "links.js").read_text()
    assert all(f'"{scheme}:"' in source for scheme in SAFE_SCHEMES)
    assert source.split("SAFE = new Set([")[1].split("]")[0].count(":") == len(SAFE_SCHEMES)
