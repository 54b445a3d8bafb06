"""No word and no address of a text is lost by import, or by export and import.

Texts are generated: each has words of its own, in all the forms that may surround them.
"""

import json
import re
from itertools import count
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from apps.crdt.content.conversion import content_convert, content_export
from apps.crdt.content.prosemirror import document_json
from apps.crdt.content.readers import content_read
from tests.crdt.content.trees import Built, block, documents, neat_words
from tests.crdt.samples import patient

#: A word, or an address, that is numbered when the text is complete.
WORD = "¶"
ADDRESS = "§"

_BLOCK_TAGS = (
    *("address", "article", "aside", "blockquote", "caption", "center", "dd", "details", "dialog"),
    *("dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h4"),
    *("header", "hgroup", "legend", "li", "main", "menu", "nav", "ol", "optgroup"),
    *("option", "p", "search", "section", "select", "summary", "table", "tbody", "td"),
    *("textarea", "tfoot", "th", "thead", "tr", "ul"),
)
_INLINE_TAGS = (
    *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "button", "canvas", "cite", "code", "data"),
    *("del", "dfn", "em", "font", "i", "ins", "kbd", "label", "map", "mark", "marquee"),
    *("meter", "nobr", "object", "output", "progress", "q", "rp", "rt", "ruby", "s", "samp"),
    *("small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var"),
    *("video", "audio", "iframe", "unknown-tag", "o:p"),
)
_LEAVES = (
    f'<img src="{ADDRESS}">',
    f'<img src="{ADDRESS}" alt="{WORD}">',
    f'<embed src="{ADDRESS}">',
    f'<iframe src="{ADDRESS}"></iframe>',
    f'<video src="{ADDRESS}">{WORD}</video>',
    f'<object data="{ADDRESS}"></object>',
    f'<a href="ftp:{ADDRESS}">{WORD}</a>',
    f'<a href="{ADDRESS}">{WORD}</a>',
    f'<input value="{WORD}">',
    f"<table><tr><td>{WORD}<td><p>{WORD}</p></table>",
    f"<svg><text>{WORD}</text></svg>",
    f"<math><msup><mn>{WORD}</mn><mn>{WORD}</mn></msup></math>",
    *("<br>", "<hr>", "<wbr>", "<!-- no -->"),
)


def _html() -> st.SearchStrategy[str]:
    words = st.sampled_from((f" {WORD} ", *_LEAVES))
    tags = st.sampled_from(_BLOCK_TAGS + _INLINE_TAGS)

    def around(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.builds(
            lambda tag, parts, is_closed: (
                f"<{tag}>{''.join(parts)}" + (f"</{tag}>" if is_closed else "")
            ),
            tags,
            st.lists(inside, max_size=4),
            st.sampled_from((True, True, True, False)),
        )

    return st.lists(st.recursive(words, around, max_leaves=12), max_size=4).map("".join)


_MARKDOWN = st.lists(
    st.sampled_from(
        (
            *(WORD, WORD, WORD, " ", "\n", "\n", "\n\n", "  ", "    ", "\t", "- ", "1. ", "7) "),
            *("> ", "# ", "## ", "* ", "**", "_", "~", "~~", "`", "```\n", "~~~\n", "\\", "|", ":"),
            *(
                "| - | - |\n",
                f"| {WORD} | |\n",
                f"|{WORD}|{WORD}|{WORD}\n",
                "|a|b|\n|-|-|\n",
                f"\n\n[{WORD}]: {ADDRESS}\n",
                "- [ ] ",
                "***\n",
                "===\n",
                "---\n",
                "<",
                ">",
                "&",
            ),
            *(f"![]({ADDRESS})", f"![{WORD}]({ADDRESS})", f"[{WORD}](ftp:{ADDRESS})", "&amp;"),
            *(f"[{WORD}]({ADDRESS})", f"<{ADDRESS}>", f"{ADDRESS} ", "<b>", "</b>", "<div>\n"),
            *("</div>", "<pre>", "</pre>", "<script>", "<!-- -->", "<T>", "<br>"),
            *(
                "<sup>",
                "</sup>",
                "<td>",
                "<table>",
                "</table>",
                "<style>\n",
                "<textarea>",
                "[",
                "]",
            ),
            *("(", ")", "!", "title: ", "<?", "<!X", "<![CDATA[", "]]>", "<svg>", "<details>"),
        )
    ),
    max_size=25,
).map("".join)


#: A fence with words after it, or preformatted HTML.
_NO_CONTENT = re.compile(r"(```|~~~).*w1|<pre>")


def numbered(text: str) -> tuple[str, list[str]]:
    """Return a text with words and addresses of their own, and these words."""
    numbers = count(100)
    words: list[str] = []

    def word(found: re.Match[str]) -> str:
        words.append(f"w{next(numbers)}")
        return words[-1] if found[0] == WORD else f"https://{words[-1]}.org/"

    return re.sub(f"[{WORD}{ADDRESS}]", word, text), words


@settings(patient, max_examples=300)
@given(_html())
def test_words_and_addresses_of_html_are_kept(html: str) -> None:
    """In any nesting of tags, also of tags that are not closed. Code has words alone."""
    source, words = numbered(html)
    found = json.dumps(content_read(source, "html"))
    assert [word for word in words if word not in found] == [], source


@settings(patient, max_examples=300)
@given(_MARKDOWN)
def test_words_and_addresses_of_markdown_are_kept(markdown: str) -> None:
    """With HTML in it, which may not end.

    What stands after a fence is no content, and a link in ``pre`` is code without an address.
    """
    source, words = numbered(markdown)
    found = json.dumps(content_read(source, "md"))
    lost = [word for word in words if word not in found]
    assert [word for word in lost if not _NO_CONTENT.search(source)] == [], source


EMPTY = b"\x00\x00"


def letters(nodes: list[Built]) -> str:
    """Return all letters of a document, without spaces."""
    found = "".join(node.get("text", "") + letters(node.get("content", [])) for node in nodes)
    return "".join(found.split())


@pytest.mark.parametrize("kind", ["html", "json", "md"])
@settings(patient, max_examples=60)
@given(blocks=documents(neat_words), title=neat_words)
@example(blocks=[block("heading", "a", level=1)], title="a")
@example(blocks=[block("heading", "a", level=1)], title="b")
def test_document_and_its_title_round_trip(kind: str, blocks: list[Built], title: str) -> None:
    """By export and import, the letters are the same; by another one, the file is."""
    source = json.dumps({"type": "doc", "content": blocks})
    title = " ".join(title.split())
    first = content_convert(source, "json", title=title)
    written = content_export(first.update or EMPTY, kind, title).decode()
    second = content_convert(written, kind)
    assert second.title == title
    assert letters(contents(second.update)) == letters(contents(first.update))
    again = written_again(second, kind)
    assert written_again(content_convert(again, kind), kind) == again


def contents(update: bytes | None) -> list[Built]:
    """Return the content of a new document."""
    found: list[Built] = document_json(update or EMPTY)["content"]
    return found


def written_again(content: Any, kind: str) -> str:
    """Return the export of an imported document."""
    return content_export(content.update or EMPTY, kind, content.title).decode()
