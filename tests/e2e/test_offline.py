"""Nothing is lost when the network, the page or the server goes (docs/durability.md)."""

import re

from playwright.sync_api import expect

from tests.e2e.people import Person

OFFLINE = re.compile(r"^Offline: \d+ changes? kept on this device$")


def test_edits_on_both_sides_of_a_cut_converge(ada: Person, grace: Person, shared: str) -> None:
    """Ada writes without a network while Grace writes with one; afterwards both have both."""
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


def test_unsent_edits_survive_a_reload(ada: Person) -> None:
    """The page is closed offline and opened again without a connection: the edits are here."""
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


def test_text_cannot_be_written_into_before_it_has_come(ada: Person, grace: Person) -> None:
    """A person without a copy waits for the server's text, and then writes behind it."""
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
    """What the outbox repeats is not sent a second time by the sync."""
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
