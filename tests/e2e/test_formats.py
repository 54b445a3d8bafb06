"""Formats of words and lines: highlighted, raised, lowered, aligned, and smaller headings."""

from playwright.sync_api import expect

from tests.e2e.people import Person
from tests.support.eventually import eventually

#: What Google Docs and Word copy.
COPIED = (
    '<p>first</p><p style="text-align:center"><span style="background-color:#cfe2f3">sky</span> H'
    '<span style="vertical-align:sub;font-size:0.6em">2</span>O</p>'
)
PASTE = """html => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/html", html);
  document.querySelector(".prose").dispatchEvent(
    new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""
#: The plain text that a copy of everything has.
COPY = """() => {
  const { view } = document.querySelector(".prose").editor;
  view.focus();
  const clipboardData = new DataTransfer();
  view.dom.dispatchEvent(
    new ClipboardEvent("copy", { clipboardData, bubbles: true, cancelable: true }));
  return clipboardData.getData("text/plain");
}"""


def choose(person: Person, action: str) -> None:
    """Choose an action of the menu with more formats."""
    person.page.get_by_role("button", name="More formats", exact=True).click()
    person.page.locator(".action-menu").get_by_role("button", name=action).click()


def test_formats_are_set_by_keys_and_menu_and_get_everywhere(
    ada: Person, grace: Person, shared: str
) -> None:
    """To the other person, into the exports, and into what is copied."""
    ada.open(shared)
    grace.open(shared)
    keys = ada.page.keyboard
    ada.text.click()
    keys.type("10")
    keys.press("ControlOrMeta+.")
    keys.type("6")
    keys.press("ControlOrMeta+.")
    keys.type(" and ==words==")
    keys.press("ControlOrMeta+Shift+e")
    keys.press("Enter")
    keys.type("last")
    keys.press("Shift+Home")
    choose(ada, "Highlight green")
    choose(ada, "Heading 5")
    choose(ada, "Justify")
    expect(grace.text.locator("p sup")).to_have_text("6")
    expect(grace.text.locator("p mark")).to_have_text("words")
    expect(grace.text.locator("h5 mark[data-color=green]")).to_have_count(1)
    expect(grace.text.locator("p").first).to_have_css("text-align", "center")
    expect(grace.text.locator("h5")).to_have_css("text-align", "justify")
    written = "10<sup>6</sup> and <mark>words</mark>"
    eventually(
        lambda: (
            ada.exported(shared, "md")
            == f'# Shared\n\n{written}\n\n##### <mark data-color="green">last</mark>\n'
        )
    )
    html = ada.exported(shared, "html")
    assert f'<p style="text-align: center">{written}</p>' in html
    assert '<h5 style="text-align: justify"><mark data-color="green">last</mark></h5>' in html
    keys.press("ControlOrMeta+a")
    assert ada.page.evaluate(COPY) == "10⁶ and words\nlast"
    choose(ada, "Align right")
    choose(ada, "Align right")
    expect(grace.text.locator("h5")).to_have_css("text-align", "start")


def test_formats_of_other_programs_are_pasted(ada: Person, shared: str) -> None:
    """Their colours become the nearest ones."""
    ada.open(shared)
    ada.text.click()
    ada.page.evaluate(PASTE, COPIED)
    expect(ada.text.locator("mark[data-color=blue]")).to_have_text("sky")
    expect(ada.text.locator("sub")).to_have_text("2")
    expect(ada.text.locator("p").nth(1)).to_have_css("text-align", "center")


def test_menu_of_formats_is_reached_by_keys(ada: Person, shared: str) -> None:
    """It opens at its first action, arrows go on, Escape goes back."""
    ada.open(shared)
    ada.text.click()
    ada.page.keyboard.press("Alt+F10")
    ada.page.keyboard.press("End")
    ada.page.keyboard.press("Enter")
    first = ada.page.locator(".action-menu .menu-item").first
    expect(first).to_be_focused()
    ada.page.keyboard.press("ArrowDown")
    ada.page.keyboard.press("Enter")
    expect(ada.text.locator("h5")).to_have_count(1)
