"""Mentions of people and documents: found behind `@`, shown to others, a link to a document."""

import re

from playwright.sync_api import expect

from tests.e2e.people import Person
from tests.e2e.test_formats import COPY
from tests.support.eventually import eventually


def test_person_and_document_are_mentioned(ada: Person, grace: Person, shared: str) -> None:
    """The server finds them; exports have links, copied text has names."""
    plan = ada.create("Plan of the engine")
    ada.open(shared)
    grace.open(shared)
    keys = ada.page.keyboard
    ada.text.click()
    keys.type("ask @grac")
    expect(ada.page.get_by_role("option", name="Grace Hopper")).to_be_visible()
    keys.press("Enter")
    keys.type("about @engine")
    expect(ada.page.get_by_role("option", name="Plan of the engine")).to_be_visible()
    keys.press("Enter")
    mentions = grace.text.locator(".mention")
    expect(mentions).to_have_text(["@Grace Hopper", "@Plan of the engine"])
    written = (
        rf"# Shared\n\nask \[@Grace Hopper\]\(#person-\d+\) about "
        rf"\[@Plan of the engine\]\(/documents/{plan}/\)&#32;\n"
    )
    eventually(lambda: re.fullmatch(written, ada.exported(shared, "md")))
    assert ada.exported(shared) == "ask @Grace Hopper about @Plan of the engine \n"
    keys.press("ControlOrMeta+a")
    assert ada.page.evaluate(COPY) == "ask @Grace Hopper about @Plan of the engine "
    with ada.context.expect_page() as opened:
        ada.text.locator("a.mention").click()
    expect(opened.value).to_have_url(re.compile(plan))


def test_mention_of_a_foreign_client_breaks_no_view(ada: Person, shared: str) -> None:
    """An id that is no document's is no link; a kind that the page does not know is a person."""
    ada.open(shared)
    ada.text.click()
    ada.page.evaluate("""() => {
      const { editor } = document.querySelector(".prose");
      const mention = (kind, id) => ({ type: "mention", attrs: { kind, id, label: "x" } });
      editor.commands.insertContent([mention("document", "javascript:alert(1)")]);
    }""")
    expect(ada.text.locator("span.mention")).to_have_text("@x")
    expect(ada.text.locator("a")).to_have_count(0)
    eventually(lambda: ada.exported(shared, "txt") == "@x\n")


def test_key_that_comes_before_the_list_does_what_it_does_in_the_text(
    ada: Person, shared: str
) -> None:
    """Enter behind words that only look like a mention, and the next line at once."""
    ada.open(shared)
    ada.text.click()
    ada.page.keyboard.type("lunch @ 5")
    ada.page.keyboard.press("Enter")
    ada.page.keyboard.type("then")
    ada.sees("lunch @ 5\nthen")


def test_mention_becomes_text_in_code(ada: Person, shared: str) -> None:
    """Code has nothing else; it was lost."""
    ada.open(shared)
    ada.text.click()
    ada.page.keyboard.type("ask @grac")
    expect(ada.page.get_by_role("option", name="Grace Hopper")).to_be_visible()
    ada.page.keyboard.press("Enter")
    expect(ada.text.locator(".mention")).to_have_count(1)
    ada.page.keyboard.press("ControlOrMeta+Alt+c")
    expect(ada.text.locator("pre")).to_contain_text("ask @Grace Hopper")
