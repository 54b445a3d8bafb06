"""The pages: login, list, errors, keyboard, phone, content security policy."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import Arrive
from tests.e2e.people import PASSWORD, PATIENCE_S, RECENTLY, Person, choose_action
from tests.e2e.test_accessibility import check
from tests.support.eventually import eventually

PHONE = {"width": 360, "height": 740}


def test_keyboard_alone_leads_from_login_to_writing(browser: Browser, stack: Any) -> None:
    """Log in, create a document, name it, write, make words bold: without a mouse."""
    person = Person.arrive(browser, username="grace", base_url=stack.url, state=None)
    keyboard = person.page.keyboard
    person.page.goto("/login/")
    expect(person.page.get_by_label("Username")).to_be_focused()
    keyboard.type("grace")
    keyboard.press("Tab")
    keyboard.type(PASSWORD)
    keyboard.press("Enter")
    expect(person.page.locator(".row").first).to_be_visible()
    keyboard.press("n")
    expect(person.page.get_by_label("Title", exact=True)).to_be_focused()
    keyboard.type("By keyboard")
    keyboard.press("Enter")
    keyboard.type("Plain ")
    keyboard.press("Alt+F10")
    bold = person.page.get_by_role("button", name="Bold")
    while not bold.evaluate("button => button === document.activeElement"):
        keyboard.press("ArrowRight")
    keyboard.press("Enter")
    expect(bold).to_have_attribute("aria-pressed", "true")
    expect(person.text).to_be_focused()
    keyboard.type("bold")
    expect(person.text.locator("strong")).to_have_text("bold")
    expect(person.chip).to_have_text("Saved")
    keyboard.press("Control+/")
    expect(person.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    keyboard.press("Escape")
    expect(person.page.get_by_role("dialog")).to_have_count(0)
    person.leave()


def test_phone_width_does_not_scroll_sideways(arrive: Arrive) -> None:
    """The list, and a document with code and long words, fit a narrow screen."""
    person = arrive("ada", viewport=PHONE, has_touch=True, is_mobile=True)
    document_id = person.create("A rather long title that has to be broken on a phone")
    fits = "() => document.documentElement.scrollWidth <= window.innerWidth"
    person.page.goto("/")
    expect(person.page.locator(".row").first).to_be_visible()
    assert person.page.evaluate(fits)
    person.open(document_id)
    person.write(f"{'word' * 40}\n``` {'code ' * 40}")
    expect(person.text.locator("pre")).to_be_visible()
    assert person.page.evaluate(fits)
    expect(person.page.get_by_role("toolbar")).to_be_visible()


def test_list_creates_renames_trashes_and_restores(ada: Person) -> None:
    """Everything that the documents page offers, with undo."""
    page = ada.page
    page.goto("/")
    page.get_by_role("button", name="New document").first.click()
    page.wait_for_url(re.compile(r"/documents/[0-9a-f-]{36}/"))
    title = page.get_by_label("Title", exact=True)
    title.fill("Zebra crossing")
    expect(ada.chip).to_have_text("Saved")
    page.get_by_role("link", name="All documents").click()
    row = page.locator(".row", has_text="Zebra crossing")
    choose_action(row, "Rename…")
    page.get_by_label("Title", exact=True).fill("Zebra parade")
    page.keyboard.press("Enter")
    row = page.locator(".row", has_text="Zebra parade")
    expect(row.get_by_role("link")).to_be_focused()
    page.get_by_role("searchbox").fill("parade zebra")
    expect(page.locator(".row")).to_have_count(1)
    choose_action(row, "Move to trash")
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(row).to_have_count(1)
    choose_action(row, "Move to trash")
    expect(row).to_have_count(0)
    page.get_by_role("link", name="Trash").click()
    page.get_by_role("button", name="Restore Zebra parade").click()
    expect(row).to_have_count(0)
    page.get_by_role("link", name="All", exact=True).click()
    expect(row).to_have_count(1)
    page.get_by_role("searchbox").fill("no such title")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()


def test_person_without_the_right_to_create_has_a_message_and_no_button(arrive: Arrive) -> None:
    """Alan may not create documents."""
    alan = arrive("alan")
    alan.page.goto("/")
    expect(alan.page.get_by_text("You cannot create documents.")).to_be_visible()
    expect(alan.page.get_by_role("button", name="New document")).to_have_count(0)


def test_list_that_cannot_be_loaded_shows_a_message_and_is_retried(ada: Person) -> None:
    """The service is down, then up."""
    ada.expects_network_noise = True
    ada.create("Found again")
    ada.page.route("**/api/v1/documents/?*", lambda route: route.abort())
    ada.page.goto("/")
    expect(ada.page.get_by_role("heading", name="could not be loaded")).to_be_visible()
    ada.page.unroute("**/api/v1/documents/?*")
    ada.page.get_by_role("button", name="Try again").click()
    expect(ada.page.locator(".row").first).to_be_visible()


def test_document_trashed_while_open_shows_a_message(
    ada: Person, grace: Person, shared: str
) -> None:
    """The other person's page stops with a message."""
    grace.open(shared)
    grace.write("In the middle of")
    expect(grace.chip).to_have_text("Saved")
    ada.api("DELETE", f"documents/{shared}/")
    expect(grace.chip).to_have_text(re.compile("^(Document unavailable|Access removed)"))
    grace.sees("In the middle of")


