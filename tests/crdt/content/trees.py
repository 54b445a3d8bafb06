"""Documents for the tests of formats: written by hand, and made by hypothesis."""

from typing import Any

from hypothesis import strategies as st

Built = dict[str, Any]

LINK: Built = {
    "type": "link",
    "attrs": {
        "href": "https://example.org/a?b=1&c=2",
        "target": "_blank",
        "rel": "noopener noreferrer nofollow",
        "class": None,
        "title": None,
    },
}
MARKS: dict[str, Built] = {
    name: {"type": name, "attrs": {}}
    for name in (
        *("subscript", "superscript", "underline"),
        *("bold", "italic", "strike", "code"),
    )
} | {"link": LINK, "highlight": {"type": "highlight", "attrs": {"color": "green"}}}


def text(words: str, *marks: str) -> Built:
    """Return a text node; marks in the page's order, by name."""
    if not marks:
        return {"type": "text", "text": words}
    return {"type": "text", "text": words, "marks": [MARKS[name] for name in marks]}


def highlighted(words: str, colour: str | None = None, *marks: str) -> Built:
    """Return a highlighted text with further marks."""
    mark = {"type": "highlight", "attrs": {"color": colour}}
    return {"type": "text", "text": words, "marks": [mark, *(MARKS[name] for name in marks)]}


def block(kind: str, /, *content: Built | str, **attrs: Any) -> Built:
    """Return a node; a string in its content is plain text."""
    node: Built = {"type": kind}
    if attrs:
        node["attrs"] = attrs
    if content:
        node["content"] = [text(one) if isinstance(one, str) else one for one in content]
    return node


def paragraph(*content: Built | str) -> Built:
    """Return a paragraph."""
    return block("paragraph", *content)


def unfolding(summary: str, *blocks: Built) -> Built:
    """Return a part to unfold."""
    return block("details", block("detailsSummary", summary), block("detailsContent", *blocks))


def item(*content: Built | str) -> Built:
    """Return an item with one paragraph."""
    return block("listItem", paragraph(*content))


def task(words: str, *, checked: bool) -> Built:
    """Return a task with one paragraph."""
    return block("taskItem", paragraph(words), checked=checked)


def td(*content: Built | str, **attrs: Any) -> Built:
    """Return a cell of a table: of blocks, or with one paragraph of texts."""
    blocks = [one for one in content if isinstance(one, dict) and one["type"] not in INLINE]
    return block("tableCell", *(blocks or [paragraph(*content)]), **attrs)


def th(*content: Built | str, **attrs: Any) -> Built:
    """Return a cell of a head."""
    return {**td(*content, **attrs), "type": "tableHeader"}


def table(*rows: list[Built | str]) -> Built:
    """Return a table; a string in a row is a cell."""
    cells = [[td(one) if isinstance(one, str) else one for one in row] for row in rows]
    return block("table", *(block("tableRow", *row) for row in cells))


INLINE = frozenset({"text", "hardBreak"})
BREAK: Built = {"type": "hardBreak"}

#: Everything that the page can write.
EVERYTHING: list[Built] = [
    block("heading", "A ", text("title", "italic"), level=1),
    block("heading", "Below", level=6),
    paragraph(
        "plain ",
        text("bold", "bold"),
        text(" both", "bold", "italic"),
        " ",
        text("gone", "strike"),
        " ",
        text("under ", "underline"),
        text("both", "underline", "bold"),
        " ",
        text("x = 1", "code"),
        " and ",
        text("a link", "link"),
        text(" in bold", "link", "bold"),
        BREAK,
        "next line",
    ),
    block("bulletList", item("one"), block("listItem", paragraph("two"), paragraph("more"))),
    block(
        "orderedList",
        item("five"),
        block("listItem", paragraph("six"), block("bulletList", item("nested"))),
        start=5,
    ),
    block("taskList", task("done", checked=True), task("open", checked=False)),
    block("blockquote", paragraph("said"), block("blockquote", paragraph("again"))),
    block("codeBlock", "def f():\n    return `1` < 2\n\n\n# ```", language="python"),
    block("codeBlock", "plain"),
    block("horizontalRule"),
    paragraph("end"),
]

