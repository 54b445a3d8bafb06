"""Nothing is lost when the network, the page or the server fails (docs/durability.md)."""

import re

from playwright.sync_api import WebSocketRoute, expect

from tests.e2e.people import Person
from tests.support.eventually import eventually

#: Records what a screen reader would read of the page's announcements.
RECORD_ANNOUNCEMENTS = """() => {
  window.announced = [];
  const place = document.querySelector("#announcer");
  new MutationObserver(() => window.announced.push(place.textContent))
    .observe(place, { childList: true, characterData: true, subtree: true });
}"""


def test_edits_on_both_sides_of_a_cut_converge(ada: Person, grace: Person, shared: str) -> None:
    """Ada writes without a network, Grace with one; afterwards both have both edits."""
    ada.expects_network_noise = True
    ada.open(shared)
    grace.open(shared)
    ada.write("start\n")
    expect(grace.text.locator("p")).to_have_count(2)
    ada.goes_offline()
    ada.write("from the train\n")
    ada.has_kept_offline()
    grace.write("from the desk\n")
    expect(grace.chip).to_have_text("Saved")
    ada.context.set_offline(False)
    expect(ada.chip).to_have_text("Saved")
    for person in (ada, grace):
        person.finds("from the train")
        person.finds("from the desk")
    grace.sees(ada.shown_text())
    log = ada.api("GET", f"documents/{shared}/operations/")["results"]
    assert len({row["unique_id"] for row in log}) == len(log)


def test_person_who_comes_back_is_seen_at_once(ada: Person, grace: Person, shared: str) -> None:
    """Not at the next renewal of presence, which is up to 15 s later."""
    ada.expects_network_noise = True
    ada.open(shared)
    grace.open(shared)
    there = grace.page.locator("#people .avatar[data-tooltip^=Ada]")
    expect(there).to_be_visible()
    ada.goes_offline()
    expect(there).to_be_hidden()
    ada.context.set_offline(False)
    expect(ada.chip).to_have_text("Saved")
    expect(there).to_be_visible(timeout=5_000)


def test_unsent_edits_survive_a_reload(ada: Person) -> None:
    """The page is closed offline and opened without a connection: it has the edits."""
    ada.expects_network_noise = True
    document_id = ada.create("Kept on the device")
    ada.open(document_id)
    ada.write("sent. ")
    expect(ada.chip).to_have_text("Saved")
    ada.goes_offline()
    ada.write("Not sent.")
    ada.has_kept_offline()
    ada.page.goto("about:blank")
    ada.context.set_offline(False)
    ada.page.route("**/auth/token/session/", lambda route: route.abort())
    ada.page.goto(f"/documents/{document_id}/")
    ada.sees("sent. Not sent.")
    ada.has_kept_offline()
    ada.page.unroute("**/auth/token/session/")
    expect(ada.chip).to_have_text("Saved")
    ada.page.reload()
    ada.sees("sent. Not sent.")


def test_editor_is_read_only_until_the_text_is_loaded(ada: Person, grace: Person) -> None:
    """A person without a local copy waits for the server's text, and then writes after it."""
    ada.expects_network_noise = True
    document_id = grace.create("Slow to come")
    grace.share(document_id, "ada", "editor")
    grace.open(document_id)
    grace.write("First this,")
    expect(grace.chip).to_have_text("Saved")
    ada.page.route("**/auth/token/session/", lambda route: route.abort())
    ada.open(document_id, status="Loading…")
    expect(ada.text).to_have_attribute("contenteditable", "false")
    ada.page.unroute("**/auth/token/session/")
    expect(ada.text).to_have_attribute("contenteditable", "true")
    ada.write(" then that.")
    grace.sees("First this, then that.")


def test_reconnect_logs_each_edit_once(ada: Person) -> None:
    """Operations of the outbox are not sent again by the sync."""
    ada.expects_network_noise = True
    document_id = ada.create("Once")
    ada.open(document_id)
    ada.goes_offline()
    ada.write("once")
    ada.has_kept_offline()
    ada.context.set_offline(False)
    expect(ada.chip).to_have_text("Saved")
    log = ada.api("GET", f"documents/{document_id}/operations/")["results"]
    written = [row for row in log if row["author"]["username"] == "ada"]
    assert len(written) == 1


def test_reason_of_a_close_frame_is_shown_until_the_page_is_in_sync(ada: Person) -> None:
    """For a connection that is refused for now, and one that is refused finally."""
    ada.expects_network_noise = True
    document_id = ada.create("Closed")
    answer: tuple[int, str] | None = (1013, "Too many people are here.")

    def connect(socket: WebSocketRoute) -> None:
        if answer:
            socket.close(code=answer[0], reason=answer[1])
        else:
            socket.connect_to_server()

    ada.page.route_web_socket(re.compile("/ws/documents/"), connect)
    ada.open(document_id, status="Reconnecting…")
    banner = ada.page.get_by_role("alert")
    expect(banner).to_contain_text("Too many people are here. Trying again…")
    answer = (4404, "Grace has deleted this document.")
    expect(banner).to_contain_text("Grace has deleted this document.")
    expect(ada.chip).to_have_text("Document unavailable")
    answer = None
    banner.get_by_role("button", name="Try again").click()
    expect(ada.chip).to_have_text("Saved")
    expect(banner).to_be_hidden()


def test_unsent_title_is_sent_unless_another_person_has_given_one(
    ada: Person, grace: Person
) -> None:
    """Case 30: it was shown, never sent, and later overwrote the newer one."""
    document_id = grace.create("Plan")
    grace.share(document_id, "ada", "editor")
    ada.expects_network_noise = True
    title = ada.page.get_by_label("Title", exact=True)
    for newer in (None, "Newer plan"):
        ada.open(document_id)
        ada.goes_offline()
        title.fill(f"Old idea {newer}")
        expect(ada.chip).to_have_text(re.compile("^Offline"))
        ada.page.goto("about:blank")
        ada.context.set_offline(False)
        if newer:
            grace.api("PATCH", f"documents/{document_id}/", title=newer)
        ada.open(document_id)
        if newer:
            expect(ada.page.get_by_text("Somebody has renamed the document")).to_be_visible()
        expect(title).to_have_value(newer or "Old idea None")
        expect(ada.chip).to_have_text("Saved")
        stored = grace.api("GET", f"documents/{document_id}/")["title"]
        assert stored == (newer or "Old idea None")
    ada.page.get_by_role("button", name="Use mine").click()
    expect(ada.chip).to_have_text("Saved")
    expect(title).to_have_value("Old idea Newer plan")
    eventually(
        lambda: grace.api("GET", f"documents/{document_id}/")["title"] == "Old idea Newer plan"
    )


def test_each_change_of_state_is_announced_once(ada: Person) -> None:
    """B14: each letter that was typed offline was announced, and coming back never."""
    ada.expects_network_noise = True
    document_id = ada.create("Announced")
    ada.open(document_id)
    ada.page.evaluate(RECORD_ANNOUNCEMENTS)
    ada.write("Each letter is saved. ")
    expect(ada.chip).to_have_text("Saved")
    ada.goes_offline()
    ada.goes_to_end()
    ada.page.keyboard.type("twenty-seven letters, slow.", delay=120)
    ada.has_kept_offline()
    ada.page.wait_for_function("() => window.announced.length > 0")
    ada.context.set_offline(False)
    expect(ada.chip).to_have_text("Saved")
    ada.page.wait_for_function("() => window.announced.at(-1) === 'Saved'")
    assert ada.page.evaluate("window.announced") == ["Offline, kept on this device", "Saved"]
