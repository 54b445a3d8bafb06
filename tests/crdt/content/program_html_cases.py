"""HTML as other programs write it, with what is read of it."""

from tests.crdt.content.trees import (
    Built,
    block,
    highlighted,
    item,
    paragraph,
    table,
    task,
    td,
    text,
)

PROGRAM_HTML: dict[str, tuple[str, list[Built]]] = {
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
    "looks of Google Docs and Word: raised, lowered and highlighted": (
        (
            "<p>a<span style='vertical-align:super;font-size:0.6em'>1</span>"
            "<span style='vertical-align: sub'>2</span>"
            "<span style='background-color:#ffff00'>b</span>"
            "<span style='background:lime;mso-highlight:lime'>c</span>"
            "<span style='color:red;background-color:rgb(207, 226, 243)'>d</span>"
            "<span style='background-color:transparent'>e</span>"
            "<span style='background-color:#f8f9fa'>f</span>"
            "<mark style='background:#FAA'>g</mark><mark>h</mark></p>"
        ),
        [
            paragraph(
                "a",
                text("1", "superscript"),
                text("2", "subscript"),
                highlighted("b"),
                highlighted("c", "green"),
                highlighted("d", "blue"),
                "ef",
                highlighted("g", "red"),
                highlighted("h"),
            )
        ],
    ),
    "callouts of GitHub, Confluence, Outline and Notion": (
        (
            '<div class="markdown-alert markdown-alert-caution"><p class="markdown-alert-title">'
            "<svg></svg>Caution</p><p>a</p></div>"
            '<div class="confluence-information-macro confluence-information-macro-tip"><p>b</div>'
            '<div class="notice-block warning">c</div><aside>d</aside>'
            '<blockquote data-callout="evil">e</blockquote><div class="callout">f</div>'
        ),
        [
            block("callout", paragraph("a"), kind="danger"),
            block("callout", paragraph("b"), kind="tip"),
            block("callout", paragraph("c"), kind="warning"),
            block("callout", paragraph("d"), kind="info"),
            block("callout", paragraph("e"), kind="info"),
            paragraph("f"),
        ],
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
            table([td(block("bulletList", item("G")))]),
        ],
    ),
}