#: What means something in Markdown or in HTML.
_NASTY = (
    *"*_#`~[]()<>|\\!&=-+:.\"' ",
    *(
        "1. ",
        "- ",
        "+ ",
        "> ",
        "# ",
        "[ ] ",
        "[x] ",
        "```",
        "~~~",
        "***",
        "___",
        "---",
        "===",
        "**",
    ),
    *(
        "&amp;",
        "&#60;",
        "<b>",
        "<u>",
        "</u>",
        "</p>",
        "<!--",
        "![a](b)",
        "[a](b)",
        "[a]: b",
        "    ",
        "a | b",
        "12)",
    ),
    *("a", "Z", "9", "é", "ß", "漢", "。", "😀", "€", "\u00a0", "\u2028", "\t", "http://a.b"),
)
_LETTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"])
nasty_words = st.lists(st.sampled_from(_NASTY) | _LETTERS, min_size=1, max_size=6).map("".join)
#: Words as HTML keeps them: no spaces but single ones between other characters.
neat_words = nasty_words.map(lambda words: " ".join(words.split()) or "x")

_mark_sets = st.sampled_from(
    [
        (),
        (),
        ("bold",),
        ("italic",),
        ("strike",),
        ("code",),
        ("link",),
        ("bold", "italic"),
        ("bold", "strike"),
        ("italic", "strike"),
        ("bold", "italic", "strike"),
        ("link", "bold"),
        ("link", "italic", "strike"),
        ("underline",),
        ("underline", "bold", "strike"),
        ("link", "underline", "italic"),
        ("highlight",),
        ("highlight", "underline", "bold"),
        ("subscript",),
        ("link", "superscript", "italic"),
    ]
)


def _line_of(words: st.SearchStrategy[str]) -> st.SearchStrategy[list[Built]]:
    pieces = st.builds(lambda one, marks: text(one, *marks), words, _mark_sets)
    return st.lists(pieces, max_size=5)


def lines(words: st.SearchStrategy[str]) -> st.SearchStrategy[Built]:
    """Return paragraphs and headings."""
    content = _line_of(words)
    return st.builds(lambda nodes: paragraph(*nodes), content) | st.builds(
        lambda nodes, level: block("heading", *nodes, level=level), content, st.integers(1, 6)
    )


def documents(words: st.SearchStrategy[str]) -> st.SearchStrategy[list[Built]]:
    """Return lists of blocks."""
    leaves = (
        lines(words)
        | st.builds(lambda one: block("codeBlock", one), words)
        | st.just(block("horizontalRule"))
    )

    def around(inside: st.SearchStrategy[Built]) -> st.SearchStrategy[Built]:
        some = st.lists(inside, min_size=1, max_size=3)
        line = _line_of(words).map(lambda nodes: paragraph(*nodes))
        plain = st.builds(lambda one, more: block("listItem", one, *more), line, some | st.just([]))
        tasks = st.builds(
            lambda one, more, checked: block("taskItem", one, *more, checked=checked),
            line,
            some | st.just([]),
            st.booleans(),
        )
        items = st.lists(plain, min_size=1, max_size=3)
        return (
            st.builds(lambda own: block("blockquote", *own), some)
            | st.builds(
                lambda own, kind: block("callout", *own, kind=kind),
                some,
                st.sampled_from(["info", "tip", "warning", "danger"]),
            )
            | st.builds(
                lambda own, line: block(
                    "details",
                    block("detailsSummary", *line.get("content", ())),
                    block("detailsContent", *own),
                ),
                some,
                _line_of(neat_words).map(lambda nodes: paragraph(*nodes)),
            )
            | st.builds(lambda own: block("bulletList", *own), items)
            | st.builds(
                lambda own, start: block("orderedList", *own, start=start),
                items,
                st.integers(0, 12),
            )
            | st.builds(
                lambda own: block("taskList", *own), st.lists(tasks, min_size=1, max_size=3)
            )
        )

    return st.lists(st.recursive(leaves, around, max_leaves=6), max_size=4)