@pytest.mark.parametrize("path", ["/", "/documents/0b6f3a52-5d3c-4a3e-9a0e-1d9c3c5f7a11/"])
def test_anonymous_is_sent_to_the_login(browser: Browser, stack: Any, path: str) -> None:
    """Pages need a login, which leads back to the page."""
    person = Person.arrive(browser, username="nobody", base_url=stack.url, state=None)
    person.page.goto(path)
    expect(person.page).to_have_url(f"{stack.url}/login/?next={path}")
    expect(person.page.get_by_role("heading", name="Log in")).to_be_visible()
    person.leave()


def test_document_that_is_not_shared_answers_404(ada: Person, arrive: Arrive) -> None:
    """A document without access looks like an unknown one."""
    alan = arrive("alan")
    alan.expects_network_noise = True
    private = alan.page.goto(f"/documents/{ada.create('Private')}/")
    assert private is not None
    assert private.status == 404
    nowhere = alan.page.goto("/documents/0b6f3a52-5d3c-4a3e-9a0e-1d9c3c5f7a11/")
    assert nowhere is not None
    assert nowhere.status == 404
    expect(alan.page.get_by_role("heading", name="Page not found")).to_be_visible()


def test_policy_is_strict_and_theme_stays(ada: Person) -> None:
    """Scripts and styles from the same origin only; the theme survives a reload."""
    answer = ada.page.goto("/")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    root = ada.page.locator("html")
    ada.page.get_by_role("button", name="Account of Ada Lovelace").click()
    theme = ada.page.get_by_role("button", name="Theme")
    for name in ("light", "dark"):
        theme.click()
        expect(root).to_have_attribute("data-theme", name)
    ada.page.reload()
    expect(root).to_have_attribute("data-theme", "dark")
    assert ada.page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"


def test_list_shows_who_wrote_last_and_when(ada: Person, grace: Person, shared: str) -> None:
    """In words for everybody, with faces; the reader is "you"; nothing of it without others."""
    grace.open(shared)
    grace.write("A word")
    expect(grace.chip).to_have_text("Saved")
    page = ada.page
    page.goto("/")
    row = page.locator(f'[data-id="{shared}"]')
    expect(row).to_contain_text(re.compile(f"Edited by Grace Hopper, {RECENTLY}"))
    expect(row.get_by_role("list", name="Last writers").get_by_role("listitem")).to_have_text(
        re.compile("Grace Hopper")
    )
    ada.api("PATCH", f"documents/{shared}/", title="Shared by two")
    page.reload()
    expect(row).to_contain_text(re.compile(f"Edited by you, {RECENTLY}"))
    faces = row.get_by_role("list", name="Last writers").get_by_role("listitem")
    expect(faces).to_have_text([re.compile(r"Ada Lovelace \(you\)"), re.compile("Grace Hopper")])
    own = ada.create("Of my own")
    ada.api("PATCH", f"documents/{own}/", title="Of mine")
    page.reload()
    expect(page.locator(f'[data-id="{own}"]')).to_contain_text("Edited by you")
    expect(page.locator(f'[data-id="{own}"]').get_by_role("list")).to_have_count(0)


