"""Callouts and parts to unfold at the page: made, written in, shown to others, pasted, exported."""

from playwright.sync_api import expect

from tests.e2e.people import Person
from tests.e2e.test_formats import PASTE, choose
from tests.support.eventually import eventually

#: What a browser copies of a callout on GitHub.
COPIED = (
    '<div class="markdown-alert markdown-alert-caution"><p class="markdown-alert-title">Caution</p>'
    "<p>hot</p></div><p>after</p>"
)


def test_callout_is_written_and_shown_to_others(ada: Person, grace: Person, shared: str) -> None:
    """By the marker of GitHub in a quote, and by the menu, which changes its kind and ends it."""
    ada.open(shared)
    grace.open(shared)
    ada.text.click()
    ada.page.keyboard.type("> [!NOTE] read this")
    expect(grace.text.locator("[data-callout=info] p")).to_contain_text("read this")
    choose(ada, "Warning callout")
    expect(grace.text.locator("[data-callout=warning] p")).to_contain_text("read this")
    eventually(lambda: ada.exported(shared, "md") == "# Shared\n\n> [!WARNING]\n> read this\n")
    assert '<blockquote data-callout="warning">\n<p>read this</p>' in ada.exported(shared, "html")
    choose(ada, "Warning callout")
    expect(grace.text.locator("[data-callout]")).to_have_count(0)
    expect(grace.text.locator("p")).to_contain_text("read this")


def test_callout_of_another_page_is_pasted(ada: Person, shared: str) -> None:
    """Without the line that names its kind there."""
    ada.open(shared)
    ada.text.click()
    ada.page.evaluate(PASTE, COPIED)
    expect(ada.text.locator("[data-callout=danger] p")).to_have_text("hot")
    expect(ada.text.locator(":scope > p")).to_have_text("after")


def test_part_to_unfold_is_open_for_each_reader_alone(
    ada: Person, grace: Person, shared: str
) -> None:
    """Enter goes inside and, in an empty last line, behind it; Backspace makes paragraphs of it."""
    ada.open(shared)
    grace.open(shared)
    keys = ada.page.keyboard
    ada.text.click()
    choose(ada, "Toggle")
    expect(ada.text.locator("summary")).to_have_count(1)
    keys.type("More")
    keys.press("Enter")
    keys.type("inside")
    keys.press("Enter")
    keys.press("Enter")
    keys.type("behind")
    expect(grace.text.locator("summary")).to_contain_text("More")
    hidden = grace.text.get_by_text("inside")
    expect(hidden).to_be_hidden()
    expect(ada.text.get_by_text("inside")).to_be_visible()
    toggle = grace.text.get_by_role("button", name="Unfold")
    toggle.focus()
    grace.page.keyboard.press("Enter")
    expect(hidden).to_be_visible()
    expect(toggle).to_have_attribute("aria-expanded", "true")
    ada.text.get_by_role("button", name="Unfold").click()
    expect(ada.text.get_by_text("inside")).to_be_hidden()
    expect(hidden).to_be_visible()
    written = "<details>\n<summary>More</summary>\n\ninside\n\n</details>\n\nbehind\n"
    eventually(lambda: ada.exported(shared, "md") == f"# Shared\n\n{written}")
    ada.text.locator("summary").click()
    keys.press("Home")
    keys.press("Backspace")
    expect(grace.text.locator("summary")).to_have_count(0)
    expect(grace.text.locator(":scope > p")).to_have_count(3)


def test_blocks_are_found_behind_a_slash(ada: Person, shared: str) -> None:
    """By their names and other words."""
    ada.open(shared)
    ada.text.click()
    ada.page.keyboard.type("/unfold")
    expect(ada.page.get_by_role("option", name="Toggle")).to_be_visible()
    ada.page.keyboard.press("Enter")
    expect(ada.text.locator("summary")).to_have_count(1)


def test_words_in_a_folded_part_are_found(ada: Person, grace: Person, shared: str) -> None:
    """The part unfolds, as with the browser's own search."""
    ada.open(shared)
    ada.text.click()
    choose(ada, "Toggle")
    expect(ada.text.locator("summary")).to_have_count(1)
    ada.page.keyboard.type("More")
    ada.page.keyboard.press("Enter")
    ada.page.keyboard.type("treasure")
    grace.open(shared)
    hidden = grace.text.get_by_text("treasure")
    expect(hidden).to_have_count(1)
    expect(hidden).to_be_hidden()
    grace.page.keyboard.press("ControlOrMeta+f")
    expect(grace.page.get_by_label("Find", exact=True)).to_be_focused()
    grace.page.keyboard.type("treasure")
    expect(hidden).to_be_visible()


def test_part_to_unfold_is_not_offered_where_it_cannot_be(ada: Person, shared: str) -> None:
    """Several items of a list are no blocks of it."""
    ada.open(shared)
    ada.text.click()
    ada.page.keyboard.type("- one")
    ada.page.keyboard.press("Enter")
    ada.page.keyboard.type("two")
    ada.page.keyboard.press("Shift+ArrowUp")
    ada.page.get_by_role("button", name="More formats").click()
    expect(ada.page.get_by_role("button", name="Superscript")).to_be_enabled()
    expect(ada.page.get_by_role("button", name="Toggle")).to_be_disabled()
