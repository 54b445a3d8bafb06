"""HTML export and import: the content round-trips, and active content is removed."""

import re
import time

import pytest
from hypothesis import given, settings

from apps.crdt.content.html_reader import html_read
from apps.crdt.content.html_writer import html_write
from apps.crdt.content.parser_bomb_guard import NestedTooDeepError
from apps.crdt.content.sanitising import html_cleaned_in
from apps.crdt.content.schema import fit_to_schema
from tests.crdt.content.hostile_html import HOSTILE
from tests.crdt.content.html_cases import HTML
from tests.crdt.content.program_html_cases import PROGRAM_HTML
from tests.crdt.content.trees import (
    BREAK,
    EVERYTHING,
    LINK,
    Built,
    block,
    documents,
    item,
    neat_words,
    paragraph,
    task,
    text,
)
from tests.crdt.samples import patient


def body(blocks: list[Built]) -> str:
    """Return the content of the HTML's body."""
    return html_write(blocks, title="").partition("<body>\n")[2].partition("</body>")[0]


def test_page_has_the_content_of_the_document() -> None:
    """The tags that Tiptap writes, and a head with charset and title."""
    html = html_write(
        [
            block("heading", "A & <b>", level=2),
            paragraph("x", text("y", "link", "bold"), BREAK, text("`", "code")),
            block("taskList", task("t", checked=True)),
            block("orderedList", item("i"), start=3),
            block("codeBlock", "<\n>", language="c++"),
        ],
        title="T & </title>",
    )
    assert html.startswith('<!doctype html>\n<html>\n<head>\n<meta charset="utf-8">\n')
    assert "<title>T &amp; &lt;/title&gt;</title>" in html
    assert "<body>\n<h1>T &amp; &lt;/title&gt;</h1>\n<h2>A &amp; &lt;b&gt;</h2>" in html
    assert re.search(
        r'<p>x<a href="https://example.org/a\?b=1&amp;c=2" rel="noopener noreferrer nofollow">'
        r"<strong>y</strong></a><br><code>`</code></p>",
        html,
    )
    assert re.search(r'<li data-(type="taskItem"|checked="true") data-', html)
    assert '<ol start="3">\n<li><p>i</p></li>\n</ol>' in html
    assert '<pre><code class="language-c++">&lt;\n&gt;</code></pre>' in html


def test_text_from_right_to_left_has_its_direction() -> None:
    """Where it differs from the text around; a browser showed the full stop at the wrong end."""
    hebrew, arabic = "שלום עולם!", "1. مرحبا بالعالم."
    blocks = [
        block("heading", hebrew, level=1),
        block(
            "bulletList",
            item(arabic),
            item("word"),
            block("listItem", paragraph("12"), block("codeBlock", "x")),
        ),
        block("codeBlock", hebrew),
        block("blockquote", block("codeBlock", hebrew), paragraph("a")),
        paragraph("12 ", text(hebrew, "bold")),
        paragraph("a ", hebrew),
    ]
    assert body(blocks) == (
        f'<h1 dir="rtl">{hebrew}</h1>\n'
        f'<ul dir="rtl">\n<li><p>{arabic}</p></li>\n<li><p dir="ltr">word</p></li>\n'
        '<li><p>12</p>\n<pre dir="ltr"><code>x</code></pre></li>\n</ul>\n'
        f"<pre><code>{hebrew}</code></pre>\n"
        f"<blockquote>\n<pre><code>{hebrew}</code></pre>\n<p>a</p>\n</blockquote>\n"
        f'<p dir="rtl">12 <strong>{hebrew}</strong></p>\n'
        f"<p>a {hebrew}</p>\n"
    )
    assert html_read(body(blocks)) == fit_to_schema(blocks)


def test_every_node_and_mark_round_trips() -> None:
    """With all nodes and marks of the page."""
    title = block("heading", "T", level=1)
    assert html_read(html_write(EVERYTHING, title="T")) == [title, *EVERYTHING]


@settings(patient, max_examples=50)
@given(documents(neat_words))
def test_any_document_round_trips(blocks: list[Built]) -> None:
    """Except spaces: HTML keeps one between words."""

    def plain(blocks: list[Built]) -> str:
        return re.sub(r"\s+", "", str(blocks))

    assert plain(html_read(body(blocks))) == plain(html_read(body(html_read(body(blocks)))))
    words = re.sub(r"\s+", "", "".join(_texts(blocks)))
    assert re.sub(r"\s+", "", "".join(_texts(html_read(body(blocks))))) == words


def _texts(nodes: list[Built]) -> list[str]:
    found: list[str] = []
    for node in nodes:
        found += [node["text"]] if "text" in node else _texts(node.get("content", []))
    return found


@pytest.mark.parametrize("case", HTML | PROGRAM_HTML)
def test_html_of_other_programs_is_read(case: str) -> None:
    """HTML of pages, and HTML as pasted from other programs."""
    html, wanted = (HTML | PROGRAM_HTML)[case]
    assert html_read(html) == wanted


@pytest.mark.parametrize("html", HOSTILE)
def test_hostile_html_is_sanitised(html: str) -> None:
    """Active content is removed on import, and once more on export."""
    blocks = html_read(f"<p>before</p>{html}<p>after</p>")
    stored, out = str(blocks), body(blocks)
    assert "before" in out
    for word in ("javascript", "onerror", "onload", "onclick", "style", "data:", "src"):
        assert f"{word}=" not in out.replace("&lt;", ""), out
        assert f"'href': '{word}" not in stored
    assert not re.search(r"<(script|img|svg|style|iframe|object|embed|form|base|meta|math)", out)


@pytest.mark.parametrize("unit", ["<div>", "<b>", "<ul><li>", "<blockquote>", "<table><td>", "<a>"])
def test_html_that_nests_very_deep_is_read(unit: str) -> None:
    """Ten thousand levels are read fast, and the text is kept."""
    started = time.process_time()
    blocks = html_read(f"{unit * 10_000}innermost")
    assert "".join(_texts(blocks)) == "innermost"
    assert time.process_time() - started < 10


def test_html_that_nests_even_deeper_is_refused() -> None:
    """Before it is parsed, which would take minutes."""
    started = time.process_time()
    with pytest.raises(NestedTooDeepError):
        html_read("<div>" * 200_000)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "tag", ["<b id={0}>", '<B\nid="<{0}">', "<code/class=language-{0}>", "<font a='>' b={0}>"]
)
def test_html_that_would_grow_in_the_parser_does_not(tag: str) -> None:
    """Open formatting elements open again in each paragraph: kilobytes would become gigabytes."""
    left_open = "".join(tag.format(number) for number in range(2_000))
    cleaned = html_cleaned_in(f"<p>{left_open}{'<p>x' * 2_000}")
    assert len(cleaned) < 500_000


def test_document_of_another_client_is_sanitised() -> None:
    """Another client may have stored unsafe links and unknown nodes."""
    script: Built = block("script", "alert(1)", src="x")
    bad = {"type": "link", "attrs": LINK["attrs"] | {"href": "javascript:alert(1)"}}
    out = body([script, paragraph({"type": "text", "text": "<script>", "marks": [bad]})])
    link = '<a href="x" rel="noopener noreferrer nofollow">x</a>'
    assert out == f"<p>alert(1)</p>\n<p>{link}</p>\n<p>&lt;script&gt;</p>\n"
