"""Code blocks with a language: colours, and the field that picks it."""

import json

from playwright.sync_api import expect

from tests.e2e.people import Person


def test_code_gets_colours_with_a_language(ada: Person, grace: Person, shared: str) -> None:
    """Only decorations; the grammars are loaded with the first language."""
    ada.open(shared)
    asked: list[str] = []
    ada.page.on("request", lambda request: asked.append(request.url))
    ada.write("``` def f(): return 1")
    picker = ada.page.get_by_label("Language of the code")
    expect(picker).to_have_value("")
    assert not any("vendor/highlight" in url for url in asked)
    picker.select_option("Python")
    expect(ada.text).to_be_focused()
    expect(ada.text.locator("pre .hljs-keyword")).to_have_text(["def", "return"])
    ada.page.keyboard.press("End")
    ada.page.keyboard.type(" # end")
    expect(ada.text.locator("pre .hljs-comment")).to_have_text("# end")
    expect(ada.chip).to_have_text("Saved")
    # Another plugin of the editor makes the binding draw the text again.
    ada.page.keyboard.press("ControlOrMeta+f")
    expect(ada.page.locator(".find")).to_be_visible()
    expect(ada.text.locator("pre .hljs-keyword")).to_have_text(["def", "return"])
    grace.open(shared)
    expect(grace.text.locator("pre .hljs-keyword")).to_have_text(["def", "return"])
    expect(grace.page.get_by_label("Language of the code")).to_be_hidden()
    block = json.loads(ada.exported(shared, "json"))["content"][0]
    assert block["attrs"]["language"] == "python"
    assert block["content"] == [{"type": "text", "text": "def f(): return 1 # end"}]
    grace.text.locator("pre").click()
    grace.page.get_by_label("Language of the code").select_option("No language")
    for person in (ada, grace):
        expect(person.text.locator("[class^='hljs-']")).to_have_count(0)


def test_long_code_and_unknown_languages_have_no_colours(ada: Person) -> None:
    """A language without a grammar stays as it is written."""
    long = "x = 1\n" * 4_000
    content = f"```mermaid\nA-->B\n```\n\n```python\n{long}```\n\n```python\ndef f(): pass\n```\n"
    made = ada.api("POST", "documents/import/", format="md", content=content, title="Code")
    ada.open(made["id"])
    colours = "[class^='hljs-']"
    expect(ada.text.locator("pre").nth(2).locator(colours).first).to_have_text("def")
    expect(ada.text.locator("pre").nth(1).locator(colours)).to_have_count(0)
    expect(ada.text.locator("pre").nth(0).locator(colours)).to_have_count(0)
    ada.text.locator("pre").nth(0).click()
    expect(ada.page.get_by_label("Language of the code")).to_have_value("mermaid")
