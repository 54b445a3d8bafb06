"""What the pages do for a person who clicks, drops and waits: links, files, messages, tasks."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Arrive
from tests.e2e.people import Person, choose_action
from tests.e2e.test_accessibility import check

LINKS = "Look at [the map](https://example.org/map) today.\n\n- [ ] Ask\n  - [ ] Ask again\n"
#: Drops a file, or an address, on an element; returns whether the page has kept the browser from
#: opening it.
DROP = """([selector, name, text]) => {
  const dataTransfer = new DataTransfer();
  if (name) dataTransfer.items.add(new File([text], name, { type: 'text/markdown' }));
  else dataTransfer.setData('text/uri-list', text);
  const options = { dataTransfer, bubbles: true, cancelable: true };
  const target = document.querySelector(selector);
  return ['dragover', 'drop'].map(type => !target.dispatchEvent(new DragEvent(type, options)));
}"""


def test_link_in_a_text_one_may_edit_opens(ada: Person) -> None:
    """By its card, by Ctrl and a click, by the middle button, by a key; a click moves the caret."""
    made = ada.api("POST", "documents/import/", format="md", content=LINKS, title="Links")
    page = ada.page
    ada.context.route("https://example.org/**", lambda route: route.fulfill(body="The map"))
    ada.open(made["id"])
    link = ada.text.get_by_role("link", name="the map")
    card = page.get_by_role("group", name="Link")
    for options in ({"modifiers": ["Control"]}, {"button": "middle"}):
        with page.expect_popup() as opened:
            link.click(**options)
        expect(opened.value).to_have_url("https://example.org/map")
    link.click()
    expect(card.get_by_role("link")).to_have_text("https://example.org/map")
    expect(card).to_be_in_viewport(ratio=1)
    with page.expect_popup() as opened:
        page.keyboard.press("Alt+Enter")
    expect(opened.value).to_have_url("https://example.org/map")
    with page.expect_popup() as opened:
        card.get_by_role("button", name="Open").click()
    expect(opened.value).to_have_url("https://example.org/map")
    page.bring_to_front()
    link.click()
    card.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog", name="Link")
    address = dialog.get_by_role("textbox")
    address.fill("not a link at all")
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    address.fill("example.org/other")
    page.keyboard.press("Enter")
    expect(card.get_by_role("link")).to_have_attribute("href", "https://example.org/other")
    card.get_by_role("button", name="Unlink").click()
    expect(card).to_be_hidden()
    expect(ada.text.get_by_role("link")).to_have_count(0)
    expect(ada.chip).to_have_text("Saved")
    assert ada.exported(made["id"]).startswith("Look at the map today.")


def test_checkboxes_have_short_names_and_readers_cannot_press_them(
    ada: Person, grace: Person
) -> None:
    """The name of a task is its own line; for a viewer it is disabled, until there is a right."""
    made = ada.api("POST", "documents/import/", format="md", content=LINKS, title="Tasks")
    permission = ada.share(made["id"], "grace", "viewer")
    grace.open(made["id"], status="Read-only")
    box = grace.text.get_by_role("checkbox", name="Ask", exact=True)
    expect(box).to_be_disabled()
    expect(grace.text.get_by_role("checkbox", name="Ask again", exact=True)).to_be_disabled()
    ada.api("PATCH", f"documents/{made['id']}/permissions/{permission}/", role="editor")
    grace.page.reload()
    expect(box).to_be_enabled()
    box.check()
    expect(grace.chip).to_have_text("Saved")


def test_document_that_leaves_the_trash_comes_back_in_open_pages(
    ada: Person, grace: Person, shared: str
) -> None:
    """The other person presses nothing."""
    grace.open(shared)
    grace.write("Still")
    expect(grace.chip).to_have_text("Saved")
    ada.api("DELETE", f"documents/{shared}/")
    expect(grace.chip).to_have_text(re.compile("^(Document unavailable|Access removed)"))
    ada.api("POST", f"documents/{shared}/restore/")
    expect(grace.chip).to_have_text("Saved")
    expect(grace.text).to_have_attribute("contenteditable", "true")


def test_dropped_file_is_imported_on_the_list_and_never_opened_in_place_of_a_page(
    ada: Person, shared: str
) -> None:
    """Nor is an address that is dropped beside the text."""
    page = ada.page
    page.goto("/")
    expect(page.locator(".row").first).to_be_visible()
    assert page.evaluate(DROP, ["h1", "Harbour.md", "Words"]) == [True, True]
    page.wait_for_url(re.compile("/documents/[0-9a-f-]{36}/"))
    ada.finds("Words")
    expect(page.get_by_label("Title", exact=True)).to_have_value("Harbour")
    assert page.evaluate(DROP, [".topbar", "x.md", "x"]) == [True, True]
    expect(page.get_by_text("Drop files into the text")).to_be_visible()
    assert page.evaluate(DROP, [".topbar", "", "https://example.org/"]) == [True, True]
    assert page.evaluate(DROP, ["#title", "", "https://example.org/"]) == [False, False]


def test_message_goes_by_its_button_by_itself_and_with_the_view(ada: Person) -> None:
    """Also after the pointer was on it."""
    ada.create("Throw away")
    page = ada.page
    page.clock.install()
    page.goto("/")
    row = page.locator(".row", has_text="Throw away").first
    message = page.get_by_role("status").filter(has_text="is now in the trash")
    undo = message.get_by_role("button", name="Undo")

    def throw_away() -> None:
        choose_action(row, "Move to trash")
        expect(message).to_be_visible()

    throw_away()
    undo.click()
    expect(row).to_be_visible()
    throw_away()
    undo.hover()
    page.clock.run_for(20_000)
    expect(message).to_be_visible()
    page.get_by_role("heading", name="Documents").hover()
    page.clock.run_for(10_000)
    expect(message).to_have_count(0)
    page.get_by_role("link", name="Trash").click()
    page.get_by_role("button", name="Restore Throw away").first.click()
    restored = page.get_by_role("status").filter(has_text="is restored")
    restored.get_by_role("button", name="Close").click()
    expect(restored).to_have_count(0)
    page.get_by_role("link", name="All", exact=True).click()
    throw_away()
    page.get_by_role("link", name="Trash").click()
    expect(message).to_have_count(0)


def test_line_that_is_typed_keeps_away_from_the_edge(ada: Person) -> None:
    """The caret has room below it; the title shows its descenders."""
    lines = "\n\n".join(f"line {number}" for number in range(60))
    made = ada.api("POST", "documents/import/", format="md", content=lines, title="Google, qypj")
    ada.open(made["id"])
    room = """() => {
      const range = getSelection().getRangeAt(0);
      const rect = range.getClientRects()[0] ?? range.startContainer.getBoundingClientRect();
      return innerHeight - rect.bottom;
    }"""
    ada.goes_to(0)
    for _ in range(45):
        ada.page.keyboard.press("ArrowDown")
    ada.page.wait_for_function(f"() => ({room})() > 60 && scrollY > 100")
    title = ada.page.get_by_label("Title", exact=True)
    assert title.evaluate("field => field.scrollHeight <= field.clientHeight")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_printed_page_is_ink_on_paper(ada: Person, theme: Any) -> None:
    """Without the skip link, the bar and the messages, whatever the theme."""
    document_id = ada.create("On paper")
    ada.context.add_init_script(f"localStorage.setItem('scriptorium-theme', '{theme}')")
    ada.open(document_id)
    ada.write("Words")
    ada.page.emulate_media(media="print", color_scheme=theme)
    for selector in (".skip-link", ".topbar", ".toolbar", ".foot", ".toast-place"):
        expect(ada.page.locator(selector)).to_be_hidden()
    assert ada.page.evaluate("getComputedStyle(document.body).color") == "rgb(35, 32, 28)"


HEADINGS = "# First\n\nwords\n\n## Second\n\nmore words\n\n" + "line\n\n" * 60 + "# Last\n\nend\n"


def test_outline_beside_the_text_follows_and_leads(ada: Person) -> None:
    """It has the headings as they are typed, marks the caret's, and leads by keyboard."""
    made = ada.api("POST", "documents/import/", format="md", content=HEADINGS, title="Long")
    page = ada.page
    ada.open(made["id"])
    outline = page.get_by_role("navigation", name="Outline")
    entries = outline.get_by_role("button")
    expect(entries).to_have_text(["First", "Second", "Last"])
    here = outline.locator("[aria-current=true]")
    ada.text.get_by_text("more words").click()
    expect(here).to_have_text("Second")
    ada.menu("Outline")
    expect(entries.nth(1)).to_be_focused()
    check(page, "outline")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(here).to_have_text("Last")
    expect(ada.text.get_by_role("heading", name="Last")).to_be_in_viewport()
    page.keyboard.type(" of all")
    expect(entries).to_have_text(["First", "Second", "Last of all"])