def test_menu_of_a_row_works_by_keyboard(ada: Person) -> None:
    """It has words, goes round by arrows, and Escape leads back to its button."""
    document_id = ada.create("By keys")
    page = ada.page
    page.goto("/")
    row = page.locator(f'[data-id="{document_id}"]')
    button = row.get_by_role("button", name="Actions for By keys")
    button.press("Enter")
    items = row.locator(".menu-item")
    expect(items).to_have_text(
        ["Open in a new tab", "Rename…", "Duplicate", "Share…", "Move to trash"]
    )
    expect(items.first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(items.last).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(items.first).to_be_focused()
    check(page, "menu of a row")
    page.keyboard.press("Escape")
    expect(items.first).to_be_hidden()
    expect(button).to_be_focused()
    button.press("Enter")
    expect(items.first).to_be_focused()
    with page.expect_popup() as opened:
        page.keyboard.press("Enter")
    expect(opened.value).to_have_url(re.compile(f"/documents/{document_id}/"))
    opened.value.close()


def test_row_is_duplicated_shared_and_left(ada: Person, grace: Person, shared: str) -> None:
    """A duplicate is one's own; Share is the dialog of the editor; who leaves has it no more."""
    ada.api("PATCH", f"documents/{shared}/", title="For both")
    page = grace.page
    page.goto("/")
    row = page.locator(f'[data-id="{shared}"]')
    choose_action(row, "Duplicate")
    copy = page.locator(".row", has_text="Copy of For both")
    expect(copy.get_by_role("link")).to_be_focused()
    choose_action(copy, "Share…")
    dialog = page.get_by_role("dialog", name="Share")
    expect(dialog.get_by_text("Grace Hopper (you)")).to_be_visible()
    page.keyboard.press("Escape")
    choose_action(row, "Leave…")
    dialog = page.get_by_role("dialog", name="Leave this document")
    expect(dialog.get_by_role("button", name="Leave")).to_be_focused()
    dialog.get_by_role("button", name="Cancel").click()
    expect(row).to_have_count(1)
    choose_action(row, "Leave…")
    expect(dialog.get_by_role("button", name="Leave")).to_be_focused()
    page.keyboard.press("Enter")
    expect(row).to_have_count(0)
    expect(page.get_by_text("You have left “For both”.")).to_be_visible()
    people = ada.api("GET", f"documents/{shared}/permissions/")["results"]
    assert [person["user"]["username"] for person in people] == ["ada"]


def test_duplicate_that_the_list_lacks_is_opened_from_its_message(
    ada: Person, grace: Person, shared: str
) -> None:
    """The list of what others share has no document of one's own; the focus stays on the row."""
    ada.api("PATCH", f"documents/{shared}/", title="Of Ada")
    page = grace.page
    page.goto("/?shared")
    row = page.locator(f'[data-id="{shared}"]')
    choose_action(row, "Duplicate")
    message = page.locator("#toast")
    expect(message).to_contain_text("“Copy of Of Ada” is made.")
    expect(page.locator(".row", has_text="Copy of Of Ada")).to_have_count(0)
    expect(row.get_by_role("link")).to_be_focused()
    message.get_by_role("button", name="Open").click()
    expect(page.locator("#title")).to_have_value("Copy of Of Ada")


def test_row_has_the_first_words_of_the_text(ada: Person) -> None:
    """Some seconds after they were written, beside the title and not in its link."""
    content = "Dear Grace,\n\nthe crane is late."
    made = ada.api("POST", "documents/import/", format="md", content=content, title="A letter")

    def has_words() -> bool:
        return bool(ada.api("GET", f"documents/{made['id']}/")["excerpt"])

    eventually(has_words, 2 * PATIENCE_S)
    ada.page.goto("/")
    row = ada.page.locator(f'[data-id="{made["id"]}"]')
    expect(row.locator(".row-excerpt")).to_have_text("Dear Grace, the crane is late.")
    expect(row.get_by_role("link")).to_have_text("A letter")
