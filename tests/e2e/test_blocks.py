"""Blocks that are moved, and the menu of a block."""

from typing import Any

from playwright.sync_api import Locator, expect

from tests.e2e.people import Person
from tests.e2e.test_authors import own_id
from tests.e2e.test_move_conflicts import authors


def handle(person: Person) -> Locator:
    """Return the handle beside a block."""
    return person.page.get_by_role("button", name="Block", exact=True)


def lines(person: Person, *words: str) -> None:
    """Write lines, one by one."""
    for at, word in enumerate(words):
        if at:
            person.page.keyboard.press("Enter")
        person.insert(word)
    person.sees("\n".join(words))


def box_of(locator: Locator) -> Any:
    """Return where an element is in the window."""
    box = locator.bounding_box()
    assert box
    return box


def grab(person: Person, words: str) -> None:
    """Take the handle of the block with these words."""
    block = person.text.locator("> *", has_text=words)
    block.hover()
    box, grip = box_of(block), handle(person)
    expect(grip).to_be_visible()
    person.page.wait_for_function(
        "top => Math.abs(document.querySelector('.block-handle')"
        ".getBoundingClientRect().top - top) < 20",
        arg=box["y"],
    )
    middle = box_of(grip)
    person.page.mouse.move(middle["x"] + 8, middle["y"] + 8)
    person.page.mouse.down()


def drag_over(person: Person, words: str) -> None:
    """Drag what is taken above the block with these words."""
    box = box_of(person.text.locator("> *", has_text=words))
    person.page.mouse.move(box["x"] + 10, box["y"] + 8)
    person.page.mouse.move(box["x"] + 10, box["y"] + 2)
    expect(person.page.locator(".drop-line")).to_be_visible()


def test_block_is_moved_by_keys(ada: Person) -> None:
    """Up and down, the caret stays in it; items of a list within their list; one undo each."""
    document_id = ada.create("Blocks")
    ada.open(document_id)
    ada.text.click()
    lines(ada, "one", "two", "three")
    ada.page.keyboard.press("Alt+Shift+ArrowUp")
    ada.sees("one\nthree\ntwo")
    ada.page.keyboard.press("Alt+Shift+ArrowUp")
    ada.sees("three\none\ntwo")
    ada.page.keyboard.press("Alt+Shift+ArrowUp")
    ada.page.keyboard.type("!")
    ada.sees("three!\none\ntwo")
    ada.page.keyboard.press("Alt+Shift+ArrowDown")
    ada.sees("one\nthree!\ntwo")
    ada.page.keyboard.press("ControlOrMeta+z")
    ada.sees("three!\none\ntwo")
    ada.goes_to_end()
    ada.page.keyboard.press("Enter")
    ada.page.keyboard.type("- a")
    ada.page.keyboard.press("Enter")
    ada.page.keyboard.type("b")
    ada.page.keyboard.press("Alt+Shift+ArrowUp")
    expect(ada.text.locator("li")).to_have_text(["b", "a"])
    expect(ada.chip).to_have_text("Saved")
    assert ada.exported(document_id).split() == ["three!", "one", "two", "-", "b", "-", "a"]


def test_what_others_write_during_a_drag_stays_in_the_block(
    ada: Person, grace: Person, shared: str
) -> None:
    """Its letters stay their writers'; one undo moves it back, with them."""
    ada.open(shared)
    ada.text.click()
    lines(ada, "one", "two", "three")
    expect(ada.chip).to_have_text("Saved")
    grace.open(shared)
    grab(ada, "three")
    drag_over(ada, "two")
    grace.write(" of Grace")
    ada.finds("three of Grace")
    drag_over(ada, "one")
    ada.page.mouse.up()
    for person in (ada, grace):
        person.sees("three of Grace\none\ntwo")
    expect(ada.page.locator(".drop-line")).to_be_hidden()
    expect(ada.page.locator(".block-menu")).to_have_count(0)
    expect(ada.chip).to_have_text("Saved")
    found = [(text, who) for text, who in authors(ada, shared) if text]
    by_grace = [text for text, who in found if who == own_id(grace)]
    assert " ".join(by_grace).replace(" ", "") == "ofGrace"
    assert {who for _, who in found} == {own_id(ada), own_id(grace)}
    ada.text.focus()
    ada.page.keyboard.press("ControlOrMeta+z")
    for person in (ada, grace):
        person.sees("one\ntwo\nthree of Grace")


def test_what_others_write_when_a_block_is_dropped_is_offered_to_them(
    ada: Person, grace: Person, shared: str
) -> None:
    """They did not have the move yet: the words are theirs to keep."""
    ada.open(shared)
    ada.text.click()
    lines(ada, "one", "two", "three")
    grace.open(shared)
    grace.expects_network_noise = True
    grace.goes_offline()
    grace.goes_to_end()
    grace.page.keyboard.insert_text(" LATE")
    grace.has_kept_offline()
    grab(ada, "three")
    drag_over(ada, "one")
    ada.page.mouse.up()
    ada.sees("three\none\ntwo")
    expect(ada.chip).to_have_text("Saved")
    grace.context.set_offline(False)
    expect(grace.page.get_by_text("You wrote “LATE” into a paragraph")).to_be_visible()
    grace.page.get_by_role("button", name="Keep it as a new paragraph").click()
    for person in (ada, grace):
        person.finds("LATE")