def test_outline_is_a_dialog_where_there_is_no_room(arrive: Arrive) -> None:
    """Choosing a heading closes it; without headings it says how to make one."""
    screen: Any = {"width": 390, "height": 640}
    ada = arrive("ada", viewport=screen)
    made = ada.api("POST", "documents/import/", format="md", content=HEADINGS, title="Long")
    ada.open(made["id"])
    expect(ada.page.get_by_role("navigation", name="Outline")).to_be_hidden()
    dialog = ada.page.get_by_role("dialog", name="Outline")
    ada.menu("Outline")
    expect(dialog.get_by_role("button", name="Last")).to_be_visible()
    check(ada.page, "outline as a dialog")
    dialog.get_by_role("button", name="Last").click()
    expect(dialog).to_be_hidden()
    expect(ada.text.get_by_role("heading", name="Last")).to_be_in_viewport()
    ada.menu("Outline")
    expect(dialog.get_by_role("button")).to_have_count(4)
    ada.open(ada.create("Empty"))
    ada.menu("Outline")
    expect(dialog.get_by_text("A line that begins with # and a space is one.")).to_be_visible()


def test_outline_that_is_drawn_again_with_the_focus_has_one_tab_stop(
    ada: Person, grace: Person, shared: str
) -> None:
    """Another person changes a heading while the list has the focus: Tab leaves it and returns."""
    ada.open(shared)
    grace.open(shared)
    for words in ("# First", "## Second"):
        ada.text.press_sequentially(words)
        ada.text.press("Enter")
    outline = ada.page.get_by_role("navigation", name="Outline")
    entries = outline.get_by_role("button")
    expect(entries).to_have_text(["First", "Second"])
    ada.menu("Outline")
    expect(entries.nth(1)).to_be_focused()
    grace.text.get_by_role("heading", name="Second").click()
    grace.page.keyboard.press("End")
    grace.page.keyboard.insert_text(" one")
    expect(entries).to_have_text(["First", "Second one"])
    expect(entries.nth(1)).to_be_focused()
    expect(outline.locator("[tabindex='0']")).to_have_text(["Second one"])
    ada.page.keyboard.press("Tab")
    expect(outline.locator(":focus")).to_have_count(0)
    ada.page.keyboard.press("Shift+Tab")
    expect(entries.nth(1)).to_be_focused()


