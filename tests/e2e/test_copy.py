"""What is copied as plain text has the lines and the markers of an export."""

import pytest
from playwright.sync_api import expect

from tests.e2e.people import Person

LINES = """# Plan

Words in **bold**.\\
After a break.

- one
- two
  - nested
  - again
- three

3. third
4. fourth
5. fifth

- [ ] open
- [x] done

> quoted

```
def f():
    return 1
```

---

Last [link](https://example.org/x)."""
#: Selects from a word to the end of another one, in the first blocks that have them.
SELECT = """([from, to]) => {
  const { editor } = document.querySelector('.prose');
  const found = {};
  editor.state.doc.descendants((node, at) => {
    if (!node.isText) return;
    if (node.text.includes(from)) found.from ??= at + node.text.indexOf(from);
    if (node.text.includes(to)) found.to ??= at + node.text.indexOf(to) + to.length;
  });
  editor.view.focus();
  editor.commands.setTextSelection(found);
}"""


@pytest.fixture
def plan(ada: Person) -> str:
    """Return a document with one of most things, open in Ada's page."""
    made = ada.api("POST", "documents/import/", format="md", content=LINES, title="Copied")
    ada.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ada.open(made["id"])
    return str(made["id"])


def copied(ada: Person) -> str:
    """Copy the selection; return the plain text of the clipboard."""
    ada.page.wait_for_function("() => !getSelection().isCollapsed")
    ada.page.evaluate("navigator.clipboard.writeText('nothing was copied')")
    ada.page.keyboard.press("Control+c")
    return str(ada.page.evaluate("navigator.clipboard.readText()"))


def test_whole_text_is_copied_as_it_is_exported(ada: Person, plan: str) -> None:
    """One line for each line, with markers: no gaps of empty lines, and no bare items."""
    ada.text.focus()
    ada.page.keyboard.press("Control+a")
    whole = copied(ada)
    assert ada.exported(plan) in (f"{whole}\n", f"Copied\n{whole}\n", f"Copied\n\n{whole}\n")
    assert whole.startswith("Plan\nWords in bold.\nAfter a break.\n- one\n- two\n  - nested\n")


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ("bold", "break", "bold.\nAfter a break"),
        ("two", "two", "two"),
        ("nested", "again", "- nested\n- again"),
        ("two", "again", "two\n- nested\n- again"),
        ("wo", "three", "- wo\n  - nested\n  - again\n- three"),
        ("fourth", "fifth", "4. fourth\n5. fifth"),
        ("fifth", "open", "5. fifth\n[ ] open"),
        ("done", "quoted", "[x] done\nquoted"),
        ("return", "Last", "return 1\n---\nLast"),
    ],
)
def test_selection_is_copied_with_the_markers_between(
    ada: Person, plan: str, start: str, end: str, text: str
) -> None:
    """Within one item without its marker; numbers are those of the document."""
    ada.page.evaluate(SELECT, [start, end])
    assert copied(ada) == text


def test_history_is_copied_in_the_same_form(ada: Person, plan: str) -> None:
    """A state of the document in the dialog."""
    page = ada.page
    page.get_by_role("button", name="History", exact=True).click()
    sheet = page.locator(".history-sheet .prose")
    expect(sheet).to_contain_text("nested")
    sheet.evaluate("sheet => getSelection().selectAllChildren(sheet)")
    assert "\n- one\n- two\n  - nested\n  - again\n- three\n3. third\n" in copied(ada)
