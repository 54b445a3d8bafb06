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


def linked(address: str, words: str = "") -> Built:
    """Return a text with a link; by default, its words are the address."""
    link = LINK | {"attrs": LINK["attrs"] | {"href": address}}
    return {"type": "text", "text": words or address, "marks": [link]}


HTML: dict[str, tuple[str, list[Built]]] = {
    "a page": (
        (
            "<!doctype html><html><head><title>No</title><style>p{}</style></head>"
            "<body><h1>T</h1>\n  <p>a\n  b</p></body></html>"
        ),
        [block("heading", "T", level=1), paragraph("a b")],
    ),
    "nothing": ("", []),
    "only spaces": (" \n <div> </div>", []),
    "no tags": ("a &lt; b", [paragraph("a < b")]),
    "boxes": (
        "<div>a</div><section>b <span>c</span></section>d",
        [paragraph("a"), paragraph("b c"), paragraph("d")],
    ),
    "spaces around marks": (
        "<p> a <b> b </b> <i>c</i> </p>",
        [paragraph("a ", text("b ", "bold"), text("c", "italic"))],
    ),
    "other names of marks": (
        "<p><strong>a</strong><em>b</em><del>c</del><kbd>d</kbd></p>",
        [paragraph(text("a", "bold"), text("b", "italic"), text("c", "strike"), text("d", "code"))],
    ),
    "a mark around blocks": (
        "<b><p>a</p><p>b</p></b>",
        [paragraph(text("a", "bold")), paragraph(text("b", "bold"))],
    ),
    "a line end": ("<p>a <br> b<br></p>", [paragraph("a", BREAK, "b", BREAK)]),
    "a tight list": (
        "<ul><li>a<ul><li>b</li></ul></li><li><p>c</p></li></ul>",
        [
            block(
                "bulletList",
                block("listItem", paragraph("a"), block("bulletList", item("b"))),
                item("c"),
            )
        ],
    ),
    "a numbered list": (
        '<ol start="4" type="a"><li>a</ol>',
        [block("orderedList", item("a"), start=4, type="a")],
    ),
    "tasks of GitHub": (
        (
            '<ul class="contains-task-list"><li class="task-list-item"><input type="checkbox" '
            'checked disabled> a</li><li><input type="checkbox"> b</li></ul>'
        ),
        [block("taskList", task("a", checked=True), task("b", checked=False))],
    ),
    "tasks of Tiptap": (
        (
            '<ul data-type="taskList"><li data-checked="true" data-type="taskItem"><label><input '
            'type="checkbox" checked="checked"><span></span></label><div><p>a</p></div></li></ul>'
        ),
        [block("taskList", task("a", checked=True))],
    ),
    "code": (
        '<pre><code class="hljs language-js">a  b\n\n<span class="x">c</span>\n</code></pre>',
        [block("codeBlock", "a  b\n\nc", language="js")],
    ),
    "a table": (
        "<table><tr><th>a</th> <th>b</th></tr><tr><td>1</td><td><b>2</b></td></tr></table>",
        [paragraph("a | b"), paragraph("1 | ", text("2", "bold"))],
    ),
    "a picture": (
        (
            '<p><img src="https://example.org/a?b=1&amp;c=2" alt="cat"><img src="data:x" alt="dog">'
            '<img src="x"></p>'
        ),
        [paragraph(text("cat", "link"), " dog ", linked("x"))],
    ),
    "pictures without words": (
        (
            '<p>before <img src="https://a.b/a.png"> after</p><figure><img src="b.png" alt="">'
            '<figcaption>caption</figcaption></figure><img src="data:image/png;base64,AAAA">'
            '<div><img src=c><img src=d title="it"></div>'
        ),
        [
            paragraph("before ", linked("https://a.b/a.png"), " after"),
            paragraph(linked("b.png")),
            paragraph("caption"),
            paragraph("data:image/png…"),
            paragraph(linked("c")),
            paragraph(linked("d", "it")),
        ],
    ),
    "a picture in a link": (
        '<a href="https://a.b"><img src="c.png" alt="cat"></a>',
        [paragraph(linked("https://a.b", "cat"), " (c.png)")],
    ),
    "embedded pages and films": (
        (
            '<p>before</p><iframe src="https://a.b/c"></iframe><video src="v.mp4">Watch it</video>'
            '<object data="x.pdf"><a href="x.pdf">The paper</a></object><audio><source src="s.mp3">'
            '</audio><video src="w.mp4"></video><embed src="ftp://a.b/e"><p>after</p>'
        ),
        [
            paragraph("before"),
            paragraph(linked("https://a.b/c")),
            paragraph(linked("v.mp4", "Watch it")),
            paragraph(linked("x.pdf", "The paper")),
            paragraph(linked("s.mp3")),
            paragraph(linked("w.mp4")),
            paragraph("ftp://a.b/e"),
            paragraph("after"),
        ],
    ),
    "words of elements that are no text": (
        (
            "<svg><title>no</title><text>a</text><text>b</text></svg><math><msup><mn>10</mn><mn>6</mn></msup></math>"
            "<textarea>c <d></textarea><select><option>e<option>f</select><canvas>g</canvas>"
            "<fieldset><legend>h</legend><input value=i><input type=hidden value=no></fieldset>"
            "<map><area href=k alt=j></map>"
        ),
        [
            *map(paragraph, ("a", "b", "10 6", "c <d>", "e", "f", "g", "h", "i")),
            paragraph(linked("k", "j")),
        ],
    ),
    "addresses that are no links": (
        '<a href="ftp://a.b/c">by ftp</a> and <a href="obsidian://open">a note</a>',
        [paragraph("by ftp (ftp://a.b/c) and a note (obsidian://open)")],
    ),
    "links without words": (
        (
            '<h1>a<a href="#a"></a></h1><p><a href="b"> </a><a href="c">c<p>d</a>e</p>'
            '<a href="/"><svg></svg></a>'
        ),
        [
            block("heading", "a", level=1),
            paragraph(linked("b"), linked("c")),
            paragraph(linked("c", "d"), "e"),
            paragraph(linked("/")),
        ],
    ),
    "cells with blocks": (
        (
            "<table><tr><td><p>Name</p></td><td><p>Age</p></td></tr>"
            "<tr><td><p>Ann</p><p>Lee</p></td><td><div>31</div></td></tr></table>"
        ),
        [paragraph("Name | Age"), paragraph("Ann Lee | 31")],
    ),
    "cells without words": (
        "<table><tr><td><td>Q1<td>Q2<tr><td>North<td><td>5<tr><td><td><td>7<tr><td><td></table>",
        [paragraph(" | Q1 | Q2"), paragraph("North |  | 5"), paragraph(" |  | 7")],
    ),
    "cells that span others": (
        (
            "<table><caption>T</caption><thead><tr><th colspan=2>a<th>b</thead>"
            "<tr><td rowspan=2>c<td>d<td>e<tr><td>f<td>g</table>"
        ),
        [
            paragraph("T"),
            paragraph("a |  | b"),
            paragraph("c | d | e"),
            paragraph(" | f | g"),
        ],
    ),
    "a table that lays out a page": (
        (
            "<table><tr><td><h1>a</h1><ul><li>b</ul></td></tr><tr><td><table><tr><td>c<td>d</table>"
            "<td><pre>e</pre></table>"
        ),
        [
            block("heading", "a", level=1),
            block("bulletList", item("b")),
            paragraph("c | d"),
            block("codeBlock", "e"),
        ],
    ),
    "a list directly in a list": (
        "<ul><li>A</li><ul><li>B</li><ul><li>C</li></ul></ul><li>D</li></ul>",
        [
            block(
                "bulletList",
                block(
                    "listItem",
                    paragraph("A"),
                    block(
                        "bulletList",
                        block("listItem", paragraph("B"), block("bulletList", item("C"))),
                    ),
                ),
                item("D"),
            )
        ],
    ),
    "items with numbers of their own": (
        "<ol><li>one</li><li value=5>five</li><li>six</li></ol><ol reversed><li>b<li>a</ol>",
        [
            block("orderedList", item("one"), start=1),
            block("orderedList", item("five"), item("six"), start=5),
            block("orderedList", item("b"), start=2),
            block("orderedList", item("a"), start=1),
        ],
    ),
    "lines of code as boxes": (
        "<pre><div>one</div><div>  two</div></pre><xmp>a\n</xmp><listing>b<br>c</listing>",
        [block("codeBlock", "one\n  two"), block("codeBlock", "a"), block("codeBlock", "b\nc")],
    ),
    "raised and lowered texts": (
        "<p>10<sup>6</sup>, 1<sup>st</sup>, x<sup>ab</sup> and H<sub>2</sub>O<sub>i j</sub></p>",
        [paragraph("10⁶, 1st, x^ab and H₂O_(i j)")],
    ),
    "a quotation in a line": (
        "<p>say <q>a <b>b</b></q></p>",
        [paragraph("say “a ", text("b", "bold"), "”")],
    ),
    "a vertical tab": ("<p>a\x0bb</p>", [paragraph("a", BREAK, "b")]),
    "an empty line as a box": (
        "<div>a</div><div><br></div><div>b</div>",
        [paragraph("a"), paragraph(), paragraph("b")],
    ),
    "a box that is checked": (
        "<p><input type=checkbox checked> a <input type=radio> b</p>",
        [paragraph("☑ a ☐ b")],
    ),
    "a heading with a paragraph": (
        "<h1><p>Title</p></h1><h2><div>a</div><div>b</div></h2>",
        [block("heading", "Title", level=1), block("heading", "a", BREAK, "b", level=2)],
    ),
    "looks as Google Docs writes them": (
        (
            '<b style="font-weight:normal;" id="docs-internal-guid-0"><p dir="ltr">'
            '<span style="font-weight:400;">plain </span><span style="font-weight:700;">bold</span>'
            '<span style="font-weight:400;font-style:italic;"> italic</span>'
            '<span style="text-decoration:line-through;"> gone</span></p></b>'
        ),
        [
            paragraph(
                "plain ", text("bold", "bold"), text(" italic", "italic"), text(" gone", "strike")
            )
        ],
    ),
    "lists of Word": (
        (
            "<p class=MsoListParagraphCxSpFirst style='margin-left:.5in;mso-list:l0 level1 lfo1'>"
            "<![if !supportLists]><span style='font-family:Symbol'><span style='mso-list:Ignore'>·"
            "<span style='font:7.0pt'>&nbsp;&nbsp; </span></span></span><![endif]>A <b>1</b></p>\n"
            "<p style='mso-list:l0 level2 lfo1'><span style='mso-list:Ignore'>o </span>B</p>\n"
            "<p style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>· </span>C</p>\n"
            "<p style='mso-list:l1 level1 lfo2'><span style='mso-list:Ignore'>3. </span>D</p>"
            "<p style='mso-list:l1 level3 lfo2'><span style='mso-list:Ignore'>a) </span>E</p>"
            "<p>F <span style='mso-list:Ignore'>1.</span></p>"
            "<table><tr><td><p style='mso-list:l1 level1 lfo2'>G</p></table>"
        ),
        [
            block(
                "bulletList",
                block(
                    "listItem", paragraph("A ", text("1", "bold")), block("bulletList", item("B"))
                ),
                item("C"),
            ),
            block(
                "orderedList",
                block("listItem", paragraph("D"), block("orderedList", item("E"), start=1)),
                start=3,
            ),
            paragraph("F 1."),
            block("bulletList", item("G")),
        ],
    ),
    "what is left open": ("<p>a<p><b>b", [paragraph("a"), paragraph(text("b", "bold"))]),
    "other spaces": ("<p>a\u00a0 b&nbsp;</p>", [paragraph("a\u00a0 b\u00a0")]),
}