def test_outline_tells_a_reader_of_no_way_to_make_headings(ada: Person, grace: Person) -> None:
    """They may not write."""
    document_id = ada.create("Plain")
    ada.share(document_id, "grace", "viewer")
    grace.open(document_id, status="Read-only")
    grace.menu("Outline")
    dialog = grace.page.get_by_role("dialog", name="Outline")
    expect(dialog.get_by_text("This document has no headings.")).to_be_visible()
    expect(dialog).not_to_contain_text("#")


def test_part_of_the_page_that_cannot_be_loaded_is_said_and_tried_again(ada: Person) -> None:
    """The colours by author: their script does not come, then it does."""
    ada.expects_network_noise = True
    page = ada.page
    ada.open(ada.create("Later"))
    page.route("**/author_colours.js", lambda route: route.abort())
    page.keyboard.press("Control+Alt+a")
    expect(page.get_by_text("This part of the page could not be loaded.")).to_be_visible()
    page.unroute("**/author_colours.js")
    assert "A part of the page could not be opened" in str(ada.complaints)
    ada.complaints.clear()
    page.keyboard.press("Control+Alt+a")
    expect(page.get_by_role("complementary", name="Colours by author")).to_be_visible()


def test_shortcuts_open_without_a_connection(ada: Person) -> None:
    """Their dialog is loaded when the page is idle."""
    ada.expects_network_noise = True
    with ada.page.expect_response("**/shortcuts_dialog.js"):
        ada.open(ada.create("Keys"))
    ada.context.set_offline(True)
    ada.page.keyboard.press("Control+/")
    expect(ada.page.get_by_role("dialog").get_by_text("These keys")).to_be_visible()
    expect(ada.page.get_by_role("dialog").get_by_text("Underline")).to_be_visible()
