"""What edits of others do to a person who composes a word, reads, or takes something back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import CDPSession, expect

from tests.e2e.people import PATIENCE_S, Person
from tests.support.eventually import eventually

START = "first line\n\nsecond line\n\n- an item\n- another\n\nlast"
#: What a person types in Chinese, Japanese and Korean: the steps of the composition, and the word.
COMPOSITIONS = [
    (["n", "ni", "nih", "niha", "nihao"], "你好"),
    (["k", "か", "かn", "かんj", "かんじ"], "漢字"),
    (["ㅎ", "하", "한", "한ㄱ", "한구"], "한국"),
]
#: Runs in another person's editor: edits of each kind, above, in and below the composed block.
EDITS = {
    "a new line above": "chain().setTextSelection(5).splitBlock()",
    "letters above": "chain().insertContentAt(3, 'more ')",
    "a block above deleted": "chain().deleteRange({ from: 0, to: 12 })",
    "a heading above": "chain().setTextSelection(2).setHeading({ level: 2 })",
    "a list above": "chain().setTextSelection(2).toggleBulletList()",
    "an item split": "chain().setTextSelection(30).splitListItem('listItem')",
    "letters before it in its line": "chain().insertContentAt(LAST, 'the ')",
    "a mark on its line": "chain().setTextSelection({ from: LAST, to: LAST + 2 }).setBold()",
    "a new line below": "chain().insertContentAt(END, { type: 'paragraph' })",
}
EDITOR = "document.querySelector('#content .prose').editor"
EDIT = f"""() => {{
  const editor = {EDITOR};
  const END = editor.state.doc.content.size;
  const LAST = END - editor.state.doc.lastChild.content.size - 1;
  return editor.COMMAND.run();
}}"""
#: The first paragraph that begins in the window, and its distance from the top.
LINE_READ = """() => {
  const lines = [...document.querySelectorAll('.prose p')];
  const line = lines.find(line => line.getBoundingClientRect().top > 200);
  return [line.textContent, line.getBoundingClientRect().top];
}"""
TOP_OF = """text => [...document.querySelectorAll('.prose p')]
  .find(line => line.textContent === text).getBoundingClientRect().top"""


def compose(session: CDPSession, text: str) -> None:
    """Show ``text`` as the present state of a composition."""
    length = len(text)
    session.send(
        "Input.imeSetComposition", {"text": text, "selectionStart": length, "selectionEnd": length}
    )


@pytest.fixture
def open_both(ada: Person, grace: Person) -> Callable[[str], None]:
    """Return a function that opens a document of a text for Ada and Grace."""

    def begin(content: str) -> None:
        made = ada.api("POST", "documents/import/", format="md", content=content, title="Shared")
        ada.share(made["id"], "grace", "editor")
        for person in (ada, grace):
            person.open(made["id"])

    return begin


def test_word_that_is_composed_stays_whole_under_edits_of_others(
    ada: Person, grace: Person, open_both: Callable[[str], None]
) -> None:
    """In Chinese, Japanese and Korean, whatever another person does meanwhile."""
    session = ada.context.new_cdp_session(ada.page)
    open_both(START)
    ada.goes_to_end()
    expected = "last"
    for number, edit in enumerate(EDITS):
        steps, word = COMPOSITIONS[number % len(COMPOSITIONS)]
        for text in steps[:2]:
            compose(session, text)
        assert grace.page.evaluate(EDIT.replace("COMMAND", EDITS[edit])), edit
        see_the_same(ada, grace)
        for text in steps[2:]:
            compose(session, text)
        session.send("Input.insertText", {"text": word})
        expected += word
        if edit == "letters before it in its line":
            expected = f"the {expected}"
        see_the_same(ada, grace)
        assert expected in ada.shown_text().split("\n"), edit
    expect(ada.chip).to_have_text("Saved")


def test_line_that_is_read_stays_when_others_write_above(
    ada: Person, grace: Person, open_both: Callable[[str], None]
) -> None:
    """Wherever the reader's caret is: the view does not move by what comes above it."""
    open_both("\n\n".join(f"line {number}" for number in range(100)))
    ada.page.mouse.move(500, 400)
    ada.page.mouse.wheel(0, 2000)
    ada.page.wait_for_function("() => scrollY >= 2000")
    line, top = ada.page.evaluate(LINE_READ)
    for _ in range(5):
        grace.goes_to(0)
        grace.page.keyboard.press("Enter")
    see_the_same(ada, grace)
    assert abs(ada.page.evaluate(TOP_OF, line) - top) < 3


def test_caret_stands_behind_what_an_undo_brings_back(ada: Person, grace: Person) -> None:
    """And stays there when another person writes."""
    document_id = ada.create("Undo")
    ada.share(document_id, "grace", "editor")
    for person in (ada, grace):
        person.open(document_id)
    ada.write("hello world")
    ada.ends_undo_step()
    for _ in range(3):
        ada.page.keyboard.press("Backspace")
    ada.page.keyboard.press("Control+z")
    ada.sees("hello world")
    assert ada.page.evaluate(f"() => {EDITOR}.state.selection.head") == 12
    ada.page.keyboard.press("Home")
    grace.finds("hello world")
    grace.write("!")
    ada.finds("hello world!")
    assert ada.page.evaluate(f"() => {EDITOR}.state.selection.head") == 1


def see_the_same(*people: Person) -> None:
    """Wait until the editors of these people have the same document."""

    def same() -> bool:
        documents = [person.page.evaluate(f"() => {EDITOR}.getJSON()") for person in people]
        return all(document == documents[0] for document in documents)

    eventually(same, PATIENCE_S)