@pytest.mark.parametrize("case", HTML)
def test_html_of_other_programs_is_read(case: str) -> None:
    """HTML of pages, and HTML as pasted from other programs."""
    html, wanted = HTML[case]
    assert html_read(html) == wanted


HOSTILE = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    '<p onclick="alert(1)" style="background:url(javascript:alert(1))">said</p>',
    '<a href="javascript:alert(1)">said</a>',
    '<a href=" java&#x0A;script&colon;alert(1)">said</a>',
    '<a href="data:text/html,<script>alert(1)</script>">said</a>',
    "<svg onload=alert(1)><script>alert(1)</script><text>x</text></svg>",
    (
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 "
        "onerror=alert(1)&gt;'>"
    ),
    "<style>@import 'javascript:alert(1)'</style>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='javascript:alert(1)'></object><embed src='javascript:alert(1)'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<template><script>alert(1)</script></template>",
    "<form action='javascript:alert(1)'><button formaction='javascript:alert(1)'>said</button>",
    "<base href='javascript:alert(1)'><meta http-equiv=refresh content='0;javascript:alert(1)'>",
    "<!--><script>alert(1)</script>-->",
    "<p>said<![CDATA[<script>alert(1)</script>]]></p>",
    "<textarea><script>alert(1)</script></textarea>",
    '<code class="language-&quot;><script>alert(1)</script>">said</code>',
]


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
