"""Nothing is lost when the network, the page or the server fails (docs/durability.md)."""

import re

from playwright.sync_api import WebSocketRoute, expect

from tests.e2e.people import Person

OFFLINE = re.compile(r"^Offline: \d+ changes? kept on this device$")


def test_edits_on_both_sides_of_a_cut_converge(ada: Person, grace: Person, shared: str) -> None:
    """Ada writes without a network, Grace with one; afterwards both have both edits."""
    ada.expects_network_noise = True
    ada.open(shared)
    grace.open(shared)
    ada.write("start\n")
    expect(grace.text.locator("p")).to_have_count(2)
    ada.context.set_offline(True)
    ada.write("from the train\n")
    expect(ada.chip).to_have_text(OFFLINE)
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
    there = grace.page.locator("#people .avatar[title^=Ada]")
    expect(there).to_be_visible()
    ada.context.set_offline(True)
    expect(ada.chip).to_have_text("Offline")
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
    ada.context.set_offline(True)
    ada.write("Not sent.")
    expect(ada.chip).to_have_text(OFFLINE)
    ada.page.goto("about:blank")
    ada.context.set_offline(False)
    ada.page.route("**/auth/token/session/", lambda route: route.abort())
    ada.page.goto(f"/documents/{document_id}/")
    ada.sees("sent. Not sent.")
    expect(ada.chip).to_have_text(OFFLINE)
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
    ada.context.set_offline(True)
    ada.write("once")
    expect(ada.chip).to_have_text(OFFLINE)
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
