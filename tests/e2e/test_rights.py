"""The page offers only what a person may do, and shows refusals."""

import json
import re
from typing import Any

from playwright.sync_api import expect

from tests.e2e.people import Person

MAKE_GROUP = """
from django.contrib.auth.models import Group
from apps.accounts.models import User
User.objects.get(username="grace").groups.add(Group.objects.create(name="Équipe du port"))
"""


def test_viewer_reads_along_and_cannot_type(ada: Person, grace: Person) -> None:
    """A viewer's keys change nothing; edits of others appear."""
    document_id = ada.create("Only to read")
    ada.share(document_id, "grace", "viewer")
    ada.open(document_id)
    ada.write("Read this")
    grace.open(document_id, status="Read-only")
    expect(grace.text).to_have_attribute("contenteditable", "false")
    expect(grace.page.get_by_role("toolbar")).to_be_hidden()
    expect(grace.page.get_by_role("button", name="Share")).to_be_hidden()
    grace.text.click()
    grace.page.keyboard.type("not allowed")
    ada.write(" aloud")
    grace.sees("Read this aloud")


def test_page_makes_no_links_in_text_of_others(ada: Person, grace: Person) -> None:
    """Autolink applies to the person's own keys: a viewer's page must not make an edit."""
    words = {"type": "text", "text": "Look at example.org "}
    document = {"type": "doc", "content": [{"type": "paragraph", "content": [words]}]}
    made = ada.api("POST", "documents/import/", format="json", content=json.dumps(document))
    ada.share(made["id"], "grace", "viewer")
    grace.open(made["id"], status="Read-only")
    grace.sees("Look at example.org")
    expect(grace.page.locator(".prose a")).to_have_count(0)
    expect(grace.chip).to_have_text("Read-only")


def test_viewer_without_access_to_history_has_no_button(ada: Person, grace: Person) -> None:
    """Nor a state by its address; export of the present is possible."""
    document_id = ada.create("Only the present")
    ada.share(document_id, "grace", "viewer")
    grace.open(document_id, status="Read-only")
    expect(grace.page.get_by_role("button", name="History")).to_be_visible()
    ada.open(document_id)
    ada.page.get_by_role("button", name="Share").press("Enter")
    dialog = ada.page.get_by_role("dialog", name="Share")
    may_look = dialog.get_by_label("Viewers can see the history")
    expect(may_look).to_be_checked()
    may_look.press("Space")
    expect(dialog.get_by_text("Viewers can now see the present document only.")).to_be_visible()
    grace.page.goto(f"/documents/{document_id}/#at=0")
    grace.page.reload()
    expect(grace.page.get_by_role("button", name="Export")).to_be_visible()
    expect(grace.page.locator("body[data-ready]")).to_have_count(1)
    for name in ("History", "Activity", "Colours by author"):
        expect(grace.page.get_by_role("button", name=name)).to_be_hidden()
    expect(grace.page.get_by_role("dialog", name="History")).to_have_count(0)
    ada.page.keyboard.press("Escape")
    expect(ada.page.get_by_role("button", name="History")).to_be_visible()


def test_access_removed_while_typing_shows_a_message_and_keeps_the_text(
    ada: Person, grace: Person, shared: str
) -> None:
    """The owner removes a writer in the share dialog: within seconds the writer's page shows it."""
    ada.open(shared)
    grace.open(shared)
    grace.write("Still here")
    ada.sees("Still here")
    ada.page.get_by_role("button", name="Share").click()
    ada.page.get_by_role("button", name="Remove Grace Hopper").click()
    expect(grace.chip).to_have_text(re.compile("^Access removed"))
    expect(grace.page.get_by_role("alert")).to_contain_text(
        "You no longer have access to this document."
    )
    expect(grace.text).to_have_attribute("contenteditable", "false")
    grace.sees("Still here")
    grace.context.grant_permissions(["clipboard-read", "clipboard-write"])
    grace.page.get_by_role("button", name="Copy the text").click()
    expect(grace.page.get_by_text("The text is copied.")).to_be_visible()
    assert grace.page.evaluate("navigator.clipboard.readText()") == "Still here"
    grace.expects_network_noise = True
    grace.page.reload()
    expect(grace.page.get_by_role("heading", name="Page not found")).to_be_visible()