def test_block_that_somebody_deletes_during_a_drag_is_not_moved(
    ada: Person, grace: Person, shared: str
) -> None:
    """It is told, and stays deleted."""
    ada.open(shared)
    ada.text.click()
    lines(ada, "one", "two", "three")
    grace.open(shared)
    grab(ada, "three")
    drag_over(ada, "two")
    grace.text.get_by_text("three").click(click_count=3)
    grace.page.keyboard.press("Backspace")
    grace.page.keyboard.press("Backspace")
    ada.sees("one\ntwo")
    drag_over(ada, "one")
    ada.page.mouse.up()
    expect(ada.page.get_by_text("Somebody else deleted or moved this block")).to_be_visible()
    ada.sees("one\ntwo")


def test_handle_that_was_not_loaded_is_loaded_by_the_next_move(ada: Person) -> None:
    """A network that fails once takes it away for no longer."""
    document_id = ada.create("Blocks")
    ada.expects_network_noise = True
    ada.page.route("**/editor/block_handle.js", lambda route: route.abort())
    with ada.page.expect_event("requestfailed", lambda request: "block_handle" in request.url):
        ada.open(document_id)
        ada.text.click()
    ada.page.unroute("**/editor/block_handle.js")
    handle = ada.page.locator(".block-handle")
    expect(handle).to_have_count(0)
    ada.text.hover(position={"x": 20, "y": 10})
    ada.text.hover(position={"x": 30, "y": 12})
    expect(handle).to_be_visible()


def test_escape_ends_a_drag(ada: Person) -> None:
    """The block stays where it is."""
    ada.open(ada.create("Blocks"))
    ada.text.click()
    lines(ada, "one", "two")
    grab(ada, "two")
    drag_over(ada, "one")
    ada.page.keyboard.press("Escape")
    expect(ada.page.locator(".drop-line")).to_be_hidden()
    ada.page.mouse.up()
    ada.sees("one\ntwo")
    expect(ada.page.locator(".block-menu")).to_be_hidden()


def choose(person: Person, name: str) -> None:
    """Choose from the menu of the block at the caret, by keys."""
    person.page.keyboard.press("ControlOrMeta+Alt+b")
    menu = person.page.locator(".block-menu")
    expect(menu.locator("button:not(:disabled)").first).to_be_focused()
    menu.get_by_role("button", name=name, exact=True).press("Enter")
    expect(menu).to_be_hidden()


def test_menu_of_a_block_by_keys(ada: Person) -> None:
    """Turn into, duplicate, move, delete, and a link to a heading."""
    ada.open(ada.create("Blocks"))
    ada.text.click()
    lines(ada, "one", "Über uns")
    choose(ada, "Heading 2")
    expect(ada.text.locator("h2")).to_have_text("Über uns")
    ada.page.evaluate("navigator.clipboard.writeText = async text => { window.copied = text; }")
    choose(ada, "Copy link to this heading")
    expect(ada.page.get_by_text("The link is copied.")).to_be_visible()
    assert ada.page.evaluate("window.copied").endswith("/#heading=%C3%BCber-uns")
    choose(ada, "Duplicate")
    ada.sees("one\nÜber uns\nÜber uns")
    choose(ada, "Move up")
    ada.sees("Über uns\none\nÜber uns")
    choose(ada, "Bullet list")
    expect(ada.text.locator("li")).to_have_text(["Über uns"])
    choose(ada, "Paragraph")
    expect(ada.text.locator("li")).to_have_count(0)
    ada.sees("Über uns\none\nÜber uns")
    choose(ada, "Delete")
    ada.sees("one\nÜber uns")
    handle(ada).click()
    expect(ada.page.locator(".block-menu")).to_be_visible()


def test_link_to_a_heading_leads_to_it(ada: Person) -> None:
    """When the page opens, and while it is open; a heading that is gone is told after a while."""
    document_id = ada.create("Blocks")
    ada.open(document_id)
    ada.text.click()
    lines(ada, *[f"line {at}" for at in range(60)])
    ada.page.keyboard.press("Enter")
    ada.page.keyboard.type("## The end")
    expect(ada.chip).to_have_text("Saved")
    ada.page.goto("about:blank")
    ada.page.goto(f"/documents/{document_id}/#heading=the-end")
    expect(ada.text.locator("h2")).to_be_in_viewport()
    ada.page.evaluate("scrollTo(0, 0)")
    expect(ada.text.locator("h2")).not_to_be_in_viewport()
    ada.page.evaluate("location.hash = ''")
    ada.page.evaluate("location.hash = '#heading=the-end'")
    expect(ada.text.locator("h2")).to_be_in_viewport()
    ada.page.evaluate("location.hash = '#heading=none'")
    expect(ada.page.get_by_text("is not there any more")).to_be_visible()


def test_menu_of_a_block_acts_on_it_where_it_stands_by_then(
    ada: Person, grace: Person, shared: str
) -> None:
    """Somebody writes in an earlier block while the menu is open."""
    ada.open(shared)
    ada.text.click()
    lines(ada, "one", "two", "three")
    grace.open(shared)
    ada.page.keyboard.press("ControlOrMeta+Alt+b")
    button = ada.page.get_by_role("button", name="Delete", exact=True)
    expect(button).to_be_visible()
    grace.goes_to(0)
    grace.page.keyboard.insert_text("xyz ")
    ada.sees("xyz one\ntwo\nthree")
    button.click()
    ada.sees("xyz one\ntwo")


def test_menu_of_a_block_writes_nothing_once_the_page_may_only_read(
    ada: Person, shared: str
) -> None:
    """The right was taken away while it was open."""
    ada.open(shared)
    ada.text.click()
    lines(ada, "one", "two")
    ada.page.keyboard.press("ControlOrMeta+Alt+b")
    button = ada.page.get_by_role("button", name="Delete", exact=True)
    expect(button).to_be_visible()
    ada.page.evaluate("document.querySelector('.prose').editor.setEditable(false)")
    button.click()
    ada.sees("one\ntwo")
