"""Suggestions behind a sign: the menu of blocks behind `/`."""

from playwright.sync_api import Locator, Route, expect

from tests.e2e.conftest import Arrive
from tests.e2e.people import Person


def popup(person: Person) -> Locator:
    """Return the list of suggestions."""
    return person.page.locator(".suggest")


def active(person: Person) -> Locator:
    """Return the suggestion that Enter chooses, as a screen reader finds it."""
    active_id = person.text.get_attribute("aria-activedescendant")
    return person.page.locator(f"#{active_id}")


def test_block_is_chosen_by_keys_alone(ada: Person) -> None:
    """Typed to filter; arrows go around; Enter and Tab choose; Escape leaves the letters."""
    ada.open(ada.create("Slash"))
    ada.text.click()
    ada.page.keyboard.type("/")
    expect(popup(ada)).to_be_visible()
    expect(popup(ada)).to_have_attribute("role", "listbox")
    expect(ada.text).to_have_attribute("aria-controls", "suggestions")
    expect(active(ada)).to_have_accessible_name("Paragraph")
    expect(ada.text).to_be_focused()
    ada.page.keyboard.press("ArrowUp")
    expect(active(ada)).to_have_accessible_name("Toggle")
    ada.page.keyboard.press("ArrowDown")
    expect(active(ada)).to_have_accessible_name("Paragraph")
    ada.page.keyboard.type("h2")
    expect(popup(ada).get_by_role("option")).to_have_count(1)
    ada.page.keyboard.press("Enter")
    expect(popup(ada)).to_be_hidden()
    assert ada.text.get_attribute("aria-activedescendant") is None
    ada.page.keyboard.type("Head")
    expect(ada.text.locator("h2")).to_have_text("Head")
    ada.page.keyboard.press("Enter")
    ada.page.keyboard.type("/todo")
    expect(popup(ada)).to_be_visible()
    ada.page.keyboard.press("Tab")
    ada.page.keyboard.type("Do")
    expect(ada.text.locator("li p")).to_have_text("Do")
    ada.page.keyboard.press("Enter")
    ada.page.keyboard.press("Enter")
    ada.page.keyboard.type("and /or")
    ada.page.keyboard.press("Escape")
    ada.page.keyboard.type("der x")
    ada.page.keyboard.press("Enter")
    ada.page.keyboard.type("either/or")
    expect(popup(ada)).to_be_hidden()
    ada.finds("and /order x\neither/or")


def test_letters_that_match_nothing_leave_enter_alone(ada: Person) -> None:
    """Enter behind a path makes a new line; shorter letters show the list again."""
    ada.open(ada.create("Slash"))
    ada.text.click()
    ada.page.keyboard.type("/tablez")
    expect(popup(ada)).to_be_hidden()
    ada.page.keyboard.press("Backspace")
    expect(popup(ada).get_by_role("option")).to_have_text(["TableCtrl+Alt+G"])
    ada.page.keyboard.type("zz")
    expect(popup(ada)).to_be_hidden()
    ada.page.keyboard.press("Enter")
    ada.page.keyboard.type("next")
    ada.sees("/tablezz\nnext")


def test_list_stays_open_at_its_place_while_others_type(
    ada: Person, grace: Person, shared: str
) -> None:
    """Lines above, and letters in the same block; the choice replaces only one's own."""
    ada.open(shared)
    grace.open(shared)
    ada.write("first")
    ada.page.keyboard.press("Enter")
    ada.insert("second ")
    grace.sees("first\nsecond")
    ada.page.keyboard.type("/h")
    expect(popup(ada)).to_be_visible()
    ada.page.keyboard.press("ArrowDown")
    expect(active(ada)).to_have_accessible_name("Heading 2")
    before = popup(ada).bounding_box()
    assert before
    grace.goes_to(5)
    for word in (" one", " two"):
        grace.page.keyboard.type(word)
        ada.finds(f"{word}\nsecond")
        expect(popup(ada)).to_be_visible()
        expect(active(ada)).to_have_accessible_name("Heading 2")
    grace.page.keyboard.press("Enter")
    grace.page.keyboard.type("more")
    ada.finds("more\nsecond")
    expect(popup(ada)).to_be_visible()
    grace.page.keyboard.press("ArrowRight")
    grace.page.keyboard.type("The ")
    ada.finds("more\nThe second")
    expect(popup(ada)).to_be_visible()
    expect(active(ada)).to_have_accessible_name("Heading 2")
    after = popup(ada).bounding_box()
    assert after
    assert after["y"] > before["y"] + 20
    assert after["x"] > before["x"] + 20
    ada.page.keyboard.press("Enter")
    expect(ada.text.locator("h2")).to_contain_text("The second ")
    for person in (ada, grace):
        person.sees("first one two\nmore\nThe second")


def test_finger_chooses_above_a_small_window(arrive: Arrive) -> None:
    """On a phone: what is tapped is chosen, the text keeps its focus, nothing is outside."""
    ada = arrive("ada", viewport={"width": 390, "height": 700}, has_touch=True, is_mobile=True)
    ada.open(ada.create("Slash"))
    ada.text.tap()
    ada.page.keyboard.type("/")
    box = popup(ada).bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert box["y"] + box["height"] <= 700
    popup(ada).get_by_role("option", name="Quote").tap()
    ada.page.keyboard.type("Said")
    expect(ada.text.locator("blockquote")).to_have_text("Said")
    expect(popup(ada)).to_be_hidden()


def test_sign_of_a_page_that_loads_the_list_later(ada: Person) -> None:
    """Letters behind the sign that were typed meanwhile are the filter."""
    ada.open(ada.create("Slash"))
    ada.text.click()

    def types_on(route: Route) -> None:
        ada.page.keyboard.type("quo")
        route.continue_()

    ada.page.route("**/suggestion_sources.js", types_on)
    ada.page.keyboard.type("/")
    expect(popup(ada).get_by_role("option")).to_have_text(["QuoteCtrl+Shift+B"])


def test_emoji_is_inserted_as_its_character(ada: Person) -> None:
    """Behind a colon and two letters; the list is loaded with the first one, Enter waits for it."""
    document_id = ada.create("Emoji")
    ada.open(document_id)
    asked: list[str] = []
    ada.page.on("request", lambda request: asked.append(request.url))
    ada.write("at 10:30 ok: ")
    assert not any("suggestion" in url or "emoji" in url for url in asked)
    ada.page.keyboard.type(":tad")
    expect(popup(ada)).to_have_attribute("aria-label", "Emoji")
    expect(active(ada)).to_have_accessible_name("tada")
    ada.page.keyboard.press("Enter")
    ada.page.keyboard.type(" :) done :")
    ada.page.keyboard.press("Enter")
    ada.page.keyboard.type("x")
    ada.sees("at 10:30 ok: 🎉 :) done :\nx")
    expect(ada.chip).to_have_text("Saved")
    assert ada.exported(document_id).rstrip("\n") == "at 10:30 ok: 🎉 :) done :\nx"
