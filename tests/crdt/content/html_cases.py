"""HTML of pages and of other programs, with what is read of it."""

from tests.crdt.content.trees import (
    BREAK,
    LINK,
    Built,
    block,
    item,
    paragraph,
    table,
    td,
    text,
    th,
)


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
    "underlined text, and links, which programs underline": (
        (
            "<p><u>a</u> <ins>b</ins> <span style='text-decoration:underline'>c</span> "
            "<a href='http://a.b'><span style='text-decoration: underline'>d</span></a></p>"
        ),
        [
            paragraph(
                text("a", "underline"),
                " ",
                text("b", "underline"),
                " ",
                text("c", "underline"),
                " ",
                linked("http://a.b", "d"),
            )
        ],
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
    "code": (
        '<pre><code class="hljs language-js">a  b\n\n<span class="x">c</span>\n</code></pre>',
        [block("codeBlock", "a  b\n\nc", language="js")],
    ),
    "a table": (
        "<table><tr><th>a</th> <th>b</th></tr><tr><td>1</td><td><b>2</b></td></tr></table>",
        [table([th("a"), th("b")], ["1", td(text("2", "bold"))])],
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
    "pictures with an address for each size": (
        '<img srcset="a.png 1x, b.png 2x" alt="cat"><img src="c.png" srcset="d 2x"><img srcset>',
        [paragraph(linked("a.png", "cat")), paragraph(linked("c.png"))],
    ),
    "a frame with its page as a text": (
        (
            '<iframe srcdoc="&lt;p&gt;one &amp;amp; two&lt;/p&gt;&lt;p&gt;6&lt;/p&gt;"></iframe>'
            '<iframe src="https://a.b" srcdoc="&lt;script&gt;no&lt;/script&gt;four"></iframe>'
        ),
        [paragraph("one & two 6"), paragraph(linked("https://a.b", "four"))],
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
        [table(["Name", "Age"], [td(paragraph("Ann"), paragraph("Lee")), "31"])],
    ),
    "cells without words": (
        "<table><tr><td><td>Q1<td>Q2<tr><td>North<td><td>5<tr><td><td><td>7<tr><td><td></table>",
        [
            table(
                [td(), "Q1", "Q2"],
                ["North", td(), "5"],
                [td(), td(), "7"],
                [td(), td(), td()],
            )
        ],
    ),
    "cells that span others": (
        (
            "<table><caption>T</caption><thead><tr><th colspan=2>a<th>b</thead>"
            "<tr><td rowspan=2>c<td>d<td>e<tr><td>f<td>g</table>"
        ),
        [
            paragraph("T"),
            table(
                [th("a", colspan=2), th("b")],
                [td("c", rowspan=2), "d", "e"],
                ["f", "g"],
            ),
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
            table(["c", "d"]),
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
        [
            paragraph(
                "10",
                text("6", "superscript"),
                ", 1",
                text("st", "superscript"),
                ", x",
                text("ab", "superscript"),
                " and H",
                text("2", "subscript"),
                "O",
                text("i j", "subscript"),
            )
        ],
    ),
    "parts to unfold": (
        (
            "<details open>a<summary><h3>b</h3><i>c</i></summary><ul><li>d</ul><summary>e</summary>"
            "</details><details></details><summary>f</summary>"
        ),
        [
            block(
                "details",
                block("detailsSummary", "b", BREAK, text("c", "italic")),
                block(
                    "detailsContent",
                    paragraph("a"),
                    block("bulletList", item("d")),
                    paragraph("e"),
                ),
            ),
            block("details", block("detailsSummary"), block("detailsContent", paragraph())),
            paragraph("f"),
        ],
    ),
    "lines at the right, in the centre and justified": (
        (
            "<p style='margin:0;text-align: center'>a</p><p align=RIGHT>b</p>"
            "<h4 style='text-align:justify'>c</h4><p style='text-align:-webkit-auto'>d</p>"
        ),
        [
            block("paragraph", "a", textAlign="center"),
            block("paragraph", "b", textAlign="right"),
            block("heading", "c", level=4, textAlign="justify"),
            paragraph("d"),
        ],
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
    "what is left open": ("<p>a<p><b>b", [paragraph("a"), paragraph(text("b", "bold"))]),
    "other spaces": ("<p>a\u00a0 b&nbsp;</p>", [paragraph("a\u00a0 b\u00a0")]),
}