def test_downgraded_writer_becomes_a_reader_and_keeps_the_text(ada: Person, grace: Person) -> None:
    """From editor to viewer: the refused edit stays on the page, and the chip shows it."""
    document_id = ada.create("Downgrade")
    permission = ada.share(document_id, "grace", "editor")
    grace.open(document_id)
    grace.write("mine ")
    expect(grace.chip).to_have_text("Saved")
    ada.api("PATCH", f"documents/{document_id}/permissions/{permission}/", role="viewer")
    grace.page.keyboard.type("refused")
    expect(grace.chip).to_have_text(re.compile("^Read-only"))
    expect(grace.text).to_have_attribute("contenteditable", "false")
    ada.open(document_id)
    ada.sees("mine")


def test_share_dialog_adds_by_name_and_changes_the_role(ada: Person, grace: Person) -> None:
    """Search a person, add, change the role: by keyboard."""
    document_id = ada.create("To be shared")
    ada.open(document_id)
    ada.page.get_by_role("button", name="Share").press("Enter")
    expect(ada.page.get_by_label("Add a person or a group by name")).to_be_focused()
    ada.page.keyboard.insert_text("hopp")
    found = ada.page.get_by_role("listbox").get_by_role("option")
    expect(found).to_have_text(re.compile("Grace Hopper"))
    ada.page.keyboard.press("ArrowDown")
    ada.page.keyboard.press("Enter")
    expect(found).to_have_count(0)
    expect(ada.page.get_by_label("Add a person or a group by name")).to_have_value("Grace Hopper")
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_text("The role of Grace Hopper is now editor.")).to_be_visible()
    grace.open(document_id)
    ada.page.get_by_label("Role of Grace Hopper").select_option("viewer")
    expect(ada.page.get_by_text("The role of Grace Hopper is now viewer.")).to_be_visible()
    ada.page.get_by_role("textbox").or_(ada.page.get_by_role("combobox")).first.focus()
    grace.page.reload()
    expect(grace.chip).to_have_text("Read-only")


def test_share_dialog_adds_a_group_and_takes_a_removal_back(
    stack: Any, ada: Person, grace: Person
) -> None:
    """A group is suggested, added, listed and removed like a person; its name may be typed too."""
    stack.manage("shell", "-c", MAKE_GROUP)
    document_id = ada.create("For a group")
    ada.open(document_id)
    page = ada.page
    page.get_by_role("button", name="Share").press("Enter")
    page.get_by_label("Add a person or a group by name").fill("equipe")
    found = page.get_by_role("listbox").get_by_role("option")
    expect(found).to_have_text(["Équipe du portGroup · 1 person"])
    found.click()
    page.get_by_role("button", name="Add").click()
    row = page.get_by_role("dialog").get_by_role("listitem").filter(has_text="Équipe du port")
    expect(row).to_contain_text("Group")
    grace.open(document_id)
    page.get_by_role("button", name="Remove Équipe du port").click()
    expect(row).to_have_count(0)
    expect(grace.chip).to_have_text(re.compile("^Access removed"))
    page.get_by_role("dialog").get_by_role("button", name="Undo").click()
    expect(row).to_have_count(1)
    grace.page.get_by_role("button", name="Try again").click()
    expect(grace.chip).to_have_text("Saved")
    page.get_by_role("button", name="Remove Équipe du port").click()
    page.get_by_label("Add a person or a group by name").fill("Équipe du port")
    page.get_by_role("button", name="Add").click()
    expect(row).to_have_count(1)
