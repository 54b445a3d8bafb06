"""A change that the server does not take is not the end of a document on a device."""

import re
from functools import partial

from playwright.sync_api import expect

from tests.e2e.people import Person
from tests.e2e.strangers import INIT_SCRIPT as NO_TIMER
from tests.support.eventually import eventually

#: Pastes a text of so many letters.
_PASTE = """length => {
  const data = new DataTransfer();
  data.setData("text/plain", "x".repeat(length));
  const event = new ClipboardEvent("paste", {
    clipboardData: data, bubbles: true, cancelable: true,
  });
  document.querySelector(".prose").dispatchEvent(event);
}"""
#: Inserts words at the end whose link is longer than the server takes: one edit.
_INSERT_REFUSED = """words => {
  const { editor } = document.querySelector(".prose");
  const href = `https://example.org/${"x".repeat(300_000)}`;
  const marks = [{ type: "link", attrs: { href } }];
  const end = editor.state.doc.content.size - 1;
  editor.commands.insertContentAt(end, { type: "text", text: words, marks });
}"""


def insert_refused(person: Person, words: str) -> None:
    """Insert words at the end that the server will never take, as an undo step of its own."""
    person.ends_undo_step()
    person.page.evaluate(_INSERT_REFUSED, words)
    person.ends_undo_step()


def goes_offline(person: Person, document_id: str) -> None:
    """Open the document without a connection; it is on the device."""
    person.expects_network_noise = True
    person.page.route("**/auth/token/session/", lambda route: route.abort())
    person.page.goto("about:blank")
    person.page.goto(f"/documents/{document_id}/")


def comes_back(person: Person) -> None:
    """Connect again, by the page's own retry."""
    person.page.unroute("**/auth/token/session/")


def may_copy(person: Person) -> None:
    """Let the page use the clipboard."""
    person.context.grant_permissions(["clipboard-read", "clipboard-write"])


def paste(person: Person, length: int) -> None:
    """Paste a text of so many letters at the caret."""
    person.page.evaluate(_PASTE, length)


def test_paste_of_several_megabytes_is_stored_in_pieces_and_can_be_undone(
    ada: Person, grace: Person, shared: str
) -> None:
    """Case 04: it was refused as a whole, and the document closed on this device for good."""
    ada.open(shared)
    ada.write("start ")
    ada.ends_undo_step()
    paste(ada, 4_500_000)
    expect(ada.chip).to_have_text("Saved", timeout=60_000)
    log = ada.api("GET", f"documents/{shared}/operations/?limit=1")
    assert log["next"] is not None
    ada.page.keyboard.press("Control+z")
    expect(ada.chip).to_have_text("Saved", timeout=60_000)
    ada.sees("start")
    ada.page.reload()
    ada.sees("start")
    ada.write("again")
    grace.open(shared)
    grace.sees("start again")


def test_refused_change_is_set_aside_and_the_rest_goes_on(
    ada: Person, grace: Person, shared: str
) -> None:
    """What was written after it is stored without it; it can be copied, tried and given up."""
    ada.open(shared)
    ada.write("before ")
    expect(ada.chip).to_have_text("Saved")
    grace.open(shared)
    goes_offline(ada, shared)
    ada.finds("before")
    insert_refused(ada, "refused words")
    ada.write(" and after")
    ada.has_kept_offline()
    comes_back(ada)
    notice = ada.page.get_by_role("alert")
    expect(notice).to_contain_text("A change could not be stored.")
    expect(notice).to_contain_text("The document goes on without it.")
    expect(ada.chip).to_have_text("Saved")
    ada.sees("before  and after")
    grace.sees("before  and after")
    grace.write(", says grace")
    ada.sees("before  and after, says grace")
    expect(notice).to_be_visible()

    may_copy(ada)
    notice.get_by_role("button", name="Copy it").click()
    expect(ada.page.get_by_text("The text is copied.")).to_be_visible()
    assert ada.page.evaluate("navigator.clipboard.readText()") == "refused words"
    with ada.page.expect_event("load"):
        notice.get_by_role("button", name="Try again").click()
    expect(notice).to_contain_text("A change could not be stored.")
    expect(ada.chip).to_have_text("Saved")
    ada.sees("before  and after, says grace")

    notice.get_by_role("button", name="Give it up").click()
    expect(notice).to_be_hidden()
    ada.page.reload()
    expect(ada.chip).to_have_text("Saved")
    expect(notice).to_be_hidden()
    ada.write(" And on.")
    grace.sees("before  and after, says grace And on.")


