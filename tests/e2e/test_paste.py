"""What is pasted keeps its looks and its lines, in the forms in which programs copy it."""

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
HTML = """() => {
  const block = document.querySelector('#content .prose').cloneNode(true);
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
            '<span style="text-decoration:line-through;"> gone</span></p></b>'
        ),
        "<p>plain <strong>bold</strong><em> italic</em><s> gone</s></p>",
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
        "<p>Name | Age</p><p>Ann | 31</p>",
    ),
    "cells with blocks, from Confluence": (
        (
            "<table><caption>People</caption><tr><th><p><strong>Name</strong></p></th><th><p>Age</p>"
            "</th></tr><tr><td><p>Ann</p><p>Lee</p></td><td></td></tr></table>"
        ),
        "<p>People</p><p><strong>Name</strong> | Age</p><p>Ann Lee |</p>",
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
        '<pre><code class="language-null">def f():\n    return 1</code></pre>',
    ),
    "a link, from a web page": (
        '<p>see <a href="https://example.org/a">this</a></p>',
        (
            '<p>see <a target="_blank" rel="noopener noreferrer nofollow" '
            'href="https://example.org/a">this</a></p>'
        ),
    ),
}


@pytest.fixture
def page_of_ada(ada: Person) -> Person:
    """Return Ada with a new document open."""
    ada.open(ada.create("Pasted"))
    ada.goes_to_end()
    return ada


@pytest.mark.parametrize("form", FORMS)
def test_html_keeps_looks_and_lines(page_of_ada: Person, form: str) -> None:
    """Although the page's policy empties the styles."""
    ada = page_of_ada
    ada.expects_blocked_markup = True
    html, expected = FORMS[form]
    ada.page.evaluate(PASTE, ["text/html", html])
    expect(ada.chip).to_have_text("Saved")
    shown = str(ada.page.evaluate(HTML)).replace(' class="language-null"', "")
    assert shown == expected.replace(' class="language-null"', "")


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


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_picture_is_refused_with_a_word(page_of_ada: Person, way: str) -> None:
    """It neither vanishes in silence, nor takes the place of the page."""
    ada = page_of_ada
    assert ada.page.evaluate(GIVE_FILE, way) is False
    expect(
        ada.page.get_by_text("Pictures and files cannot be part of a document yet.")
    ).to_be_visible()
    ada.sees("")
