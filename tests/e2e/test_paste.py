"""What is pasted keeps its looks and its lines, in the forms in which programs copy it."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.people import Person

PASTE = """([type, data]) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData(type, data);
  const paste = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true });
  document.querySelector('#content .prose').dispatchEvent(paste);
}"""
#: A file that is pasted, or dropped beside the text; returns whether the browser would open it.
GIVE_FILE = """type => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array([137, 80, 78, 71])], 'shot.png', { type: 'image/png' }));
  const options = { bubbles: true, cancelable: true };
  const event = type === 'paste'
    ? new ClipboardEvent('paste', { ...options, clipboardData: data })
    : new DragEvent('drop', { ...options, dataTransfer: data });
  return document.querySelector(type === 'drop' ? 'header' : '.prose').dispatchEvent(event);
}"""
#: The text as HTML, with a task's box written as brackets.
HTML = """() => {
  const block = document.querySelector('#content .prose').cloneNode(true);
  block.querySelectorAll('li[data-checked]').forEach(item => {
    item.querySelector('label').replaceWith(item.dataset.checked === 'true' ? '[x]' : '[ ]');
    item.querySelector('div').replaceWith(...item.querySelector('div').childNodes);
    item.replaceWith(Object.assign(document.createElement('li'), { innerHTML: item.innerHTML }));
  });
  block.querySelectorAll('ul[data-type], code[class]').forEach(one => {
    delete one.dataset.type;
    one.removeAttribute('class');
  });
  block.querySelectorAll('.ProseMirror-trailingBreak, .ProseMirror-separator')
    .forEach(one => one.remove());
  return block.innerHTML;
}"""

#: HTML of a clipboard, and what the document has of it.
FORMS = {
    "a run of each look, from Google Docs": (
        (
            '<meta charset="utf-8"><b style="font-weight:normal;" id="docs-internal-guid-1">'
            '<p dir="ltr"><span style="font-weight:400;">plain </span>'
            '<span style="font-weight:700;">bold</span>'
            '<span style="font-weight:400;font-style:italic;"> italic</span>'
            '<span style="text-decoration:line-through;"> gone</span>'
            '<span style="text-decoration:underline;"> under</span> '
            '<a href="http://a.b"><span style="text-decoration:underline;">link</span></a></p></b>'
        ),
        (
            "<p>plain <strong>bold</strong><em> italic</em><s> gone</s><u> under</u> "
            '<a target="_blank" rel="noopener noreferrer nofollow" href="http://a.b">link</a></p>'
        ),
    ),
    "empty lines, from Google Docs": (
        (
            '<b style="font-weight:normal;"><p>one</p><br><p>two</p></b>'
            '<br class="Apple-interchange-newline">'
        ),
        "<p>one</p><p></p><p>two</p>",
    ),
    "cells, from Google Sheets": (
        (
            '<table cellspacing="0"><colgroup><col><col></colgroup><tbody>'
            "<tr><td>Name</td><td>Age</td></tr><tr><td>Ann</td><td>31</td></tr></tbody></table>"
        ),
        (
            "<table><tr><td><p>Name</p></td><td><p>Age</p></td></tr>"
            "<tr><td><p>Ann</p></td><td><p>31</p></td></tr></table>"
        ),
    ),
    "a bold result of a formula, from Google Sheets": (
        (
            '<table><tr><td data-sheets-formula="=IF(R[0]C[-1]>3,1,0)" style="font-weight:bold">1'
            '</td><td class="a"style="font-style:italic">2</td></tr></table>'
        ),
        "<table><tr><td><p><strong>1</strong></p></td><td><p><em>2</em></p></td></tr></table>",
    ),
    "cells with blocks, from Confluence": (
        (
            "<table><caption>People</caption><tr><th><p><strong>Name</strong></p></th><th><p>Age</p>"
            "</th></tr><tr><td><p>Ann</p><p>Lee</p></td><td></td></tr></table>"
        ),
        (
            "<p>People</p><table><tr><th><p><strong>Name</strong></p></th><th><p>Age</p></th></tr>"
            "<tr><td><p>Ann</p><p>Lee</p></td><td><p></p></td></tr></table>"
        ),
    ),
    "a list, from Word": (
        (
            '<p class="MsoListParagraph" style="text-indent:-.25in;mso-list:l0 level1 lfo1">'
            '<!--[if !supportLists]--><span style="font-family:Symbol;mso-list:Ignore">·'
            '<span style="font:7pt">&nbsp; </span></span><!--[endif]-->First</p>'
            '<p class="MsoListParagraph" style="mso-list:l0 level2 lfo1">'
            '<span style="mso-list:Ignore">o<span>&nbsp; </span></span>Nested<o:p></o:p></p>'
            '<p style="mso-list:l0 level1 lfo1"><span style="mso-list:Ignore">·</span>Second</p>'
            '<p class="MsoNormal">After</p>'
            '<p style="mso-list:l1 level1 lfo2"><span style="mso-list:Ignore">1.</span>Number</p>'
        ),
        (
            "<ul><li><p>First</p><ul><li><p>Nested</p></li></ul></li><li><p>Second</p></li></ul>"
            "<p>After</p><ol><li><p>Number</p></li></ol>"
        ),
    ),
    "lines of code, from Visual Studio Code": (
        (
            '<div style="color:#ccc;font-family:Consolas;white-space:pre;"><div>'
            '<span style="color:#fff;">def f():</span></div><div>    return 1</div></div>'
        ),
        "<pre><code>def f():\n    return 1</code></pre>",
    ),
    "a text with looks and a table, from LibreOffice": (
        (
            '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.0 Transitional//EN"><html><head>'
            "<title></title>"
            '<meta name="generator" content="LibreOffice 24.2"/><style>p { margin-bottom: 0.25cm }'
            '</style></head><body lang="en-US" dir="ltr"><h1 class="western">Plan</h1>'
            '<p style="line-height: 115%"><font face="Carlito">plain <b>bold</b> <i>italic</i> '
            "<strike>gone</strike></font></p><p><br/></p>"
            '<table width="100%"><col width="128*"/><tr valign="top"><td style="padding: 0.1cm">'
            "<p>Name</p></td><td><p>Age</p></td></tr></table></body></html>"
        ),
        (
            "<h1>Plan</h1><p>plain <strong>bold</strong> <em>italic</em> <s>gone</s></p><p></p>"
            "<table><tr><td><p>Name</p></td><td><p>Age</p></td></tr></table>"
        ),
    ),
    "lines and an empty one, from Outlook on the web": (
        (
            '<div class="elementToProof" style="font-size: 12pt;">Dear all,</div>'
            '<div class="elementToProof"><br></div>'
            '<div class="elementToProof"><span style="font-weight: 700;">Bold</span> rest</div>'
            '<ul data-editing-info=""><li><div role="presentation">point</div></li></ul>'
        ),
        ("<p>Dear all,</p><p></p><p><strong>Bold</strong> rest</p><ul><li><p>point</p></li></ul>"),
    ),
    "an empty line, a comment and a note, from Outlook and Word": (
        (
            '<p class="MsoNormal">one<span class="MsoCommentReference">'
            '<a class="msocomanchor" href="#_msocom_1">[AB1]</a></span></p>'
            '<p class="MsoNormal"><o:p>&nbsp;</o:p></p>'
            '<p class="MsoNormal">two<a href="#_ftn1" style="mso-footnote-id:ftn1">[1]</a></p>'
            '<div style="mso-element:comment-list"><p>Please check.</p></div>'
        ),
        "<p>one</p><p></p><p>two[1]</p>",
    ),
    "a heading, tasks and code, from GitHub": (
        (
            '<div class="markdown-heading"><h2 class="heading-element" dir="auto">Title</h2>'
            '<a id="user-content-title" class="anchor" aria-label="Permalink: Title" href="#title">'
            '<svg class="octicon"><path d="m1 1"></path></svg></a></div>'
            '<ul class="contains-task-list"><li class="task-list-item"><input type="checkbox" '
            'class="task-list-item-checkbox" disabled="" checked=""> done</li>'
            '<li class="task-list-item"><input type="checkbox" disabled=""> open</li></ul>'
            '<div class="highlight"><pre><span class="pl-k">def</span> f():\n'
            '    pass</pre><div class="zeroclipboard-container"><clipboard-copy value="def">'
            "<svg></svg></clipboard-copy></div></div>"
        ),
        (
            "<h2>Title</h2><ul><li>[x]<p>done</p></li><li>[ ]<p>open</p></li></ul>"
            "<pre><code>def f():\n    pass</code></pre>"
        ),
    ),
    "tasks and nested bullets, from Notion": (
        (
            "<meta charset='utf-8'><h1>Plan</h1>\n<ul>\n<li>[ ] call\n</li>\n<li>[x] write\n</li>\n"
            "</ul>\n<ul>\n<li>one\n<ul>\n<li>two</li>\n</ul>\n</li>\n</ul>\n"
            "<!-- notionvc: 3f0c2f6e-0000-4000-8000-000000000000 -->"
        ),
        (
            "<h1>Plan</h1><ul><li>[ ]<p>call</p></li><li>[x]<p>write</p></li></ul>"
            "<ul><li><p>one</p><ul><li><p>two</p></li></ul></li></ul>"
        ),
    ),
    "tasks and a notice, from Outline": (
        (
            '<ul class="checkbox_list" data-pm-slice="1 1 []"><li data-type="checkbox_item" '
            'class="checked"><span contenteditable="false" class="checkbox" aria-checked="true">'
            '</span><div><p>done</p></div></li></ul><div class="notice-block info">'
            '<div class="content"><p>Mind the gap.</p></div></div>'
        ),
        (
            '<ul><li>[x]<p>done</p></li></ul><blockquote data-callout="info" role="note">'
            "<p>Mind the gap.</p></blockquote>"
        ),
    ),
    "tasks, from Google Docs": (
        (
            '<b style="font-weight:normal;" id="docs-internal-guid-2"><ul><li dir="ltr" '
            'role="checkbox" aria-checked="false" style="list-style-type:none;">'
            '<img src="data:image/png;base64,AAAA" aria-roledescription="checkbox">'
            '<p dir="ltr"><span style="font-weight:400;">call</span></p></li></ul></b>'
        ),
        "<ul><li>[ ]<p>call</p></li></ul>",
    ),
    "cells and a number, from Excel": (
        (
            '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><style>.xl65 {}</style>'
            "</head><body><table border=0 cellpadding=0><!--StartFragment--><col width=64>"
            "<tr height=20><td height=20 class=xl65 style='height:15.0pt'>Rope</td>"
            '<td align=right x:num="">12.50</td></tr><!--EndFragment--></table></body></html>'
        ),
        (
            '<table><tr><td colwidth="64"><p>Rope</p></td>'
            '<td style="text-align: right;"><p>12.50</p></td></tr></table>'
        ),
    ),
    "merged cells, from Word": (
        (
            '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head>'
            '<meta name=Generator content="Microsoft Word 15"><style><!--'
            "table.MsoTableGrid {mso-style-name:Grid;}--></style></head><body><!--StartFragment-->"
            '<table class=MsoTableGrid border=1 cellspacing=0 style="border-collapse:collapse;'
            'mso-yfti-tbllook:1184"><tr style="mso-yfti-irow:0;mso-yfti-firstrow:yes">'
            '<td width=208 colspan=2 valign=top style="width:155.8pt;border:solid windowtext 1.0pt;'
            'mso-border-alt:solid windowtext .5pt;padding:0in 5.4pt 0in 5.4pt"><p class=MsoNormal>'
            "<b>Both<o:p></o:p></b></p></td></tr>"
            '<tr style="mso-yfti-irow:1"><td width=104 rowspan=2 style="width:77.9pt">'
            "<p class=MsoNormal>tall<o:p></o:p></p></td><td width=104><p class=MsoListParagraph "
            'style="mso-list:l0 level1 lfo1"><![if !supportLists]><span style="mso-list:Ignore">·'
            "<span>&nbsp;</span></span><![endif]>point<o:p></o:p></p></td></tr>"
            '<tr style="mso-yfti-irow:2;mso-yfti-lastrow:yes"><td width=104><p class=MsoNormal>'
            "<o:p>&nbsp;</o:p></p></td></tr></table><!--EndFragment--></body></html>"
        ),
        (
            '<table><tr><td colspan="2"><p><strong>Both</strong></p></td></tr>'
            '<tr><td rowspan="2"><p>tall</p></td><td><ul><li><p>point</p></li></ul></td></tr>'
            "<tr><td><p></p></td></tr></table>"
        ),
    ),
    "merged cells, from Google Sheets": (
        (
            '<google-sheets-html-origin><style type="text/css"><!--td {border: 1px solid #ccc;}-->'
            '</style><table xmlns="http://www.w3.org/1999/xhtml" cellspacing="0" cellpadding="0" '
            'dir="ltr" border="1" data-sheets-root="1"><colgroup><col width="100"/>'
            '<col width="80"/></colgroup><tbody><tr style="height:21px;"><td style="text-align:'
            'center;" rowspan="1" colspan="2" data-sheets-value="{&quot;1&quot;:2}">Both</td></tr>'
            '<tr><td rowspan="2" colspan="1">tall</td><td style="text-align:right;">1</td></tr>'
            "<tr><td>2</td></tr></tbody></table></google-sheets-html-origin>"
        ),
        (
            '<table><tr><td colspan="2" style="text-align: center;"><p>Both</p></td></tr>'
            '<tr><td rowspan="2"><p>tall</p></td><td style="text-align: right;"><p>1</p></td></tr>'
            "<tr><td><p>2</p></td></tr></table>"
        ),
    ),
    "merged cells, from Excel": (
        (
            '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><body><table border=0>'
            "<!--StartFragment--><tr><td colspan=2 height=20 class=xl66 align=center>Both</td></tr>"
            "<tr><td rowspan=2 class=xl65>tall</td><td align=right x:num>1</td></tr><tr>"
            "<td align=right x:num>2</td></tr><!--EndFragment--></table></body></html>"
        ),
        (
            '<table><tr><td colspan="2" style="text-align: center;"><p>Both</p></td></tr>'
            '<tr><td rowspan="2"><p>tall</p></td><td style="text-align: right;"><p>1</p></td></tr>'
            '<tr><td style="text-align: right;"><p>2</p></td></tr></table>'
        ),
    ),
    "a table within a table, from Word": (
        (
            "<table><tr><td><p>outer</p></td><td><table><tr><td>a</td><td>b</td></tr><tr><td>c</td>"
            "<td>d</td></tr></table></td></tr><tr><td>below</td><td>right</td></tr></table>"
        ),
        (
            "<p>outer</p><table><tr><td><p>a</p></td><td><p>b</p></td></tr><tr><td><p>c</p></td>"
            "<td><p>d</p></td></tr></table><p>below</p><p>right</p>"
        ),
    ),
    "a link, from a web page": (
        '<p>see <a href="https://example.org/a">this</a></p>',
        (
            '<p>see <a target="_blank" rel="noopener noreferrer nofollow" '
            'href="https://example.org/a">this</a></p>'
        ),
    ),
}


#: What the page shows around a table, and spans of one.
FRAME = re.compile(
    '<div class="table-scroll">|</div>|<colgroup>.*?</colgroup>|</?tbody>|(?<=<table) style="[^"]*"'
    '| colspan="1"| rowspan="1"| class="selectedCell"'
)


@pytest.fixture
def page_of_ada(ada: Person) -> Person:
    """Return Ada with a new document open."""
    ada.open(ada.create("Pasted"))
    ada.goes_to_end()
    return ada


def test_html_keeps_looks_and_lines(page_of_ada: Person) -> None:
    """In the form of each program, although the page's policy empties the styles."""
    ada = page_of_ada
    shown = {}
    for form, (html, _expected) in FORMS.items():
        ada.page.keyboard.press("ControlOrMeta+a")
        ada.page.keyboard.press("Delete")
        ada.page.evaluate(PASTE, ["text/html", html])
        shown[form] = FRAME.sub("", str(ada.page.evaluate(HTML)))
    expect(ada.chip).to_have_text("Saved")
    assert shown == {form: expected for form, (_html, expected) in FORMS.items()}


def test_plain_text_keeps_empty_lines_and_markdown(page_of_ada: Person) -> None:
    """As the import of a text does; Markdown is converted whole or, here, not at all."""
    ada = page_of_ada
    ada.page.evaluate(PASTE, ["text/plain", "line1\r\n\n\n\n**five** [a](https://example.org)"])
    ada.sees("line1\n\n\n\n**five** [a](https://example.org)")


def test_link_ends_with_its_address(page_of_ada: Person) -> None:
    """What is typed behind it is no part of it."""
    ada = page_of_ada
    ada.page.evaluate(PASTE, ["text/plain", "https://example.org/page"])
    ada.page.keyboard.type(" and more")
    expect(ada.text.locator("a")).to_have_text("https://example.org/page")
    ada.sees("https://example.org/page and more")


def test_file_beside_the_text_does_not_take_the_place_of_the_page(page_of_ada: Person) -> None:
    """A word tells where to drop it."""
    ada = page_of_ada
    assert ada.page.evaluate(GIVE_FILE, "drop") is False
    expect(
        ada.page.get_by_text("Drop files into the text, where they are to stand.")
    ).to_be_visible()
    ada.sees("")