def test_refused_change_that_was_undone_leaves_nothing(
    ada: Person, grace: Person, shared: str
) -> None:
    """Nobody is asked about it."""
    ada.open(shared)
    ada.write("before")
    expect(ada.chip).to_have_text("Saved")
    goes_offline(ada, shared)
    ada.finds("before")
    ada.goes_to_end()
    insert_refused(ada, " refused words")
    ada.page.keyboard.press("Control+z")
    ada.sees("before")
    ada.write(" after")
    ada.has_kept_offline()
    comes_back(ada)
    grace.open(shared)
    grace.sees("before after")
    expect(ada.chip).to_have_text("Saved")
    ada.sees("before after")
    expect(ada.page.get_by_role("alert")).to_be_hidden()


def test_demoted_writer_reads_within_a_second_and_promoted_writes_on(
    ada: Person, grace: Person
) -> None:
    """The server tells the page, which does not ask: its own timer runs every 20 s."""
    document_id = ada.create("Up and down")
    permission = f"documents/{document_id}/permissions/{ada.share(document_id, 'grace', 'editor')}/"
    grace.page.add_init_script(NO_TIMER)
    grace.open(document_id)
    for role, status in (("viewer", "Read-only"), ("editor", "Saved")) * 2:
        ada.api("PATCH", permission, role=role)
        # A second is the goal; a busy machine gets some more.
        expect(grace.chip).to_have_text(status, timeout=4_000)
        is_writer = role == "editor"
        expect(grace.text).to_have_attribute("contenteditable", "true" if is_writer else "false")
        expect(grace.page.get_by_role("toolbar")).to_be_visible(visible=is_writer)
    expect(grace.page.get_by_role("alert")).to_be_hidden()
    grace.write("on it goes")
    ada.open(document_id)
    ada.sees("on it goes")


def test_words_of_a_demoted_writer_are_offered_and_sent_after_a_promotion(
    ada: Person, grace: Person
) -> None:
    """Typed offline, while the right was taken away: copied or discarded, or stored later."""
    document_id = ada.create("Demoted offline")
    permission = f"documents/{document_id}/permissions/{ada.share(document_id, 'grace', 'editor')}/"
    grace.open(document_id)
    grace.write("stored. ")
    expect(grace.chip).to_have_text("Saved")
    may_copy(grace)
    notice = grace.page.get_by_role("alert")
    for is_sent, words in ((True, "Sent later. "), (False, "Discarded.")):
        ada.api("PATCH", permission, role="editor")
        grace.expects_network_noise = True
        grace.goes_offline()
        grace.write(words)
        grace.has_kept_offline()
        ada.api("PATCH", permission, role="viewer")
        grace.context.set_offline(False)
        expect(notice).to_contain_text("You may only read this document now.")
        expect(grace.chip).to_have_text(re.compile("^Read-only"))
        notice.get_by_role("button", name="Copy them").click()
        expect(grace.page.get_by_text("The text is copied.")).to_be_visible()
        # The message of the first round may still stand.
        eventually(partial(_has_copied, grace, words.strip()))
        if is_sent:
            ada.api("PATCH", permission, role="editor")
            expect(grace.chip).to_have_text("Saved", timeout=4_000)
            expect(notice).to_be_hidden()
        else:
            with grace.page.expect_event("load"):
                notice.get_by_role("button", name="Discard them").click()
            expect(grace.chip).to_have_text("Read-only")
    grace.sees("stored. Sent later.")
    ada.open(document_id)
    ada.sees("stored. Sent later.")


def _has_copied(person: Person, words: str) -> bool:
    return str(person.page.evaluate("navigator.clipboard.readText()")).strip() == words
