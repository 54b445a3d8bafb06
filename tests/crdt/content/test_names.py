"""Documents of other ProseMirror schemas."""

import json
from typing import Any

import pytest

from apps.crdt.content.json_reader import json_read
from tests.crdt.content.trees import (
    BREAK,
    LINK,
    Built,
    block,
    highlighted,
    item,
    paragraph,
    table,
    task,
    td,
    text,
    th,
    unfolding,
)


def linked(address: str, words: str = "") -> Built:
    """Return a text with a link; by default, its words are the address."""
    mark = {"type": "link", "attrs": LINK["attrs"] | {"href": address}}
    return {"type": "text", "text": words or address, "marks": [mark]}


def marked(words: str, *marks: str, **attrs: Any) -> Built:
    """Return a text with marks of another schema."""
    return {
        "type": "text",
        "text": words,
        "marks": [{"type": mark, "attrs": attrs} for mark in marks],
    }


def leaf(kind: str, **attrs: Any) -> Built:
    """Return a node without content."""
    return {"type": kind, "attrs": attrs}


CASES: dict[str, tuple[list[Built], list[Built]]] = {
    "ProseMirror's basic schema": (
        [
            paragraph("one", leaf("hard_break"), marked("two", "strong")),
            block("bullet_list", block("list_item", paragraph("item"))),
            block("code_block", "a\nb", params="py"),
            block("ordered_list", block("list_item", paragraph(marked("three", "em"))), order=3),
            leaf("horizontal_rule"),
            paragraph("a ", leaf("image", src="b.png", alt="b")),
        ],
        [
            paragraph("one", BREAK, text("two", "bold")),
            block("bulletList", item("item")),
            block("codeBlock", "a\nb", language="py"),
            block("orderedList", block("listItem", paragraph(text("three", "italic"))), start=3),
            block("horizontalRule"),
            paragraph("a ", linked("b.png", "b")),
        ],
    ),
    "Outline": (
        [
            block("checkbox_list", block("checkbox_item", paragraph("a"), checked=True)),
            block(
                "table",
                block("tr", block("th", paragraph("b")), block("th", paragraph())),
                block("tr", block("td", paragraph()), block("td", paragraph("c"))),
            ),
            block(
                "container_notice",
                paragraph(marked("d", "strikethrough", "code_inline")),
                style="success",
            ),
            paragraph(leaf("mention", type="user", label="Ann", modelId="1"), leaf("br"), "e"),
            leaf("embed", href="https://a.b"),
            leaf("attachment", href="/f", title="f.pdf"),
        ],
        [
            block("taskList", task("a", checked=True)),
            table([th("b"), th()], [td(), td("c")]),
            block("callout", paragraph(text("d", "code")), kind="tip"),
            paragraph("@Ann", BREAK, "e"),
            paragraph(linked("https://a.b")),
            paragraph(linked("/f", "f.pdf")),
        ],
    ),
    "Milkdown": (
        [
            block(
                "bullet_list",
                block("list_item", paragraph(marked("a", "emphasis")), checked=False),
                block("list_item", paragraph(marked("b", "inlineCode")), checked=None),
            ),
            paragraph("c", leaf("hardbreak"), leaf("html", value="<br>")),
            leaf("hr"),
        ],
        [
            block("taskList", block("taskItem", paragraph(text("a", "italic")), checked=False)),
            block("bulletList", block("listItem", paragraph(text("b", "code")))),
            paragraph("c", BREAK, "<br>"),
            block("horizontalRule"),
        ],
    ),
    "Atlassian's documents": (
        [
            block("taskList", block("taskItem", "a", state="DONE", localId="1")),
            block("panel", paragraph("H", marked("2", "subsup", type="sub"), "O")),
            paragraph(
                leaf("inlineCard", url="https://a.b"),
                " ",
                leaf("date", timestamp="1700000000000"),
                " ",
                leaf("emoji", shortName=":smile:", text="😄"),
                leaf("status", text="OPEN", color="red"),
            ),
            block("mediaSingle", leaf("media", type="external", url="https://c.d", alt="e")),
            block("expand", paragraph("f"), title="More"),
            leaf("rule"),
            block("orderedList", item("g"), order=4),
        ],
        [
            block("taskList", task("a", checked=True)),
            block("callout", paragraph("H", text("2", "subscript"), "O"), kind="info"),
            paragraph(linked("https://a.b"), " 2023-11-14 😄 OPEN"),
            paragraph(linked("https://c.d", "e")),
            unfolding("More", paragraph("f")),
            block("horizontalRule"),
            block("orderedList", item("g"), start=4),
        ],
    ),
    "BlockNote": (
        [
            block(
                "blockGroup",
                block("blockContainer", block("heading", "a", level=2)),
                block(
                    "blockContainer",
                    block("bulletListItem", "b"),
                    block(
                        "blockGroup",
                        block("blockContainer", block("bulletListItem", "c")),
                        block("blockContainer", paragraph("d")),
                    ),
                ),
                block("blockContainer", block("bulletListItem", "e")),
                block("blockContainer", block("numberedListItem", "f", start=3)),
                block("blockContainer", block("numberedListItem", "g")),
                block("blockContainer", block("checkListItem", "h", checked=True)),
                block("blockContainer", block("checkListItem", "i", checked=False)),
                block("blockContainer", block("quote", "j")),
                block("blockContainer", leaf("image", url="k.png", name="k", caption="l")),
            ),
        ],
        [
            block("heading", "a", level=2),
            block(
                "bulletList",
                block(
                    "listItem",
                    paragraph("b"),
                    block("bulletList", item("c")),
                    paragraph("d"),
                ),
                item("e"),
            ),
            block("orderedList", item("f"), item("g"), start=3),
            block("taskList", task("h", checked=True), task("i", checked=False)),
            block("blockquote", paragraph("j")),
            paragraph(linked("k.png", "l")),
        ],
    ),
    "Tiptap": (
        [
            leaf("image", src="a.png", alt=None, title="A"),
            leaf("image", src="b.png"),
            leaf("youtube", src="https://a.b"),
            paragraph(leaf("mention", id="ann"), leaf("emoji", name="smile"), leaf("pageBreak")),
            leaf("blockMath", latex="x^2"),
            block(
                "details",
                block("detailsSummary", "c"),
                block("detailsContent", paragraph("d")),
            ),
            paragraph(marked("e", "highlight", "underline", color="red")),
        ],
        [
            paragraph(linked("a.png", "A")),
            paragraph(linked("b.png")),
            paragraph(linked("https://a.b")),
            paragraph("@ann :smile:"),
            paragraph("x^2"),
            unfolding("c", paragraph("d")),
            paragraph(highlighted("e", "red", "underline")),
        ],
    ),
    "leaves of odd types": (
        [
            leaf("image", src=7, alt=["a"]),
            {"type": "image", "attrs": []},
            leaf("date", timestamp="9" * 40),
            leaf("file", src="javascript:alert(1)"),
            leaf("file", src="javascript:alert(1)", name="a"),
            paragraph(block("term", "b", title="B", src="c")),
            paragraph("d"),
        ],
        [paragraph("a"), paragraph("B b", linked("c")), paragraph("d")],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_document_of_another_schema_is_read(case: str) -> None:
    """Its lists, breaks, marks and tables have the page's names; other leaves keep their words."""
    content, wanted = CASES[case]
    assert json_read(json.dumps({"type": "doc", "content": content})) == wanted
