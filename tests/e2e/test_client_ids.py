"""A page whose client id another person has taken: it takes a new one and loses nothing."""

import base64

from playwright.sync_api import expect

from tests.crdt.samples import uints, written
from tests.e2e.people import Person

_CLIENT_ID = """() => {
  const { extensions } = document.querySelector(".prose").editor.extensionManager;
  return extensions.find(({ name }) => name === "collaboration").options.document.clientID;
}"""


def take(thief: Person, document_id: str, client: int) -> None:
    """Use a client id, and the clocks that its page writes next, before the page has sent any."""
    collected = written([(client, 0, [b"\x00" + uints(2**20)])])
    body = {"unique_id": f"taken {client}", "update": base64.b64encode(collected).decode()}
    thief.api("POST", f"documents/{document_id}/operations/", **body)


def test_words_written_offline_survive_that_their_client_id_was_taken(
    ada: Person, grace: Person, shared: str
) -> None:
    """Two pages after another wrote offline, in the middle of what is there; one id is taken."""
    ada.expects_network_noise = True
    grace.open(shared)
    grace.write("By grace.")
    expect(grace.chip).to_have_text("Saved")
    ada.open(shared)
    ada.page.route("**/auth/token/session/", lambda route: route.abort())
    for words, is_taken in (("Offline. ", True), ("More. ", False)):
        ada.page.goto("about:blank")
        ada.page.goto(f"/documents/{shared}/")
        ada.finds("grace.")
        ada.goes_to(3)
        ada.page.keyboard.type(words)
        ada.has_kept_offline()
        if is_taken:
            take(grace, shared, ada.page.evaluate(_CLIENT_ID))
    written_text = ada.shown_text()
    assert written_text == "By More. Offline. grace."
    with ada.page.expect_event("load"):  # the page loads again by itself, after the refusal
        ada.page.unroute("**/auth/token/session/")
    expect(ada.chip).to_have_text("Saved")
    ada.sees(written_text)
    grace.sees(written_text)
    ada.goes_to_end()
    ada.page.keyboard.type(" And on.")
    expect(ada.chip).to_have_text("Saved")
    ada.page.reload()
    ada.sees(f"{written_text} And on.")
    grace.sees(f"{written_text} And on.")
